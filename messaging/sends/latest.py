"""The latest time of a batch send: a wall time of its zone, like the schedule's; and moving it later on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from messaging.engine import not_after as engine
from messaging.models import BatchSend
from messaging.sends.content import Content
from messaging.sends.wall_time import NoSuchTime, resolve

if TYPE_CHECKING:
    from merchants.models import User

Wall = tuple[date | None, time | None]
NONE: Wall = (None, None)
FARTHEST = timedelta(days=366)


class LimitRefused(Exception):
    """`sentence` says why this cannot be the latest time, and what to do."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


def wall_of(batch: BatchSend) -> Wall:
    return batch.not_after_on, batch.not_after_time


def columns(wall: Wall) -> dict[str, Any]:
    return {"not_after_on": wall[0], "not_after_time": wall[1]}


def without_times(content: Content) -> Content:
    """As a copy begins: when it went and when it had to end belong to the send it was taken from."""
    return replace(content, scheduled_on=None, scheduled_time=None, not_after_on=None, not_after_time=None)


def instant_of(batch: BatchSend) -> datetime | None:
    """None: no limit. Raises NoSuchTime."""
    on, wall = wall_of(batch)
    return resolve(on, wall, batch.zone).at if on and wall else None


def wrong_with(batch: BatchSend, *, due_at: datetime) -> list[str]:
    """Sentences, of a draft that is due then; empty: nothing."""
    try:
        limit = instant_of(batch)
    except NoSuchTime as gap:
        return [gap.sentence]
    if limit is None:
        return []
    if limit <= due_at:
        return [_("“Not after” is not later than the send itself. Choose a later one, or leave it empty.")]
    if limit > due_at + FARTHEST:
        return [_("“Not after” is more than a year after the send. Choose an earlier day.")]
    return []


def move_limit(
    batch: BatchSend, *, by: User, wall: Wall, seen: datetime | None, at: datetime
) -> datetime | None:
    """Of a launched send; a wall time of nothing lifts it. What was paused for it goes on.

    `seen`: the instant that was looked at. Raises LimitRefused, or engine.LimitChanged where it moved on.
    """
    given: BatchSend = BatchSend.objects.select_related("control__merchant", "control__mini_program").get(
        pk=batch.pk
    )
    given.not_after_on, given.not_after_time = wall
    control = given.control
    if wrong := wrong_with(given, due_at=max(at, control.due_at or at)):
        raise LimitRefused(wrong[0])
    limit = instant_of(given)
    with transaction.atomic():
        # the batch row before the control row, as a launch does
        BatchSend.objects.filter(pk=batch.pk).update(**columns(wall))
        try:
            engine.set_limit(control, by=by, not_after=limit, seen=seen)
        except ValueError as passed:
            raise LimitRefused(_("This time has passed. Choose a later one, or lift it.")) from passed
    return limit
