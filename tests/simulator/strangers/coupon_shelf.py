"""Coupons in the world of the strangers: activities in every state that a conversation begins with."""

from typing import Any

from tests.simulator import coupon_asks as asks
from tests.simulator.merchant import Merchant
from tests.simulator.strangers.world import DAY, World

Biz = dict[str, Any]


def now(world: World) -> str:
    return world.platform.get("/sim/clock")["now"]


def said(merchant: Merchant, method: str, biz: Biz) -> Biz:
    node = merchant.call(method, biz).node
    assert node["code"] == "10000", node
    return node


def about(activity_id: str, **more: Any) -> Biz:
    return {"activity_id": activity_id, "out_biz_no": asks.number(), **more}


def made(world: World, merchant: Merchant | None = None, **wish: Any) -> str:
    """A pay coupon, INIT."""
    node = said(merchant or world.shop, asks.CREATE, asks.coupon(now(world), **wish))
    return str(node["activity_id"])


def published(world: World, **wish: Any) -> str:
    activity_id = made(world, **wish)
    said(world.shop, asks.PUBLISH, about(activity_id))
    return activity_id


def stopped(world: World) -> str:
    activity_id = published(world)
    said(world.shop, asks.STOP_PAY, about(activity_id))
    return activity_id


def for_orders(world: World, merchant: Merchant | None = None, **wish: Any) -> str:
    """A merchant's coupon, ACTIVE."""
    node = said(merchant or world.shop, asks.ORDER_CREATE, asks.coupon(now(world), **wish))
    return str(node["activity_id"])


def stopped_for_orders(world: World) -> str:
    activity_id = for_orders(world)
    said(world.shop, asks.ORDER_STOP, about(activity_id))
    return activity_id


def code_of(world: World, activity_id: str, person: str) -> str:
    node = said(world.shop, asks.ORDER_SEND, about(activity_id, open_id=person))
    return str(node["voucher_code"])


def use(world: World, activity_id: str, code: str, **more: Any) -> Biz:
    biz = about(activity_id, voucher_code=code, biz_dt=asks.moment(now(world)), total_fee="25.00")
    return {**biz, "trade_channel": "OTHER_TRADE_CHANNEL", **more}


def planned(world: World) -> str:
    node = said(world.shop, asks.PLAN, asks.plan(now(world), published(world)))
    return str(node["delivery_id"])


def later(world: World, days: float) -> None:
    world.later(days * DAY)
