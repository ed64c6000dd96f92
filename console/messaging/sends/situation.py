"""Where a send stands, as a sentence: what happened, how many, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.messaging.sends.pauses import in_flight, what_to_do, why_paused
from console.messaging.sends.words import failure_words
from console.templatetags.console import in_words
from messaging.models import BatchSend, PauseReason, SendState
from messaging.reports import SendFigures


@dataclass(frozen=True)
class Situation:
    """`tone` of the notice: info, ok, warn, bad or unknown."""

    tone: str
    icon: str
    sentence: str
    remark: str = ""


@dataclass(frozen=True)
class View:
    """`again`: how many people were sent to again since it had finished before; 0: it never was reopened."""

    batch: BatchSend
    figures: SendFigures
    at: datetime
    again: int = 0

    @property
    def people(self) -> str:
        return f"{self.batch.people_list.count if self.batch.people_list else 0:,}"

    @property
    def due(self) -> str:
        due_at = self.batch.control.due_at
        return in_words(due_at, now=self.at) if due_at else "--"


def situation(batch: BatchSend, figures: SendFigures, *, at: datetime, again: int = 0) -> Situation | None:
    """None while sending for the first time: there the figure, the bar and the equation say it."""
    tell = TELL[batch.control.state]
    return tell(View(batch, figures, at, again))


def _draft(view: View) -> Situation:
    return Situation("info", "edit", _("This is a draft. Nothing is sent until somebody confirms it."))


def _in_review(view: View) -> Situation:
    return Situation(
        "warn",
        "eye",
        _("In review: a second person looks at it before it may go out."),
        _("Nothing is sent until it is approved and then confirmed."),
    )


def _approved(view: View) -> Situation:
    return Situation(
        "ok",
        "check",
        _("Approved. Nothing is sent until somebody confirms it."),
        _("Changing it makes the approval void."),
    )


def _sending(view: View) -> Situation | None:
    if held_until := view.figures.held_until:
        words = _("Held by quiet hours. It goes on by itself %(time)s; %(left)s not sent yet.")
        numbers = {"time": in_words(held_until, now=view.at), "left": f"{view.figures.queued:,}"}
        limit = view.batch.control.not_after
        if limit is not None and limit <= held_until:
            words = _("Held by quiet hours until after its latest time, %(limit)s; %(left)s not sent yet.")
            numbers["limit"] = in_words(limit, now=view.at)
            asks = _("At that time it pauses and asks you. Give a later one, or cancel what is left.")
            return Situation("warn", "clock", words % numbers, asks)
        return Situation("info", "clock", words % numbers, _("Nobody is lost. See Settings, Sending rules."))
    if not view.again:
        return None
    words = ngettext(
        "Sending again to %(n)s person who was chosen for it.",
        "Sending again to %(n)s people who were chosen for it.",
        view.again,
    )
    return Situation(
        "info",
        "refresh",
        words % {"n": f"{view.again:,}"},
        _("Everybody else keeps their outcome; earlier attempts stay on record."),
    )


def _scheduled(view: View) -> Situation:
    words = _("Scheduled for %(time)s, to at most %(people)s people.")
    return Situation(
        "info",
        "clock",
        words % {"time": view.due, "people": view.people},
        _("Until it is prepared you can take it back and change it."),
    )


def _preparing(view: View) -> Situation:
    words = _("Preparing: %(people)s people are being checked against consent and template fatigue.")
    return Situation(
        "info", "refresh", words % {"people": view.people}, _("It goes out %(time)s.") % {"time": view.due}
    )


def _ready(view: View) -> Situation:
    words = _("Ready: %(people)s people are frozen, %(skipped)s of the list are skipped.")
    numbers = {"people": f"{view.figures.to_send:,}", "skipped": f"{view.figures.skipped:,}"}
    return Situation("info", "clock", words % numbers, _("It goes out %(time)s.") % {"time": view.due})


def _paused(view: View) -> Situation:
    control, figures = view.batch.control, view.figures
    numbers = {"flight": in_flight(figures.sending), "left": f"{figures.queued:,}"}
    if control.pause_reason in {"", PauseReason.OPERATOR}:
        words = _("Paused. %(flight)s; %(left)s not sent yet.")
        return Situation("warn", "player-pause", words % numbers)
    if control.pause_reason == PauseReason.NOT_AFTER:
        return _past_latest(view)
    words = _("Paused by itself: %(why)s. %(flight)s; %(left)s not sent yet. Check the causes, then resume.")
    numbers["why"] = why_paused(control)
    return Situation("bad", "alert-triangle", words % numbers, what_to_do(control))


def _past_latest(view: View) -> Situation:
    limit, left = view.batch.control.not_after, view.figures.queued
    words = ngettext(
        "Past the time you gave, %(time)s; %(left)s person has not been sent to.",
        "Past the time you gave, %(time)s; %(left)s people have not been sent to.",
        left,
    )
    time = in_words(limit, now=view.at) if limit else "--"
    remedy = _("Give another latest time, lift it, or cancel what is left.")
    return Situation("warn", "clock", words % {"time": time, "left": f"{left:,}"}, remedy)


def _missed(view: View) -> Situation:
    words = _("The send of %(time)s was missed; nothing was sent.")
    parts = [failure_words(view.batch.control.failure), _("Send it now, give it a new time, or cancel it.")]
    return Situation("warn", "clock", words % {"time": view.due}, " ".join(filter(None, parts)))


def _cancelling(view: View) -> Situation:
    words = _("Cancelling. %(flight)s; nobody new is written to.")
    return Situation("info", "x", words % {"flight": in_flight(view.figures.sending)})


def _cancelled(view: View) -> Situation:
    stopped = next((row.n for row in view.figures.skipped_rows if row.reason == "cancelled"), 0)
    if not view.figures.settled:
        return Situation(
            "info", "x", _("Cancelled. Nothing was sent; everybody keeps their consent."), _undecided(view)
        )
    words = _(
        "Cancelled. %(gone)s had gone and cannot be recalled; "
        "%(stopped)s were stopped and keep their consent."
    )
    numbers = {"gone": f"{view.figures.accepted + view.figures.unknown:,}", "stopped": f"{stopped:,}"}
    tone = "unknown" if view.figures.undecided else "info"
    return Situation(tone, "x", words % numbers, _undecided(view))


def _finished(view: View) -> Situation:
    figures = view.figures
    if figures.undecided:
        words = ngettext(
            "Finished. %(n)s outcome is unknown and needs you; all others are certain.",
            "Finished. %(n)s outcomes are unknown and need you; all others are certain.",
            figures.undecided,
        )
        what = _("Treat them as sent, or send again.")
        return Situation(
            "unknown", "question-mark", words % {"n": f"{figures.undecided:,}"}, _and_again(view, what)
        )
    if not figures.to_send:
        return Situation(
            "warn",
            "alert-circle",
            _("Finished. Nobody was sent to: all %(n)s people were skipped.") % {"n": f"{figures.skipped:,}"},
            _("Skipped people stand below by reason."),
        )
    words = ngettext(
        "Finished. The outcome of %(n)s person is certain.",
        "Finished. The outcomes of all %(n)s people are certain.",
        figures.to_send,
    )
    if figures.decided:
        words = _("Finished. Every outcome is certain or decided.")
    return Situation("ok", "check", words % {"n": f"{figures.to_send:,}"}, _and_again(view, _decided(view)))


def _and_again(view: View, remark: str) -> str:
    if not view.again:
        return remark
    words = ngettext(
        "It had finished before and went on for %(n)s person who was sent to again.",
        "It had finished before and went on for %(n)s people who were sent to again.",
        view.again,
    )
    return " ".join(part for part in (words % {"n": f"{view.again:,}"}, remark) if part)


def _failed(view: View) -> Situation:
    return Situation(
        "bad",
        "alert-triangle",
        _("It could not be prepared; nothing was sent."),
        failure_words(view.batch.control.failure) or _("Copy it, check the draft, and confirm it again."),
    )


def _undecided(view: View) -> str:
    n = view.figures.undecided
    if not n:
        return ""
    words = ngettext("%(n)s outcome is unknown and needs you.", "%(n)s outcomes are unknown and need you.", n)
    return words % {"n": f"{n:,}"}


def _decided(view: View) -> str:
    n = view.figures.decided
    if not n:
        return ""
    words = ngettext(
        "%(n)s unknown outcome was treated as sent.", "%(n)s unknown outcomes were treated as sent.", n
    )
    return words % {"n": f"{n:,}"}


TELL: Mapping[str, Callable[[View], Situation | None]] = {
    SendState.DRAFT: _draft,
    SendState.IN_REVIEW: _in_review,
    SendState.APPROVED: _approved,
    SendState.SCHEDULED: _scheduled,
    SendState.PREPARING: _preparing,
    SendState.READY: _ready,
    SendState.SENDING: _sending,
    SendState.PAUSED: _paused,
    SendState.MISSED: _missed,
    SendState.CANCELLING: _cancelling,
    SendState.CANCELLED: _cancelled,
    SendState.FINISHED: _finished,
    SendState.FAILED: _failed,
}
