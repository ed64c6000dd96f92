"""The books of coupons for pages: three sides of each, and what differs. Nothing big is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from coupons.models import Coupon, CouponCheck, CouponCount, CouponDifference
from merchants.models import Merchant


@dataclass(frozen=True)
class Side:
    """One line of three columns; None where nobody told. `agrees` None: nothing to compare it with."""

    name: str
    ours: int | None
    platform: int | None
    orders: int | None
    agrees: bool | None


@dataclass(frozen=True)
class Book:
    """`last` is the newest look that ended, `going` the one under way."""

    coupon: Coupon
    count: CouponCount
    last: CouponCheck | None
    going: CouponCheck | None
    open: int

    @property
    def sides(self) -> list[Side]:
        claimed, used = self.coupon.platform_claimed, self.coupon.platform_used
        lines = [
            Side("claimed", self.count.claimed, claimed, None, self._now(_same(self.count.claimed, claimed))),
            Side("used", self.count.redemptions, used, None, self._now(self._uses_agree(used))),
        ]
        last = self.last
        if last is not None and last.has_orders:
            named, matched = last.uses_named, last.uses_matched
            ours, theirs = last.ours_saved_fen, last.orders_saved_fen
            lines.append(Side("named", named, None, matched, _same(named, matched)))
            lines.append(Side("saved", ours, None, theirs, _same(ours, theirs)))
        return lines

    def _now(self, agrees: bool | None) -> bool | None:
        """The platform's totals are as old as its last answer: a difference only where a look
        found one."""
        return agrees if agrees or (self.last is not None and self.open) else None

    def _uses_agree(self, used: int | None) -> bool | None:
        """The platform counts coupons that were used: of several uses ours are more."""
        if used is None:
            return None
        return self.count.redeemed <= used <= self.count.redemptions


def _same(ours: int | None, theirs: int | None) -> bool | None:
    return None if ours is None or theirs is None else ours == theirs


def coupons_of(merchant: Merchant) -> QuerySet[Coupon]:
    """Those that the platform knows, newest first."""
    rows: QuerySet[Coupon] = Coupon.objects.for_merchant(merchant).exclude(activity_id="")
    return rows.exclude(state__in=["draft", "creating", "rejected"]).select_related("count").order_by("-pk")


def books_of(coupons: Sequence[Coupon]) -> list[Book]:
    """Four queries for all of them; of the looks the newest that ended, and the one under way."""
    ids = [coupon.pk for coupon in coupons]
    rows = CouponDifference.objects.filter(coupon__in=ids, settled_at=None)
    differing = dict(rows.order_by().values_list("coupon").annotate(Count("pk")))
    going = {one.coupon_id: one for one in CouponCheck.objects.filter(coupon__in=ids, finished_at=None)}
    last = _last_looks(ids)
    return [
        Book(
            coupon,
            getattr(coupon, "count", None) or CouponCount(coupon=coupon),
            last.get(coupon.pk),
            going.get(coupon.pk),
            differing.get(coupon.pk, 0),
        )
        for coupon in coupons
    ]


def _last_looks(coupon_ids: Sequence[int]) -> dict[int, CouponCheck]:
    ended = CouponCheck.objects.filter(coupon=OuterRef("pk"), finished_at__isnull=False).order_by("-pk")
    rows = Coupon.objects.filter(pk__in=coupon_ids).annotate(last=Subquery(ended.values("pk")[:1]))
    checks = CouponCheck.objects.in_bulk([pk for pk in rows.values_list("last", flat=True) if pk])
    return {check.coupon_id: check for check in checks.values()}


@dataclass(frozen=True)
class Wanted:
    """`state`: open, taken, accepted, gone, or nothing for all."""

    coupon_id: int | None = None
    kind: str = ""
    state: str = "open"


def differences_of(merchant: Merchant, wanted: Wanted) -> QuerySet[CouponDifference]:
    rows: QuerySet[CouponDifference] = CouponDifference.objects.for_merchant(merchant)
    chosen: dict[str, Any] = {"coupon_id": wanted.coupon_id, "kind": wanted.kind}
    rows = rows.filter(**{name: value for name, value in chosen.items() if value})
    if wanted.state == "open":
        rows = rows.filter(settled_at=None)
    elif wanted.state:
        rows = rows.filter(how=wanted.state)
    return rows.select_related("coupon", "customer", "settled_by", "mini_program", "grant")


def open_differences(merchant: Merchant) -> int:
    return CouponDifference.objects.for_merchant(merchant).filter(settled_at=None).count()
