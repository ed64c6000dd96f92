"""What a conversation says, and the tables of all that is refused: {method: {sub_code: how to get there}}."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.merchant import Merchant
from tests.simulator.strangers.world import World


@dataclass
class Ask:
    """`template`: whose units are looked at before and after; nothing that is refused may spend one."""

    merchant: Merchant
    biz: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    template: str | None = None


@dataclass
class Row:
    prepare: Callable[[World], Ask]
    only: str | None = None
    """The stranger that can say it, where the other cannot."""


Table = dict[str, Row]
Maker = Callable[..., Ask]


def broken(make: Maker, method: str, sub_code: str) -> Row:
    """It goes wrong inside the platform, once."""

    def prepare(world: World) -> Ask:
        ask = make(world)
        ask.merchant.fault("sub_code", value=sub_code, method=method, count=1)
        return ask

    return Row(prepare)
