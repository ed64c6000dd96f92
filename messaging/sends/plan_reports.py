"""Figures of coupons by message template and period, from kept ones: each plan, and what came otherwise."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from coupons.models import Coupon, CouponCount, CouponDay, Placement
from coupons.models.placement import Booth
from merchants.models import Merchant
from messaging.models import PlanCount

MOST_PLANS = 100  # those that began last


@dataclass(frozen=True)
class Wanted:
    """Plans that ran between the two moments."""

    since: datetime
    until: datetime
    mini_program_id: int | None = None
    coupon_id: int | None = None


@dataclass(frozen=True)
class Sums:
    """`used` is what stands. `accepted` and `median_hours` None: not told of such a line."""

    claimed: int = 0
    used: int = 0
    reverted: int = 0
    saved: int = 0
    bill: int = 0
    accepted: int | None = None
    median_hours: int | None = None

    @property
    def use_rate(self) -> float | None:
        return self.used / self.claimed if self.claimed else None

    @property
    def days_to_use(self) -> float | None:
        return None if self.median_hours is None else self.median_hours / 24

    @property
    def saved_fen(self) -> int | None:
        """None: coupons were used, and nobody told what came off."""
        return None if self.used + self.reverted > 0 and not self.saved else self.saved

    @property
    def order_fen(self) -> int | None:
        return None if self.used + self.reverted > 0 and not self.bill else self.bill

    @property
    def bills_per_yuan(self) -> float | None:
        return self.bill / self.saved if self.saved > 0 and self.bill > 0 else None


@dataclass(frozen=True)
class Plan:
    """`sums` None: not counted yet."""

    placement: Placement
    sums: Sums | None
    counted_at: datetime | None


@dataclass(frozen=True)
class OfCoupon:
    """`plans` and `otherwise` together are `all`, the figures of the coupon. `otherwise`: claimed without a
    message before it, given, or under a plan of other days."""

    coupon: Coupon
    plans: list[Plan]
    otherwise: Sums
    all: Sums


@dataclass(frozen=True)
class PlanFigures:
    coupons: list[OfCoupon]
    more_plans: int

    @property
    def counted_at(self) -> datetime | None:
        """When the oldest of them was."""
        told = [plan.counted_at for one in self.coupons for plan in one.plans if plan.counted_at]
        return min(told, default=None)


def figures_of(merchant: Merchant, wanted: Wanted) -> PlanFigures:
    """Four statements, over plans and over coupons × days."""
    rows = Placement.objects.for_merchant(merchant).filter(
        booth=Booth.SERVICE_MESSAGE, begins_at__lte=wanted.until, ends_at__gte=wanted.since
    )
    if wanted.mini_program_id:
        rows = rows.filter(mini_program=wanted.mini_program_id)
    if wanted.coupon_id:
        rows = rows.filter(coupon=wanted.coupon_id)
    taken = rows.exclude(delivery_id="").select_related("coupon", "plan_count").order_by("-begins_at", "-pk")
    found = list(taken[: MOST_PLANS + 1])
    by_coupon: dict[int, list[Plan]] = defaultdict(list)
    for one in found[:MOST_PLANS]:
        by_coupon[one.coupon_id].append(_plan(one))
    wholes = _wholes(list(by_coupon))
    return PlanFigures(
        coupons=[
            OfCoupon(plans[0].placement.coupon, plans, _rest(wholes[pk], plans), wholes[pk])
            for pk, plans in by_coupon.items()
        ],
        more_plans=taken.count() - MOST_PLANS if len(found) > MOST_PLANS else 0,
    )


def _plan(placement: Placement) -> Plan:
    kept: PlanCount | None = getattr(placement, "plan_count", None)
    if kept is None:
        return Plan(placement, None, None)
    sums = Sums(
        claimed=kept.claimed,
        used=kept.redemptions,
        reverted=kept.reverted,
        saved=kept.saved_fen,
        bill=kept.order_fen,
        accepted=kept.accepted,
        median_hours=kept.median_hours,
    )
    return Plan(placement, sums, kept.counted_at)


def _wholes(coupon_ids: list[int]) -> dict[int, Sums]:
    """As the figures of each coupon have them."""
    days: Any = CouponDay.objects.filter(coupon__in=coupon_ids).order_by().values("coupon")
    reverted = {one["coupon"]: one["n"] for one in days.annotate(n=Sum("reverted"))}
    counts = CouponCount.objects.in_bulk(coupon_ids)
    return {
        pk: Sums(
            claimed=kept.claimed,
            used=kept.redemptions,
            reverted=reverted.get(pk, 0),
            saved=kept.saved_fen,
            bill=kept.order_fen,
        )
        for pk, kept in counts.items()
    }


def _rest(whole: Sums, plans: list[Plan]) -> Sums:
    told = [plan.sums for plan in plans if plan.sums is not None]
    names = ("claimed", "used", "reverted", "saved", "bill")
    return Sums(**{name: getattr(whole, name) - sum(getattr(one, name) for one in told) for name in names})
