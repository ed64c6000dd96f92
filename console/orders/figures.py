"""Figures of order notifications: by node and day, visits by order links, second orders, coverage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.orders.words import WORDS
from merchants.models import Merchant, MiniProgram
from messaging.recall.figures import Period, today
from messaging.recall.order_visits import OrderVisits, visits_of
from orders import reports
from orders.diagnosis import Reason
from orders.node_figures import NodeFigures, NodeSums, node_figures
from orders.received import Outcome
from orders.scenes import SCENES
from orders.week import week_of

RANGES = (7, 30)


@dataclass(frozen=True)
class NodeLine:
    """`reasons`: why nobody was told, most frequent first. `url`: these statuses, whatever became of them."""

    sums: NodeSums
    reasons: list[tuple[str | Promise, int]]
    url: str

    @property
    def urls(self) -> dict[str, str]:
        """By outcome, the statuses behind each figure."""
        return {outcome.value: f"{self.url}&outcome={outcome}" for outcome in Outcome}


@dataclass(frozen=True)
class SceneNodes:
    name: str
    lines: list[NodeLine]


@dataclass(frozen=True)
class Reach:
    """Orders that were told, and visits by their links. No rate: a link is there before the first message, so
    a visitor's order need not be one that was told."""

    orders_told: int
    came: OrderVisits


@require_safe
@merchant_page("orders.view")
def order_figures(request: MerchantRequest) -> HttpResponse:
    at, app = timezone.now(), request.mini_program
    days = 30 if request.GET.get("days") == "30" else RANGES[0]
    last = today(request.merchant, at=at)
    period = Period(last - timedelta(days=days - 1), last)
    context: dict[str, Any] = {"at": at, "days": days, "ranges": RANGES, "period": period}
    context["visit_days"] = settings.ORDER_VISIT_DAYS
    if app is not None:
        figures = node_figures(app, first=period.first, last=period.last)
        context |= {
            "figures": figures,
            "scenes": scenes_of(figures, request.merchant, period),
            "most_told": max((day.sums.told + day.sums.kept_back for day in figures.days), default=0) or 1,
            "reach": reach_of(app, figures, period),
            "again": reports.second_orders(app, at=at),
            "week": week_of(app, at=at),
        }
    return render(request, "orders/figures.html", context)


def reach_of(app: MiniProgram, figures: NodeFigures, period: Period) -> Reach:
    return Reach(figures.orders_told, visits_of(app, first=period.first, last=period.last))


def scenes_of(figures: NodeFigures, merchant: Merchant, period: Period) -> list[SceneNodes]:
    found: dict[str, SceneNodes] = {}
    for sums in figures.nodes:
        scene = SCENES.get(sums.scene)
        name = str(scene.name) if scene else sums.scene
        found.setdefault(sums.scene, SceneNodes(name, [])).lines.append(line_of(sums, merchant, period))
    return list(found.values())


def line_of(sums: NodeSums, merchant: Merchant, period: Period) -> NodeLine:
    reasons = [(WORDS[Reason(cause)].short, n) for cause, n in sums.not_told.most_common()]
    query = urlencode(
        {
            **{"scene": sums.scene, "status": sums.status},
            **{"since": period.first.isoformat(), "until": period.last.isoformat()},
        }
    )
    return NodeLine(sums, reasons, f"{reverse('order_statuses', args=[merchant.slug])}?{query}")
