"""Approvals that wait for this person: to decide, to confirm, or to begin anew."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.dashboard.decisions import Decision
from console.templatetags.console import in_sentence
from merchants.models import Staff
from messaging.models import Review
from messaging.sends import approval

MOST = 10


def review_decisions(staff: Staff, *, at: datetime) -> list[Decision]:
    """What others wait for first, the nearest end on top; then what came back to this person."""
    reviewer = staff.user if staff.can("sends.review") else None
    waiting = approval.waiting_for(staff.merchant, reviewer=reviewer, launcher=staff.can("sends.launch"))
    back = approval.told_to(staff.user, staff.merchant, at=at) if staff.can("sends.compose") else []
    found = [_decide(one, at) if one.decision == "waiting" else _confirm(one, at) for one in waiting[:MOST]]
    return found + [_came_back(one) for one in back[:MOST]]


def _decide(review: Review, at: datetime) -> Decision:
    words = ngettext(
        "%(who)s asks you to look at it: %(n)s person.",
        "%(who)s asks you to look at it: %(n)s people.",
        review.people,
    )
    told = words % {"who": review.asked_by, "n": f"{review.people:,}"}
    return Decision(
        tone="warn",
        icon="eye",
        title=_("“%(name)s” waits for approval") % {"name": _name(review)},
        sentence=" ".join(filter(None, (told, _until(review, at)))),
        since=review.asked_at,
        verb=_("Review it"),
        url=_address("send_review", review),
    )


def _confirm(review: Review, at: datetime) -> Decision:
    told = _("%(who)s approved it. Nothing is sent until somebody confirms it.") % {"who": review.decided_by}
    return Decision(
        tone="warn",
        icon="check",
        title=_("“%(name)s” is approved") % {"name": _name(review)},
        sentence=" ".join(filter(None, (told, _until(review, at)))),
        since=review.decided_at,
        verb=_("Confirm"),
        url=_address("send_launch", review),
    )


def _came_back(review: Review) -> Decision:
    if review.decision == Review.Decision.SENT_BACK:
        title = _("“%(name)s” was sent back")
        words = _("%(who)s: “%(why)s” Change it, then ask again.")
        sentence = words % {"who": review.decided_by, "why": review.comment}
    else:
        title = _("The approval of “%(name)s” is void")
        sentence = f"{review.get_ended_why_display()} {_('Ask again before it goes out.')}"
    return Decision(
        tone="warn",
        icon="edit",
        title=title % {"name": _name(review)},
        sentence=sentence,
        since=review.ended_at,
        verb=_("Look"),
        url=_address("send", review),
    )


def _name(review: Review) -> str:
    return str(review.control.batch.name)


def _until(review: Review, at: datetime) -> str:
    if review.holds_until is None:
        return ""
    return _("Until %(time)s.") % {"time": in_sentence(review.holds_until, now=at)}


def _address(name: str, review: Review) -> str:
    return reverse(name, args=[review.merchant.slug, review.control.batch.pk])
