"""Figures of coupons by day, coupon and way in, from CouponDay alone: a few rows a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, F, IntegerField, QuerySet, Sum, Value, When

from coupons.models import Coupon, CouponDay
from coupons.models.grant import Source
from merchants.models import Merchant

MOST_COUPONS = 50  # lines of the table by coupon, those with the most claims first


@dataclass(frozen=True)
class Wanted:
    """Beijing days, both included."""

    first: date
    last: date
    mini_program_id: int | None = None
    coupon_id: int | None = None
    source: str = ""

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class Sums:
    """`once_*` are of coupons that can be used once: only there each use is a first one."""

    claimed: int = 0
    redemptions: int = 0
    reverted: int = 0
    expired: int = 0
    invalidated: int = 0
    saved: int = 0
    bill: int = 0
    once_uses: int = 0
    once_hours: int = 0

    @property
    def used(self) -> int:
        return self.redemptions - self.reverted

    @property
    def used_bar(self) -> int:
        """More may come back on these days than was used on them."""
        return max(0, self.used)

    @property
    def use_rate(self) -> float | None:
        """Uses on these days by claims on these days."""
        return self.used / self.claimed if self.claimed else None

    @property
    def days_to_use(self) -> float | None:
        return self.once_hours / self.once_uses / 24 if self.once_uses else None

    @property
    def saved_fen(self) -> int | None:
        """None: coupons were used, and nobody told what came off."""
        return None if self.redemptions and not self.saved else self.saved

    @property
    def order_fen(self) -> int | None:
        return None if self.redemptions and not self.bill else self.bill

    @property
    def bills_per_yuan(self) -> float | None:
        """What was bought for each yuan given away."""
        return self.bill / self.saved if self.saved > 0 and self.bill > 0 else None


@dataclass(frozen=True)
class Day:
    day: date
    sums: Sums


@dataclass(frozen=True)
class Line:
    """`key`: of a coupon its number, of a way in its code."""

    key: Any
    name: str
    sums: Sums


@dataclass(frozen=True)
class CouponFigures:
    all: Sums
    days: list[Day]
    coupons: list[Line]
    more_coupons: int
    sources: list[Line]

    @property
    def widest(self) -> int:
        """What a full bar stands for."""
        return max(self.all.claimed, self.all.used, 1)


def figures_of(merchant: Merchant, wanted: Wanted) -> CouponFigures:
    """Four statements, each over coupons × days × ways in."""
    rows = _rows(merchant, wanted)
    by_day = {one["day"]: _sums(one) for one in _summed(rows.values("day"))}
    coupons = sorted(
        _summed(rows.values("coupon")), key=lambda one: (-(one["claimed_sum"] or 0), -one["coupon"])
    )
    names = dict(Coupon.objects.filter(pk__in=[one["coupon"] for one in coupons]).values_list("pk", "name"))
    sources = {one["source"]: _sums(one) for one in _summed(rows.values("source"))}
    return CouponFigures(
        all=_sums(rows.aggregate(**_columns())),
        days=[Day(day, by_day.get(day, Sums())) for day in wanted.dates],
        coupons=[Line(one["coupon"], names[one["coupon"]], _sums(one)) for one in coupons[:MOST_COUPONS]],
        more_coupons=max(0, len(coupons) - MOST_COUPONS),
        sources=[Line(one, str(Source(one).label), sources[one]) for one in Source.values if one in sources],
    )


def _rows(merchant: Merchant, wanted: Wanted) -> QuerySet[CouponDay]:
    rows = CouponDay.objects.filter(coupon__merchant=merchant, day__range=(wanted.first, wanted.last))
    chosen: dict[str, Any] = {
        "coupon__mini_program": wanted.mini_program_id,
        "coupon": wanted.coupon_id,
        "source": wanted.source,
    }
    found: QuerySet[CouponDay] = rows.filter(**{name: value for name, value in chosen.items() if value})
    return found.order_by()


def _summed(rows: Any) -> list[dict[str, Any]]:
    return list(rows.annotate(**_columns()))


def _columns() -> dict[str, Any]:
    def once(name: str) -> Any:
        kept = Case(When(coupon__max_uses=1, then=F(name)), default=Value(0), output_field=IntegerField())
        return Sum(kept)

    plain = ("claimed", "redemptions", "reverted", "expired", "invalidated")
    return {
        **{f"{name}_sum": Sum(name) for name in plain},
        "saved_sum": Sum("saved_fen"),
        "bill_sum": Sum("order_fen"),
        "once_uses_sum": once("redemptions"),
        "once_hours_sum": once("hours_to_use"),
    }


def _sums(row: dict[str, Any]) -> Sums:
    return Sums(**{name.removesuffix("_sum"): row[name] or 0 for name in _columns()})
