"""Claim rows for a slot under a fresh token, and give them back."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings

from messaging.engine import sql
from messaging.models import SendControl

CLAIM = """
WITH picked AS (
    SELECT id FROM messaging_delivery
    WHERE send_id = %(send)s AND books_month = %(month)s AND state = 'queued' AND due_at <= clock_timestamp()
    ORDER BY id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_delivery d
SET state = 'claimed', token = %(token)s, worker_pid = %(pid)s, lease_until = clock_timestamp() + %(lease)s
WHERE d.books_month = %(month)s AND d.id = ANY(ARRAY(SELECT id FROM picked)) AND d.state = 'queued'
RETURNING d.id
"""
RELEASE = """
WITH ours AS (
    SELECT id FROM messaging_delivery
    WHERE books_month = %(month)s AND id = ANY(%(ids)s) AND state = 'claimed' AND token = %(token)s
    ORDER BY customer_id
    FOR UPDATE
)
UPDATE messaging_delivery d SET state = 'queued', token = NULL, lease_until = NULL, worker_pid = NULL
WHERE d.books_month = %(month)s AND d.id = ANY(ARRAY(SELECT id FROM ours))
    AND d.state = 'claimed' AND d.token = %(token)s
"""


class Claim(NamedTuple):
    token: uuid.UUID
    ids: list[int]


def claim(control: SendControl, *, limit: int) -> Claim:
    """At most `limit` rows, ours until the lease is over, committed; rows held by others are passed over."""
    token = uuid.uuid4()
    found = sql.rows_again(
        CLAIM,
        {
            "send": control.pk,
            "month": control.books_month,
            "limit": limit,
            "token": token,
            "pid": os.getpid(),
            "lease": timedelta(seconds=settings.ENGINE_LEASE_SECONDS),
        },
    )
    return Claim(token, sorted(row[0] for row in found))


def release(control: SendControl, claimed: Claim) -> int:
    """Back to the queue, only what is still claimed with our token."""
    if not claimed.ids:
        return 0
    return sql.run_again(RELEASE, {"month": control.books_month, "ids": claimed.ids, "token": claimed.token})
