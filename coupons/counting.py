"""Figures of a coupon: moved by whoever moves a grant, in the same transaction and after it.

One row a coupon, one a coupon, day and way in, one of uses a coupon, day and store: always in this order, and
days in theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import connection

from coupons.models import CouponCount, CouponDay, CouponStoreDay

COUNTS = ("taken", "claimed", "redemptions", "redeemed", "expired", "invalidated", "saved_fen", "order_fen")
DAYS = (
    *("claimed", "redemptions", "reverted", "expired", "invalidated"),
    *("saved_fen", "order_fen", "hours_to_use"),
)
STORES = ("redemptions", "reverted", "bills", "saved_fen", "order_fen")
TAKE = """
UPDATE coupons_couponcount n SET taken = n.taken + %(n)s
FROM coupons_coupon c
WHERE n.coupon_id = %(coupon)s AND c.id = n.coupon_id AND n.taken + %(n)s <= c.stock
"""


def ensure(coupon_id: int) -> None:
    CouponCount.objects.bulk_create([CouponCount(coupon_id=coupon_id)], ignore_conflicts=True)


def take_stock(coupon_id: int, n: int = 1) -> bool:
    """`n` of the stock are ours, or none. Under any number of takers never more than there are."""
    ensure(coupon_id)
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"coupon": coupon_id, "n": n})
        return bool(cursor.rowcount)


def move(coupon_id: int, **by: int) -> None:
    """Adds to the figures of a coupon. Raises KeyError for one there is not."""
    changed = {name: n for name, n in by.items() if n}
    if changed:
        _add("coupons_couponcount", COUNTS, {"coupon_id": coupon_id}, changed)


def move_day(coupon_id: int, day: date, source: str, **by: int) -> None:
    changed = {name: n for name, n in by.items() if n}
    if changed:
        key: dict[str, Any] = {"coupon_id": coupon_id, "day": day, "source": source}
        _add(CouponDay._meta.db_table, DAYS, key, changed)


def move_store(coupon_id: int, day: date, store_id: int | None, **by: int) -> None:
    """Uses of a store; None: nobody told which."""
    changed = {name: n for name, n in by.items() if n}
    if changed:
        key: dict[str, Any] = {"coupon_id": coupon_id, "day": day, "store_id": store_id}
        _add(CouponStoreDay._meta.db_table, STORES, key, changed)


def _add(table: str, known: tuple[str, ...], key: Mapping[str, Any], by: Mapping[str, int]) -> None:
    """A row that is not there yet is begun with zeros: a first figure below zero is refused by the table."""
    if unknown := by.keys() - set(known):
        raise KeyError(f"{table} has no {', '.join(sorted(unknown))}")
    columns = ", ".join([*key, *known])
    values = ", ".join(["%s"] * (len(key) + len(known)))
    added = ", ".join(f"{name} = x.{name} + %s" for name in by)
    where = " AND ".join(
        f"{name} IS NULL" if value is None else f"{name} = %s" for name, value in key.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING",  # noqa: S608
            [*key.values(), *[0] * len(known)],
        )
        cursor.execute(
            f"UPDATE {table} AS x SET {added} WHERE {where}",  # noqa: S608 - of the names above only
            [*by.values(), *(value for value in key.values() if value is not None)],
        )
