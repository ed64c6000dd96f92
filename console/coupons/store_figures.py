"""Figures of coupons by store: uses, money and orders, and uses outside the stores a coupon is for."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.coupons.figures import FiguresWithoutSource, csv_answer, yuan
from console.recall.filters import RANGES
from coupons import store_reports
from coupons.store_reports import Pair, Uses
from coupons.terms import beijing_day

HEAD = (
    *("part", "store", "coupon_key", "coupon", "uses", "returned", "used", "orders"),
    *("given_yuan", "bills_yuan", "used_outside_scope"),
)


@require_safe
@merchant_page("coupons.view")
def coupon_store_figures(request: MerchantRequest) -> HttpResponse:
    at = timezone.now()
    filters = FiguresWithoutSource(request.GET, merchant=request.merchant, today=beijing_day(at))
    figures = store_reports.figures_of(request.merchant, filters.wanted)
    export = reverse("coupon_store_figures_export", args=[request.merchant.slug])
    context = {
        "filters": filters,
        "ranges": RANGES,
        "figures": figures,
        "export_url": f"{export}?{filters.query}" if figures.stores else "",
        "at": at,
    }
    return render(request, "coupons/figures_stores.html", context)


@require_safe
@merchant_page("coupons.view")
def coupon_store_figures_export(request: MerchantRequest) -> HttpResponse:
    """What the page shows, one part after the other."""
    today = beijing_day(timezone.now())
    filters = FiguresWithoutSource(request.GET, merchant=request.merchant, today=today)
    figures = store_reports.figures_of(request.merchant, filters.wanted)
    lines = [
        *(("store", one.name, "", "", *_cells(one.uses, one.outside)) for one in figures.stores),
        *(
            ("store_coupon", one.store, one.coupon_id, one.coupon, *_cells(one.uses, _outside(one)))
            for one in figures.pairs
        ),
        ("all", "", "", "", *_cells(figures.all, figures.outside)),
    ]
    return csv_answer("coupon-figures-by-store", HEAD, lines)


def _outside(pair: Pair) -> int:
    return pair.uses.used if pair.is_outside else 0


def _cells(uses: Uses, outside: int) -> tuple[object, ...]:
    money = (yuan(uses.saved_fen), yuan(uses.order_fen))
    return (uses.redemptions, uses.reverted, uses.used, uses.bills, *money, outside)
