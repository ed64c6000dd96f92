"""How the engine speaks SQL: named parameters, rows as tuples, counters as one ordered statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

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
    run(NEW_COUNTERS, parameters)
    run(COUNT, parameters)
