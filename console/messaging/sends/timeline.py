"""What happened to a send, newest first, each line with its number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.audit.sentences import sentence_of
from merchants.models import Event
from messaging.models import SendControl

SHOWN_EVENTS = 30


@dataclass(frozen=True)
class Line:
    at: datetime
    who: str
    sentence: str
    detail: str


def timeline(control: SendControl) -> list[Line]:
    """One indexed query."""
    rows = Event.objects.for_merchant(control.merchant).filter(
        subject_kind=SendControl._meta.model_name, subject_id=control.pk
    )
    events = rows.select_related("by").order_by("-at", "-id")[:SHOWN_EVENTS]
    return [
        Line(event.at, str(event.by) if event.by else "", sentence_of(event), _detail(event.detail))
        for event in events
    ]


def _detail(detail: dict[str, Any]) -> str:
    parts = []
    if detail.get("people") is not None:
        n = int(detail["people"])
        parts.append(ngettext("%(n)s person", "%(n)s people", n) % {"n": f"{n:,}"})
    if detail.get("frozen") is not None:
        n = int(detail["frozen"])
        words = ngettext("%(n)s person frozen", "%(n)s people frozen", n)
        parts.append(words % {"n": f"{n:,}"})
    if "before" in detail and "after" in detail:
        no_limit = _("no limit of its own")
        before, after = (detail[name] or no_limit for name in ("before", "after"))
        parts.append(f"{before} → {after}")
    if detail.get("why"):
        parts.append(str(detail["why"]))
    return " · ".join(parts)
