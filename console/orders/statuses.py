"""Statuses as they came in: the rows behind every figure of notifications."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.lists import PER_PAGE, KeysetPage
from console.orders.forms import STATUS_DAYS, StatusFilters
from console.orders.words import name_of, why
from merchants.numbers import is_number
from messaging.recall.figures import today
from orders import received, reports
from orders.diagnosis import Step, steps_of
from orders.models import StatusChange
from orders.scenes import SCENES


@dataclass(frozen=True)
class Line:
    """`why`: empty where the state says it already."""

    change: StatusChange
    step: Step
    name: str
    scene_name: str
    why: str


@require_safe
@merchant_page("orders.view")
def order_statuses(request: MerchantRequest) -> HttpResponse:
    filters = StatusFilters(request.GET)
    keyset = _page(request, filters)
    context = {
        "filters": filters,
        "keyset": keyset,
        "lines": _lines(keyset.rows),
        "days": STATUS_DAYS if not filters.applied.get("since") else 0,
    }
    return render(request, "orders/statuses.html", context)


def _page(request: MerchantRequest, filters: StatusFilters) -> KeysetPage:
    """By the time of receipt, and never counted: `before` names the last row of the page before."""
    app = request.mini_program
    if app is None:
        return KeysetPage([], None, is_first=True)
    before = request.GET.get("before", "")
    known = StatusChange.objects.for_merchant(request.merchant).filter(order__mini_program=app)
    last = known.filter(pk=int(before)).first() if is_number(before) else None
    day = today(request.merchant, at=timezone.now())
    rows = received.after(received.received(app, filters.wanted(day)), last)
    found = list(rows[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    return KeysetPage(found[:PER_PAGE], found[PER_PAGE - 1].pk if more else None, last is None)


def _lines(changes: list[StatusChange]) -> list[Line]:
    """Each is judged among the statuses of its order. One query."""
    orders = {change.order_id: change.order for change in changes}
    beside = reports.changes_of(list(orders.values()))
    steps = {step.change.pk: step for pk, order in orders.items() for step in steps_of(order, beside[pk])}
    lines = []
    for change in changes:
        step = steps[change.pk]
        scene = SCENES.get(change.order.scene)
        lines.append(
            Line(
                change,
                step,
                name_of(step),
                str(scene.name) if scene else change.order.scene,
                why(step) if step.is_trouble else "",
            )
        )
    return lines
