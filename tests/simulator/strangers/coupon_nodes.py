"""What the methods of coupons give, over as many calls as it takes to see every field once."""

from collections.abc import Callable
from typing import Any

from tests.simulator import coupon_asks as asks
from tests.simulator.strangers import coupon_shelf as shelf
from tests.simulator.strangers.world import World

Node = dict[str, Any]
_SHOWN = {
    "voucher_display_info": {
        "brand_name": "青禾",
        "voucher_description": "每人一张",
        "voucher_image": "pic",
        "customer_service_mobile": "95188",
    },
    "voucher_customer_guide_info": {"voucher_use_guide_info": {"use_url": "alipays://platformapi/startapp"}},
}
_SHOPS = {
    "voucher_available_geography_scope_info": {
        "available_geography_shop_info": {"available_shop_ids": ["S1", "S2"]}
    }
}
_LIMITED = {
    "voucher_send_mode_info": {
        "voucher_send_rule_info": {
            "quantity_day_limit_per_user": "1",
            "quantity_week_limit_per_user": "2",
            "quantity_month_limit_per_user": "3",
            "quantity_limit_per_user": "4",
            "max_quantity_by_day": "1",
        }
    }
}
_ROUNDED = {
    "quantity_limit_per_user": "2",
    "voucher_max_use_times": "2",
    "voucher_use_time_info": {
        "period_type": "RELATIVE",
        "relative_period_info": {
            "valid_days_after_receive": "3",
            "wait_days_after_receive": "1",
            "valid_days_relative_type": "ROUND_FORWARD",
        },
    },
}


def merged(nodes: list[Node]) -> Node:
    """One node with the fields of all."""
    whole: Node = {}
    for node in nodes:
        for name, value in node.items():
            held = whole.get(name)
            if isinstance(held, dict) and isinstance(value, dict):
                whole[name] = merged([held, value])
            elif isinstance(held, list) and isinstance(value, list) and held and isinstance(held[0], dict):
                whole[name] = [merged([*held, *value])]
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                whole[name] = [merged(value)]
            else:
                whole[name] = value
    return whole


def _wishes(world: World) -> list[dict[str, Any]]:
    """Of each type one, which together have everything that can be set."""
    now = shelf.now(world)
    absolute = {
        "type": "ABSOLUTE",
        "valid_begin_time": asks.moment(now),
        "valid_end_time": asks.moment(now, 60),
    }
    return [
        {**_SHOWN, "voucher_available_scope_info": _SHOPS, "voucher_use_rule_info": _ROUNDED},
        {"voucher_type": "DISCOUNT_VOUCHER", "valid": absolute, **_LIMITED},
        {
            "voucher_type": "SPECIAL_VOUCHER",
            "face": {**asks.PLAIN_FACES["SPECIAL_VOUCHER"], "floor_amount": "1.00"},
        },
    ]


def _paid(world: World) -> list[str]:
    budget = {"voucher_budget_info": {"amount": "500.00", "budget_type": "NO_CASH"}}
    first, *others = _wishes(world)
    return [shelf.published(world, **first, **budget), *(shelf.published(world, **one) for one in others)]


def _ordered(world: World) -> list[str]:
    face = {**asks.PLAIN_FACES["EXCHANGE_VOUCHER"], "floor_amount": "1.00"}
    exchange = {"voucher_type": "EXCHANGE_VOUCHER", "face": face, "code_mode": "MERCHANT_API"}
    return [shelf.for_orders(world, **one) for one in (*_wishes(world), exchange)]


def _rejected(world: World, make: Callable[[World], str]) -> str:
    world.shop.configure(coupon_review="reject")
    try:
        activity_id = make(world)
        shelf.said(world.shop, asks.ACTIVITY, {"activity_id": activity_id})
    finally:
        world.shop.configure(coupon_review="approve")
    return activity_id


def _created(world: World) -> Node:
    return world.shop.call(asks.CREATE, asks.coupon(shelf.now(world))).node


def _created_for_orders(world: World) -> Node:
    return world.shop.call(asks.ORDER_CREATE, asks.coupon(shelf.now(world))).node


def _prepaid(world: World) -> str:
    return shelf.made(world, voucher_budget_info={"amount": "500.00", "budget_type": "RECHARGE"})


