"""What beat asks every second: what is due, missed, finished or cancelled. Due times are rows, never ETAs."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import F, Sum
from django.db.models.functions import Now

from merchants import events
from merchants.enqueue import enqueue
from messaging.engine import sql
from messaging.engine.carried import pause_uncarried, uncarried
from messaging.engine.control import MoveRefused, move
from messaging.engine.freeze import freeze, give_up
from messaging.engine.not_after import miss_past, pause_past
from messaging.engine.start import start_due
from messaging.models import SendControl, SendKind, SendState, SkipReason, Unprepared

log = logging.getLogger(__name__)
CANCEL_CHUNK = 5_000
# What a send brings about by what it holds: it comes again however often it is tried. All other trouble is
# the database's or this process's, so the next hint tries again.
OF_THE_SEND = (ValueError, TypeError, LookupError, DataError, IntegrityError)

FINISHED = """
UPDATE messaging_sendcontrol s
SET state = 'finished', finished_at = clock_timestamp(), touched_at = clock_timestamp()
WHERE s.id = %(send)s AND s.state IN ('sending', 'paused') AND NOT EXISTS (
    SELECT 1 FROM messaging_delivery d
    WHERE d.send_id = s.id AND d.books_month = s.books_month AND d.state IN ('queued', 'claimed', 'sending')
)
"""
# Who may be at the end: asked of the counters, which are small. Whatever nobody touched for a minute is asked
# anyway, so that a counter that is wrong holds up nothing.
AT_THE_END = """
SELECT s.id FROM messaging_sendcontrol s
WHERE s.state IN ('sending', 'paused') AND (
    s.touched_at IS NULL OR s.touched_at < clock_timestamp() - interval '1 minute'
    OR NOT EXISTS (
        SELECT 1 FROM messaging_deliverycounter c
        WHERE c.send_id = s.id AND c.state IN ('queued', 'sending') AND c.n > 0
    )
)
ORDER BY s.due_at, s.id
"""
CANCEL_ROWS = """
WITH left_over AS (
    SELECT books_month, id FROM messaging_delivery
    WHERE send_id = %(send)s AND books_month = %(month)s AND state IN ('queued', 'claimed')
    ORDER BY customer_id LIMIT %(limit)s
    FOR UPDATE
)
UPDATE messaging_delivery d
SET state = CASE WHEN kept_unknown THEN 'unknown' ELSE 'skipped' END,
    reason = CASE WHEN kept_unknown THEN 'kept' ELSE %(reason)s END,
    cause = CASE WHEN kept_unknown THEN 'answer' ELSE '' END,
    token = NULL, lease_until = NULL, recorded_at = clock_timestamp()
