"""What a live coupon needs somebody to look at: from kept figures alone, by thresholds of ours (C-21).

The platform names no such thresholds; where it told nothing of money, nothing is judged of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Sum

from coupons.models import Coupon, CouponCount, CouponDay
from coupons.models.coupon import LIVE
from coupons.terms import beijing_day
from merchants.models import Merchant

LOW_SHARE = 0.1  # of the stock that is left
PACE_DAYS = 3
SOON_GONE_DAYS = 2.0
SPENT_SHARE = 0.8  # of the budget
ENDING = timedelta(days=3)
ENDING_LEFT_SHARE = 0.2
FEW_USED_SHARE = 0.1
ENOUGH_CLAIMS = 50
LONG_ENOUGH = timedelta(days=7)
MOST_WATCHED = 200


class Finding(StrEnum):
    """In the order of harm."""

    GONE = "gone"  # all claimed
    SPENT = "spent"  # the budget nearly is
    LOW = "low"  # the stock, or it will be within days
    ENDING = "ending"  # claiming, with much of the stock left
    FEW_USED = "few_used"  # of many claimed


@dataclass(frozen=True)
class Watched:
    """`days_left`: at the pace of the last days; None where nobody claimed."""

    coupon: Coupon
    finding: Finding
    left: int
    days_left: float | None = None
    share: float | None = None


def watch(merchant: Merchant, *, at: datetime) -> list[Watched]:
    """The worst first. Two queries."""
    rows = Coupon.objects.for_merchant(merchant).filter(state__in=LIVE).select_related("count")
    live = list(rows.order_by("publish_until", "pk")[:MOST_WATCHED])
    paces = _paces(live, at=at) if live else {}
    found = [
        one
        for coupon in live
        for one in findings(coupon, _count(coupon), recent=paces.get(coupon.pk, 0), at=at)
    ]
    order = list(Finding)
    return sorted(found, key=lambda one: (order.index(one.finding), one.coupon.publish_until, one.coupon.pk))


def watch_one(coupon: Coupon, count: CouponCount, *, at: datetime) -> list[Watched]:
    """One query at most."""
    if coupon.state not in LIVE:
        return []
    return findings(coupon, count, recent=_paces([coupon], at=at).get(coupon.pk, 0), at=at)


def findings(coupon: Coupon, count: CouponCount, *, recent: int, at: datetime) -> list[Watched]:
    """`recent`: claimed in the last PACE_DAYS days, today included."""
    left = max(0, coupon.stock - count.taken)
    share_left = left / coupon.stock if coupon.stock else 0.0
    days_left = left * PACE_DAYS / recent if recent else None
    found = []
    if not left:
        found.append(Watched(coupon, Finding.GONE, left))
    elif share_left <= LOW_SHARE or (days_left is not None and days_left <= SOON_GONE_DAYS):
        found.append(Watched(coupon, Finding.LOW, left, days_left, share_left))
    if coupon.budget_fen and count.saved_fen >= SPENT_SHARE * coupon.budget_fen:
        found.append(Watched(coupon, Finding.SPENT, left, share=count.saved_fen / coupon.budget_fen))
    if coupon.publish_until - at <= ENDING and share_left >= ENDING_LEFT_SHARE:
        found.append(Watched(coupon, Finding.ENDING, left, share=share_left))
    if count.claimed >= ENOUGH_CLAIMS and at - coupon.publish_from >= LONG_ENOUGH:
        used = count.redemptions / count.claimed
        if used < FEW_USED_SHARE:
            found.append(Watched(coupon, Finding.FEW_USED, left, share=used))
    return found


def _paces(coupons: Iterable[Coupon], *, at: datetime) -> Mapping[int, int]:
    since = beijing_day(at) - timedelta(days=PACE_DAYS - 1)
    rows = CouponDay.objects.filter(coupon__in=[one.pk for one in coupons], day__gte=since)
    return dict(rows.values_list("coupon").annotate(n=Sum("claimed")).order_by())


def _count(coupon: Coupon) -> CouponCount:
    return getattr(coupon, "count", None) or CouponCount(coupon=coupon)