def _published(world: World) -> Node:
    return world.shop.call(asks.PUBLISH, shelf.about(_prepaid(world))).node


def _appended(world: World) -> Node:
    activity_id = _prepaid(world)
    shelf.said(world.shop, asks.PUBLISH, shelf.about(activity_id))
    return world.shop.call(asks.APPEND_PAY, shelf.about(activity_id, voucher_quantity="200")).node


def _modified(world: World) -> Node:
    biz = shelf.about(shelf.published(world), publish_end_time=asks.moment(shelf.now(world), 40))
    return world.shop.call(asks.MODIFY_PAY, biz).node


def _stopped(world: World) -> Node:
    return world.shop.call(asks.STOP_PAY, shelf.about(shelf.published(world))).node


def _paid_told(world: World) -> Node:
    rejected = _rejected(world, shelf.published)
    return _over(world, asks.QUERY_PAY, [*_paid(world), rejected])


def _ordered_told(world: World) -> Node:
    rejected = _rejected(world, shelf.for_orders)
    activities = [*_ordered(world), rejected]
    world.configure(world.shop, review_seconds=5)
    shelf.said(world.shop, asks.ORDER_STOP, shelf.about(activities[0]))
    return _over(world, asks.ORDER_QUERY, activities)


def _over(world: World, method: str, activities: list[str]) -> Node:
    nodes = [shelf.said(world.shop, method, {"activity_id": one}) for one in activities]
    return merged(nodes)


def _activity_told(world: World) -> Node:
    activities = _ordered(world)
    world.configure(world.shop, review_seconds=5)
    shelf.said(world.shop, asks.ORDER_STOP, shelf.about(activities[0]))
    return _over(world, asks.ACTIVITY, activities)


def _activities_told(world: World) -> Node:
    activities = _ordered(world)
    world.configure(world.shop, review_seconds=5)
    shelf.said(world.shop, asks.ORDER_STOP, shelf.about(activities[0]))
    return merged([shelf.said(world.shop, asks.ACTIVITIES, {"page_num": "1", "page_size": "20"})])


def _changed(method: str, **more: Any) -> Callable[[World], Node]:
    return lambda world: world.shop.call(method, shelf.about(shelf.for_orders(world), **more)).node


def _deposited(world: World) -> Node:
    activity_id = shelf.for_orders(world, quantity=0, code_mode="MERCHANT_UPLOAD")
    return world.shop.call(asks.DEPOSIT, shelf.about(activity_id, voucher_codes=["A1", "A1"])).node


def _sent(world: World) -> Node:
    biz = shelf.about(shelf.published(world), open_id=world.person(world.shop))
    return world.shop.call(asks.SEND_PAY, biz).node


def _coded(world: World) -> Node:
    biz = shelf.about(shelf.for_orders(world), open_id=world.person(world.shop))
    return world.shop.call(asks.ORDER_SEND, biz).node


def _usable(world: World) -> dict[str, Any]:
    activity_id = shelf.for_orders(world)
    return shelf.use(world, activity_id, shelf.code_of(world, activity_id, world.person(world.shop)))


def _used(world: World) -> Node:
    return world.shop.call(asks.USE, _usable(world)).node


def _given_back(world: World) -> Node:
    asked = _usable(world)
    shelf.said(world.shop, asks.USE, asked)
    return world.shop.call(asks.REFUND, {**asked, "out_biz_no": asks.number()}).node


def _ended(world: World) -> Node:
    return world.shop.call(asks.INVALID, _usable(world)).node


def _received(world: World) -> Node:
    activity_id = shelf.for_orders(world)
    wishes = [shelf.about(activity_id), shelf.about(activity_id, voucher_code="given")]
    biz = {"user_open_id": world.person(world.shop), "receive_info_list": wishes}
    return merged([shelf.said(world.shop, asks.RECEIVE, biz)])


