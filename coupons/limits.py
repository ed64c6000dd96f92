"""The merchant's own limits against abuse of coupons: read, and changed by compare-and-set on their version.

What the platform lets people claim it gives whatever we say: that limit and the one of an hour are watched
(coupons.alerting). What we give and what is used by code is refused beyond the other two.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from coupons.models import CouponLimits
from merchants import events
from merchants.models import Merchant, User


@dataclass(frozen=True)
class Limits:
    """None: off."""

    claims: int | None = None
    grants: int | None = None
    uses: int | None = None
    hour_percent: int | None = None


# Of a merchant who set none: above what honest people do, below what a script does.
USUAL = Limits(claims=10, grants=5, uses=20, hour_percent=30)


class LimitsChanged(Exception):
    """Somebody saved other limits since these were read."""


def limits_of(merchant_id: int) -> tuple[Limits, int]:
    """With their version, which is 0 before anybody set any. One query."""
    row = CouponLimits.objects.filter(merchant=merchant_id).first()
    if row is None:
        return USUAL, 0
    return Limits(**{one.name: getattr(row, one.name) for one in fields(Limits)}), row.version


def save(merchant: Merchant, limits: Limits, *, version: int, by: User) -> bool:
    """False when they were so before. Raises LimitsChanged when `version` is no longer the newest."""
    try:
        with transaction.atomic():
            before, newest = limits_of(merchant.pk)
            if newest != version:
                raise LimitsChanged
            if before == limits:
                return False
            _write(merchant, limits, version=version, by=by)
            detail = asdict(limits) | {f"{name}_before": value for name, value in asdict(before).items()}
            events.record("coupon_limits.changed", merchant=merchant, by=by, detail=detail)
    except IntegrityError as error:  # two first ones at once
        raise LimitsChanged from error
    return True


def _write(merchant: Merchant, limits: Limits, *, version: int, by: User) -> None:
    if not version:
        CouponLimits.objects.create(merchant=merchant, changed_by=by, **asdict(limits))
        return
    rows = CouponLimits.objects.filter(merchant=merchant, version=version)
    if not rows.update(version=version + 1, changed_by=by, changed_at=Now(), **asdict(limits)):
        raise LimitsChanged
