"""Every refusal of the methods of coupons."""

from collections.abc import Callable
from typing import Any

from tests.simulator import coupon_asks as asks
from tests.simulator.strangers.asks import Ask, Row, Table, broken
from tests.simulator.strangers.coupon_shelf import (
    about,
    code_of,
    for_orders,
    later,
    made,
    now,
    planned,
    published,
    said,
    stopped,
    stopped_for_orders,
    use,
)
from tests.simulator.strangers.world import World

INVALID, BIZ, SYSTEM = "INVALID_PARAMETER", "BIZ_ERROR", "SYSTEM_ERROR"
Words = Callable[[World], dict[str, Any]]


def _new(world: World) -> dict[str, Any]:
    return asks.coupon(now(world))


def _said_otherwise(world: World, method: str) -> Ask:
    """A number that was used for another coupon."""
    first = _new(world)
    said(world.shop, method, first)
    return Ask(world.shop, {**first, "activity_name": "另一个活动"})


def _ask(world: World, words: Words) -> Ask:
    return Ask(world.shop, words(world))


def _row(words: Words) -> Row:
    return Row(lambda world: _ask(world, words))


def _table(method: str, right: Words, refused: dict[str, Words], *inside: str) -> Table:
    """What goes wrong inside, and of the others the words that lead there."""
    broken_rows = {
        sub_code: broken(lambda world: _ask(world, right), method, sub_code) for sub_code in (SYSTEM, *inside)
    }
    return {**broken_rows, **{sub_code: _row(words) for sub_code, words in refused.items()}}


def _to_nobody(world: World) -> dict[str, Any]:
    return about(published(world), open_id="074nobody")


def _to_somebody(make: Callable[[World], str]) -> Words:
    return lambda world: about(make(world), open_id=world.person(world.shop))


def _over(world: World) -> str:
    activity_id = published(world, days=2)
    later(world, 3)
    return activity_id


def _gone(world: World) -> str:
    activity_id = published(world, quantity=1)
    said(world.shop, asks.SEND_PAY, about(activity_id, open_id=world.person(world.shop)))
    return activity_id


def _had_one(world: World) -> dict[str, Any]:
    person, activity_id = world.person(world.shop), published(world, per_user=1)
    said(world.shop, asks.SEND_PAY, about(activity_id, open_id=person))
    return about(activity_id, open_id=person)


def _used(world: World) -> dict[str, Any]:
    activity_id = for_orders(world)
    code = code_of(world, activity_id, world.person(world.shop))
    said(world.shop, asks.USE, use(world, activity_id, code))
    return use(world, activity_id, code)


def _usable(world: World) -> dict[str, Any]:
    activity_id = for_orders(world)
    return use(world, activity_id, code_of(world, activity_id, world.person(world.shop)))


def _theirs(world: World) -> dict[str, Any]:
    return use(world, for_orders(world, world.tea), "000000000000")


def _held_by(world: World, **more: Any) -> dict[str, Any]:
    person = world.person(world.shop)
    voucher = said(world.shop, asks.SEND_PAY, about(published(world), open_id=person))["voucher_id"]
    return {"open_id": person, "voucher_id": voucher, **more}


def _code_of_theirs(world: World) -> dict[str, Any]:
    activity_id = for_orders(world, world.tea)
    return {"open_id": world.person(world.shop), "activity_id": activity_id, "voucher_code": "000000000000"}


def _wishes(world: World) -> dict[str, Any]:
    wish = about(for_orders(world))
    return {"user_open_id": world.person(world.shop), "receive_info_list": [wish]}


def _two_merchants(world: World) -> dict[str, Any]:
    pid = world.shop.texts["pid"]
    return {"open_id": world.person(world.shop), "belong_merchant_id": pid, "sender_merchant_id": pid}


def _asked(world: World) -> dict[str, Any]:
    consulted = [{"activity_id": published(world)}]
    return {"open_id": world.person(world.shop), "consult_activity_info_list": consulted}


def _ended_plan(world: World) -> dict[str, Any]:
    delivery_id = planned(world)
    later(world, 11)
    return {"delivery_id": delivery_id, "out_biz_no": asks.number()}


def _nothing(_: World) -> dict[str, Any]:
    return {"activity_id": "2026", "out_biz_no": asks.number()}


def _later_end(world: World) -> dict[str, Any]:
    return about(published(world), publish_end_time=asks.moment(now(world), 40))


def _shorter(make: Callable[[World], str]) -> Words:
    return lambda world: about(make(world), publish_end_time=asks.moment(now(world), 1))


def _total(make: Callable[[World], str], total: int) -> Words:
    return lambda world: about(make(world), voucher_quantity=str(total))


def _codes(world: World) -> dict[str, Any]:
    activity_id = for_orders(world, quantity=0, code_mode="MERCHANT_UPLOAD")
    return about(activity_id, voucher_codes=["A1"])


def _other_codes(world: World) -> dict[str, Any]:
    return about(for_orders(world), voucher_codes=["A1"])


def _planned(world: World) -> dict[str, Any]:
    return asks.plan(now(world), published(world))


