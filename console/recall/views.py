"""The recall dashboard, and the recall of one send as a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer
from console.lists import numbered_page
from console.recall.chart import chart_data, summary
from console.recall.filters import RANGES, RecallFilters
from console.recall.heat import HeatMap, enough, heat_map
from console.recall.reading import action, readings
from console.recall.send_part import send_part
from messaging import reports
from messaging.models import BatchSend
from messaging.recall import chance
from messaging.recall.benchmarks import BENCHMARKS, RECALL
from messaging.recall.figures import RecallFigures, Sums, recall_figures, start_of, today

VIEWS = ("send", "template")


@dataclass(frozen=True)
class SendRow:
    batch: BatchSend
    sums: Sums
    is_open: bool


@require_safe
@merchant_page("recall.view")
def recall_page(request: MerchantRequest) -> HttpResponse:
    at = timezone.now()
    day = today(request.merchant, at=at)
    filters = RecallFilters(request.GET, merchant=request.merchant, today=day)
    figures = recall_figures(
        request.merchant, period=filters.period, mini_program=filters.mini_program, at=at
    )
    by = request.GET.get("by") if request.GET.get("by") in VIEWS else VIEWS[0]
    context = {
        "filters": filters,
        "ranges": RANGES,
        "figures": figures,
        "reference": RECALL,
        "benchmarks": BENCHMARKS,
        "window_days": settings.RECALL_WINDOW_DAYS,
        "enough_people": chance.ENOUGH_PEOPLE,
        "by": by,
        "shows_table": request.GET.get("view") == "table",
        "at": at,
        **_chart(figures),
        **_heat(figures),
        "readings": readings(figures),
        "action": action(figures, merchant=request.merchant, today=day),
    }
    if by == "send":
        context["page"] = page = _sends(request, filters)
        context["rows"] = [_row(batch, at=at) for batch in page]
    return render(request, "recall/dashboard.html", context)


@require_safe
@merchant_page("recall.view")
def send_recall_page(request: MerchantRequest, send_id: int) -> HttpResponse:
    """Asked again and again by the page of the send; without script a page of its own."""
    rows = BatchSend.objects.for_merchant(request.merchant).select_related("control__merchant", "template")
    batch = get_object_or_404(rows, pk=send_id)
    context = {**send_part(batch.control, at=timezone.now()), "batch": batch}
    return answer(request, "recall/send.html", "recall/_send.html", context)


def _chart(figures: RecallFigures) -> dict[str, Any]:
    return {
        "chart": chart_data(figures),
        "chart_summary": summary(figures),
        "days": list(zip(figures.days, figures.period.before.dates, strict=True)),
    }


def _heat(figures: RecallFigures) -> dict[str, Any]:
    found: HeatMap | None = heat_map(figures.cells)
    return {
        "heat": found,
        "told_hours": len(enough(figures.cells)),
        "most_people": max((cell.sums.accepted for cell in figures.cells), default=0),
    }


def _sends(request: MerchantRequest, filters: RecallFilters) -> Page[Any]:
    """Sends that started in the period, newest first."""
    period, merchant = filters.period, request.merchant
    found: QuerySet[BatchSend] = reports.send_list(merchant).filter(
        control__started_at__gte=start_of(period.first, merchant),
        control__started_at__lt=start_of(period.last + timedelta(days=1), merchant),
    )
    if filters.mini_program is not None:
        found = found.filter(mini_program=filters.mini_program)
    return numbered_page(request, found.order_by("-control__started_at", "-pk"))


def _row(batch: BatchSend, *, at: datetime) -> SendRow:
    control = batch.control
    accepted = sum(counter.n for counter in control.counters.all() if counter.state == "accepted")
    kept = getattr(control, "recall", None)
    ends = (control.finished_at or at) + timedelta(days=settings.RECALL_WINDOW_DAYS)
    visits, shared = (kept.visits, kept.shared_visits) if kept else (0, 0)
    return SendRow(batch, Sums(1, accepted, visits, shared), at < ends)
