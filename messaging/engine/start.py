"""ready → sending when a send is due, by the database's clock, four times a second.

Apart from the other moves of schedule.py, because people see the lateness of this one: a send that is due is
in the hands of a slot at once, not at the next turn of beat.
"""

from __future__ import annotations

from django.db import transaction

from merchants import events
from merchants.enqueue import hint
from messaging.engine import carried, sql
from messaging.models import SendControl

HINTS = 2  # slots that are woken at once; each that finds work asks for another turn
HINT_SECONDS = 5
CHUNK = 100  # sends in one transaction, so that none waits for a thousand others to be written down

# Races: rows another process is moving now are passed over; it moves them.
START = f"""
WITH due AS (
    SELECT s.id FROM messaging_sendcontrol s
    WHERE s.state = 'ready' AND s.due_at <= clock_timestamp()
        AND coalesce(s.not_after >= clock_timestamp(), true)  -- else it is missed (not_after.py)
        AND {carried.IS_SHOWN}  -- else it waits, or is missed (schedule.py)
    ORDER BY s.due_at, s.id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_sendcontrol s SET state = 'sending', started_at = clock_timestamp()
FROM due WHERE s.id = due.id AND s.state = 'ready'
RETURNING s.id
"""  # noqa: S608 - put together from constants only


def start_due() -> int:
    """How many began. Each with its Event in the transaction of its move; then slots are woken."""
    begun = 0
    while True:
        with transaction.atomic():
            ids = [row[0] for row in sql.rows(START, {"limit": CHUNK})]
            started = SendControl.objects.select_related("merchant", "mini_program").filter(pk__in=ids)
            for control in started.order_by("due_at", "id"):
                events.record(
                    "send.sending",
                    merchant=control.merchant,
                    mini_program=control.mini_program,
                    subject=control,
                )
        if ids:
            _wake_slots()
        begun += len(ids)
        if len(ids) < CHUNK:
            return begun


def _wake_slots() -> None:
    for _slot in range(HINTS):
        hint("engine.slot", expires_seconds=HINT_SECONDS)
