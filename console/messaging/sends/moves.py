"""Who moved a send last, and when: told to whoever comes too late, in another tab or by a second click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from merchants.models import Event, User
from messaging.models import SendControl

# What somebody did, and what you did already.
WORDS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "send.scheduled": (
        _("%(who)s confirmed it at %(time)s; it goes out once."),
        _("You confirmed it already, at %(time)s. It goes out once."),
    ),
    "send.in_review": (
        _("%(who)s asked for approval at %(time)s."),
        _("You asked for approval already, at %(time)s."),
    ),
    "send.approved": (_("%(who)s approved it at %(time)s."), _("You approved it already, at %(time)s.")),
    "send.sent_back": (_("%(who)s sent it back at %(time)s."), _("You sent it back already, at %(time)s.")),
    "send.withdrawn": (
        _("%(who)s took it out of review at %(time)s."),
        _("You took it out of review already, at %(time)s."),
    ),
    "send.rescheduled": (
        _("%(who)s gave it a new time at %(time)s."),
        _("You gave it a new time already, at %(time)s."),
    ),
    "send.taken_back": (
        _("%(who)s took it back at %(time)s; nothing was sent."),
        _("You took it back already, at %(time)s. Nothing was sent."),
    ),
    "send.paused": (_("%(who)s paused it at %(time)s."), _("You paused it already, at %(time)s.")),
    "send.resumed": (_("%(who)s resumed it at %(time)s."), _("You resumed it already, at %(time)s.")),
    "send.cancelling": (
        _("%(who)s cancelled it at %(time)s."),
        _("You cancelled it already, at %(time)s."),
    ),
    "send.again": (
        _("%(who)s had some people sent to again at %(time)s."),
        _("You had some people sent to again already, at %(time)s."),
    ),
}


@dataclass(frozen=True)
class Move:
    kind: str
    by: User
    time: str
    detail: dict[str, Any]

    @property
    def told(self) -> str:
        return str(WORDS[self.kind][0]) % {"who": self.by, "time": self.time}

    @property
    def told_to_oneself(self) -> str:
        return str(WORDS[self.kind][1]) % {"time": self.time}


def last_move(control: SendControl) -> Move | None:
    """The last move a person made. One indexed query."""
    return _last(control, *WORDS)


def last_launch(control: SendControl) -> Move | None:
    """Who launched it, and when: the newest launch, should it have been taken back before."""
    return _last(control, "send.scheduled")


def _last(control: SendControl, *kinds: str) -> Move | None:
    rows = Event.objects.for_merchant(control.merchant).filter(
        subject_kind=SendControl._meta.model_name, subject_id=control.pk, kind__in=kinds, by__isnull=False
    )
    event = rows.select_related("by").order_by("-at", "-id").first()
    if event is None or event.by is None:
        return None
    return Move(event.kind, event.by, f"{timezone.localtime(event.at):%H:%M:%S}", dict(event.detail))
