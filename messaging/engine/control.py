"""Moves of a send, each a compare-and-set with its Event, and the brakes an operator holds.

A brake is effective when no request leaves later than 2 s after its commit: the guard in slot.py sees to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from coupons.models import Placement
from coupons.models.placement import PlacementState
from merchants import events
from merchants.models import MiniProgram
from messaging.engine import pulse
from messaging.models import TRANSITIONS, PauseReason, SendControl, SendKind, SendState

if TYPE_CHECKING:
    from merchants.models import User

WAITING = (SendState.SCHEDULED, SendState.PREPARING, SendState.READY)
LIVE = (SendState.SCHEDULED, SendState.PREPARING, SendState.READY, SendState.SENDING, SendState.PAUSED)


class MoveRefused(Exception):
    """Somebody or something else moved this send first; `state` is what it is now."""

    def __init__(self, control_id: int, to: str) -> None:
        self.control_id = control_id
        self.to = to
        self.state = SendControl.objects.values_list("state", flat=True).get(pk=control_id)
        super().__init__(f"send {control_id} is {self.state}, not moved to {to}")


class NotCarried(Exception):
    """The coupon of its messages is not shown: show it again, or go on without it."""


class PastNotAfter(Exception):
    """The latest time given for it has passed: a new one, or none, comes before it goes on."""


def move(
    control: SendControl,
    to: str,
    *,
    by: User | None,
    detail: dict[str, Any] | None = None,
    only_from: Iterable[str] | None = None,
    only_if: dict[str, Any] | None = None,
    event: str = "",
    changes: dict[str, Any] | None = None,
) -> None:
    """One conditional UPDATE limited to the states TRANSITIONS allows, and its Event in the same transaction.

    `only_from` and `only_if` narrow it further. Raises MoveRefused when the row was not in such a state.
    A send that is set going is judged anew by its breaker.
    """
    allowed = {state for state, targets in TRANSITIONS.items() if to in targets}
    if only_from is not None:
        allowed &= set(only_from)
    with transaction.atomic():
        rows = SendControl.objects.filter(pk=control.pk, state__in=allowed, **(only_if or {}))
        if not rows.update(state=to, **(changes or {})):
            raise MoveRefused(control.pk, to)
        if to == SendState.SENDING:
            pulse.forget(control.pk)
        events.record(
            event or f"send.{to}",
            merchant=control.merchant,
            by=by,
            mini_program=control.mini_program,
            subject=control,
            detail=detail or {},
        )
    control.refresh_from_db()


def pause(
    control: SendControl, *, by: User | None, reason: str = PauseReason.OPERATOR, detail: str = ""
) -> None:
    changes = {"pause_reason": reason, "pause_detail": detail[:200]}
    told = {"reason": str(reason), "detail": detail}
    move(
        control,
        SendState.PAUSED,
        by=by,
        event="single.paused" if _is_single(control) else "send.paused",
        detail=told,
        changes=changes,
    )


def _is_single(control: SendControl) -> bool:
    return control.kind == SendKind.SINGLE


class Halted(NamedTuple):
    paused: int
    missed: int


def pause_all(*, reason: str = PauseReason.RESTORED) -> Halted:
    """Before the engine starts on a restored database: every send that may have gone further than we know.

    Sends under way are paused, sends whose time has come are missed, so a person decides about each. Sends
    that end or are cancelled at the same moment are left as they are.
    """
    paused = [
        control
        for control in _by_due(SendControl.objects.filter(state=SendState.SENDING))
        if _moved(control, SendState.PAUSED, changes={"pause_reason": reason}, reason=reason)
    ]
    missed = [
        control
        for control in _by_due(SendControl.objects.filter(state__in=WAITING, due_at__lte=Now()))
        if _moved(control, SendState.MISSED, reason=reason)
    ]
    return Halted(len(paused), len(missed))


def _by_due(rows: QuerySet[SendControl]) -> list[SendControl]:
    return list(rows.select_related("merchant", "mini_program").order_by("due_at", "id"))


def _moved(control: SendControl, to: str, *, reason: str, changes: dict[str, Any] | None = None) -> bool:
    try:
        # single messages are handed over as sending, so they are paused and never missed
        event = "single.paused" if _is_single(control) else ""
        move(control, to, by=None, event=event, detail={"reason": str(reason)}, changes=changes)
    except MoveRefused:
        return False
    return True


def resume(control: SendControl, *, by: User) -> None:
    """Raises MoveRefused; PastNotAfter or NotCarried, and then nothing was changed."""
    with transaction.atomic():
        move(
            control,
            SendState.SENDING,
            by=by,
            only_from={SendState.PAUSED},
            event="single.resumed" if _is_single(control) else "send.resumed",
            changes={"pause_reason": "", "pause_detail": ""},
        )
        if is_past_not_after(control):  # of the row as it is now, locked by the move
            raise PastNotAfter
        if control.placement_id and not is_shown(control.placement_id):
            raise NotCarried


def is_shown(placement_id: int) -> bool:
    return bool(Placement.objects.filter(pk=placement_id, state=PlacementState.ACTIVE).exists())


def is_past_not_after(control: SendControl) -> bool:
    """By the database's clock. Single messages past theirs are given up, so nobody is asked about them."""
    late = SendControl.objects.filter(pk=control.pk, not_after__lte=Now())
    return late.exclude(kind=SendKind.SINGLE).exists()


def cancel(control: SendControl, *, by: User, why: str) -> None:
    """From here on nobody new is called; schedule.settle_cancelling() brings it to `cancelled`."""
    move(control, SendState.CANCELLING, by=by, detail={"why": why})


def set_speed(control: SendControl, *, by: User, rate_per_second: int | None) -> None:
    """Messages a second for this send; None leaves only the mini program's limit. Takes effect within 2 s."""
    if rate_per_second is not None and rate_per_second < 1:
        raise ValueError("A speed is at least 1 message a second; to stop, pause.")
    with transaction.atomic():
        rows = SendControl.objects.filter(pk=control.pk, state__in=LIVE)
        if not rows.update(rate_per_second=rate_per_second):
            raise MoveRefused(control.pk, "speed")
        events.record(
            "send.speed",
            merchant=control.merchant,
            by=by,
            mini_program=control.mini_program,
            subject=control,
            detail={"before": control.rate_per_second, "after": rate_per_second},
        )
    control.refresh_from_db()


def stop_mini_program(mini_program: MiniProgram, *, by: User, at: datetime) -> bool:
    """Emergency stop: nothing leaves for this mini program until it is released. False: it was stopped."""
    running = MiniProgram.objects.filter(pk=mini_program.pk, stopped_at=None)
    return _switch(mini_program, running, by=by, stopped_at=at, event="mini_program.stopped")


def release_mini_program(mini_program: MiniProgram, *, by: User) -> bool:
    stopped = MiniProgram.objects.filter(pk=mini_program.pk, stopped_at__isnull=False)
    return _switch(mini_program, stopped, by=by, stopped_at=None, event="mini_program.released")


def _switch(
    mini_program: MiniProgram,
    rows: QuerySet[MiniProgram],
    *,
    by: User,
    stopped_at: datetime | None,
    event: str,
) -> bool:
    with transaction.atomic():
        if not rows.update(stopped_at=stopped_at):
            return False
        events.record(
            event, merchant=mini_program.merchant, by=by, mini_program=mini_program, subject=mini_program
        )
    mini_program.refresh_from_db()
    return True
