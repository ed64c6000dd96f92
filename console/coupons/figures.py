"""Figures of coupons: claimed, used, what it cost and what was bought, by day, coupon and way in."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.recall.filters import RANGES, RecallFilters
from console.recall.words import short_day
from coupons import book_reports, figure_reports
from coupons.figure_reports import CouponFigures, Sums, Wanted
from coupons.models.grant import Source
from coupons.terms import beijing_day
from membership.uploads import safe_against_formulas

MOST_OFFERED = 200  # coupons in the menu
HEAD = (
    *("part", "key", "name", "claimed", "uses", "returned", "used", "use_rate", "expired", "invalidated"),
    *("days_to_use", "given_yuan", "bills_yuan", "bills_per_yuan"),
)


class CouponFigureFilters(RecallFilters):
    coupon = forms.TypedChoiceField(label=gettext_lazy("Coupon"), coerce=int, empty_value=None)
    source = forms.ChoiceField(
        label=gettext_lazy("Way in"), choices=[("", gettext_lazy("All")), *Source.choices]
    )

    def __init__(self, data: Any, *, merchant: Any, today: Any) -> None:
        self.merchant = merchant
        super().__init__(data, merchant=merchant, today=today)

    def offer(self) -> None:
        super().offer()
        rows = book_reports.coupons_of(self.merchant)
        named = [(one.pk, f"{one.name} · {one.activity_id[-4:]}") for one in rows[:MOST_OFFERED]]
        self.fields["coupon"].choices = [("", _("All coupons")), *named]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        app = self.mini_program
        return Wanted(
            self.period.first,
            self.period.last,
            mini_program_id=app.pk if app else None,
            coupon_id=self.applied.get("coupon"),
            source=self.applied.get("source", ""),
        )


class FiguresWithoutSource(CouponFigureFilters):
    """Of figures that know no way in."""

    source = None  # type: ignore[assignment]


@require_safe
@merchant_page("coupons.view")
def coupon_figures(request: MerchantRequest) -> HttpResponse:
    at = timezone.now()
    filters = CouponFigureFilters(request.GET, merchant=request.merchant, today=beijing_day(at))
    figures = figure_reports.figures_of(request.merchant, filters.wanted)
    has_some = bool(figures.coupons)
    export = reverse("coupon_figures_export", args=[request.merchant.slug])
    context = {
        "filters": filters,
        "ranges": RANGES,
        "figures": figures,
        "has_some": has_some,
        "chart": chart_data(figures),
        "chart_summary": summary(figures),
        "shows_table": request.GET.get("view") == "table",
        "export_url": f"{export}?{filters.query}" if has_some else "",
        "at": at,
    }
    return render(request, "coupons/figures.html", context)


def chart_data(figures: CouponFigures) -> dict[str, Any]:
    return {
        "days": [short_day(one.day) for one in figures.days],
        "series": [
            {
                "name": pgettext("coupon figure", "Claimed"),
                "values": [one.sums.claimed for one in figures.days],
            },
            {
                "name": pgettext("coupon figure", "Redeemed"),
                "values": [one.sums.used for one in figures.days],
            },
        ],
    }


def summary(figures: CouponFigures) -> str:
    best = max(figures.days, key=lambda one: one.sums.claimed)
    if not figures.all.claimed and not figures.all.used:
        return _("Nothing was claimed or redeemed on these days.")
    return _(
        "%(claimed)s claimed and %(used)s redeemed on these days; most were claimed on %(day)s, %(most)s."
    ) % {
        "claimed": f"{figures.all.claimed:,}",
        "used": f"{figures.all.used:,}",
        "day": short_day(best.day),
        "most": f"{best.sums.claimed:,}",
    }


@require_safe
@merchant_page("coupons.view")
def coupon_figures_export(request: MerchantRequest) -> HttpResponse:
    """What the page shows, one part after the other."""
    today = beijing_day(timezone.now())
    filters = CouponFigureFilters(request.GET, merchant=request.merchant, today=today)
    figures = figure_reports.figures_of(request.merchant, filters.wanted)
    rows: list[tuple[str, Any, str, Sums]] = [
        *(("day", one.day, "", one.sums) for one in figures.days),
        *(("coupon", one.key, one.name, one.sums) for one in figures.coupons),
        *(("way_in", one.key, one.name, one.sums) for one in figures.sources),
        ("all", "", "", figures.all),
    ]
    lines = [(part, key, name, *cells(sums)) for part, key, name, sums in rows]
    return csv_answer("coupon-figures", HEAD, lines)


def csv_answer(name: str, head: Iterable[str], lines: Iterable[Iterable[object]]) -> HttpResponse:
    """Nothing stands in a cell where nobody told."""
    text = StringIO("\ufeff")
    text.seek(1)
    writer = csv.writer(text)
    writer.writerow(head)
    for line in lines:
        writer.writerow([safe_against_formulas("" if cell is None else str(cell)) for cell in line])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def yuan(fen: int | None) -> str | None:
    return None if fen is None else f"{fen / 100:.2f}"


def rate(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def cells(sums: Sums) -> tuple[object, ...]:
    return (
        sums.claimed,
        sums.redemptions,
        sums.reverted,
        sums.used,
        rate(sums.use_rate),
        sums.expired,
        sums.invalidated,
        rate(sums.days_to_use),
        yuan(sums.saved_fen),
        yuan(sums.order_fen),
        rate(sums.bills_per_yuan),
    )
