"""How the engine speaks SQL: named parameters, rows as tuples, counters as one ordered statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
from django.db import connection

Row = tuple[Any, ...]


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
    connection: on partitioned tables that is most of the work. Errors are Django's, as everywhere.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


def rows_again(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    """As rows(), of a statement that is planned once."""
    with prepared() as cursor:
        return cursor.execute(statement, _flat(parameters), prepare=True).fetchall()


def run_again(statement: str, parameters: Mapping[str, Any]) -> int:
    """As run(), of a statement that is planned once."""
    with prepared() as cursor:
        return cursor.execute(statement, _flat(parameters), prepare=True).rowcount


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


NEW_COUNTERS = """
INSERT INTO messaging_deliverycounter (send_id, state, reason, n)
SELECT %(send)s, d.state, d.reason, 0
FROM unnest(%(states)s::text[], %(reasons)s::text[]) AS d (state, reason)
ORDER BY d.state, d.reason
ON CONFLICT DO NOTHING
"""
COUNT = """
WITH moved AS MATERIALIZED (
    SELECT c.state, c.reason, d.n
    FROM messaging_deliverycounter c
    JOIN unnest(%(states)s::text[], %(reasons)s::text[], %(ns)s::int[]) AS d (state, reason, n)
        ON d.state = c.state AND d.reason = c.reason
    WHERE c.send_id = %(send)s
    ORDER BY c.state, c.reason
    FOR UPDATE OF c
)
UPDATE messaging_deliverycounter c SET n = c.n + m.n
FROM moved m
WHERE c.send_id = %(send)s AND c.state = m.state AND c.reason = m.reason
"""
TOUCH = "UPDATE messaging_sendcontrol SET touched_at = clock_timestamp() WHERE id = %(send)s"

Counts = Counter[tuple[str, str]]


def count(send_id: int, counts: Counts) -> None:
    """Moves the counters of one send: the last statement before commit, so their locks are held shortest.

    A counter below zero breaks a constraint: counters can only take back what they gave.
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
    run_again(NEW_COUNTERS, parameters)
    run_again(COUNT, parameters)
