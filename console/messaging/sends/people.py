"""The people of a send: filtered, page by page, ids masked until somebody asks to see them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer
from console.lists import keyset_page
from console.messaging.sends.forms import PeopleFilters
from console.messaging.sends.lookup import not_done, send_of
from console.messaging.sends.words import reason_words
from console.saved_views import places
from console.saved_views.tabs import tabs_of
from console.states import DELIVERY
from membership.uploads import safe_against_formulas
from messaging import reports
from messaging.models import BatchSend, Delivery
from messaging.reports import SendFigures
from messaging.sends import people

PER_PAGE = 50
MASKED = "****"
PAGE, PARTIAL = "messaging/sends/people.html", "messaging/sends/_people.html"
HEAD = (
    "delivery",
    "open_id",
    "state",
    "status",
    "reason",
    "why",
    "attempt",
    "sent_at",
    "recorded_at",
    "duration_ms",
    "decision",
    "decided_at",
    "visited_at",
)
FILTERS = ("state", "reason", "open_id", "decision", "visited")


@require_safe
@merchant_page("deliveries.view")
def send_deliveries(request: MerchantRequest, send_id: int) -> HttpResponse:
    return _page(request, send_of(request, send_id), reveal=False)


@require_POST
@merchant_page("people.reveal")
def send_reveal(request: MerchantRequest, send_id: int) -> HttpResponse:
    """The same page of the same filter with whole ids; asking for it is an event."""
    response = _page(request, send_of(request, send_id), reveal=True)
    response["Cache-Control"] = "no-store"
    return response


def _page(request: MerchantRequest, batch: BatchSend, *, reveal: bool) -> HttpResponse:
    figures = reports.send_figures(batch.control, at=timezone.now())
    reasons = reasons_of(figures)
    filters = PeopleFilters(reasons, request.GET)
    rows = _rows(batch, filters)

    def count(query: str) -> int | None:
        return _found(figures, PeopleFilters(reasons, QueryDict(query)))

    keyset = keyset_page(request, rows, per_page=PER_PAGE)
    if reveal:
        people.reveal(batch.control, people=len(keyset.rows), by=request.user)
    context = {
        "batch": batch,
        "figures": figures,
        "filters": filters,
        "views": tabs_of(request, places.people(batch), filters, count=count),
        "found": _found(figures, filters),
        "keyset": keyset,
        "rows": _lines_of(keyset.rows),
        "is_revealed": reveal,
        "query": request.GET.urlencode(),
        "first_query": _without_page(request.GET),
        "at": timezone.now(),
    }
    return answer(request, PAGE, PARTIAL, context)


def _without_page(given: QueryDict) -> str:
    query = given.copy()
    query.pop("before", None)
    return str(query.urlencode())


@dataclass(frozen=True)
class Line:
    """One person: `why` in words, `decision` a word of console.states, `visited_at` as far as reported."""

    row: Delivery
    why: str
    decision: str
    visited_at: datetime | None


def _lines_of(rows: list[Delivery]) -> list[Line]:
    visits, again = reports.visits_of(rows), reports.sent_again(rows)
    return [
        Line(
            row,
            reason_words(row.state, row.reason),
            row.decision or ("sent_again" if row.id in again else ""),
            visits.get(row.id),
        )
        for row in rows
    ]


def _rows(batch: BatchSend, filters: PeopleFilters) -> Any:
    wanted = filters.applied
    return reports.deliveries(batch.control, **{name: wanted.get(name, "") for name in FILTERS})


def reasons_of(figures: SendFigures) -> list[tuple[str, str]]:
    groups = {
        "refused": figures.refused_rows,
        "unknown": figures.unknown_rows,
        "skipped": figures.skipped_rows,
    }
    return [(row.reason, reason_words(state, row.reason)) for state, rows in groups.items() for row in rows]


def _found(figures: SendFigures, filters: PeopleFilters) -> int | None:
    """From the counters; None where only the rows could tell."""
    wanted = filters.applied
    if {"open_id", "visited", "decision"} & wanted.keys():
        return _found_alone(figures, wanted)
    if "reason" in wanted:
        groups = {
            "refused": figures.refused_rows,
            "unknown": figures.unknown_rows,
            "skipped": figures.skipped_rows,
        }
        states = [wanted["state"]] if "state" in wanted else list(groups)
        return sum(row.n for name in states for row in groups.get(name, []) if row.reason == wanted["reason"])
    return getattr(figures, wanted["state"]) if "state" in wanted else figures.frozen


def _found_alone(figures: SendFigures, wanted: dict[str, Any]) -> int | None:
    """Counters know decisions and visits of the whole send, not of a part of it."""
    known = {
        ("decision", "undecided"): figures.undecided,
        ("decision", "treated_as_sent"): figures.decided,
        ("visited", "yes"): figures.visits,
    }
    return known.get(next(iter(wanted.items()))) if len(wanted) == 1 else None


@require_safe
@merchant_page("deliveries.export")  # type: ignore[arg-type]  # the guard passes any response through
def send_export(request: MerchantRequest, send_id: int) -> StreamingHttpResponse | HttpResponse:
    """All rows of the filter. What it needs of language and zone is taken now: it runs after the view.

    Who may not see people gets no part of an id; `delivery` still tells two rows apart.
    """
    batch = send_of(request, send_id)
    if batch.control.archived_at is not None:
        return not_done(
            request, batch, _("The people of this send are in the archive. Nothing was exported.")
        )
    figures = reports.send_figures(batch.control, at=timezone.now())
    filters = PeopleFilters(reasons_of(figures), request.GET)
    chunks = people.export(batch.control, rows=_rows(batch, filters), by=request.user, filters=_told(filters))
    lines = _text(
        chunks,
        language=translation.get_language() or "en",
        zone=ZoneInfo(batch.merchant.time_zone),
        is_masked=not request.staff.can("people.reveal"),
    )
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="send-{batch.pk}-people.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _told(filters: PeopleFilters) -> dict[str, Any]:
    """For the event: which rows, without the id that was searched for."""
    return {name: value for name, value in filters.applied.items() if name != "open_id"}


class Echo:
    """A file that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _text(
    chunks: Iterator[list[Delivery]],
    *,
    language: str,
    zone: ZoneInfo,
    is_masked: bool,
) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(HEAD)
    for chunk in chunks:
        with translation.override(language):
            lines = _lines_of(chunk)
            text = "".join(writer.writerow(_cells(line, zone, is_masked=is_masked)) for line in lines)
        yield text


def _cells(line: Line, zone: ZoneInfo, *, is_masked: bool) -> list[str]:
    row = line.row
    sent_at, recorded_at, decided_at, visited_at = (
        f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""
        for moment in (row.sent_at, row.recorded_at, row.decided_at, line.visited_at)
    )
    open_id = row.customer.open_id or ""
    cells = [
        str(row.id),
        MASKED if open_id and is_masked else open_id,
        "queued" if row.state == "claimed" else row.state,
        str(DELIVERY[row.state].word),
        row.reason,
        line.why,
        str(row.attempt),
        sent_at,
        recorded_at,
        "" if row.duration_ms is None else f"{row.duration_ms:.0f}",
        line.decision,
        decided_at,
        visited_at,
    ]
    return [safe_against_formulas(cell) for cell in cells]
