"""The log as pages of lines: bounded by a key of time and number, never counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from console.audit.sentences import details_of, sentence_of, subject_of
from merchants.models import Event

PER_PAGE = 50
KEY = re.compile(r"(\d{1,17})-(\d{1,18})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    event: Event
    sentence: str
    subject: str
    details: list[tuple[str, Any]]


@dataclass(frozen=True)
class LogPage:
    """Shaped like console.lists.KeysetPage, so that console/_pagination.html takes it too."""

    lines: list[Line]
    next_before: str | None
    is_first: bool


def log_page(rows: QuerySet[Event], *, before: str) -> LogPage:
    """Newest first; `before` is `<microseconds>-<id>` of the last line shown, or empty."""
    key = KEY.fullmatch(before)
    if key:
        at = EPOCH + timedelta(microseconds=int(key[1]))
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=int(key[2])), at__lte=at)
    found = list(rows.select_related("by", "mini_program").order_by("-at", "-id")[: PER_PAGE + 1])
    shown, more = found[:PER_PAGE], len(found) > PER_PAGE
    return LogPage(
        [Line(event, sentence_of(event), subject_of(event), details_of(event)) for event in shown],
        key_of(shown[-1]) if more else None,
        is_first=key is None,
    )


def key_of(event: Event) -> str:
    return f"{(event.at - EPOCH) // timedelta(microseconds=1)}-{event.id}"