def _wallet(world: World) -> tuple[str, list[dict[str, Any]]]:
    """A person with one coupon of each type, one of them used in a trade, one of an activity that ends."""
    person, activities = world.person(world.shop), _ordered(world)
    named = []
    for number, activity_id in enumerate(activities):
        code = f"X{asks.number()}" if number == 3 else ""
        wish = shelf.about(activity_id, **({"voucher_code": code} if code else {}))
        biz = {"user_open_id": person, "receive_info_list": [wish]}
        [told] = shelf.said(world.shop, asks.RECEIVE, biz)["receive_result_list"]
        named.append({"activity_id": activity_id, "voucher_code": told["voucher_code"]})
    shelf.later(world, 1)
    trade = shelf.use(world, activities[2], named[2]["voucher_code"], trade_no="2026T1")
    shelf.said(world.shop, asks.USE, trade)
    world.configure(world.shop, review_seconds=5)
    shelf.said(world.shop, asks.ORDER_STOP, shelf.about(activities[0]))
    return person, named


def _held(world: World) -> Node:
    person, _ = _wallet(world)
    biz = {"open_id": person, "belong_merchant_id": world.shop.texts["pid"]}
    return merged([shelf.said(world.shop, asks.HELD, biz)])


def _one_held(world: World) -> Node:
    person, named = _wallet(world)
    return merged([shelf.said(world.shop, asks.ONE_HELD, {"open_id": person, **one}) for one in named])


def _consulted(world: World) -> Node:
    world.configure(world.shop, user_ids=True)
    biz = {"open_id": world.person(world.shop)}
    return world.shop.call(
        asks.CONSULT, {**biz, "consult_activity_info_list": [{"activity_id": shelf.published(world)}]}
    ).node


def _planned(world: World) -> Node:
    return world.shop.call(asks.PLAN, asks.plan(shelf.now(world), shelf.published(world))).node


def _plans_told(world: World) -> Node:
    now, activity_id = shelf.now(world), shelf.published(world)
    wishes = [
        asks.plan(now, activity_id, floor="10.00"),
        asks.plan(now, activity_id, template_id=world.coupon),
    ]
    plans = [shelf.said(world.shop, asks.PLAN, one)["delivery_id"] for one in wishes]
    nodes = [shelf.said(world.shop, asks.PLAN_QUERY, {"delivery_id": one}) for one in plans]
    world.shop.configure(coupon_review="reject")
    try:
        refused = shelf.said(world.shop, asks.PLAN, asks.plan(now, activity_id))["delivery_id"]
        nodes.append(shelf.said(world.shop, asks.PLAN_QUERY, {"delivery_id": refused}))
    finally:
        world.shop.configure(coupon_review="approve")
    return merged(nodes)


def _plan_stopped(world: World) -> Node:
    biz = {"delivery_id": shelf.planned(world), "out_biz_no": asks.number()}
    return world.shop.call(asks.PLAN_STOP, biz).node


def _counted(world: World) -> Node:
    return world.shop.call(asks.COUNT, {"activity_id": shelf.for_orders(world)}).node


CALLS: dict[str, Callable[[World], Node]] = {
    asks.CREATE: _created,
    asks.PUBLISH: _published,
    asks.MODIFY_PAY: _modified,
    asks.APPEND_PAY: _appended,
    asks.STOP_PAY: _stopped,
    asks.QUERY_PAY: _paid_told,
    asks.SEND_PAY: _sent,
    asks.ORDER_CREATE: _created_for_orders,
    asks.ORDER_MODIFY: _changed(asks.ORDER_MODIFY, activity_name="改名"),
    asks.ORDER_APPEND: _changed(asks.ORDER_APPEND, voucher_quantity="200"),
    asks.ORDER_STOP: _changed(asks.ORDER_STOP),
    asks.ORDER_QUERY: _ordered_told,
    asks.DEPOSIT: _deposited,
    asks.COUNT: _counted,
    asks.USE: _used,
    asks.REFUND: _given_back,
    asks.INVALID: _ended,
    asks.ORDER_SEND: _coded,
    asks.RECEIVE: _received,
    asks.HELD: _held,
    asks.ONE_HELD: _one_held,
    asks.CONSULT: _consulted,
    asks.ACTIVITY: _activity_told,
    asks.ACTIVITIES: _activities_told,
    asks.PLAN: _planned,
    asks.PLAN_QUERY: _plans_told,
    asks.PLAN_STOP: _plan_stopped,
}
