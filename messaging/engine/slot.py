"""A slot: one Celery child of the queue `engine`. It finds its work in Postgres and ends after seconds.

Each turn serves whom turns.py names, of batches the one served longest ago.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NamedTuple

from django.db import close_old_connections

from merchants.credentials import GatewayNotConfigured
from merchants.models import MiniProgram
from messaging.engine import sql
from messaging.engine.claim import Claim, claim_each, release
from messaging.engine.control import MoveRefused, pause
from messaging.engine.not_after import IS_PAST
from messaging.engine.pipeline import Pipeline
from messaging.engine.quiet import IS_HELD
from messaging.engine.turn import Turn
from messaging.engine.turns import ORDER, Turns
from messaging.models import PauseReason, SendControl

TURN_SECONDS = 1.0  # then the next send gets its turn
AGAIN_SECONDS = 0.05  # before sends that had no token are asked again
RUSH = 20  # sends that wait for their first turn: with more, each of them begins with FIRST_ROWS messages
FIRST_ROWS = 2

# The order is settled first and looked at from its beginning: whether a send has rows that are due, is held
# or past is asked one by one, and no further than to the first few that could be served. (A scalar subquery
# inside CASE is never turned into a join, which would ask all of them; OFFSET 0 keeps the order apart.)
WAITING = f"""
SELECT s.id, s.last_served_at FROM (
    SELECT s.id, s.merchant_id, s.books_month, s.not_after, s.last_served_at
    FROM messaging_sendcontrol s
    JOIN merchants_miniprogram p ON p.id = s.mini_program_id
    WHERE s.state = 'sending' AND p.stopped_at IS NULL AND s.id <> ALL(%(passed)s)
    ORDER BY {ORDER}, s.last_served_at NULLS FIRST, s.due_at, s.id
    OFFSET 0
) s
WHERE CASE WHEN (
    SELECT true FROM messaging_delivery d
    WHERE d.send_id = s.id AND d.books_month = s.books_month AND d.state = 'queued'
        AND d.due_at <= clock_timestamp()
    LIMIT 1
) THEN NOT {IS_HELD} AND NOT {IS_PAST} END
LIMIT %(candidates)s
"""  # noqa: S608 - put together from constants only
# Sends that wait for their first turn, so many that whole turns would let the last of them wait long.
MANY_WAIT = f"""
EXISTS (
    SELECT 1 FROM messaging_sendcontrol o
    WHERE o.state = 'sending' AND o.kind = 'batch' AND o.last_served_at IS NULL
        AND o.due_at <= clock_timestamp()
    OFFSET {RUSH}
)
"""  # noqa: S608 - put together from constants only
# Of slots that look at the same instant each takes another candidate; one served since is passed over. Who
# was served when need not survive a crash of PostgreSQL, so the commit does not wait for the disk.
NEXT = f"""
WITH waiting AS MATERIALIZED ({WAITING}), picked AS (
    SELECT s.id, s.kind = 'batch' AND s.last_served_at IS NULL AND {MANY_WAIT} AS is_rush
    FROM messaging_sendcontrol s
    WHERE s.id = ANY(ARRAY(SELECT id FROM waiting)) AND s.state = 'sending' AND NOT EXISTS (
        SELECT 1 FROM waiting w WHERE w.id = s.id AND w.last_served_at IS DISTINCT FROM s.last_served_at
    ) AND (%(at_once)s = 1 OR s.last_served_at IS NULL)
    ORDER BY {ORDER}, s.last_served_at NULLS FIRST, s.due_at, s.id
    LIMIT %(at_once)s
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE messaging_sendcontrol s SET last_served_at = clock_timestamp()
FROM picked, merchants_miniprogram p
WHERE s.id = picked.id AND p.id = s.mini_program_id
    AND set_config('synchronous_commit', 'off', true) = 'off'
RETURNING picked.is_rush, {sql.columns(SendControl, of="s")}, {sql.columns(MiniProgram, of="p")}
"""  # noqa: S608 - put together from constants only
CANDIDATES = 8


def has_work() -> bool:
    return bool(sql.rows(WAITING, {"passed": [], "candidates": 1, **Turns().parameters()}))


def work(*, seconds: float) -> bool:
    """Serves sends for at most `seconds`, then finishes what is in flight. Whether there was work."""
    until = time.monotonic() + seconds
    worked = False
    starved: list[int] = []  # sends that had no token a moment ago
    turns = Turns()
    looked_at, rushed = 0.0, False
    with Pipeline() as pipeline:
        while time.monotonic() < until:
            if time.monotonic() - looked_at > TURN_SECONDS:
                close_old_connections()  # asks the database, too, whether the connection still stands
                looked_at = time.monotonic()
            picked = _next(turns, passed=starved, at_once=CANDIDATES if rushed else 1)
            was_rushed, rushed = rushed, any(one.is_rush for one in picked)
            if was_rushed and not picked:
                continue  # all had their first turn
            if not picked:
                if pipeline.collect():
                    continue  # what came back may have brought rows back
                if not starved:
                    break
                starved = []
                time.sleep(AGAIN_SECONDS)
                continue
            worked = True
            starved += _serve_each(picked, pipeline, turns, until=until)
    return worked


class Picked(NamedTuple):
    """`is_rush`: this is its first turn, and many others wait for theirs."""

    control: SendControl
    is_rush: bool


def _next(turns: Turns, *, passed: list[int], at_once: int = 1) -> list[Picked]:
    """The send whose turn it is, or in a rush the next few, each to be served once."""
    asked = {"passed": passed, "candidates": CANDIDATES, "at_once": at_once, **turns.parameters()}
    picked = []
    for is_rush, *columns in sql.rows_again(NEXT, asked):
        control, mini_program = sql.instances(columns, SendControl, MiniProgram)
        control.mini_program = mini_program
        picked.append(Picked(control, is_rush))
    return sorted(picked, key=lambda one: (str(one.control.due_at), one.control.pk))


def _serve_each(picked: list[Picked], pipeline: Pipeline, turns: Turns, *, until: float) -> list[int]:
    """Sends of which nothing left. In a rush the rows of all are claimed first; then `until` is no bound."""
    starved = []
    claims = claim_each([one.control for one in picked if one.is_rush], limit=FIRST_ROWS)
    try:
        for control, _is_rush in picked:
            claimed = claims.pop(control.pk, None)
            began = time.monotonic()
            end = began + TURN_SECONDS
            if not _serve(
                control, pipeline, until=min(until, end) if claimed is None else end, claimed=claimed
            ):
                starved.append(control.pk)
            turns.had(control, seconds=time.monotonic() - began)
    finally:
        for control, _is_rush in picked:
            if control.pk in claims:
                release(control, claims[control.pk])
    return starved


def _serve(control: SendControl, pipeline: Pipeline, *, until: float, claimed: Claim | None = None) -> bool:
    """One turn; whether anything left. Keys or an address that cannot be used pause the send."""
    try:
        turn = Turn(control, pipeline, until=until, claimed=claimed)
    except GatewayNotConfigured as error:
        if claimed is not None:
            release(control, claimed)
        with suppress(MoveRefused):
            pause(control, by=None, reason=PauseReason.GATEWAY, detail=str(error))
        return False
    return turn.serve()
