"""The home page: is anything wrong, what is going out, what must I do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.dashboard.coupon_decisions import with_coupons
from console.dashboard.crowd_decisions import with_crowds
from console.dashboard.day_line import day_line
from console.dashboard.decisions import Decision, decisions
from console.dashboard.order_decisions import with_orders
from console.dashboard.reviews import review_decisions
from console.dashboard.week import week_chart
from console.htmx import answer, poll_seconds
from console.orders.figures import SceneNodes, scenes_of
from messaging import failures, reports
from messaging.models import BatchSend
from messaging.recall.benchmarks import RECALL
from messaging.recall.figures import Period, today, week_figures
from orders.node_figures import NodeFigures, node_figures

IDLE_POLL_SECONDS = 15


@dataclass(frozen=True)
class Run:
    batch: BatchSend
    figures: reports.SendFigures

    @property
    def milestone(self) -> int:
        """0, 25, 50, 75 or 100: what is worth saying aloud."""
        return int(self.figures.percent // 25 * 25)


@require_safe
@merchant_page("home.view")
def home(request: MerchantRequest) -> HttpResponse:
    at = timezone.now()
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    found = reports.home_figures(request.merchant, at=at, day_start=midnight)
    week = week_figures(request.merchant, at=at)
    nodes = order_nodes(request, at=at)
    context = {
        "at": at,
        "figures": found,
        "seal": reports.seal(request.merchant, at=at),
        "week": week,
        "week_chart": week_chart(week),
        "reference": RECALL,
        "decisions": _decisions(request, found, at),
        "order_nodes": nodes,
        "day": midnight.date().isoformat(),
        "orders_told": sum(line.sums.told for scene in nodes for line in scene.lines),
        "day_line": day_line(found.next_day, at=at),
        **running(found.running, at=at, next_start=found.next_day[0] if found.next_day else None),
    }
    return render(request, "dashboard/home.html", context)


def _decisions(request: MerchantRequest, found: reports.HomeFigures, at: datetime) -> list[Decision]:
    merchant, staff = request.merchant, request.staff
    told = decisions(
        merchant,
        found,
        staff=staff,
        reviews=review_decisions(staff, at=at),
        fixed=failures.fixed(merchant, at=at) if staff.can("unknown.decide") else (),
    )
    told = with_coupons(with_orders(told, merchant, staff=staff), merchant, staff=staff)
    return with_crowds(told, merchant, staff=staff)


def order_nodes(request: MerchantRequest, *, at: datetime) -> list[SceneNodes]:
    """Of the mini program shown, the nodes that notify; one query."""
    if request.mini_program is None or not request.staff.can("orders.view"):
        return []
    day = today(request.merchant, at=at)
    figures = node_figures(request.mini_program, first=day, last=day)
    told = NodeFigures([one for one in figures.nodes if one.notifies], [], figures.all, figures.orders_told)
    return scenes_of(told, request.merchant, Period(day, day))


@require_safe
@merchant_page("home.view")
def home_running(request: MerchantRequest) -> HttpResponse:
    """What is going out now: asked again and again by the home page."""
    at = timezone.now()
    sends = reports.send_list(request.merchant)
    waiting = sends.filter(control__state__in=["scheduled", "preparing", "ready"], control__due_at__gt=at)
    context = running(
        list(sends.filter(control__state__in=reports.UNDER_WAY)),
        at=at,
        next_start=waiting.order_by("control__due_at").first(),
    )
    return answer(request, "dashboard/running.html", "dashboard/_running.html", context)


def running(batches: list[BatchSend], *, at: datetime, next_start: BatchSend | None) -> dict[str, Any]:
    runs = [Run(batch, reports.send_figures(batch.control, at=at)) for batch in batches]
    newest = max((run.batch.control.started_at or at for run in runs), default=None)
    return {
        "runs": runs,
        "next_start": next_start,
        "at": at,
        "poll_seconds": poll_seconds(newest, at=at) if runs else IDLE_POLL_SECONDS,
    }
