"""The books by month and mini program: two equations, and what keeps a month open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page, show_mini_program
from console.lists import FilterForm, numbered_page
from console.states import DELIVERY
from merchants.models import Merchant, MiniProgram
from messaging import month_books
from messaging.models import SkipReason
from messaging.month_books import Month

PER_PAGE = 24  # two years of one mini program
PARTS = ("accepted", "refused", "unknown", "waiting", "skipped")


class MonthFilters(FilterForm):
    app = forms.ChoiceField(label=gettext_lazy("Mini program"))

    def __init__(self, data: Any, *, merchant: Merchant) -> None:
        rows = MiniProgram.objects.for_merchant(merchant).order_by("created_at", "pk")
        self.mini_programs = {str(one.pk): one for one in rows}
        super().__init__(data)

    def offer(self) -> None:
        named = ((pk, one.name) for pk, one in self.mini_programs.items())
        self.fields["app"].choices = [("", _("All mini programs")), *named]  # type: ignore[attr-defined]

    @property
    def mini_program(self) -> MiniProgram | None:
        return self.mini_programs.get(self.applied.get("app", ""))


@dataclass(frozen=True)
class Term:
    """A part of console/_equation.html."""

    n: int
    label: str | Promise
    sign: str
    swatch: str = ""
    url: str = ""


@require_safe
@merchant_page("reconciliation.view")
def reconciliation_months(request: MerchantRequest) -> HttpResponse:
    filters = MonthFilters(request.GET, merchant=request.merchant)
    rows = month_books.month_rows(request.merchant, mini_program=filters.mini_program)
    page = numbered_page(request, rows, per_page=PER_PAGE)
    context = {
        "filters": filters,
        "page": page,
        "months": month_books.months_of(list(page.object_list)),
        "names_programs": len(filters.mini_programs) > 1 and filters.mini_program is None,
        "at": timezone.now(),
    }
    return render(request, "reconciliation/months.html", context)


@require_safe
@merchant_page("reconciliation.view")
def reconciliation_month(
    request: MerchantRequest, mini_program_id: int, year: int, number: int
) -> HttpResponse:
    found = _month(request, mini_program_id, year, number)
    show_mini_program(request, found.books.mini_program)
    at = timezone.now()
    is_stale = found.is_stale(at=at)
    context = {
        "month": found,
        "books": found.books,
        "is_stale": is_stale,
        "people": people_terms(found),
        "people_tone": tone_of(found.people_differ or found.books.differing_sends, was_compared=not is_stale),
        "people_sentence": _told(found.books.frozen, _("people frozen"), people_terms(found)),
        "consent": consent_terms(found),
        "consent_tone": tone_of(
            found.consent_differs, was_compared=found.books.balance is not None and not is_stale
        ),
        "consent_sentence": _told(found.closing, _("messages left at the end"), consent_terms(found)),
        "skipped": skipped_rows(found.books.skipped_by),
        "open_sends": month_books.open_sends(found.books) if found.books.open_sends else [],
        "at": at,
    }
    return render(request, "reconciliation/month.html", context)


def tone_of(difference: int, *, was_compared: bool) -> str:
    """Of the double rule: green only where something was compared lately and is equal."""
    return "off" if difference else "balanced" if was_compared else "plain"


def _month(request: MerchantRequest, mini_program_id: int, year: int, number: int) -> Month:
    try:
        month = date(year, number, 1)
    except ValueError as error:
        raise Http404("no such month") from error
    found = month_books.month_of_books(request.merchant, mini_program_id=mini_program_id, month=month)
    if found is None:
        raise Http404("nothing happened in this month")
    return found


def people_terms(month: Month) -> list[Term]:
    words = {name: word.word for name, word in DELIVERY.items()} | {"waiting": _("Queued or in flight")}
    swatches = {"waiting": "queued"}
    return [
        Term(getattr(month.books, name), words[name], "＋" if position else "＝", swatches.get(name, name))
        for position, name in enumerate(PARTS)
    ]


def consent_terms(month: Month) -> list[Term]:
    """The closing stands before them, as the total."""
    return [
        Term(month.opening, _("at the beginning"), "＝"),
        Term(month.books.granted, _("granted"), "＋"),
        Term(month.books.revoked, _("revoked"), "−"),
        Term(month.books.units_spent, _("spent by sends"), "−"),
    ]


def _told(total: int, label: str, terms: list[Term]) -> str:
    parts = pgettext("between items of a list", ", ").join(
        f"{'−' if term.sign == '−' else ''}{term.n:,} {term.label}" for term in terms
    )
    return _("%(total)s %(label)s: %(parts)s.") % {"total": f"{total:,}", "label": label, "parts": parts}


def skipped_rows(by_reason: Mapping[str, int]) -> list[tuple[str | Promise, int]]:
    """The most frequent reason first."""
    rows = sorted(by_reason.items(), key=lambda row: (-row[1], row[0]))
    return [
        (SkipReason(reason).label if reason in SkipReason.values else reason, n) for reason, n in rows if n
    ]
