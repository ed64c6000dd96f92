"""Tables split by month: makes the months that are needed before anybody writes to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

BEIJING = ZoneInfo("Asia/Shanghai")
MONTHS_AHEAD = 3


def month_of(at: datetime) -> date:
    """First day of the Beijing month that `at` falls in."""
    return at.astimezone(BEIJING).date().replace(day=1)


def month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def ensure_all(*, at: datetime) -> list[str]:
    """Months of every table in settings.PARTITIONED_TABLES. Returns the names of the partitions it made."""
    made = []
    for table, column_kind in settings.PARTITIONED_TABLES.items():
        made += _ensure(table, at=at, bounds_are_instants=column_kind == "instant")
    return made


def ensure_event_months(*, at: datetime) -> None:
    _ensure("merchants_event", at=at, bounds_are_instants=True)


def ensure_months(table: str, *, at: datetime) -> None:
    """Partitions of `table` (by a date column) for the month of `at` and a few more. Repeatable."""
    _ensure(table, at=at, bounds_are_instants=False)


def _ensure(table: str, *, at: datetime, bounds_are_instants: bool) -> list[str]:
    month, made = month_of(at), []
    for _ahead in range(MONTHS_AHEAD + 1):
        name = f"{table}_{month:%Y_%m}"
        if not _exists(name) and _make(table, name, month, bounds_are_instants=bounds_are_instants):
            made.append(name)
        month = month_after(month)
    return made


def _exists(name: str) -> bool:
    with connection.cursor() as cursor:
        # read from the table, since to_regclass may remember from before the lock that there was none
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid))", [name]
        )
        return bool(cursor.fetchone()[0])


def _make(table: str, name: str, month: date, *, bounds_are_instants: bool) -> bool:
    """One month, with the rows that already stand in the default partition. False: another process was first.

    Made beside and attached, since CREATE TABLE … PARTITION OF would lock readers out, and refuses a
    month that the default partition has rows of. Where there is one, writers wait until this commits, before
    they choose a partition: a row on its way to the default one would be refused by it afterwards.
    """
    suffix = " 00:00+08" if bounds_are_instants else ""
    bounds = [f"{month:%Y-%m-%d}{suffix}", f"{month_after(month):%Y-%m-%d}{suffix}"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table])
        if _exists(name):
            return False
        parent, child, low, high = sql.Identifier(table), sql.Identifier(name), *map(sql.Literal, bounds)
        made = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING INDEXES)").format(child, parent)
        cursor.execute(made.as_string(cursor.connection))
        _move_from_default(cursor, table, child, low, high)
        attached = sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
        cursor.execute(attached.format(parent, child, low, high).as_string(cursor.connection))
    return True


def _move_from_default(
    cursor: Any, table: str, child: sql.Identifier, low: sql.Literal, high: sql.Literal
) -> None:
    cursor.execute(
        "SELECT c.relname, a.attname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partdefid"
        " JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]"
        " WHERE p.partrelid = to_regclass(%s)",
        [table],
    )
    found = cursor.fetchone()
    if found is None:
        return
    rest, column = (sql.Identifier(name) for name in found)
    for name, mode in ((sql.Identifier(table), "SHARE ROW EXCLUSIVE"), (rest, "ACCESS EXCLUSIVE")):
        lock = sql.SQL("LOCK TABLE ONLY {} IN {} MODE").format(name, sql.SQL(mode))
        cursor.execute(lock.as_string(cursor.connection))
    moved = sql.SQL(
        "WITH moved AS (DELETE FROM {} WHERE {} >= {} AND {} < {} RETURNING *)"
        " INSERT INTO {} SELECT * FROM moved"
    ).format(rest, column, low, column, high, child)
    cursor.execute(moved.as_string(cursor.connection))
