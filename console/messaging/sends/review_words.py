"""What is approved and what became of it, in words: what changed, checks, and where a send stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from console.coupons.words import yuan
from console.messaging.sends.readiness import Check
from console.messaging.sends.situation import Situation
from console.templatetags.console import in_sentence
from messaging.models import BatchSend, Review, SendState
from messaging.sends import approval, batches
from messaging.sends.fingerprint import Said

# Names of fingerprint.said_in() as the form calls them; what has no line here shows by its own name.
LABELS: Mapping[str, str | Promise] = {
    "name": gettext_lazy("Name"),
    "template": gettext_lazy("Template"),
    "people_list": gettext_lazy("Audience"),
    "values": gettext_lazy("Content"),
    "coupon": gettext_lazy("Coupon"),
    "page": gettext_lazy("Mini program page"),
    "scheduled_on": gettext_lazy("When"),
    "scheduled_time": gettext_lazy("When"),
    "zone": gettext_lazy("When"),
    "not_after_on": gettext_lazy("Not after"),
    "not_after_time": gettext_lazy("Not after"),
    "holdout_percent": gettext_lazy("Kept back, percent"),
    "mini_program": gettext_lazy("Mini program"),
    "rate_per_second": gettext_lazy("Speed"),
}
REFUSED: Mapping[str, str | Promise] = {
    "own": gettext_lazy(
        "You wrote this send, changed it last or asked for its approval, so somebody else has to approve it."
    ),
    "no_seat": gettext_lazy("You may not approve sends here any more. Ask the owner."),
    "late": gettext_lazy("Its time has passed, so it cannot be approved any more. Send it back."),
}


def label_of(name: str) -> str:
    return str(LABELS.get(name, name.replace("_", " ")))


def names_of(changed: Iterable[str]) -> str:
    """The parts of the form that differ, each once."""
    return pgettext("between items of a list", ", ").join(dict.fromkeys(label_of(name) for name in changed))


def further_lines(said: Said) -> list[tuple[str, str]]:
    """What is approved beyond the parts that have a place of their own on the page."""
    return [
        (label_of(name), _plain(value))
        for name, value in said.items()
        if name not in LABELS and value not in (None, "", [])
    ]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return str(value.get("name", ""))
    if isinstance(value, list):
        return pgettext("between items of a list", ", ").join(_plain(one) for one in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def stale_words(changed: Sequence[str]) -> str:
    """Why a page that was open a while cannot be obeyed."""
    if not changed:
        return _("It changed since you opened it. This is how it is now.")
    words = _("It changed since you opened it. What changed: %(names)s. This is how it is now.")
    return words % {"names": names_of(changed)}


def void_words(standing: approval.Standing) -> str:
    review = standing.review
    if review is None:
        raise ValueError("without a review nothing can be void")
    if standing.is_over:
        return _("Its approval has expired. Take it back, give it a time that can still come, and ask again.")
    words = _("Approval is void: %(who)s approved something else. Changed since: %(names)s. Ask again.")
    return words % {"who": review.decided_by or "--", "names": names_of(standing.changed)}


def void_approval(batch: BatchSend, *, at: datetime) -> list[batches.Problem]:
    """Of a send that counts as approved and is not what was approved any more."""
    if batch.control.state != SendState.APPROVED:
        return []
    standing = approval.standing_of(batch, at=at)
    if standing.is_approved or standing.review is None:
        return []
    return [batches.Problem("approval", void_words(standing))]


def approval_check(standing: approval.Standing) -> list[Check]:
    """Its line among the checks before sending; none where nobody has to approve."""
    review = standing.review
    if review is not None and review.decision == Review.Decision.APPROVED:
        if not standing.is_approved:
            return [Check("bad", void_words(standing))]
        words = _("%(who)s approved version %(n)s")
        said = words % {"who": review.decided_by, "n": review.version}
        return [Check("good", said, at=review.decided_at)]
    if not standing.is_needed:
        return []
    if standing.is_for_coupon:
        words = _("Its coupon may cost more than ¥%(n)s: a second person approves it first")
        return [Check("hint", words % {"n": yuan(standing.above_fen)})]
    words = _("More than %(n)s people: a second person approves it first")
    return [Check("hint", words % {"n": f"{standing.above:,}"})]


def review_situation(batch: BatchSend, reviews: Sequence[Review], *, at: datetime) -> Situation | None:
    """Where it stands with its approval; None where the state alone says it all."""
    review = reviews[0] if reviews else None
    tell = TELL.get((batch.control.state, review.decision)) if review else None
    if review is None or tell is None or (batch.control.state == SendState.DRAFT and _edited(batch, review)):
        return None
    return tell(review, at)


def _edited(batch: BatchSend, review: Review) -> bool:
    return batch.version != review.version


def _waiting(review: Review, at: datetime) -> Situation:
    words = _("In review: %(who)s asked for approval %(time)s.")
    told = words % {"who": review.asked_by, "time": in_sentence(review.asked_at, now=at)}
    return Situation("warn", "eye", told, _("Nothing is sent until it is approved and then confirmed."))


def _approved(review: Review, at: datetime) -> Situation:
    words = _("%(who)s approved it %(time)s. Nothing is sent until somebody confirms it.")
    decided = in_sentence(review.decided_at or at, now=at)
    until = in_sentence(review.holds_until or at, now=at)
    remark = _("The approval holds until %(time)s. Changing the send makes it void.") % {"time": until}
    told = words % {"who": review.decided_by, "time": decided}
    return Situation("ok", "check", told, " ".join(filter(None, (_quoted(review.comment), remark))))


def _sent_back(review: Review, at: datetime) -> Situation:
    words = _("%(who)s sent it back %(time)s: %(why)s")
    told = words % {
        "who": review.decided_by,
        "time": in_sentence(review.decided_at or at, now=at),
        "why": _quoted(review.comment),
    }
    return Situation("warn", "edit", told, _("Change it, then ask for approval again."))


def _void(review: Review, at: datetime) -> Situation:
    if review.decided_by is None:
        told = _("It was not approved in time, so it is a draft again.")
        return Situation("warn", "clock", told, _("Choose a time that can still come, then ask again."))
    words = _("Approval is void: %(who)s approved version %(n)s.")
    told = words % {"who": review.decided_by, "n": review.version}
    remark = f"{review.get_ended_why_display()} {_('Ask again before it goes out.')}"
    return Situation("warn", "alert-triangle", told, remark)


def _quoted(comment: str) -> str:
    return _("“%(words)s”") % {"words": comment} if comment else ""


TELL: Mapping[tuple[str, str], Callable[[Review, datetime], Situation]] = {
    (SendState.IN_REVIEW, Review.Decision.WAITING): _waiting,
    (SendState.APPROVED, Review.Decision.APPROVED): _approved,
    (SendState.DRAFT, Review.Decision.SENT_BACK): _sent_back,
    (SendState.DRAFT, Review.Decision.VOID): _void,
}