PAY: dict[str, Table] = {
    asks.CREATE: {
        **_table(asks.CREATE, _new, {}, "MATERIAL_AUDIT_WAITING"),
        INVALID: _row(lambda world: asks.coupon(now(world), days=200)),
        BIZ: Row(lambda world: _said_otherwise(world, asks.CREATE)),
    },
    asks.PUBLISH: _table(
        asks.PUBLISH,
        lambda world: about(made(world)),
        {INVALID: _nothing, BIZ: lambda world: about(published(world))},
        *("MATERIAL_AUDIT_WAITING", "BUSINESS_HAS_RISK"),
    ),
    asks.MODIFY_PAY: _table(asks.MODIFY_PAY, _later_end, {INVALID: _shorter(published)}),
    asks.APPEND_PAY: _table(asks.APPEND_PAY, _total(published, 200), {INVALID: _total(published, 50)}),
    asks.STOP_PAY: _table(
        asks.STOP_PAY, lambda world: about(published(world)), {INVALID: lambda world: about(stopped(world))}
    ),
    asks.QUERY_PAY: _table(asks.QUERY_PAY, lambda world: about(made(world)), {INVALID: _nothing}),
    asks.SEND_PAY: _table(
        asks.SEND_PAY,
        _to_somebody(published),
        {
            INVALID: _to_nobody,
            "ACTIVITY_NOT_ACTIVE": _to_somebody(made),
            "ACTIVITY_NOT_START": _to_somebody(lambda world: published(world, starts_in_days=3)),
            "ACTIVITY_IS_END": _to_somebody(_over),
            "ACTIVITY_IS_STOPED": _to_somebody(stopped),
            "BUDGET_NOT_ENOUGH": _to_somebody(_gone),
            "COUNT_OVER_LIMIT": _had_one,
        },
    ),
}
MERCHANTS: dict[str, Table] = {
    asks.ORDER_CREATE: {
        **_table(asks.ORDER_CREATE, _new, {}, "DISCOUNT_AMOUNT_INSUFFICIENT", "BUSINESS_HAS_RISK"),
        INVALID: _row(lambda world: asks.coupon(now(world), quantity=1_000_000)),
        BIZ: Row(lambda world: _said_otherwise(world, asks.ORDER_CREATE)),
    },
    asks.ORDER_MODIFY: _table(
        asks.ORDER_MODIFY,
        lambda world: about(for_orders(world), activity_name="改名"),
        {INVALID: _shorter(for_orders), BIZ: _shorter(stopped_for_orders)},
    ),
    asks.ORDER_APPEND: _table(
        asks.ORDER_APPEND,
        _total(for_orders, 200),
        {INVALID: _total(for_orders, 100), BIZ: _total(stopped_for_orders, 200)},
    ),
    asks.ORDER_STOP: _table(
        asks.ORDER_STOP,
        lambda world: about(for_orders(world)),
        {INVALID: _nothing, BIZ: lambda world: about(stopped_for_orders(world))},
    ),
    asks.ORDER_QUERY: _table(asks.ORDER_QUERY, lambda world: about(for_orders(world)), {INVALID: _nothing}),
    asks.DEPOSIT: _table(asks.DEPOSIT, _codes, {INVALID: _other_codes}),
    asks.COUNT: _table(asks.COUNT, lambda world: about(for_orders(world)), {INVALID: _nothing}),
    asks.USE: _table(
        asks.USE,
        _usable,
        {
            INVALID: lambda world: {**_usable(world), "total_fee": "0"},
            BIZ: _used,
            "ACTIVITY_NOT_PERMISSION": _theirs,
        },
    ),
    asks.REFUND: _table(
        asks.REFUND, _used, {INVALID: lambda world: {**_used(world), "voucher_code": ""}, BIZ: _usable}
    ),
    asks.INVALID: _table(asks.INVALID, _usable, {INVALID: _nothing, BIZ: _used}),
    asks.ORDER_SEND: _table(
        asks.ORDER_SEND,
        _to_somebody(for_orders),
        {INVALID: _nothing, BIZ: _to_somebody(stopped_for_orders)},
    ),
    asks.RECEIVE: _table(
        asks.RECEIVE, _wishes, {INVALID: lambda world: {**_wishes(world), "receive_info_list": []}}
    ),
}
QUERIES: dict[str, Table] = {
    asks.HELD: _table(
        asks.HELD,
        lambda world: {**_two_merchants(world), "sender_merchant_id": ""},
        {INVALID: _two_merchants},
    ),
    asks.ONE_HELD: _table(
        asks.ONE_HELD,
        _held_by,
        {
            INVALID: lambda world: _held_by(world, voucher_code="1"),
            "VOUCHER_NOT_EXIST": lambda world: _held_by(world, voucher_id="2026"),
            "ACTIVITY_NOT_PERMISSION": _code_of_theirs,
            "MERCHANT_RELATION_NOT_EXIST": lambda world: _held_by(world, merchant_id="2088000000000000"),
        },
    ),
    asks.CONSULT: _table(
        asks.CONSULT, _asked, {INVALID: lambda world: {**_asked(world), "consult_activity_info_list": []}}
    ),
    asks.ACTIVITY: _table(asks.ACTIVITY, lambda world: about(made(world)), {INVALID: _nothing}),
    asks.ACTIVITIES: _table(
        asks.ACTIVITIES, lambda _: {"page_num": "1"}, {INVALID: lambda _: {"page_num": "0"}}
    ),
}
PLANS: dict[str, Table] = {
    asks.PLAN: _table(
        asks.PLAN,
        _planned,
        {
            INVALID: lambda world: {**_planned(world), "delivery_booth_code": "PAY_RESULT"},
            BIZ: lambda world: asks.plan(now(world), stopped(world)),
        },
    ),
    asks.PLAN_QUERY: _table(
        asks.PLAN_QUERY,
        lambda world: {"delivery_id": planned(world)},
        {INVALID: lambda _: {"delivery_id": "2026"}},
        BIZ,
    ),
    asks.PLAN_STOP: _table(
        asks.PLAN_STOP,
        lambda world: {"delivery_id": planned(world), "out_biz_no": asks.number()},
        {INVALID: lambda _: {"delivery_id": "2026", "out_biz_no": asks.number()}, BIZ: _ended_plan},
    ),
}
TABLES: dict[str, Table] = {**PAY, **MERCHANTS, **QUERIES, **PLANS}
