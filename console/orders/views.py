"""The orders as a list and as a CSV, and one order with its diagnosis."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page, show_mini_program
from console.lists import PER_PAGE, KeysetPage
from console.messaging.sends.people import Echo
from console.orders.forms import OrderFilters
from console.orders.order_page import page_of
from console.orders.rows import HEAD, rows_of
from console.saved_views import places
from console.saved_views.tabs import tabs_of
from merchants.numbers import is_number
from orders import reports
from orders.models import Order

EXPORT_CHUNK = 200
MOST_EXPORTED = 50_000  # rows; more than that is asked for by days


@require_safe
@merchant_page("orders.view")
def orders(request: MerchantRequest) -> HttpResponse:
    at = timezone.now()
    filters = OrderFilters(request.GET)
    keyset = _page(request, filters, at)
    context = {
        "filters": filters,
        "views": tabs_of(request, places.orders(request.merchant), filters, count=lambda _query: None),
        "keyset": keyset,
        "rows": rows_of(keyset.rows, reports.changes_of(keyset.rows)),
        "looks_back": reports.LOOKS_BACK_DAYS if filters.wanted.looks_back else 0,
        "query": filters.query,
    }
    return render(request, "orders/list.html", context)


def _page(request: MerchantRequest, filters: OrderFilters, at: Any) -> KeysetPage:
    """By the time of the order, and never counted: `before` names the last row of the page before."""
    if request.mini_program is None:
        return KeysetPage([], None, is_first=True)
    before = request.GET.get("before", "")
    known = Order.objects.for_merchant(request.merchant).filter(mini_program=request.mini_program)
    last = known.filter(pk=int(before)).first() if is_number(before) else None
    rows = reports.after(reports.order_list(request.mini_program, filters.wanted, at=at), last)
    found = list(rows[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    return KeysetPage(found[:PER_PAGE], found[PER_PAGE - 1].pk if more else None, last is None)


@require_safe
@merchant_page("orders.view")  # type: ignore[arg-type]  # the guard passes any response through
def orders_export(request: MerchantRequest) -> StreamingHttpResponse:
    """Every order of the filter, the newest MOST_EXPORTED at most; people are our own numbers only."""
    at, app = timezone.now(), request.mini_program
    wanted = OrderFilters(request.GET).wanted
    none = Order.objects.for_merchant(request.merchant).none()
    found = reports.order_list(app, wanted, at=at) if app else none
    language, zone = translation.get_language() or "en", ZoneInfo(request.merchant.time_zone)

    def lines() -> Iterator[str]:
        writer = csv.writer(Echo())
        yield "\ufeff" + writer.writerow(HEAD)
        last: Order | None = None
        for _chunk in range(MOST_EXPORTED // EXPORT_CHUNK):
            chunk = list(reports.after(found, last)[:EXPORT_CHUNK])
            with translation.override(language):
                rows = rows_of(chunk, reports.changes_of(chunk))
                yield "".join(writer.writerow(row.cells(zone)) for row in rows)
            if len(chunk) < EXPORT_CHUNK:
                return
            last = chunk[-1]

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="orders.csv"'
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@merchant_page("orders.view")
def order(request: MerchantRequest, order_id: int) -> HttpResponse:
    """`?change=` chooses the status that is explained; without it the newest trouble is."""
    found: Order = get_object_or_404(reports.of_merchant(request.merchant), pk=order_id)
    show_mini_program(request, found.mini_program)
    context = page_of(found, request.GET.get("change", ""))
    return render(request, "orders/order.html", context)
