"""One send as a line of the list: everything from rows that were read together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from merchants.models import Staff
from messaging.models import TRANSITIONS, BatchSend, PauseReason, SendState
from messaging.reports import UNDER_WAY

MOVING = (*UNDER_WAY, SendState.PREPARING, SendState.READY)
SOON = timedelta(minutes=2)
UNDER_REVIEW = (SendState.IN_REVIEW, SendState.APPROVED)
CAN_CHANGE = (SendState.DRAFT, *UNDER_REVIEW, SendState.SCHEDULED)


@dataclass(frozen=True)
class Next:
    """A thing to do: a link, or a button that posts when `posts`. `is_last_resort` stands apart, in red."""

    label: str
    url_name: str
    posts: bool = False
    is_last_resort: bool = False


@dataclass(frozen=True)
class Row:
    """Carries the five figures of a delivery bar; `people` is frozen people, or the list's count before."""

    batch: BatchSend
    people: int | None
    accepted: int
    refused: int
    unknown: int
    sending: int
    queued: int
    stopped: int
    undecided: int
    visits: int
    next: Next | None
    menu: list[Next]
    polls: bool

    @property
    def to_send(self) -> int:
        return self.settled + self.sending + self.queued

    @property
    def settled(self) -> int:
        return self.accepted + self.refused + self.unknown

    @property
    def took_seconds(self) -> float | None:
        control = self.batch.control
        if control.started_at is None or control.finished_at is None:
            return None
        return (control.finished_at - control.started_at).total_seconds()

    @property
    def visit_rate(self) -> float | None:
        return self.visits / self.accepted if self.accepted else None

    @property
    def by_itself(self) -> bool:
        return self.batch.control.pause_reason not in {"", PauseReason.OPERATOR}


def row_of(batch: BatchSend, *, staff: Staff, at: datetime) -> Row:
    """Needs `control.counters` prefetched and `control.recall` joined, as reports.send_list() does."""
    control = batch.control
    sums: dict[str, int] = {}
    stopped = 0
    for counter in control.counters.all():
        sums[counter.state] = sums.get(counter.state, 0) + counter.n
        if (counter.state, counter.reason) == ("skipped", "cancelled"):
            stopped = counter.n
    undecided = sums.get("unknown", 0) - sums.get("decided", 0)
    recall = getattr(control, "recall", None)
    people = control.frozen_total
    if people is None and batch.people_list is not None:
        people = batch.people_list.count
    starts_soon = (
        control.state == SendState.SCHEDULED
        and control.prepare_at is not None
        and control.prepare_at <= at + SOON
    )
    return Row(
        batch=batch,
        people=people,
        **{state: sums.get(state, 0) for state in ("accepted", "refused", "unknown", "sending", "queued")},
        stopped=stopped,
        undecided=undecided,
        visits=recall.visits if recall else 0,
        next=_next(batch, undecided, staff),
        menu=_menu(batch, staff),
        polls=control.state in MOVING or starts_soon,
    )


def _next(batch: BatchSend, undecided: int, staff: Staff) -> Next | None:
    state = batch.control.state
    if undecided and state in {SendState.FINISHED, SendState.CANCELLED} and staff.can("unknown.decide"):
        return Next(_("Decide unknowns"), "send_unknown")
    by_itself = state == SendState.PAUSED and batch.control.pause_reason != PauseReason.OPERATOR
    found: tuple[str, Next] | None = {
        SendState.DRAFT: ("sends.compose", Next(_("Continue editing"), "send_edit")),
        SendState.IN_REVIEW: ("sends.review", Next(_("Review it"), "send_review")),
        SendState.APPROVED: ("sends.launch", Next(_("Check and confirm"), "send_launch")),
        SendState.SCHEDULED: ("sends.compose", Next(_("Change it"), "send_edit")),
        SendState.SENDING: ("sends.brake", Next(_("Pause"), "send_pause", posts=True)),
        SendState.PAUSED: (
            "sends.brake",
            Next(_("See causes") if by_itself else _("Look and resume"), "send"),
        ),
        SendState.MISSED: ("sends.launch", Next(_("Decide"), "send_missed")),
        SendState.FAILED: ("sends.view", Next(_("See causes"), "send")),
        SendState.FINISHED: ("sends.compose", Next(_("Copy"), "send_copy", posts=True)),
        SendState.CANCELLED: ("sends.compose", Next(_("Copy"), "send_copy", posts=True)),
    }.get(SendState(state))
    if found and staff.can(found[0]):
        return found[1]
    return Next(_("Look"), "send")


def _menu(batch: BatchSend, staff: Staff) -> list[Next]:
    """Everything this person can do with the send from the list, in one order for all states."""
    state = batch.control.state
    found = [Next(_("Open"), "send")]
    if staff.can("sends.compose") and state in CAN_CHANGE:
        words = _("Continue editing") if state == SendState.DRAFT else _("Change it")
        found.append(Next(words, "send_edit"))
    if staff.can("sends.review") and state in UNDER_REVIEW:
        found.append(Next(_("Review it"), "send_review"))
    if staff.can("sends.launch") and state in {SendState.DRAFT, SendState.APPROVED}:
        found.append(Next(_("Check before sending"), "send_launch"))
    if staff.can("deliveries.view") and batch.control.books_month is not None:
        found.append(Next(_("People of this send"), "send_deliveries"))
    if staff.can("sends.compose"):
        found.append(Next(_("Copy as a new send"), "send_copy", posts=True))
    if staff.can("sends.brake") and can_be_cancelled(batch):
        found.append(Next(_("Cancel send…"), "send_cancel", is_last_resort=True))
    return found


def can_be_cancelled(batch: BatchSend) -> bool:
    return SendState.CANCELLING in TRANSITIONS[batch.control.state]
