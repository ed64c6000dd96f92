"""What happened to a send, newest first, each line with its number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.audit.sentences import sentence_of
from console.messaging.sends.causes import CAUSES
from console.messaging.sends.pauses import evidence_words
from merchants.models import Event
from messaging.engine.breaker import Evidence
from messaging.models import SendControl

SHOWN_EVENTS = 30
REOPENED = "send.again"
AGAIN = ("unknown.sent_again", "send.refused_again")


@dataclass(frozen=True)
class Line:
    at: datetime
    who: str
    sentence: str
    detail: str

    @property
    def is_today(self) -> bool:
        return timezone.localdate(self.at) == timezone.localdate()


def timeline(control: SendControl) -> list[Line]:
    """One indexed query; that the books were closed stands in the row alone."""
    events = _events(control).select_related("by").order_by("-at", "-id")[:SHOWN_EVENTS]
    lines = [
        Line(event.at, str(event.by) if event.by else "", _sentence(event), _detail(event.detail))
        for event in events
    ]
    if control.books_closed_at is not None:
        lines.append(
            Line(control.books_closed_at, "", _("Books closed: they balance and everything is decided"), "")
        )
    return sorted(lines, key=lambda line: line.at, reverse=True)


def again_of(control: SendControl) -> int:
    """How many people it went on for after it had finished; 0 where it never went on. One query."""
    told = _events(control).filter(kind__in=[REOPENED, *AGAIN]).order_by("at", "id")
    reopened, people = False, 0
    for kind, detail in told.values_list("kind", "detail"):
        if kind == REOPENED:
            reopened, people = True, 0
        elif reopened:
            people += int(detail["people"])
    return people


def _events(control: SendControl) -> QuerySet[Event]:
    rows: QuerySet[Event] = Event.objects.for_merchant(control.merchant).filter(
        subject_kind=SendControl._meta.model_name, subject_id=control.pk
    )
    return rows


def _sentence(event: Event) -> str:
    if event.kind == "send.milestone":
        return _("%(percent)s%% have an outcome") % {"percent": event.detail["percent"]}
    return sentence_of(event)


def _detail(detail: dict[str, Any]) -> str:
    parts = []
    if detail.get("settled") is not None:
        n = int(detail["settled"])
        parts.append(ngettext("%(n)s person", "%(n)s people", n) % {"n": f"{n:,}"})
    if detail.get("people") is not None:
        n = int(detail["people"])
        parts.append(ngettext("%(n)s person", "%(n)s people", n) % {"n": f"{n:,}"})
    if detail.get("frozen") is not None:
        n = int(detail["frozen"])
        words = ngettext("%(n)s person frozen", "%(n)s people frozen", n)
        parts.append(words % {"n": f"{n:,}"})
    if detail.get("left") is not None:
        parts.append(_("%(left)s not sent yet") % {"left": f"{int(detail['left']):,}"})
    if detail.get("not_after"):
        parts.append(f"{timezone.localtime(datetime.fromisoformat(detail['not_after'])):%Y-%m-%d %H:%M}")
    if "before" in detail and "after" in detail:
        no_limit = _("no limit of its own")
        before, after = (detail[name] or no_limit for name in ("before", "after"))
        parts.append(f"{before} → {after}")
    if evidence := Evidence.of_text(str(detail.get("detail", ""))):
        parts.append(evidence_words(detail.get("reason", ""), evidence))
    if detail.get("cause") in CAUSES:
        parts.append(str(CAUSES[detail["cause"]].title))
    if detail.get("why"):
        parts.append(str(detail["why"]))
    return " · ".join(parts)
