"""Claim rows for a slot under a fresh token, and give them back.

A claim need not survive a crash of PostgreSQL: rows that come back as `queued` are not ours, and nothing was
sent for them. So its commit does not wait for the disk.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings

from messaging.engine import sql
from messaging.models import SendControl

_TAKE = """
UPDATE messaging_delivery d
SET state = 'claimed', token = %(token)s, worker_pid = %(pid)s, lease_until = clock_timestamp() + %(lease)s
WHERE d.books_month = %(month)s AND d.id = ANY(ARRAY(SELECT id FROM picked)) AND d.state = 'queued'
    AND set_config('synchronous_commit', 'off', true) = 'off'
"""
CLAIM = f"""
WITH picked AS (
    SELECT id FROM messaging_delivery
    WHERE send_id = %(send)s AND books_month = %(month)s AND state = 'queued' AND due_at <= clock_timestamp()
    ORDER BY id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
{_TAKE}
RETURNING d.id
"""  # noqa: S608 - put together from constants only
CLAIM_EACH = f"""
WITH picked AS (
    SELECT q.id FROM unnest(%(sends)s::bigint[]) AS s (id) CROSS JOIN LATERAL (
        SELECT d.id FROM messaging_delivery d
        WHERE d.send_id = s.id AND d.books_month = %(month)s AND d.state = 'queued'
            AND d.due_at <= clock_timestamp()
        ORDER BY d.id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) q
)
{_TAKE}
RETURNING d.send_id, d.id
"""  # noqa: S608 - put together from constants only
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
    found = sql.rows_again(CLAIM, {"send": control.pk, **_terms(control, token, limit=limit)})
    return Claim(token, sorted(row[0] for row in found))


def claim_each(controls: Sequence[SendControl], *, limit: int) -> dict[int, Claim]:
    """As claim() of each, at most `limit` rows of one send, by one statement for each month of books."""
    claims: dict[int, Claim] = {}
    for month in {control.books_month for control in controls}:
        of_month = [control for control in controls if control.books_month == month]
        token = uuid.uuid4()
        claims |= {control.pk: Claim(token, []) for control in of_month}
        sends = [control.pk for control in of_month]
        found = sql.rows_again(CLAIM_EACH, {"sends": sends, **_terms(of_month[0], token, limit=limit)})
        for send_id, delivery_id in sorted(found):
            claims[send_id].ids.append(delivery_id)
    return claims


def _terms(control: SendControl, token: uuid.UUID, *, limit: int) -> dict[str, Any]:
    return {
        "month": control.books_month,
        "limit": limit,
        "token": token,
        "pid": os.getpid(),
        "lease": timedelta(seconds=settings.ENGINE_LEASE_SECONDS),
    }


def release(control: SendControl, claimed: Claim) -> int:
    """Back to the queue, only what is still claimed with our token."""
    if not claimed.ids:
        return 0
    return sql.run_again(RELEASE, {"month": control.books_month, "ids": claimed.ids, "token": claimed.token})
