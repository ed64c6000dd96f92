"""How the engine speaks SQL: named parameters, rows as tuples, counters as one ordered statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from django.db import IntegrityError, connection
from django.db.models import Model

Row = tuple[Any, ...]
M = TypeVar("M", bound=Model)
N = TypeVar("N", bound=Model)


def rows(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[Row] = cursor.fetchall()
    return found


def run(statement: str, parameters: Mapping[str, Any]) -> int:
    """How many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        changed: int = cursor.rowcount
    return changed


@contextmanager
def prepared() -> Iterator[psycopg.Cursor[Row]]:
    """A cursor of psycopg's own on Django's connection, for what a slot asks again and again.

    Parameters travel apart from the statement, so that the server parses and plans it once for each
    connection: on partitioned tables that is most of the work. By itself it would plan anew each time, as a
    plan for the very month promises to be cheaper: so the month stands in the statement, and plans are kept
    by order (settings, OPTIONS). Errors are Django's, as everywhere.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


def rows_again(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    """As rows(), of a statement that is planned once."""
    with prepared() as cursor:
        return cursor.execute(_planned(statement, parameters), _flat(parameters), prepare=True).fetchall()


def run_again(statement: str, parameters: Mapping[str, Any]) -> int:
    """As run(), of a statement that is planned once."""
    with prepared() as cursor:
        return cursor.execute(_planned(statement, parameters), _flat(parameters), prepare=True).rowcount


def _planned(statement: str, parameters: Mapping[str, Any]) -> str:
    month = parameters.get("month")
    return _of_month(statement, month) if isinstance(month, date) else statement


@lru_cache(maxsize=256)
def _of_month(statement: str, month: date) -> str:
    return statement.replace("%(month)s", f"DATE '{month:%Y-%m-%d}'")


def columns(model: type[Model], *, of: str) -> str:
    """All columns of a model, for a statement that knows its table as `of`."""
    return ", ".join(f"{of}.{column.column}" for column in model._meta.concrete_fields)


def instances(row: Sequence[Any], first: type[M], second: type[N]) -> tuple[M, N]:
    """What the ORM would make of a row of the columns() of both."""
    width = len(first._meta.concrete_fields)
    return _instance(first, row[:width]), _instance(second, row[width:])


def _instance(model: type[M], row: Sequence[Any]) -> M:
    fields = model._meta.concrete_fields
    read = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, row, strict=True)
    ]
    return model.from_db(connection.alias, [field.attname for field in fields], read)


def _flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as the text of an array: psycopg looks at each element for its type, which costs more than all
    the rest of a statement. The statement names or implies the type."""
    return {name: array(value) if isinstance(value, list) else value for name, value in parameters.items()}


def array(values: Sequence[int | float | str | date | None]) -> str:
    """The text of a one-dimensional array, as PostgreSQL reads it."""
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: int | float | str | date | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


# A row is checked before it is found to be there already, so a negative step comes as zero; xmax tells
# whether it stood.
COUNT = """
WITH moved AS MATERIALIZED (
    SELECT * FROM unnest(%(states)s::text[], %(reasons)s::text[], %(ns)s::int[]) AS d (state, reason, n)
)
INSERT INTO messaging_deliverycounter AS c (send_id, state, reason, n)
SELECT %(send)s, state, reason, greatest(n, 0) FROM moved ORDER BY state, reason
ON CONFLICT (send_id, state, reason) DO UPDATE SET n = c.n + (
    SELECT m.n FROM moved m WHERE m.state = c.state AND m.reason = c.reason
)
RETURNING state, reason, xmax = 0
"""
TOUCH = "UPDATE messaging_sendcontrol SET touched_at = clock_timestamp() WHERE id = %(send)s"
TOUCH_ALL = """
WITH locked AS (SELECT id FROM messaging_sendcontrol WHERE id = ANY(%(sends)s) ORDER BY id FOR NO KEY UPDATE)
UPDATE messaging_sendcontrol SET touched_at = clock_timestamp() WHERE id = ANY(ARRAY(SELECT id FROM locked))
"""

Counts = Counter[tuple[str, str]]


def count(send_id: int, counts: Counts) -> None:
    """Moves the counters of one send: the last statement before commit, so their locks are held shortest.

    Counters can only take back what they gave: one below zero is an IntegrityError, and so is taking from
    one that was never there.
    """
    moved: Sequence[tuple[tuple[str, str], int]] = [item for item in sorted(counts.items()) if item[1]]
    if not moved:
        return
    parameters = {
        "send": send_id,
        "states": [state for (state, _reason), _n in moved],
        "reasons": [reason for (_state, reason), _n in moved],
        "ns": [n for _key, n in moved],
    }
    for state, reason, is_new in rows_again(COUNT, parameters):
        if is_new and counts[state, reason] < 0:
            raise IntegrityError(f"send {send_id} has no counter {state} {reason} to take from")
