"""Every refusal of an order."""

from typing import Any

from simulator.methods.orders import BY_FAULT
from tests.simulator.documented import ORDER
from tests.simulator.order_asks import number, order
from tests.simulator.strangers.asks import Ask, Row, Table, broken
from tests.simulator.strangers.world import World


def _ask(world: World, **changes: Any) -> Ask:
    return Ask(world.shop, order(world.person(world.shop), "APPLYING", **changes))


def _row(**changes: Any) -> Row:
    return Row(lambda world: _ask(world, **changes))


def _again(world: World, **changes: Any) -> Ask:
    """An order that is known already comes later, with something else."""
    known = _ask(world, trade_no=number())
    assert world.shop.call(ORDER, known.biz).node["code"] == "10000"
    name, buyer = known.biz["out_biz_no"], known.biz["buyer_open_id"]
    return Ask(
        world.shop, order(changes.pop("buyer", buyer), "PENDING", after_ms=2, out_biz_no=name, **changes)
    )


def _offline(world: World) -> Ask:
    world.configure(world.shop, state="offline")
    return _ask(world)


def _no_mini_program(world: World) -> Ask:
    world.configure(world.shop, state="not_a_mini_program")
    return _ask(world)


TABLES: dict[str, Table] = {
    ORDER: {
        **{sub_code: broken(_ask, ORDER, sub_code) for sub_code in (*BY_FAULT, "SYSTEM_ERROR")},
        "ARGUMENT_NULL": Row(lambda world: Ask(world.shop), only="official"),
        "INVALID_PARAMETER": Row(lambda world: Ask(world.shop, "nonsense")),
        "AMOUNT_ILLEGAL": _row(amount="ten yuan"),
        "TINY_APP_IS_NOT_ONLINE": Row(_offline),
        "TINY_APP_ID_ILLEGAL": Row(_no_mini_program),
        "BUYER_NOT_FOUND": _row(buyer_open_id="074nobody"),
        "BUYER_INFO_ERROR": Row(lambda world: _again(world, buyer=world.person(world.shop))),
        "MERCHANT_LINK_EXIST": Row(lambda world: _again(world, link="pages/other")),
        "TRADE_NO_NOT_MATCH": Row(lambda world: _again(world, trade_no=number())),
    }
}
