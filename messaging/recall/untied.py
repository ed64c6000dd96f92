"""Visits from a message or a push whose link named no message: they count per day, never for a send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from messaging.engine import sql
from messaging.recall.forgetting import DAYS_A_MONTH
from messaging.recall.hours import WrongRow

ADD = """
INSERT INTO messaging_untiedvisits AS u (merchant_id, mini_program_id, day, visits)
SELECT p.merchant_id, p.id, (t.at AT TIME ZONE m.time_zone)::date, count(*)
FROM unnest(%(times)s::timestamptz[]) AS t (at)
JOIN merchants_miniprogram p ON p.id = %(mini_program)s
JOIN merchants_merchant m ON m.id = p.merchant_id
GROUP BY 1, 2, 3
ORDER BY 3
ON CONFLICT (mini_program_id, day) DO UPDATE SET visits = u.visits + excluded.visits
"""
COUNT = """
SELECT g.merchant_id, g.mini_program_id, (g.at AT TIME ZONE m.time_zone)::date, count(*)::int
FROM messaging_signal g JOIN merchants_merchant m ON m.id = g.merchant_id
WHERE g.kind = 'visited' AND g.send_id IS NULL AND g.crowd_id IS NULL AND g.order_id IS NULL
    AND (g.at AT TIME ZONE m.time_zone)::date >= %(first_day)s
GROUP BY 1, 2, 3
"""
KEPT = """
SELECT merchant_id, mini_program_id, day, visits FROM messaging_untiedvisits WHERE day >= %(first_day)s
"""
FORGET = "DELETE FROM messaging_untiedvisits WHERE day >= %(first_day)s"
WRITE = f"INSERT INTO messaging_untiedvisits (merchant_id, mini_program_id, day, visits) {COUNT}"


def count(mini_program_id: int, times: Sequence[datetime]) -> None:
    """Adds visits that were stored just now, in the caller's transaction."""
    if times:
        sql.run(ADD, {"mini_program": mini_program_id, "times": list(times)})


def recount(*, at: datetime, repair: bool = True) -> list[WrongRow]:
    """Counts again from the signals, as far back as they are kept; older figures stay as they are.

    While the table is locked whoever reports waits: its visits are in neither count, and added afterwards.
    """
    oldest = at - timedelta(days=settings.SIGNAL_KEEP_MONTHS * DAYS_A_MONTH)
    parameters = {"first_day": oldest.date() + timedelta(days=2)}  # a whole day in every zone
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE messaging_untiedvisits IN EXCLUSIVE MODE")
        kept, counted = (
            {row[:3]: row[3:] for row in sql.rows(statement, parameters)} for statement in (KEPT, COUNT)
        )
        if repair:
            sql.run(FORGET, parameters)
            sql.run(WRITE, parameters)
    keys = sorted(kept.keys() | counted.keys())
    return [
        WrongRow("untied", one, kept.get(one), counted.get(one))
        for one in keys
        if kept.get(one) != counted.get(one)
    ]
