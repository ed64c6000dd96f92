"""Crowd sends that wait for a person: an outcome nobody knows, a time that was missed."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from console.dashboard.decisions import Decision
from console.messaging.crowds.words import missed_words
from merchants.models import Merchant, Staff
from messaging.models import CrowdSend, CrowdState

SHOWN = 20


def with_crowds(found: list[Decision], merchant: Merchant, *, staff: Staff) -> list[Decision]:
    """Unknown ones first of all, missed ones last. One query."""
    waiting = CrowdSend.objects.for_merchant(merchant).filter(
        Q(state=CrowdState.UNKNOWN, decision="") | Q(state=CrowdState.MISSED)
    )
    rows = list(waiting.order_by("due_at", "pk")[:SHOWN])
    unknown = [_unknown(merchant, crowd, staff) for crowd in rows if crowd.state == CrowdState.UNKNOWN]
    missed = [_missed(merchant, crowd) for crowd in rows if crowd.state == CrowdState.MISSED]
    return [*unknown, *found, *missed]


def _unknown(merchant: Merchant, crowd: CrowdSend, staff: Staff) -> Decision:
    words = _("“%(name)s” went to a crowd and the platform did not answer. It is never submitted again.")
    return Decision(
        tone="unknown",
        icon="help-circle",
        title=_("Nobody knows whether a crowd send went out"),
        sentence=words % {"name": crowd.name},
        since=crowd.submitting_at,
        verb=_("Decide") if staff.can("unknown.decide") else _("Look"),
        url=reverse("crowd", args=[merchant.slug, crowd.pk]),
    )


def _missed(merchant: Merchant, crowd: CrowdSend) -> Decision:
    what = _("Nothing was sent. Give it a new time, or cancel it.")
    return Decision(
        tone="warn",
        icon="clock",
        title=_("“%(name)s” missed its time") % {"name": crowd.name},
        sentence=" ".join(filter(None, (missed_words(crowd.missed_reason), what))),
        since=crowd.due_at,
        verb=_("Decide"),
        url=reverse("crowd", args=[merchant.slug, crowd.pk]),
    )
