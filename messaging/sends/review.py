"""Approval of one exact send by a second person: ask, approve, send back, take back, expire.

Each is one transaction: batch row, then control row by compare-and-set, then the review.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from django.db import transaction

from merchants import events
from merchants.models import Staff
from messaging.engine import control as engine
from messaging.engine.freeze import forget_first_freeze
from messaging.models import BatchSend, Review, SendControl, SendState
from messaging.sends import approval, batches, latest
from messaging.sends.fingerprint import changes, fingerprint, said_in
from messaging.sends.versions import versions_of

if TYPE_CHECKING:
    from merchants.models import User

CAPABILITY = "sends.review"
UNFROZEN: dict[str, Any] = {
    "launched_at": None,
    "undo_until": None,
    "prepare_at": None,
    "due_at": None,
    "not_after": None,
    "books_month": None,
    "frozen_total": None,
    "failure": "",
    "checked_at": None,
    "balanced": None,
    "check_detail": {},
}


class Refusal(Exception):
    """Nothing was changed. `why`: own, no_seat, stale or late; `changed` names what differs, where stale."""

    def __init__(self, why: str, changed: Sequence[str] = ()) -> None:
        self.why = why
        self.changed = changed
        super().__init__(why)


def ask(batch: BatchSend, *, by: User, version: int, at: datetime) -> Review:
    """draft → in_review. Raises LaunchRefused, DraftConflict, MoveRefused."""
    wrong = batches.problems(batch, at=at)
    if wrong:
        raise batches.LaunchRefused(wrong)
    with transaction.atomic():
        current = _locked(batch)
        if not version == batch.version == current.version:
            raise batches.DraftConflict(current)
        return _ask(current, by=by, at=at, only_from=SendState.DRAFT)


def ask_for_new_time(
    batch: BatchSend,
    *,
    by: User,
    at: datetime,
    on: date | None,
    wall: time | None,
    not_after: latest.Wall = latest.NONE,
) -> Review:
    """missed → in_review with another time, right away when `on` is None. What was frozen is frozen anew.

    `not_after` is the latest time from now on. Raises LaunchRefused, MoveRefused.
    """
    batch.scheduled_on, batch.scheduled_time = on, wall
    batch.not_after_on, batch.not_after_time = not_after
    wrong = batches.problems(batch, at=at)
    if wrong:
        raise batches.LaunchRefused(wrong)
    with transaction.atomic():
        current = _locked(batch)
        if current.control.state != SendState.MISSED:
            raise engine.MoveRefused(current.control_id, SendState.IN_REVIEW)
        forget_first_freeze(current.control)
        approval.make_void(current.control, by=by, why=Review.Ended.ANOTHER_TIME)
        walls = {"scheduled_on": on, "scheduled_time": wall, **latest.columns(not_after)}
        BatchSend.objects.filter(pk=batch.pk).update(**walls, changed_at=at)
        return _ask(_locked(batch), by=by, at=at, only_from=SendState.MISSED)


def _ask(current: BatchSend, *, by: User, at: datetime, only_from: str) -> Review:
    control = current.control
    people = current.people_list.count if current.people_list else 0
    detail = {"people": people, "version": current.version, "name": current.name}
    unfrozen = UNFROZEN if only_from == SendState.MISSED else {}
    engine.move(
        control, SendState.IN_REVIEW, by=by, only_from={only_from}, detail=detail, changes=dict(unfrozen)
    )
    said = said_in(current, control)
    timed = current.scheduled_on is not None and current.scheduled_time is not None
    made: Review = Review.objects.create(
        merchant_id=current.merchant_id,
        control=control,
        fingerprint=fingerprint(said),
        said=said,
        version=current.version,
        people=people,
        asked_by=by,
        asked_at=at,
        holds_until=batches.due(current, at=at) if timed else None,
    )
    return made


def approve(batch: BatchSend, *, by: User, seen: str, comment: str, at: datetime) -> Review:
    """in_review → approved, for the fingerprint that the reviewer has seen and no other.

    A reviewer who loses the right afterwards has approved it all the same. Raises Refusal, which is on record
    as an Event, and MoveRefused where it is not in review any more.
    """
    try:
        with transaction.atomic():
            return _approve(batch, by=by, seen=seen, comment=comment, at=at)
    except Refusal as refused:
        with transaction.atomic():
            _tell(batch, "send.approval_refused", by=by, refused_for=refused.why)
        raise


def _approve(batch: BatchSend, *, by: User, seen: str, comment: str, at: datetime) -> Review:
    _hold_seat(batch, by)
    current = _locked(batch)
    review = _standing(current, SendState.APPROVED, decision=Review.Decision.WAITING)
    if why := why_not(current, review, by):
        raise Refusal(why)
    said = said_in(current, current.control)
    if not seen == review.fingerprint == fingerprint(said):
        raise Refusal("stale", changed_since(current, seen=seen))
    if approval.is_over(review, at=at):
        raise Refusal("late")
    detail = {"people": review.people, "version": review.version, "why": comment, "name": current.name}
    engine.move(current.control, SendState.APPROVED, by=by, only_from={SendState.IN_REVIEW}, detail=detail)
    review.decision = Review.Decision.APPROVED
    review.decided_by, review.decided_at, review.comment = by, at, comment
    review.holds_until = review.holds_until or at + approval.RIGHT_AWAY_HOLDS
    review.save(update_fields=["decision", "decided_by", "decided_at", "comment", "holds_until"])
    return review


def send_back(batch: BatchSend, *, by: User, seen: str, comment: str, at: datetime) -> Review:
    """in_review or approved → draft with the reviewer's reason. Raises Refusal, MoveRefused."""
    with transaction.atomic():
        _hold_seat(batch, by)
        current = _locked(batch)
        review = _standing(current, SendState.DRAFT)
        if seen not in {review.fingerprint, fingerprint(said_in(current, current.control))}:
            raise Refusal("stale", changed_since(current, seen=seen))
        _to_draft(current, by=by, event="send.sent_back", why=comment)
        review.decision, review.comment = Review.Decision.SENT_BACK, comment
        review.decided_by, review.decided_at = by, at
        review.ended_by, review.ended_at = by, at
        review.save(update_fields=["decision", "comment", "decided_by", "decided_at", "ended_by", "ended_at"])
    return review


