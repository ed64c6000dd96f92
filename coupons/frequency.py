"""How often one person claimed, was given and used coupons, over all of them.

Who counts and then acts on the count takes the advisory lock of that count first, so that two at once do not
both find room. Locks: of giving before any grant, of claims and uses after what was counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from coupons.models import CouponAlert, CouponGrant
from coupons.models.grant import GrantState, Source
from coupons.models.limits import AlertState
from coupons.terms import BEIJING, beijing_day

GIVING, USING, CLAIMING = 1_003, 1_004, 1_005  # advisory locks beside those of messaging/engine
WINDOW = timedelta(hours=24)
WINDOWS = """
SELECT day, max(n), max(claimed_at) FROM (
    SELECT claimed_at, (claimed_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) OVER (
        ORDER BY claimed_at RANGE BETWEEN %(window)s::interval PRECEDING AND CURRENT ROW
    ) AS n
    FROM coupons_coupongrant
    WHERE customer_id = %(customer)s AND source = 'claim' AND claimed_at BETWEEN %(first)s AND %(last)s
) counted
WHERE claimed_at >= %(at)s GROUP BY day ORDER BY day
"""
USED = """
SELECT coalesce((
    SELECT sum(-e.times - coalesce((
        SELECT sum(b.times) FROM coupons_grantentry b WHERE b.reverts_id = e.id
    ), 0))
    FROM coupons_coupongrant g JOIN coupons_grantentry e ON e.grant_id = g.id
    WHERE g.customer_id = %(customer)s AND g.used_times > 0 AND e.kind = 'redeemed'
        AND e.happened_at >= %(start)s AND e.happened_at < %(end)s
), 0) + coalesce((
    SELECT sum(u.times) FROM coupons_coupongrant g JOIN coupons_couponuse u ON u.grant_id = g.id
    WHERE g.customer_id = %(customer)s AND u.kind = 'redeem' AND u.state IN ('pending', 'unknown')
        AND u.created_at >= %(start)s AND u.created_at < %(end)s
), 0)
"""


def lock(kind: int, owner_id: int) -> None:
    """Until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [kind, owner_id % 2_147_483_647])


def claims_around(customer_id: int, *, at: datetime) -> list[tuple[date, int, datetime]]:
    """The most that were claimed within 24 hours which a claim `at` belongs to, for each day on which such
    24 hours end, and the last claim of that day. The same whichever of the claims is told first."""
    told: dict[str, Any] = {
        "customer": customer_id,
        "at": at,
        "window": WINDOW,
        "first": at - WINDOW,
        "last": at + WINDOW,
    }
    with connection.cursor() as cursor:
        cursor.execute(WINDOWS, told)
        return [(day, int(n), last) for day, n, last in cursor.fetchall()]


def given_on(customer_id: int, *, at: datetime) -> int:
    """What we gave, or are giving, on the Beijing day of `at`."""
    rows = CouponGrant.objects.filter(customer=customer_id, created_at__gte=midnight(beijing_day(at)))
    return rows.exclude(source=Source.CLAIM).exclude(state=GrantState.REFUSED).count()


def used_on(customer_id: int, *, at: datetime) -> int:
    """Uses on the Beijing day of `at`, those asked for included, less what was given back of them."""
    start = midnight(beijing_day(at))
    told: dict[str, Any] = {"customer": customer_id, "start": start, "end": start + timedelta(days=1)}
    with connection.cursor() as cursor:
        cursor.execute(USED, told)
        return int(cursor.fetchone()[0])


def kept(customer_ids: Iterable[int], *, at: datetime) -> set[int]:
    """Those whom somebody keeps from coupons on that day."""
    rows = CouponAlert.objects.filter(customer__in=list(customer_ids), state=AlertState.KEPT)
    return set(rows.filter(kept_until__gt=beijing_day(at)).values_list("customer", flat=True))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=BEIJING)
