"""The figures of coupons counted again from what they are of: the ledger's entries and the grants.

Whoever moves a grant moves the figure of its coupon before that of the day. `rebuild` locks that first
figure, one coupon at a time, and counts what is committed: a movement that is not adds itself later. Of two
rebuilds at once the second waits, and then finds nothing wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from coupons import counting
from coupons.models import Coupon, CouponCount, CouponDay, CouponStoreDay
from merchants import events

LIVES_ON_DAYS = 400  # after the last day of claiming; what is older is counted by the command only
COUNTS, DAYS, STORES = counting.COUNTS, counting.DAYS, counting.STORES

GRANTS = """
SELECT count(*) FILTER (WHERE state <> 'refused'), count(*) FILTER (WHERE state = 'redeemed'),
    count(*) FILTER (WHERE state = 'expired'), count(*) FILTER (WHERE state = 'invalidated')
FROM coupons_coupongrant WHERE coupon_id = %(coupon)s
"""
# An end that was taken back leaves an entry: of those that are over now the last one says on which day.
MOVED = """
WITH moved AS (
    SELECT (e.happened_at AT TIME ZONE 'Asia/Shanghai')::date AS day, g.source, e.kind, e.times,
        coalesce(e.saved_fen, 0) AS saved, coalesce(e.order_fen, 0) AS bill,
        CASE WHEN e.kind = 'redeemed' AND e."left" = c.max_uses + e.times AND g.claimed_at IS NOT NULL
            THEN greatest(0, floor(extract(epoch FROM e.happened_at - g.claimed_at) / 3600))::bigint
            ELSE 0 END AS hours,
        e.kind = 'expired' AND g.state = 'expired'
            AND e.id = max(e.id) FILTER (WHERE e.kind = 'expired') OVER (PARTITION BY g.id) AS is_over
    FROM coupons_coupongrant g
    JOIN coupons_coupon c ON c.id = g.coupon_id
    JOIN coupons_grantentry e ON e.grant_id = g.id
    WHERE g.coupon_id = %(coupon)s AND e.kind NOT IN ('reserved', 'released')
)
SELECT day, source,
    count(*) FILTER (WHERE kind = 'claimed')::int,
    (-coalesce(sum(times) FILTER (WHERE kind = 'redeemed'), 0))::int,
    coalesce(sum(times) FILTER (WHERE kind = 'reverted'), 0)::int,
    count(*) FILTER (WHERE is_over)::int,
    count(*) FILTER (WHERE kind = 'invalidated')::int,
    coalesce(sum(CASE kind WHEN 'redeemed' THEN saved WHEN 'reverted' THEN -saved ELSE 0 END), 0)::bigint,
    coalesce(sum(CASE kind WHEN 'redeemed' THEN bill WHEN 'reverted' THEN -bill ELSE 0 END), 0)::bigint,
    sum(hours)::bigint
