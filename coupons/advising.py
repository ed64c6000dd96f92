"""What the terms of a coupon invite, as far as abuse goes: said beside the design, not in its way (C-16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from coupons.models import Coupon
from coupons.models.coupon import Kind, Validity

LONG_DAYS = 30
LONG = timedelta(days=60)  # from the first claim to the last use


class Point(StrEnum):
    FREE_GOODS = "free_goods"  # some bill costs nothing
    NO_CEILING = "no_ceiling"
    THRESHOLD = "threshold"  # a part of each bill is paid
    NO_LIMIT = "no_limit"  # a person may have as many as there are
    LIMIT = "limit"
    LONG = "long"
    SHORT = "short"


GOOD = (Point.THRESHOLD, Point.LIMIT, Point.SHORT)


@dataclass(frozen=True)
class Advice:
    """`floor_fen`: a threshold that would do. `days`: how long it can be used as it stands."""

    point: Point
    floor_fen: int | None = None
    days: int | None = None

    @property
    def is_good(self) -> bool:
        return self.point in GOOD


def advice_on(coupon: Coupon) -> list[Advice]:
    """Threshold, limit a person and time, as far as they are filled in. Needs no row, asks nothing."""
    found = [_threshold(coupon), _limit(coupon), _time(coupon)]
    return [one for one in found if one is not None]


def _threshold(coupon: Coupon) -> Advice | None:
    """Of what takes money off a bill; the others are bought, or have a price of their own."""
    if coupon.kind == Kind.DISCOUNT:
        return Advice(Point.THRESHOLD if coupon.ceiling_fen else Point.NO_CEILING)
    if coupon.kind != Kind.REDUCTION or not coupon.amount_fen:
        return None
    if (coupon.floor_fen or 0) > coupon.amount_fen:
        return Advice(Point.THRESHOLD)
    return Advice(Point.FREE_GOODS, floor_fen=2 * coupon.amount_fen)


def _limit(coupon: Coupon) -> Advice:
    return Advice(Point.NO_LIMIT if coupon.per_person is None else Point.LIMIT)


def _time(coupon: Coupon) -> Advice | None:
    if coupon.validity == Validity.RELATIVE:
        if not coupon.valid_days:
            return None
        days, most = coupon.valid_days, LONG_DAYS
    elif coupon.use_until and coupon.publish_from:
        days, most = (coupon.use_until - coupon.publish_from).days, LONG.days
    else:
        return None
    return Advice(Point.LONG if days > most else Point.SHORT, days=days)
