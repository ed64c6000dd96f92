"""Statuses that need fixing: by cause, with one retry for all of a cause; and what still waits to leave.

A retry puts `dead` and `unknown` back to `pending`, where the usual rules hold: the platform knows a
repetition by order and modified time, so none is told twice. What the platform overtook meanwhile is
superseded instead, with the words of its refusal kept: a second call could only be dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Now

from merchants.events import record
from orders import rollups
from orders.models import StatusChange
from orders.syncing import left_behind

if TYPE_CHECKING:
    from merchants.models import Merchant, User

MOST_CAUSES = 200
MOST_LOOKED_AT = 1_000  # statuses, each asked whether the platform overtook it
State = StatusChange.State
OPEN = (State.DEAD, State.UNKNOWN)


@dataclass(frozen=True)
class Cause:
    sub_code: str
    words: str
    count: int
    oldest_at: datetime  # received


@dataclass(frozen=True)
class Overtaken:
    """`stale` of `looked_at`, the longest waiting, the platform overtook, so that they can only be closed.

    `is_part`: more need fixing than were looked at.
    """

    looked_at: int
    stale: int
    is_part: bool


@dataclass(frozen=True)
class Backlog:
    """`dead` need fixing. `oldest_at`: when the longest waiting was received; None when nothing waits.

    `unknown` at most MOST_LOOKED_AT.
    """

    dead: int
    waiting: int
    syncing: int
    oldest_at: datetime | None
    unknown: int


@dataclass(frozen=True)
class Retried:
    again: int
    superseded: int


class CountChanged(Exception):
    """Another number than the one confirmed needs fixing now; nothing was changed."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} now")
        self.count = count


def backlog(merchant: Merchant) -> Backlog:
    """Kept figures, and two ends of an index: however many wait, as many rows are read."""
    counted = rollups.standing(merchant)
    rows = StatusChange.objects.for_merchant(merchant)
    waiting, syncing = rows.filter(state=State.PENDING), rows.filter(state=State.SYNCING)
    oldest = [found.aggregate(at=Min("received_at"))["at"] for found in (waiting, syncing)]
    known = [at for at in oldest if at is not None]
    standing = counted[State.DEAD], counted[State.PENDING], counted[State.SYNCING]
    few = unknown(merchant).order_by("received_at").values("pk")[:MOST_LOOKED_AT]
    return Backlog(*standing, min(known, default=None), few.count())


def causes(merchant: Merchant) -> list[Cause]:
    """Most first; at most MOST_CAUSES of them."""
    grouped = dead(merchant).values("sub_code", "words")
    found = grouped.annotate(count=Count("*"), oldest_at=Min("received_at"))
    return [Cause(**row) for row in found.order_by("-count", "sub_code", "words")[:MOST_CAUSES]]


def overtaken(merchant: Merchant) -> Overtaken:
    """One query, along the index of those that wait longest."""
    longest = dead(merchant).order_by("received_at").annotate(stale=left_behind())
    found = list(longest.values_list("stale", flat=True)[: MOST_LOOKED_AT + 1])
    looked_at = found[:MOST_LOOKED_AT]
    return Overtaken(len(looked_at), sum(map(bool, looked_at)), len(found) > MOST_LOOKED_AT)


def dead(merchant: Merchant) -> QuerySet[StatusChange]:
    rows: QuerySet[StatusChange] = StatusChange.objects.for_merchant(merchant).filter(state=State.DEAD)
    return rows


def unknown(merchant: Merchant) -> QuerySet[StatusChange]:
    """Every answer was lost: the platform may have it."""
    rows: QuerySet[StatusChange] = StatusChange.objects.for_merchant(merchant).filter(state=State.UNKNOWN)
    return rows


def to_try(merchant: Merchant) -> QuerySet[StatusChange]:
    rows: QuerySet[StatusChange] = StatusChange.objects.for_merchant(merchant).filter(state__in=OPEN)
    return rows


def of_cause(merchant: Merchant, *, sub_code: str, words: str) -> QuerySet[StatusChange]:
    return dead(merchant).filter(sub_code=sub_code, words=words)


def retry(merchant: Merchant, which: QuerySet[StatusChange], *, by: User | None, confirmed: int) -> Retried:
    """`which`: some of dead() or unknown(). Raises CountChanged when they are not `confirmed` any more."""
    with transaction.atomic():
        held = list(which.select_for_update(of=("self",)).order_by("pk"))
        if len(held) != confirmed:
            raise CountChanged(len(held))
        rows = StatusChange.objects.filter(pk__in=[change.pk for change in held], state__in=OPEN)
        superseded = rows.filter(left_behind()).update(state=State.SUPERSEDED, settled_at=Now())
        again = list(rows.values_list("pk", flat=True))
        if held:
            only = held[0] if len(held) == 1 else None
            detail = _told(held, again=len(again), superseded=superseded)
            event = record("order.sync_retried", merchant=merchant, by=by, subject=only, detail=detail)
            fresh = {"sub_code": "", "words": "", "cause": "", "settled_at": None}
            rows.filter(pk__in=again).update(state=State.PENDING, again_at=event.at, again_by=by, **fresh)
    return Retried(len(again), superseded)


def _told(held: list[StatusChange], *, again: int, superseded: int) -> dict[str, Any]:
    causes_of = {(change.sub_code, change.words) for change in held}
    (sub_code, words) = causes_of.pop() if len(causes_of) == 1 else ("", "")
    return {"refusal": sub_code, "words": words, "again": again, "superseded": superseded}
