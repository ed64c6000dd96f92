"""The books of coupons: three sides of each, and the list of what differs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.coupons.difference_forms import DifferenceFilters
from console.coupons.difference_words import in_a_line, state_of, title_of
from console.coupons.lookup import coupon_of
from console.htmx import redirect, toast
from console.lists import keyset_page, numbered_page
from console.states import DIFFERENCE
from coupons import book_reports, reconciling
from coupons.models import CouponDifference
from membership.uploads import safe_against_formulas

PER_PAGE, BOOKS_PER_PAGE = 50, 20
EXPORT_CHUNK = 500
MASKED = "****"
HEAD = (
    *("difference", "coupon", "activity_id", "kind", "what_differs", "open_id", "ours", "theirs"),
    *("found_at", "last_seen_at", "state", "status", "settled_at", "settled_by", "reason"),
)


@require_safe
@merchant_page("coupons.view")
def coupon_books(request: MerchantRequest) -> HttpResponse:
    rows = book_reports.coupons_of(request.merchant).filter(mini_program=request.mini_program)
    page = numbered_page(request, rows, per_page=BOOKS_PER_PAGE)
    context = {
        "page": page,
        "books": book_reports.books_of(list(page.object_list)),
        "open": book_reports.open_differences(request.merchant),
        "at": timezone.now(),
    }
    return render(request, "coupons/books.html", context)


@require_POST
@merchant_page("coupons.reconcile")
def coupon_check(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    if reconciling.start(coupon, by=request.user) is not None:
        toast(request, _("Looking. People are asked about one by one; what differs appears below."))
    else:
        toast(request, _("A look is under way already, or the platform does not know this coupon."))
    return redirect(request, "coupon_books", merchant=request.merchant.slug)


@require_safe
@merchant_page("coupons.view")
def coupon_differences(request: MerchantRequest) -> HttpResponse:
    filters = DifferenceFilters(request.GET, merchant=request.merchant)
    rows = book_reports.differences_of(request.merchant, filters.wanted)
    keyset = keyset_page(request, rows, per_page=PER_PAGE)
    export = reverse("coupon_differences_export", args=[request.merchant.slug])
    context: dict[str, Any] = {
        "filters": filters,
        "keyset": keyset,
        "rows": [(one, title_of(one), in_a_line(one), state_of(one)) for one in keyset.rows],
        "export_url": f"{export}?{filters.query}" if keyset.rows else "",
    }
    return render(request, "coupons/differences.html", context)


@require_safe
@merchant_page("coupons.view")  # type: ignore[arg-type]  # the guard passes any response through
def coupon_differences_export(request: MerchantRequest) -> StreamingHttpResponse:
    """Those of the filter, newest first; ids only for whoever may see them."""
    filters = DifferenceFilters(request.GET, merchant=request.merchant)
    rows = book_reports.differences_of(request.merchant, filters.wanted).order_by("-pk")
    language, zone = translation.get_language() or "en", ZoneInfo(request.merchant.time_zone)
    reveals = request.staff.can("people.reveal")

    def lines() -> Iterator[str]:
        yield "\ufeff" + _line(HEAD)
        for one in rows.iterator(chunk_size=EXPORT_CHUNK):
            with translation.override(language):
                text = _line(_cells(one, zone, reveals=reveals))
            yield text

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="coupon-differences.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _line(values: Any) -> str:
    text = StringIO()
    csv.writer(text).writerow([safe_against_formulas(str(value)) for value in values])
    return text.getvalue()


def _cells(one: CouponDifference, zone: ZoneInfo, *, reveals: bool) -> list[object]:
    open_id = (one.customer.open_id or "") if one.customer else ""
    return [
        one.pk,
        one.coupon.name,
        one.coupon.activity_id,
        one.kind,
        title_of(one),
        open_id if reveals or not open_id else MASKED,
        _told(one.ours),
        _told(one.theirs),
        _moment(one.found_at, zone),
        _moment(one.seen_at, zone),
        state_of(one),
        DIFFERENCE[state_of(one)].word,
        _moment(one.settled_at, zone),
        one.settled_by or "",
        one.reason,
    ]


def _told(side: dict[str, Any]) -> str:
    return "; ".join(f"{name} {value}" for name, value in side.items())


def _moment(value: Any, zone: ZoneInfo) -> str:
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}" if value else ""
