"""A slot: one Celery child of the queue `engine`. It finds its work in Postgres and ends after seconds.

Each turn serves whom turns.py names, of batches the one served longest ago.
"""

from __future__ import annotations

import time
from contextlib import suppress

from django.db import close_old_connections

from merchants.credentials import GatewayNotConfigured
from messaging.engine import sql
from messaging.engine.control import MoveRefused, pause
from messaging.engine.not_after import IS_PAST
from messaging.engine.pipeline import Pipeline
from messaging.engine.quiet import IS_HELD
from messaging.engine.turn import Turn
from messaging.engine.turns import ORDER, Turns
from messaging.models import PauseReason, SendControl

TURN_SECONDS = 1.0  # then the next send gets its turn
AGAIN_SECONDS = 0.05  # before sends that had no token are asked again

WAITING = f"""
SELECT s.id FROM messaging_sendcontrol s
JOIN merchants_miniprogram p ON p.id = s.mini_program_id
WHERE s.state = 'sending' AND p.stopped_at IS NULL AND s.id <> ALL(%(passed)s)
    AND EXISTS (
        SELECT 1 FROM messaging_delivery d
        WHERE d.send_id = s.id AND d.books_month = s.books_month AND d.state = 'queued'
            AND d.due_at <= clock_timestamp()
    )
    AND NOT {IS_HELD} AND NOT {IS_PAST}
ORDER BY {ORDER}, s.last_served_at NULLS FIRST, s.due_at, s.id
LIMIT 1
"""  # noqa: S608 - put together from constants only
NEXT = f"""
UPDATE messaging_sendcontrol SET last_served_at = clock_timestamp()
WHERE id = ({WAITING} FOR UPDATE OF s SKIP LOCKED)
RETURNING id
"""  # noqa: S608 - put together from constants only


def has_work() -> bool:
    return bool(sql.rows(WAITING, {"passed": [], **Turns().parameters()}))


def work(*, seconds: float) -> bool:
    """Serves sends for at most `seconds`, then finishes what is in flight. Whether there was work."""
    until = time.monotonic() + seconds
    worked = False
    starved: list[int] = []  # sends that had no token a moment ago
    turns = Turns()
    with Pipeline() as pipeline:
        while time.monotonic() < until:
            close_old_connections()
            control = _next(turns, passed=starved)
            if control is None:
                if pipeline.collect():
                    continue  # what came back may have brought rows back
                if not starved:
                    break
                starved = []
                time.sleep(AGAIN_SECONDS)
                continue
            worked = True
            began = time.monotonic()
            if not _serve(control, pipeline, until=min(until, began + TURN_SECONDS)):
                starved.append(control.pk)
            turns.had(control, seconds=time.monotonic() - began)
    return worked


def _next(turns: Turns, *, passed: list[int]) -> SendControl | None:
    """The send whose turn it is."""
    picked = sql.rows_again(NEXT, {"passed": passed, **turns.parameters()})
    if not picked:
        return None
    rows = SendControl.objects.select_related("mini_program", "merchant")
    control: SendControl = rows.get(pk=picked[0][0])
    return control


def _serve(control: SendControl, pipeline: Pipeline, *, until: float) -> bool:
    """One turn; whether anything left. Keys or an address that cannot be used pause the send."""
    try:
        turn = Turn(control, pipeline, until=until)
    except GatewayNotConfigured as error:
        with suppress(MoveRefused):
            pause(control, by=None, reason=PauseReason.GATEWAY, detail=str(error))
        return False
    return turn.serve()
