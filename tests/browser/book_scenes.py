"""The books and the figures of coupons as pages show them: some agree, some differ, a month of use."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from coupons.models import (
    Coupon,
    CouponCheck,
    CouponCount,
    CouponDay,
    CouponDifference,
    CouponStoreDay,
)
from coupons.terms import beijing_day
from merchants.models import Store
from messaging.models import PlanCount
from tests import build_coupons, build_messaging
from tests.browser.scenes import Scenes

Find = Callable[[Scenes], str]
ORDER = {"order_no": "R0000000812"}
SIDES: dict[str, dict[str, Any]] = {
    "claimed_there": {
        "ours": {},
        "theirs": {"voucher_id": "20261122000730020001", "status": "SENDED", "used": 0},
    },
    "claimed_here": {"ours": {"state": "claimed", "used": 0}, "theirs": {}},
    "used_there": {},
    "used_here": {
        "ours": {"state": "redeemed", "used": 1},
        "theirs": {"voucher_id": "20261122000730020002", "status": "SENDED", "used": 0},
    },
    "ended_there": {
        "theirs": {"voucher_id": "20261122000730020003", "status": "EXPIRED", "used": 0},
    },
    "use_missing": {"theirs": {"saved": 500, "bill": 2_500, **ORDER}},
    "order_missing": {"ours": {"saved": 500, "bill": 2_500, **ORDER}, "theirs": {}},
    "money_differs": {
        "ours": {"saved": 400, "bill": 2_500},
        "theirs": {"saved": 500, "bill": 2_500, **ORDER},
    },
}


def books(scenes: Scenes) -> str:
    """One coupon agrees on all sides, one differs on two, one was never looked at."""
    _looked_at(_coupon(scenes, "满10减5"), claimed=1_204, used=318)
    differing = _coupon(scenes, "满20减8")
    _looked_at(differing, claimed=640, used=95, orders_saved_fen=70_400, not_asked=3)
    Coupon.objects.filter(pk=differing.pk).update(platform_claimed=644, platform_used=97)
    for kind in ("claimed_there", "used_there", "money_differs"):
        build_coupons.difference(differing, kind=kind, **SIDES[kind])
    _coupon(scenes, "周末满30减12")
    return "coupons/books/"


def differences(scenes: Scenes) -> str:
    coupon = _coupon(scenes, "满10减5")
    for kind, sides in SIDES.items():
        build_coupons.difference(coupon, kind=kind, **sides)
    build_coupons.difference(
        coupon, kind="total_claimed", about="", grant=None, customer=None,
        ours={"claimed": 1_204}, theirs={"claimed": 1_207},
    )  # fmt: skip
    return f"coupons/differences/?coupon={coupon.pk}"


def a_difference(kind: str) -> Find:
    def find(scenes: Scenes) -> str:
        made = build_coupons.difference(_coupon(scenes, "满10减5"), kind=kind, **SIDES[kind])
        return f"coupons/differences/{made.pk}/"

    return find


def accepted(scenes: Scenes) -> str:
    made = build_coupons.difference(_coupon(scenes, "满10减5"), kind="used_here", **SIDES["used_here"])
    settled = {"settled_at": timezone.now(), "settled_by": scenes.by, "how": "accepted"}
    reason = "收银系统断网时手工核销，平台没有记录"
    CouponDifference.objects.filter(pk=made.pk).update(**settled, reason=reason)
    return f"coupons/differences/{made.pk}/"


def figures(tail: str = "") -> Find:
    """Of one coupon, so that rows of other scenes do not stand among them."""

    def find(scenes: Scenes) -> str:
        coupon, today = _coupon(scenes, "满10减5"), beijing_day(timezone.now())
        for n in range(30):
            for source, share in (("claim", 40), ("batch", 15 if n % 7 == 2 else 3)):
                _day(coupon, today - timedelta(days=n), source, claimed=share + (n * 7) % 23)
        return f"coupons/figures/?coupon={coupon.pk}{tail}"

    return find


def figures_of_plans(scenes: Scenes) -> str:
    """A template, a status of an order, and what came otherwise."""
    app, now = scenes.house.app, timezone.now()
    coupon = _coupon(scenes, "满30减8")
    template = build_messaging.template(app, name="优惠券到账提醒", keywords=["优惠内容", "有效期"])
    CouponCount.objects.filter(coupon=coupon).update(
        taken=2_030, claimed=2_030, redemptions=612, redeemed=612, saved_fen=489_600, order_fen=2_203_200
    )
    told = ((template.template_id, 5_210, 840, 301), ("3C_RENT:APPROVAL", 1_904, 410, 166))
    for reference, accepted, claimed, used in told:
        plan = build_coupons.placement(coupon, booth="SERVICE_MESSAGE", template_ref=reference)
        money = {"saved_fen": used * 800, "order_fen": used * 3_600}
        counts = {"accepted": accepted, "claimed": claimed, "redemptions": used, "reverted": 3}
        PlanCount.objects.create(placement=plan, median_hours=43, counted_at=now, **counts, **money)
    return f"coupons/figures/messages/?coupon={coupon.pk}"


def figures_of_stores(scenes: Scenes) -> str:
    """Two stores it is for, one that it is not for, and uses that a push told."""
    coupon, today = _coupon(scenes, "门店专享券"), beijing_day(timezone.now())
    names = ("西溪天街店", "滨江宝龙店", "城西银泰店")
    stores = [Store.objects.get_or_create(merchant=coupon.merchant, name=name)[0] for name in names]
    Coupon.objects.filter(pk=coupon.pk).update(scope="stores")
    coupon.stores.set(stores[:2])
    for store, used in (*zip(stores, (214, 96, 7), strict=True), (None, 58)):
        money = {} if store is None else {"saved_fen": used * 500, "order_fen": used * 2_380}
        CouponStoreDay.objects.create(
            coupon=coupon,
            store=store,
            day=today,
            redemptions=used,
            reverted=used // 40,
            bills=used - used // 40,
            **money,
        )
    return f"coupons/figures/stores/?coupon={coupon.pk}"


def _coupon(scenes: Scenes, name: str) -> Coupon:
    return build_coupons.coupon(scenes.house.app, name=name, stock=5_000)


def _looked_at(coupon: Coupon, *, claimed: int, used: int, **columns: Any) -> None:
    at = timezone.now() - timedelta(hours=2)
    CouponCount.objects.filter(coupon=coupon).update(
        taken=claimed, claimed=claimed, redemptions=used, redeemed=used,
        saved_fen=used * 500, order_fen=used * 2_380,
    )  # fmt: skip
    Coupon.objects.filter(pk=coupon.pk).update(
        platform_claimed=claimed, platform_used=used, platform_told_at=at
    )
    said = {"has_orders": True, "uses_named": used - 12, "uses_matched": used - 12, "looked_at": claimed}
    money = {"ours_saved_fen": 72_000, "orders_saved_fen": 72_000}
    CouponCheck.objects.create(
        merchant=coupon.merchant,
        mini_program=coupon.mini_program,
        coupon=coupon,
        **{"stage": "done", "uses_at": at, "finished_at": at, **said, **money, **columns},
    )


def _day(coupon: Coupon, day: Any, source: str, *, claimed: int) -> None:
    used = claimed // 3
    CouponDay.objects.create(
        coupon=coupon, day=day, source=source, claimed=claimed, redemptions=used, reverted=used // 9,
        expired=claimed // 5, saved_fen=used * 500, order_fen=used * 2_380, hours_to_use=used * 51,
    )  # fmt: skip
