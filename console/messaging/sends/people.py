"""The people of a send: filtered, page by page, ids masked until somebody asks to see them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer
from console.lists import keyset_page
from console.messaging.sends.forms import PeopleFilters
from console.messaging.sends.lookup import send_of
from console.messaging.sends.words import reason_words
from console.states import DELIVERY
from membership.uploads import safe_against_formulas
from messaging import reports
from messaging.models import BatchSend, Delivery
from messaging.reports import SendFigures
from messaging.sends import people

PER_PAGE = 50
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
)


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
    filters = PeopleFilters(reasons_of(figures), request.GET)
    rows = _rows(batch, filters)
    keyset = keyset_page(request, rows, per_page=PER_PAGE)
    if reveal:
        people.reveal(batch.control, people=len(keyset.rows), by=request.user)
    context = {
        "batch": batch,
        "figures": figures,
        "filters": filters,
        "found": _found(figures, filters),
        "keyset": keyset,
        "rows": [(row, reason_words(row.state, row.reason)) for row in keyset.rows],
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


def _rows(batch: BatchSend, filters: PeopleFilters) -> Any:
    wanted = filters.applied
    return reports.deliveries(
        batch.control,
        state=wanted.get("state", ""),
        reason=wanted.get("reason", ""),
        open_id=wanted.get("open_id", ""),
    )


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
    if "open_id" in wanted:
        return None
    if "reason" in wanted:
        groups = {
            "refused": figures.refused_rows,
            "unknown": figures.unknown_rows,
            "skipped": figures.skipped_rows,
        }
        states = [wanted["state"]] if "state" in wanted else list(groups)
        return sum(row.n for name in states for row in groups.get(name, []) if row.reason == wanted["reason"])
    return getattr(figures, wanted["state"]) if "state" in wanted else figures.frozen


@require_safe
@merchant_page("deliveries.export")  # type: ignore[arg-type]  # the guard passes any response through
def send_export(request: MerchantRequest, send_id: int) -> StreamingHttpResponse:
    """All rows of the filter. What it needs of language and zone is taken now: it runs after the view."""
    batch = send_of(request, send_id)
    figures = reports.send_figures(batch.control, at=timezone.now())
    filters = PeopleFilters(reasons_of(figures), request.GET)
    chunks = people.export(batch.control, rows=_rows(batch, filters), by=request.user, filters=_told(filters))
    lines = _lines(
        chunks, language=translation.get_language() or "en", zone=ZoneInfo(batch.merchant.time_zone)
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


def _lines(chunks: Iterator[list[Delivery]], *, language: str, zone: ZoneInfo) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(HEAD)
    for chunk in chunks:
        with translation.override(language):
            text = "".join(writer.writerow(_cells(row, zone)) for row in chunk)
        yield text


def _cells(row: Delivery, zone: ZoneInfo) -> list[str]:
    times = [
        f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""
        for moment in (row.sent_at, row.recorded_at)
    ]
    cells = [
        str(row.id),
        row.customer.open_id or "",
        "queued" if row.state == "claimed" else row.state,
        str(DELIVERY[row.state].word),
        row.reason,
        reason_words(row.state, row.reason),
        str(row.attempt),
        *times,
        "" if row.duration_ms is None else f"{row.duration_ms:.0f}",
        row.decision,
    ]
    return [safe_against_formulas(cell) for cell in cells]