FROM moved GROUP BY 1, 2 ORDER BY 1, 2
"""
# A return counts in the store of its use; the one with which all of it came back undoes the bill.
IN_STORES = """
WITH moved AS (
    SELECT (e.happened_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
        coalesce(u.store_id, e.store_id) AS store, e.kind, e.times,
        coalesce(e.saved_fen, 0) AS saved, coalesce(e.order_fen, 0) AS bill,
        e.kind = 'reverted'
            AND sum(e.times) OVER (PARTITION BY e.reverts_id ORDER BY e.id) = -u.times AS is_undone
    FROM coupons_coupongrant g
    JOIN coupons_grantentry e ON e.grant_id = g.id
    LEFT JOIN coupons_grantentry u ON u.id = e.reverts_id
    WHERE g.coupon_id = %(coupon)s AND e.kind IN ('redeemed', 'reverted')
)
SELECT day, store,
    (-coalesce(sum(times) FILTER (WHERE kind = 'redeemed'), 0))::int,
    coalesce(sum(times) FILTER (WHERE kind = 'reverted'), 0)::int,
    (count(*) FILTER (WHERE kind = 'redeemed') - count(*) FILTER (WHERE is_undone))::int,
    sum(CASE kind WHEN 'redeemed' THEN saved ELSE -saved END)::bigint,
    sum(CASE kind WHEN 'redeemed' THEN bill ELSE -bill END)::bigint
FROM moved GROUP BY 1, 2
"""
NO_STORE = 0  # in the key of a wrong figure: nobody told which


@dataclass(frozen=True, slots=True)
class WrongFigure:
    """`day`, `source` and `store` are None, "" and None for a figure of the whole coupon; a figure of a day
    is of a way in or of a store."""

    coupon_id: int
    name: str
    kept: int
    counted: int
    day: date | None = None
    source: str = ""
    store: int | None = None


def rebuild(*, repair: bool = True, coupon: Coupon | None = None) -> list[WrongFigure]:
    """Counts every coupon again, or one; `repair` puts figures right. Returns what differed."""
    rows = Coupon.objects.all() if coupon is None else Coupon.objects.filter(pk=coupon.pk)
    return _each(rows.exclude(state="draft").values_list("pk", flat=True), repair=repair)


def rebuild_recent(*, at: datetime) -> list[WrongFigure]:
    """Those that somebody may still hold, put right."""
    rows = Coupon.objects.exclude(state="draft").filter(publish_until__gt=at - timedelta(days=LIVES_ON_DAYS))
    return _each(rows.values_list("pk", flat=True), repair=True)


def _each(coupons: Any, *, repair: bool) -> list[WrongFigure]:
    return [wrong for pk in sorted(coupons) for wrong in _rebuild_one(pk, repair=repair)]


def _rebuild_one(coupon_id: int, *, repair: bool) -> list[WrongFigure]:
    with transaction.atomic():
        counting.ensure(coupon_id)
        kept = CouponCount.objects.select_for_update().get(coupon=coupon_id)
        days = {(row.day, row.source): row for row in CouponDay.objects.filter(coupon=coupon_id)}
        counted_days = _count_days(coupon_id)
        counted = _count(coupon_id, counted_days)
        wrong = [
            WrongFigure(coupon_id, name, getattr(kept, name), counted[name])
            for name in COUNTS
            if getattr(kept, name) != counted[name]
        ]
        for key in sorted(days.keys() | counted_days.keys()):
            wrong += _wrong_of_day(coupon_id, key, days.get(key), counted_days.get(key, {}))
        wrong += _wrong_in_stores(coupon_id)
        if wrong and repair:
            _repair(coupon_id, wrong)
        return wrong


def _count(coupon_id: int, days: Mapping[tuple[date, str], Mapping[str, int]]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(GRANTS, {"coupon": coupon_id})
        taken, redeemed, expired, invalidated = cursor.fetchone()
    total = {name: sum(day[name] for day in days.values()) for name in DAYS}
    return {
        "taken": taken,
        "claimed": total["claimed"],
        "redemptions": total["redemptions"] - total["reverted"],
        "redeemed": redeemed,
        "expired": expired,
        "invalidated": invalidated,
        "saved_fen": total["saved_fen"],
        "order_fen": total["order_fen"],
    }


def _count_days(coupon_id: int) -> dict[tuple[date, str], dict[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(MOVED, {"coupon": coupon_id})
        return {(row[0], row[1]): dict(zip(DAYS, row[2:], strict=True)) for row in cursor.fetchall()}


def _wrong_of_day(
    coupon_id: int, key: tuple[date, str], kept: CouponDay | None, counted: Mapping[str, int]
) -> list[WrongFigure]:
    day, source = key
    pairs = ((name, getattr(kept, name, 0), counted.get(name, 0)) for name in DAYS)
    return [WrongFigure(coupon_id, name, was, now, day, source) for name, was, now in pairs if was != now]


def _wrong_in_stores(coupon_id: int) -> list[WrongFigure]:
    kept = {(row.day, row.store_id): row for row in CouponStoreDay.objects.filter(coupon=coupon_id)}
    with connection.cursor() as cursor:
        cursor.execute(IN_STORES, {"coupon": coupon_id})
        counted = {(row[0], row[1]): dict(zip(STORES, row[2:], strict=True)) for row in cursor.fetchall()}
    wrong = []
    for day, store in sorted(kept.keys() | counted.keys(), key=lambda key: (key[0], key[1] or NO_STORE)):
        row, told = kept.get((day, store)), counted.get((day, store), {})
        pairs = ((name, getattr(row, name, 0), told.get(name, 0)) for name in STORES)
        wrong += [
            WrongFigure(coupon_id, name, was, now, day, store=store or NO_STORE)
            for name, was, now in pairs
            if was != now
        ]
    return wrong


def _repair(coupon_id: int, wrong: list[WrongFigure]) -> None:
    """In the transaction that holds the figure of the coupon."""
    total = {one.name: one.counted for one in wrong if one.day is None}
    if total:
        CouponCount.objects.filter(coupon=coupon_id).update(**total)
    cells: dict[tuple[date, str], dict[str, int]] = {}
    in_stores: dict[tuple[date, int], dict[str, int]] = {}
    for one in wrong:
        if one.day is not None and one.store is not None:
            in_stores.setdefault((one.day, one.store), {})[one.name] = one.counted
        elif one.day is not None:
            cells.setdefault((one.day, one.source), {})[one.name] = one.counted
    for (day, source), figures in cells.items():
        CouponDay.objects.update_or_create(coupon_id=coupon_id, day=day, source=source, defaults=figures)
    for (day, store), figures in in_stores.items():
        of_store: dict[str, Any] = {"coupon_id": coupon_id, "day": day, "store_id": store or None}
        CouponStoreDay.objects.update_or_create(**of_store, defaults=figures)
    coupon = Coupon.objects.select_related("merchant", "mini_program").get(pk=coupon_id)
    events.record(
        "coupon.figures_repaired",
        merchant=coupon.merchant,
        mini_program=coupon.mini_program,
        subject=coupon,
        detail={"name": coupon.name, "figures": len(wrong)},
    )
