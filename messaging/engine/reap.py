"""Reap: rows whose owner died. Any process may, every 5 s; late owners find their rows gone or unknown."""

from __future__ import annotations

from collections import Counter

from django.db import transaction

from messaging.engine import sql

LEASE_OVER = """
UPDATE messaging_delivery d SET state = 'queued', token = NULL, lease_until = NULL, worker_pid = NULL
FROM (
    SELECT books_month, id FROM messaging_delivery
    WHERE state = 'claimed' AND lease_until < clock_timestamp()
    ORDER BY lease_until LIMIT 5000 FOR UPDATE SKIP LOCKED
) o
WHERE d.books_month = o.books_month AND d.id = o.id AND d.state = 'claimed'
    AND d.lease_until < clock_timestamp()
"""
OVERDUE_SENDS = """
SELECT DISTINCT send_id FROM messaging_delivery
WHERE state = 'sending' AND answer_by < clock_timestamp() - interval '10 seconds'
"""
UNANSWERED = """
WITH overdue AS (
    SELECT books_month, id FROM messaging_delivery
    WHERE send_id = %(send)s AND state = 'sending' AND answer_by < clock_timestamp() - interval '10 seconds'
    ORDER BY customer_id FOR UPDATE SKIP LOCKED
)
UPDATE messaging_delivery d
SET state = 'unknown', cause = 'process', reason = 'no_record', recorded_at = clock_timestamp()
FROM overdue o
WHERE d.books_month = o.books_month AND d.id = o.id AND d.state = 'sending'
"""


def reap() -> tuple[int, int]:
    """How many claimed rows went back to the queue, and how many rows in flight became unknown.

    An unknown keeps its token, so that a late record may still tell the truth.
    """
    returned = sql.run(LEASE_OVER, {})
    unknown = 0
    for (send_id,) in sql.rows(OVERDUE_SENDS, {}):
        with transaction.atomic():
            given_up = sql.run(UNANSWERED, {"send": send_id})
            counts: sql.Counts = Counter({("sending", ""): -given_up, ("unknown", "no_record"): given_up})
            sql.count(send_id, counts)
        sql.run(sql.TOUCH, {"send": send_id})
        unknown += given_up
    return returned, unknown
