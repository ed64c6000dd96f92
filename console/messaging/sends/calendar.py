"""Sends by day, a month or a week at a time, and which of those to come get in each other's way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import (
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Greatest
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.messaging.sends.forms import start_of
from console.messaging.sends.words import zone_words
from messaging import reports
from messaging.models import BatchSend, SendState

MOST = 500  # sends in one view
SHOWN_IN_MONTH = 4
CLOSE = timedelta(hours=1)
AHEAD = (SendState.SCHEDULED, SendState.PREPARING, SendState.READY, SendState.SENDING, SendState.PAUSED)
MONTH = re.compile(r"(\d{4})-(\d{2})")
WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True)
class Entry:
    """`warnings`: sentences, one for each other send that is in the way."""

    batch: BatchSend
    people: int | None
    warnings: list[str]


@dataclass
class Day:
    day: date
    is_outside: bool
    is_today: bool
    entries: list[Entry] = field(default_factory=list)
    shown: int | None = None

    @property
    def shown_entries(self) -> list[Entry]:
        return self.entries[: self.shown]

    @property
    def hidden(self) -> int:
        return len(self.entries) - len(self.shown_entries)


@dataclass(frozen=True)
class Span:
    """`first` … `last` are whole weeks; `middle` names the month or week; the others are query strings."""

    kind: str
    first: date
    last: date
    middle: date
    before: str
    after: str
    other: str
    now: str


@require_safe
@merchant_page("sends.view")
def sends_calendar(request: MerchantRequest) -> HttpResponse:
    at = timezone.now()
    today = timezone.localtime(at).date()
    span = span_of(request.GET.get("month", ""), request.GET.get("week", ""), today=today)
    rows = reports.send_list(request.merchant).select_related("mini_program").prefetch_related(None)
    rows = rows.exclude(control__state=SendState.DRAFT).order_by("control__due_at", "id")
    first, end = start_of(span.first), start_of(span.last + timedelta(days=1))
    found = list(rows.filter(control__due_at__gte=first, control__due_at__lt=end)[:MOST])
    days = days_of(span, found, clashes(_with_neighbours(rows, found, first, end)), today=today)
    context = {
        "span": span,
        "zone": zone_words(request.merchant.time_zone),
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)],
        "clashing": sum(bool(entry.warnings) for day in days for entry in day.entries),
        "count": len(found),
        "is_cut": len(found) == MOST,
        "most": MOST,
        "at": at,
    }
    return render(request, "messaging/sends/calendar.html", context)


def span_of(month: str, week: str, *, today: date) -> Span:
    """What cannot be read shows the present month."""
    asked = _monday(week)
    if asked:
        return Span(
            "week",
            asked,
            asked + timedelta(days=6),
            asked,
            before=_week(asked - timedelta(days=7)),
            after=_week(asked + timedelta(days=7)),
            other=_month(asked + timedelta(days=3)),
            now=_week(today),
        )
    first = _first(month) or today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    last = following - timedelta(days=1)
    inside = today if first <= today <= last else first
    return Span(
        "month",
        first - timedelta(days=first.weekday()),
        last + timedelta(days=6 - last.weekday()),
        first,
        before=_month(first - timedelta(days=1)),
        after=_month(following),
        other=_week(inside),
        now=_month(today),
    )


def _first(text: str) -> date | None:
    found = MONTH.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), 1) if found and 2000 <= int(found[1]) <= 2100 else None
    except ValueError:
        return None


def _monday(text: str) -> date | None:
    found = WEEK.fullmatch(text)
    try:
        is_near = found is not None and 2000 <= int(found[1]) <= 2100
        return date.fromisocalendar(int(found[1]), int(found[2]), 1) if found and is_near else None
    except ValueError:
        return None


def _month(day: date) -> str:
    return f"month={day:%Y-%m}"


def _week(day: date) -> str:
    year, week, _day = day.isocalendar()
    return f"week={year}-W{week:02}"


def _with_neighbours(
    rows: QuerySet[BatchSend], found: list[BatchSend], first: datetime, end: datetime
) -> list[BatchSend]:
    """What is shown, in due order, between the sends outside of it that may be in its way.

    Before it those that are close or still run when it begins, after it those that are close or start before
    the last one shown is through.
    """
    ahead = rows.filter(control__state__in=AHEAD)
    near = Q(control__due_at__gte=first - CLOSE) | Q(done_at__gt=first)
    before = ahead.annotate(done_at=_done_at()).filter(near, control__due_at__lt=first)
    busy = [_due(batch) + _lasts(batch) for batch in found if batch.control.state in AHEAD]
    until = max([end + CLOSE, *busy])
    after = ahead.filter(control__due_at__gte=end, control__due_at__lt=until)
    return [*before[:MOST], *found, *after[:MOST]]


def _done_at() -> Combinable:
    """As _lasts(), for the database."""
    people = Coalesce("people_list__count", 0, output_field=FloatField())
    rate = Greatest(Coalesce("control__rate_per_second", "mini_program__rate_per_second"), 1)
    seconds = ExpressionWrapper(people / Cast(rate, FloatField()), FloatField())
    lasts = ExpressionWrapper(seconds * Value(timedelta(seconds=1)), DurationField())
    return ExpressionWrapper(F("control__due_at") + lasts, DateTimeField())


def days_of(
    span: Span, found: list[BatchSend], warnings: Mapping[int, list[str]], *, today: date
) -> list[Day]:
    """`warnings`: by send, as clashes() tells them."""
    count = (span.last - span.first).days + 1
    days = {
        day: Day(
            day,
            is_outside=span.kind == "month" and day.month != span.middle.month,
            is_today=day == today,
            shown=SHOWN_IN_MONTH if span.kind == "month" else None,
        )
        for day in (span.first + timedelta(days=n) for n in range(count))
    }
    for batch in found:
        people = batch.control.frozen_total
        if people is None and batch.people_list is not None:
            people = batch.people_list.count
        day = timezone.localtime(_due(batch)).date()
        days[day].entries.append(Entry(batch, people, warnings.get(batch.pk, [])))
    return list(days.values())


def clashes(found: list[BatchSend]) -> defaultdict[int, list[str]]:
    """By send: what is in its way. Only sends that still go out; `found` in due order.

    Two sends clash when they use the same template or list within an hour, or when one mini program would
    still be busy with the first: its people at the mini program's rate.
    """
    told: defaultdict[int, list[str]] = defaultdict(list)
    ahead = [batch for batch in found if batch.control.state in AHEAD]
    for position, first in enumerate(ahead):
        for second in ahead[position + 1 :]:
            apart = _due(second) - _due(first)
            if apart > max(CLOSE, _lasts(first)):
                break
            for one, other in ((first, second), (second, first)):
                sentence = _sentence(first, second, apart)
                if sentence:
                    told[one.pk].append(sentence % {"name": other.name or _("Without a name")})
    return told


def _sentence(first: BatchSend, second: BatchSend, apart: timedelta) -> str:
    if apart <= CLOSE and first.people_list_id and first.people_list_id == second.people_list_id:
        return _("Within an hour of “%(name)s”, to the same audience.")
    if apart <= CLOSE and first.template_id == second.template_id:
        return _("Within an hour of “%(name)s”, with the same template.")
    if first.mini_program_id == second.mini_program_id and apart < _lasts(first):
        return _("Overlaps with “%(name)s”: one mini program sends both, so each takes longer.")
    return ""


def _due(batch: BatchSend) -> datetime:
    if batch.control.due_at is None:
        raise ValueError(f"send {batch.pk} has no time, so it has no day")
    return batch.control.due_at


def _lasts(batch: BatchSend) -> timedelta:
    people = batch.people_list.count if batch.people_list else 0
    rate = batch.control.rate_per_second or batch.mini_program.rate_per_second
    return timedelta(seconds=people / max(rate, 1))
