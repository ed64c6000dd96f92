"""Not after: no message of a batch leaves later than the time an operator gave; the rest waits for a person.

Slots stop by the database's clock, a guard's length early, so that no request is under way to its first byte
at that time. Beat then pauses the send and asks; its rows stay queued.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from merchants import events
from messaging.engine import sql
from messaging.engine.control import LIVE, WAITING, MoveRefused, is_past_not_after, move, resume
from messaging.models import PauseReason, SendControl, SendKind, SendState, Unprepared

if TYPE_CHECKING:
    from merchants.models import User

GUARD_SECONDS = 2  # from reading the control row to the first byte, at most (engine.pipeline)
# For a statement that knows the send as s.
IS_PAST = f"coalesce(s.not_after < clock_timestamp() + interval '{GUARD_SECONDS} seconds', false)"
LEFT_OVER = """
SELECT s.id, (
    SELECT count(*) FROM messaging_delivery d
    WHERE d.send_id = s.id AND d.books_month = s.books_month AND d.state IN ('queued', 'claimed')
) FROM messaging_sendcontrol s
WHERE s.state = 'sending' AND s.kind = 'batch' AND s.not_after < clock_timestamp() AND EXISTS (
    SELECT 1 FROM messaging_delivery d
    WHERE d.send_id = s.id AND d.books_month = s.books_month AND d.state IN ('queued', 'claimed')
)
ORDER BY s.id
"""


class LimitChanged(Exception):
    """It was moved, lifted or sent to its end meanwhile; nothing was changed."""


def pause_past() -> int:
    """sending → paused where people are left at the latest time; one that only waits for answers goes on."""
    moved = 0
    for send_id, left in sql.rows(LEFT_OVER, {}):
        control = SendControl.objects.select_related("merchant", "mini_program").get(pk=send_id)
        with suppress(MoveRefused):
            move(
                control,
                SendState.PAUSED,
                by=None,
                only_if={"not_after": control.not_after},
                detail={"reason": str(PauseReason.NOT_AFTER), "left": left},
                changes={"pause_reason": PauseReason.NOT_AFTER, "pause_detail": ""},
            )
            moved += 1
    return moved


def miss_past() -> int:
    """scheduled, preparing or ready → missed where the latest time passed before anything was sent."""
    rows = SendControl.objects.filter(
        kind=SendKind.BATCH, state__in=WAITING, due_at__lte=Now(), not_after__lt=Now()
    )
    moved = 0
    for control in rows.select_related("merchant", "mini_program").order_by("due_at", "id"):
        with suppress(MoveRefused):
            move(
                control,
                SendState.MISSED,
                by=None,
                only_from=WAITING,
                only_if={"not_after": control.not_after},
                detail={"reason": str(PauseReason.NOT_AFTER)},
                changes={"failure": Unprepared.TOO_LATE},
            )
            moved += 1
    return moved


def set_limit(control: SendControl, *, by: User, not_after: datetime | None, seen: datetime | None) -> None:
    """Another latest time for a send that is not over, None: none. One that was paused for it goes on.

    `seen`: the limit that was looked at. Raises LimitChanged; ValueError for a time that has passed.
    """
    with transaction.atomic():
        rows = SendControl.objects.filter(pk=control.pk, state__in=LIVE, not_after=seen)
        if not rows.update(not_after=not_after):
            raise LimitChanged
        control.refresh_from_db()
        if is_past_not_after(control):
            raise ValueError("the latest time has passed")
        events.record(
            "send.not_after" if not_after else "send.not_after_lifted",
            merchant=control.merchant,
            by=by,
            mini_program=control.mini_program,
            subject=control,
            detail={"not_after": not_after.isoformat()} if not_after else {},
        )
        if control.state == SendState.PAUSED and control.pause_reason == PauseReason.NOT_AFTER:
            resume(control, by=by)
