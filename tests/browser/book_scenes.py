"""The books and the figures of coupons as pages show them: some agree, some differ, a month of use."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from coupons.models import Coupon, CouponCheck, CouponCount, CouponDay, CouponDifference
from coupons.terms import beijing_day
from tests import build_coupons
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