FROM left_over l
WHERE d.books_month = l.books_month AND d.id = l.id AND d.state IN ('queued', 'claimed')
RETURNING d.state, d.reason
"""
IN_FLIGHT = """
SELECT 1 FROM messaging_delivery
WHERE send_id = %(send)s AND books_month = %(month)s AND state IN ('queued', 'claimed', 'sending') LIMIT 1
"""
HAS_QUEUED = """
SELECT 1 FROM messaging_delivery
WHERE send_id = %(send)s AND books_month = %(month)s AND state = 'queued' LIMIT 1
"""


def advance() -> int:
    """One look at every live send; how many moved. Two at once are harmless: each move is compare-and-set."""
    steps = (
        miss_past,
        _miss_late,
        _start_preparing,
        start_due,
        _return_finished,
        _expire_singles,
        _finish,
        pause_past,
        pause_uncarried,
        _settle_cancelling,
        _clear_cancelled,
    )
    return sum(step() for step in steps)


def _sends(*states: str) -> list[SendControl]:
    rows = SendControl.objects.filter(state__in=states).select_related("merchant", "mini_program")
    return list(rows.order_by("due_at", "id"))


def _try(control: SendControl, to: str, **more: object) -> int:
    try:
        move(control, to, by=None, **more)  # type: ignore[arg-type]
    except MoveRefused:
        return 0
    return 1


def _miss_late() -> int:
    """More than ENGINE_MISSED_SECONDS late: a person decides. A paused or sending one was on time."""
    late = Now() - timedelta(seconds=settings.ENGINE_MISSED_SECONDS)
    waiting = (SendState.SCHEDULED, SendState.PREPARING, SendState.READY)
    rows = SendControl.objects.filter(state__in=waiting, due_at__lt=late).annotate(uncarried=uncarried())
    moved = 0
    for control in rows.select_related("merchant", "mini_program"):
        begun = control.state == SendState.PREPARING
        why = Unprepared.UNFINISHED if begun else Unprepared.COUPON if control.uncarried else ""
        moved += _try(
            control,
            SendState.MISSED,
            only_from={control.state},
            only_if={"due_at": control.due_at},
            changes={"failure": why},
        )
    return moved


def _start_preparing() -> int:
    """scheduled → preparing; the freeze may take seconds: a task, hinted again while `preparing` lasts."""
    due = SendControl.objects.filter(state=SendState.SCHEDULED, prepare_at__lte=Now())
    moved = sum(
        _try(control, SendState.PREPARING, only_if={"prepare_at": control.prepare_at})
        for control in due.select_related("merchant", "mini_program")
    )
    for control in _sends(SendState.PREPARING):
        enqueue("messaging.prepare_send", control.merchant_id, control.pk, expires_seconds=5)
    return moved


def prepare(merchant_id: int, control_id: int) -> bool:
    """Freezes one send; False when there was nothing to do, somebody else did it, or it never can be."""
    rows = SendControl.objects.select_related("merchant", "mini_program")
    control = rows.filter(pk=control_id, merchant_id=merchant_id, state=SendState.PREPARING).first()
    if control is None:
        return False
    try:
        return freeze(control)
    except OF_THE_SEND as error:
        log.exception("send %s cannot be prepared", control.pk)
        give_up(control, why=Unprepared.UNREADABLE, error=error)
        return False


def _return_finished() -> int:
    """A finished send that has queued rows ("send again" died between its two moves) goes back to sending."""
    again = SendControl.objects.filter(
        state=SendState.FINISHED, counters__state="queued", counters__n__gt=0
    ).select_related("merchant", "mini_program")
    moved = 0
    for control in again:
        if sql.rows(HAS_QUEUED, {"send": control.pk, "month": control.books_month}):
            reopened = {"finished_at": None, "books_closed_at": None}
            moved += _try(
                control,
                SendState.SENDING,
                only_from={SendState.FINISHED},
                event="send.again",
                changes=reopened,
            )
    return moved


def _clear_cancelled() -> int:
    """Rows that "send again" queued in the instant in which the send became cancelled are stopped too."""
    late = SendControl.objects.filter(
        state=SendState.CANCELLED, counters__state="queued", counters__n__gt=0
    ).select_related("merchant", "mini_program")
    for control in late:
        _skip_rest(control)
        sql.run(sql.TOUCH, {"send": control.pk})
    return 0


def _finish() -> int:
    """sending | paused → finished when one statement finds no row queued, claimed or sending."""
    moved = 0
    ids = [row[0] for row in sql.rows(AT_THE_END, {})]
    ended = SendControl.objects.filter(pk__in=ids).select_related("merchant", "mini_program")
    for control in ended.order_by("due_at", "id"):
        with transaction.atomic():
            if sql.run(FINISHED, {"send": control.pk}):
                moved += 1
                if control.kind == SendKind.SINGLE:
                    continue  # each message is its own ledger
                events.record(
                    "send.finished",
                    merchant=control.merchant,
                    mini_program=control.mini_program,
                    subject=control,
                    detail={"frozen": control.frozen_total},
                )
    return moved


def _settle_cancelling() -> int:
    moved = 0
    for control in _sends(SendState.CANCELLING):
        if control.books_month is None:
            moved += _try(control, SendState.CANCELLED, changes={"finished_at": Now()})
            continue
        _skip_rest(control)
        if not sql.rows(IN_FLIGHT, {"send": control.pk, "month": control.books_month}):
            moved += _try(control, SendState.CANCELLED, changes={"finished_at": Now(), "touched_at": Now()})
    return moved


def _expire_singles() -> int:
    """Single messages past their not-after have lost their use: what has not left is skipped(gave_up)."""
    late = SendControl.objects.filter(
        kind=SendKind.SINGLE, state__in=[SendState.SENDING, SendState.PAUSED], not_after__lte=Now()
    )
    for control in late:
        _skip_rest(control, reason=SkipReason.GAVE_UP)
        sql.run(sql.TOUCH, {"send": control.pk})
    return 0


def _skip_rest(control: SendControl, *, reason: str = SkipReason.CANCELLED) -> None:
    """queued and claimed rows become skipped, a chunk per transaction."""
    parameters = {"send": control.pk, "month": control.books_month, "limit": CANCEL_CHUNK}
    while True:
        with transaction.atomic():
            done = sql.rows(CANCEL_ROWS, parameters | {"reason": str(reason)})
            counts: sql.Counts = Counter((state, reason) for state, reason in done)
            counts["queued", ""] -= len(done)
            sql.count(control.pk, counts)
        if len(done) < CANCEL_CHUNK:
            return


def close_books() -> int:
    """Finished or cancelled, balanced, and nobody has to decide about an unknown outcome any more."""
    done = SendControl.objects.filter(
        state__in=[SendState.FINISHED, SendState.CANCELLED], books_closed_at=None, balanced=True
    ).filter(checked_at__gte=F("touched_at"))
    closed = 0
    for control in done:
        counted = dict(control.counters.values_list("state").annotate(n=Sum("n")).order_by())
        if counted.get("unknown", 0) == counted.get("decided", 0):
            closed += SendControl.objects.filter(pk=control.pk, books_closed_at=None).update(
                books_closed_at=Now()
            )
    return closed
