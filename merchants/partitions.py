"""Tables split by month: makes the months that are needed before anybody writes to them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from psycopg import sql

BEIJING = ZoneInfo("Asia/Shanghai")
MONTHS_AHEAD = 3


def month_of(at: datetime) -> date:
    """First day of the Beijing month that `at` falls in."""
    return at.astimezone(BEIJING).date().replace(day=1)


def month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def ensure_event_months(*, at: datetime) -> None:
    _ensure("merchants_event", at=at, bounds_are_instants=True)


def ensure_months(table: str, *, at: datetime) -> None:
    """Partitions of `table` (by a date column) for the month of `at` and a few more. Repeatable."""
    _ensure(table, at=at, bounds_are_instants=False)


def _ensure(table: str, *, at: datetime, bounds_are_instants: bool) -> None:
    month = month_of(at)
    for _ahead in range(MONTHS_AHEAD + 1):
        _ensure_one(table, month, bounds_are_instants=bounds_are_instants)
        month = month_after(month)


def _ensure_one(table: str, month: date, *, bounds_are_instants: bool) -> None:
    name = f"{table}_{month:%Y_%m}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return
    zone = "+08" if bounds_are_instants else ""
    statement = sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
        sql.Identifier(name),
        sql.Identifier(table),
        sql.Literal(f"{month:%Y-%m-%d}{' 00:00' + zone if zone else ''}"),
        sql.Literal(f"{month_after(month):%Y-%m-%d}{' 00:00' + zone if zone else ''}"),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table])
        cursor.execute(statement.as_string(cursor.connection))
