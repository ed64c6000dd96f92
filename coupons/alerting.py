"""A limit that was passed is told once a day: one person claimed or used often, or a coupon went fast.

In the transaction that counted what was claimed or used, after its figures (docs/locking.md). What was
counted before is not counted again, so a push that comes again changes nothing.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection

from coupons import frequency
from coupons.limits import limits_of
from coupons.models import ClaimPace, CouponAlert, CouponGrant
from coupons.models.grant import Source
from coupons.terms import beijing_day
from merchants import events

Kind = CouponAlert.Kind
STEP, STEPS = timedelta(minutes=10), 6  # an hour is so many steps
KEPT_FOR = timedelta(days=1)
FEW = 50  # claims of an hour that are never too fast, however small the stock
PACE = """
INSERT INTO coupons_claimpace AS p (coupon_id, begins_at, claimed) VALUES (%(coupon)s, %(begins)s, 1)
ON CONFLICT (coupon_id, begins_at) DO UPDATE SET claimed = p.claimed + 1 RETURNING p.claimed
"""


def claimed(grant: CouponGrant, *, at: datetime) -> None:
    """A new grant that the platform let somebody claim; what we gave is limited where we give it."""
    if grant.source != Source.CLAIM or grant.claimed_at is None:
        return
    limits, _version = limits_of(grant.merchant_id)
    if at - grant.claimed_at < KEPT_FOR:
        most = most_of_an_hour(grant.coupon.stock, limits.hour_percent)
        n = _pace(grant.coupon_id, grant.claimed_at)
        if most is not None and n > most:
            _tell(Kind.BURST, grant, n, most, last_at=grant.claimed_at, at=at)
    if limits.claims is None:
        return
    frequency.lock(frequency.CLAIMING, grant.customer_id)
    for day, n, last_at in frequency.claims_around(grant.customer_id, at=grant.claimed_at):
        if n > limits.claims:
            _tell(Kind.CLAIMS, grant, n, limits.claims, last_at=last_at, at=at, day=day)


def used(grant: CouponGrant, *, used_at: datetime, at: datetime) -> None:
    """A new use that nobody here was asked for: the platform did it, so it can only be told."""
    most = limits_of(grant.merchant_id)[0].uses
    if most is None:
        return
    frequency.lock(frequency.USING, grant.customer_id)
    n = frequency.used_on(grant.customer_id, at=used_at)
    if n > most:
        _tell(Kind.USES, grant, n, most, last_at=used_at, at=at)


def most_of_an_hour(stock: int, percent: int | None) -> int | None:
    """Claims; None where nothing is too fast."""
    return None if percent is None or not stock else max(FEW, stock * percent // 100)


def _pace(coupon_id: int, at: datetime) -> int:
    """Counts one claim; the most of any hour it belongs to. Whoever counts holds the count of the coupon."""
    begins = at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(PACE, {"coupon": coupon_id, "begins": begins})
        is_first = cursor.fetchone()[0] == 1
    rows = ClaimPace.objects.filter(coupon=coupon_id)
    if is_first:
        rows.filter(begins_at__lt=begins - KEPT_FOR).delete()
    around = (begins - STEP * (STEPS - 1), begins + STEP * (STEPS - 1))
    found = dict(rows.filter(begins_at__range=around).values_list("begins_at", "claimed"))
    hours = range(-(STEPS - 1), 1)
    return max(sum(found.get(begins + STEP * (first + n), 0) for n in range(STEPS)) for first in hours)


def _tell(
    kind: str,
    grant: CouponGrant,
    n: int,
    most: int,
    *,
    last_at: datetime,
    at: datetime,
    day: date | None = None,
) -> None:
    """The first time with an Event; later the figure only grows."""
    of_coupon = kind == Kind.BURST
    whose = {"coupon_id": grant.coupon_id} if of_coupon else {"customer_id": grant.customer_id}
    told = {"n": n, "most": most, "found_at": at, "last_at": last_at, "mini_program": grant.mini_program}
    alert, is_new = CouponAlert.objects.get_or_create(
        merchant=grant.merchant, kind=kind, day=day or beijing_day(last_at), **whose, defaults=told
    )
    if not is_new:
        CouponAlert.objects.filter(pk=alert.pk, n__lt=n).update(n=n, last_at=last_at)
        return
    about = {"coupon": grant.coupon.name} if of_coupon else {"customer": grant.customer_id}
    events.record(
        "coupon_alert.raised",
        merchant=grant.merchant,
        by=None,
        mini_program=grant.mini_program,
        subject=alert,
        detail={"alert": kind, "counted": n, "limit": most, **about},
    )