def take_back(batch: BatchSend, *, by: User, at: datetime) -> Review:
    """in_review or approved → draft, to change it; an approval becomes void. Raises MoveRefused."""
    with transaction.atomic():
        current = _locked(batch)
        review = _standing(current, SendState.DRAFT)
        _to_draft(current, by=by, event="send.withdrawn")
        if review.decision == Review.Decision.APPROVED:
            approval.make_void(current.control, by=by, why=Review.Ended.CHANGED)
            review.refresh_from_db()
            return review
        review.decision = Review.Decision.WITHDRAWN
        review.ended_by, review.ended_at, review.ended_why = by, at, Review.Ended.CHANGED
        review.save(update_fields=["decision", "ended_by", "ended_at", "ended_why"])
    return review


def expire(*, at: datetime, limit: int = 200) -> int:
    """Sends whose time passed before they were approved and launched are drafts again. How many."""
    rows = Review.objects.filter(
        decision__in=approval.STANDS,
        holds_until__lt=at - approval.GRACE,
        control__state__in=[SendState.IN_REVIEW, SendState.APPROVED],
    )
    return sum(
        _expire(control_id, at=at)
        for control_id in rows.order_by("holds_until").values_list("control_id", flat=True)[:limit]
    )


def _expire(control_id: int, *, at: datetime) -> int:
    with transaction.atomic():
        current = _locked(BatchSend.objects.get(control_id=control_id))
        try:
            review = _standing(current, SendState.DRAFT)
            if not approval.is_over(review, at=at):
                return 0
            _to_draft(current, by=None, event="send.approval_expired")
        except engine.MoveRefused:
            return 0
        review.decision = Review.Decision.VOID
        review.ended_at, review.ended_why = at, Review.Ended.EXPIRED
        review.save(update_fields=["decision", "ended_at", "ended_why"])
    return 1


def why_not(batch: BatchSend, review: Review, person: User) -> str:
    """own: this person wrote it, changed it last or asked; no_seat: may not review; empty: may approve."""
    last = versions_of(batch).first()
    if person.pk in {batch.author_id, review.asked_by_id, last.by_id if last else None}:
        return "own"
    seat = Staff.objects.for_merchant(batch.merchant).filter(user=person).first()
    return "" if seat is not None and seat.can(CAPABILITY) else "no_seat"


def changed_since(batch: BatchSend, *, seen: str) -> list[str]:
    """Names of what differs from what bore that fingerprint; empty where nobody knows what it was."""
    before = approval.seen(batch.control_id, seen)
    return changes(before, said_in(batch, batch.control)) if before is not None else []


def _hold_seat(batch: BatchSend, person: User) -> None:
    """Whose right ends at the same moment either had it, or not. Locked before the send."""
    seats = Staff.objects.for_merchant(batch.merchant).filter(user=person)
    seat = seats.select_for_update().first()
    if seat is None or not seat.can(CAPABILITY):
        raise Refusal("no_seat")


def _locked(batch: BatchSend) -> BatchSend:
    """As it is now, its row locked; its control is read after that."""
    BatchSend.objects.select_for_update().get(pk=batch.pk)
    related = ("control__merchant", "control__mini_program", "template", "people_list", "mini_program")
    found: BatchSend = BatchSend.objects.select_related(*related, "merchant").get(pk=batch.pk)
    return found


def _standing(current: BatchSend, to: str, **narrower: str) -> Review:
    """The review that waits or is approved, locked. Raises MoveRefused where there is none."""
    rows = Review.objects.filter(control=current.control, decision__in=approval.STANDS, **narrower)
    found: Review | None = rows.select_for_update().first()
    if found is None:
        raise engine.MoveRefused(current.control_id, to)
    return found


def _to_draft(current: BatchSend, *, by: User | None, event: str, why: str = "") -> None:
    engine.move(
        current.control,
        SendState.DRAFT,
        by=by,
        only_from={SendState.IN_REVIEW, SendState.APPROVED},
        event=event,
        detail={"name": current.name, "version": current.version, "why": why},
    )


def _tell(batch: BatchSend, kind: str, *, by: User, **detail: str) -> None:
    control = SendControl.objects.select_related("merchant", "mini_program").get(pk=batch.control_id)
    events.record(
        kind,
        merchant=control.merchant,
        by=by,
        mini_program=control.mini_program,
        subject=control,
        detail=detail,
    )
