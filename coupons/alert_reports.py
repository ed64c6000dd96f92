"""Alerts for pages: the list, what stands open, and what was counted for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet

from coupons.frequency import WINDOW, midnight
from coupons.models import Coupon, CouponAlert, CouponGrant, GrantEntry
from coupons.models.grant import Source
from coupons.models.limits import AlertState
from coupons.terms import beijing_day
from merchants.models import Merchant

MOST_SHOWN = 20
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Open:
    kind: str
    n: int
    newest: datetime


@dataclass(frozen=True)
class Counted:
    """One claim or use that an alert counted."""

    grant: CouponGrant
    at: datetime
    times: int = 1


def alerts_of(merchant: Merchant, *, state: str = "", kind: str = "") -> QuerySet[CouponAlert]:
    chosen = {name: value for name, value in {"state": state, "kind": kind}.items() if value}
    rows: QuerySet[CouponAlert] = CouponAlert.objects.for_merchant(merchant).filter(**chosen)
    return rows.select_related("customer", "coupon", "settled_by", "mini_program", "merchant")


def open_of(merchant: Merchant) -> list[Open]:
    """By kind, the most first. One query along the open ones."""
    rows = CouponAlert.objects.for_merchant(merchant).filter(state=AlertState.OPEN).order_by()
    kinds = rows.values("kind").annotate(n=Count("pk"), newest=Max("found_at")).order_by("-n", "kind")
    return [Open(**one) for one in kinds]


def standing_of(customer_id: int, *, at: datetime) -> CouponAlert | None:
    """What holds for a person now: kept from coupons, else the newest open alert."""
    holds = Q(state=AlertState.KEPT, kept_until__gt=beijing_day(at)) | Q(state=AlertState.OPEN)
    rows = CouponAlert.objects.filter(holds, customer=customer_id)
    found: CouponAlert | None = rows.order_by("state", "-kept_until", "-id").first()  # kept before open
    return found


def open_burst_of(coupon: Coupon) -> CouponAlert | None:
    """The newest that nobody has looked at."""
    rows = CouponAlert.objects.filter(coupon=coupon, state=AlertState.OPEN)
    found: CouponAlert | None = rows.order_by("-day").first()
    return found


def counted_of(alert: CouponAlert) -> Sequence[Counted]:
    """The newest MOST_SHOWN of one person; of a coupon its page has them."""
    start, end = midnight(alert.day), midnight(alert.day) + DAY
    if alert.kind == CouponAlert.Kind.CLAIMS:
        rows = CouponGrant.objects.filter(customer=alert.customer_id, source=Source.CLAIM)
        rows = rows.filter(claimed_at__gte=start - WINDOW, claimed_at__lt=end).select_related("coupon")
        return [
            Counted(grant, grant.claimed_at)
            for grant in rows.order_by("-claimed_at")[:MOST_SHOWN]
            if grant.claimed_at
        ]
    if alert.kind == CouponAlert.Kind.USES:
        uses = GrantEntry.objects.filter(
            grant__in=CouponGrant.objects.filter(customer=alert.customer_id),
            kind=GrantEntry.Kind.REDEEMED,
            happened_at__gte=start,
            happened_at__lt=end,
        )
        related = uses.select_related("grant__coupon").order_by("-happened_at")
        return [Counted(one.grant, one.happened_at, -one.times) for one in related[:MOST_SHOWN]]
    return []
