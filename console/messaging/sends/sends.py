"""The list of batch sends, and one line of it that keeps itself current."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, poll_seconds, redirect, wants_partial
from console.lists import SIZES, Sort, numbered_page, page_size, sorting
from console.messaging.sends.forms import SendFilters
from console.messaging.sends.people import Echo
from console.messaging.sends.rows import Row, row_of
from console.saved_views import places
from console.saved_views.tabs import tabs_of
from console.states import send_word
from membership.uploads import safe_against_formulas
from merchants.numbers import is_number
from messaging import reports
from messaging.models import BatchSend

EXPORT_CHUNK = 200
MOST_TICKED = 500
HEAD = (
    "number",
    "name",
    "state",
    "status",
    "template",
    "audience",
    "author",
    "sent_at",
    "people",
    "accepted",
    "refused",
    "unknown",
    "visits",
)
SORTS = {"due": "control__due_at", "name": "name", "people": "control__frozen_total"}


def order(sort: Sort) -> list[Any]:
    """What has no time or no figure yet stands with the greatest: a draft is still ahead."""
    if sort.name == "name":
        return list(sort.order)
    by = F(SORTS[sort.name])
    first = by.desc(nulls_first=True) if sort.key.startswith("-") else by.asc(nulls_last=True)
    return [first, "-created_at", "-id"]


def may_tick(request: MerchantRequest) -> bool:
    return request.staff.can("sends.compose") or request.staff.can("sends.brake")


@require_safe
@merchant_page("sends.view")
def sends_page(request: MerchantRequest) -> HttpResponse:
    """By due time unless asked otherwise: drafts first, then the future on top."""
    at = timezone.now()
    filters = SendFilters(request.merchant, request.GET)
    found = filters.narrow(reports.send_list(request.merchant))
    sort = sorting(request, SORTS, default="-due")
    page = numbered_page(request, found.order_by(*order(sort)), per_page=page_size(request))

    def count(query: str) -> int:
        rows = BatchSend.objects.for_merchant(request.merchant).filter(test_of=None)
        return SendFilters(request.merchant, QueryDict(query)).narrow(rows).count() if query else rows.count()

    rows = [row_of(batch, staff=request.staff, at=at) for batch in page]
    context = {
        "filters": filters,
        "views": tabs_of(request, places.sends(request.merchant), filters, count=count),
        "sort": sort,
        "page": page,
        "sizes": SIZES,
        "query": filters.query,
        "rows": [(row, poll_seconds(row.batch.control.started_at, at=at), uuid.uuid4()) for row in rows],
        "has_live": any(row.polls for row in rows),
        "may_tick": may_tick(request),
        "at": at,
    }
    return answer(request, "messaging/sends/list.html", "messaging/sends/_table.html", context)


@require_safe
@merchant_page("sends.view")  # type: ignore[arg-type]  # the guard passes any response through
def sends_export(request: MerchantRequest) -> StreamingHttpResponse:
    """What was ticked, else every send of the filter, with its figures; no personal data but the author's."""
    at = timezone.now()
    found = chosen_rows(request)
    ids = list(found.order_by("-id").values_list("pk", flat=True))
    language, zone = translation.get_language() or "en", ZoneInfo(request.merchant.time_zone)

    def lines() -> Iterator[str]:
        writer = csv.writer(Echo())
        yield "\ufeff" + writer.writerow(HEAD)
        for first in range(0, len(ids), EXPORT_CHUNK):
            chunk = reports.send_list(request.merchant).filter(pk__in=ids[first : first + EXPORT_CHUNK])
            rows = [row_of(batch, staff=request.staff, at=at) for batch in chunk.order_by("-id")]
            with translation.override(language):
                text = "".join(writer.writerow(cells(row, zone)) for row in rows)
            yield text

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="sends.csv"'
    response["Cache-Control"] = "no-store"
    return response


def chosen_rows(request: MerchantRequest) -> QuerySet[BatchSend]:
    """`filter` holds the filter where the form of ticked rows asks; "all" says all of it, not the ticked."""
    rows: QuerySet[BatchSend] = reports.send_list(request.merchant)
    ticked = [int(one) for one in request.GET.getlist("send") if is_number(one)]
    if ticked and "all" not in request.GET:
        return rows.filter(pk__in=ticked[:MOST_TICKED])
    kept = request.GET.get("filter")
    return SendFilters(request.merchant, request.GET if kept is None else QueryDict(kept)).narrow(rows)


def cells(row: Row, zone: ZoneInfo) -> list[str]:
    batch, control = row.batch, row.batch.control
    due = f"{control.due_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if control.due_at else ""
    figures = (row.accepted, row.refused, row.unknown, row.visits) if control.books_month else ("",) * 4
    values = [
        batch.pk,
        batch.name,
        control.state,
        send_word(control.state, control.pause_reason).word,
        batch.template.name if batch.template else "",
        batch.people_list.name if batch.people_list else "",
        batch.author,
        due,
        "" if row.people is None else row.people,
        *figures,
    ]
    return [safe_against_formulas(str(value)) for value in values]


@require_safe
@merchant_page("sends.view")
def send_row(request: MerchantRequest, send_id: int) -> HttpResponse:
    """Only a line of the list; whoever comes here without script wants the page."""
    batch = get_object_or_404(reports.send_list(request.merchant), pk=send_id)
    if not wants_partial(request):
        return redirect(request, "send", request.merchant.slug, batch.pk)
    at = timezone.now()
    context = {
        "row": row_of(batch, staff=request.staff, at=at),
        "pace": poll_seconds(batch.control.started_at, at=at),
        "form_token": uuid.uuid4(),
        "may_tick": may_tick(request),
        "at": at,
    }
    return answer(request, "messaging/sends/_row.html", "messaging/sends/_row.html", context)
