"""Each documented refusal of each method, said to both strangers: the words they trust, and nothing spent."""

from typing import Any

import pytest

from tests.simulator import documented
from tests.simulator.strangers import (
    refused_cards,
    refused_coupons,
    refused_messages,
    refused_orders,
    refused_others,
)
from tests.simulator.strangers.asks import Ask
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.world import World

TABLES = {
    **refused_messages.TABLES,
    **refused_others.TABLES,
    **refused_orders.TABLES,
    **refused_coupons.TABLES,
    **refused_cards.TABLES,
}
ROWS = [
    (method, sub_code, name)
    for method, table in TABLES.items()
    for sub_code, row in table.items()
    for name in ("official", "independent")
    if row.only in (None, name)
]


@pytest.mark.parametrize(("method", "sub_code", "name"), ROWS)
def test_a_stranger_is_refused_by_the_documented_code_and_nothing_is_spent(
    request: pytest.FixtureRequest, world: World, method: str, sub_code: str, name: str
) -> None:
    row = TABLES[method][sub_code]
    stranger: Stranger = request.getfixturevalue(name)
    ask = row.prepare(world)
    before = _what_could_be_spent(world, ask)

    node = stranger(ask.merchant).call(method, ask.biz, **ask.params)

    code = documented.ALL[sub_code]
    assert (node["code"], node["sub_code"]) == (code, sub_code)
    assert node["msg"] == documented.MESSAGES[code]
    assert node["sub_msg"]
    assert before == _what_could_be_spent(world, ask)


def test_the_tables_hold_exactly_what_is_documented() -> None:
    assert {name: set(table) for name, table in TABLES.items()} == {
        name: documented.refusals(name) for name in TABLES
    }


def test_every_method_that_the_platform_offers_has_a_table(world: World) -> None:
    assert sorted(world.documented) == sorted(TABLES)


def _what_could_be_spent(world: World, ask: Ask) -> tuple[Any, int]:
    """Units of everybody, and batches of today; what a form pays for is looked at in test_forms.py."""
    units = world.units(ask.merchant, ask.template) if ask.template else None
    return units, world.batches_left(ask.merchant)
