"""The diagnosis: find an order, why messages did not come this week, and the figures behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.orders.figures import Reach, reach_of
from console.orders.forms import SearchForm
from console.orders.rows import Row, rows_of
from console.orders.words import WORDS, name_of, names_of
from merchants.models import MiniProgram
from messaging.recall.figures import Period, today
from orders import digests, reports
from orders.node_figures import node_figures
from orders.week import Flag, SceneWeek, Week, week_of

MOST_FOUND = 20
SHOWN_FLAGS = 5
SHOWN_DIGESTS = 7


@dataclass(frozen=True)
class SceneLine:
    """`reasons`: words and how many; `told`, `skipped`: names of statuses and how many."""

    week: SceneWeek
    reasons: list[tuple[str | Promise, int]]
    told: list[tuple[str, int]]
    skipped: list[tuple[str, int]]


@require_safe
@merchant_page("orders.view")
def order_diagnosis(request: MerchantRequest) -> HttpResponse:
    at, app = timezone.now(), request.mini_program
    form = SearchForm(request.GET)
    text = form.cleaned_data["q"].strip() if form.is_valid() else ""
    week = week_of(app, at=at, most_flags=SHOWN_FLAGS) if app else None
    context = {
        "form": form,
        "text": text,
        "found": _found(request, text) if text else [],
        "week": week,
        "scenes": [_line(one) for one in week.scenes] if week else [],
        "flags": _flags(week),
        "digests": digests.unread(request.merchant)[:SHOWN_DIGESTS] if app else [],
        "reach": _reach(app, request, at) if app else None,
        "visit_days": settings.ORDER_VISIT_DAYS,
        "again": reports.second_orders(app, at=at) if app else None,
        "looks_back": reports.LOOKS_BACK_DAYS,
        "at": at,
    }
    return render(request, "orders/diagnosis.html", context)


def _reach(app: MiniProgram, request: MerchantRequest, at: datetime) -> Reach:
    """Of the orders handed in during the last 30 days."""
    last = today(request.merchant, at=at)
    period = Period(last - timedelta(days=reports.SECOND_ORDER_DAYS - 1), last)
    return reach_of(app, node_figures(app, first=period.first, last=period.last), period)


def _found(request: MerchantRequest, text: str) -> list[Row]:
    """The tail of an open_id is asked only by who may see it."""
    if request.mini_program is None:
        return []
    orders = reports.found_for(
        request.mini_program,
        text,
        by_tail=request.staff.can("people.reveal"),
        at=timezone.now(),
        most=MOST_FOUND,
    )
    return rows_of(orders, reports.changes_of(orders))


def _line(week: SceneWeek) -> SceneLine:
    names = {node.status: str(node.name) for node in week.scene.nodes}
    return SceneLine(
        week,
        [(WORDS[reason].short, n) for reason, n in week.top_reasons],
        [(names[status], n) for status, n in week.told.most_common()],
        [(names[status], n) for status, n in week.skipped.most_common(3)],
    )


def _flags(week: Week | None) -> list[tuple[Flag, str, str]]:
    """With the name of the status and those of the fields it lacks."""
    shown = week.flags if week else []
    return [(flag, name_of(flag.step), names_of(flag.step.missing)) for flag in shown]
