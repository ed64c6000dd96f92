"""Figures of coupons by message template and period, each with the coupons in customers' hands behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.coupons.figures import FiguresWithoutSource, csv_answer, rate, yuan
from console.recall.filters import RANGES
from coupons.bodies import wall
from coupons.models import Placement
from coupons.terms import BEIJING, beijing_day
from merchants.models import Merchant
from messaging.models import SubscriptionTemplate
from messaging.sends import plan_figures, plan_reports
from messaging.sends.plan_reports import OfCoupon, Plan, PlanFigures, Sums, Wanted
from orders.scenes import SCENES

HEAD = (
    *("part", "plan", "coupon_key", "coupon", "template", "shown_from", "shown_until", "messages_accepted"),
    *("exposed", "claimed", "returned", "used", "use_rate", "median_days_to_use", "given_yuan", "bills_yuan"),
    "bills_per_yuan",
)
NOT_COUNTED = (None,) * (len(HEAD) - HEAD.index("messages_accepted"))


@dataclass(frozen=True)
class Line:
    """A plan with the name of what its messages are of."""

    plan: Plan
    template: str
    is_simulated: bool


@require_safe
@merchant_page("coupons.view")
def coupon_plan_figures(request: MerchantRequest) -> HttpResponse:
    filters, figures = _read(request)
    names = names_of(request.merchant, _placements(figures))
    export = reverse("coupon_plan_figures_export", args=[request.merchant.slug])
    context = {
        "filters": filters,
        "ranges": RANGES,
        "figures": figures,
        "groups": [(one, lines_of(one.plans, names)) for one in figures.coupons],
        "export_url": f"{export}?{filters.query}" if figures.coupons else "",
    }
    return render(request, "coupons/figures_plans.html", context)


@require_safe
@merchant_page("coupons.view")
def coupon_plan_figures_export(request: MerchantRequest) -> HttpResponse:
    """What the page shows, one coupon after the other."""
    _filters, figures = _read(request)
    names = names_of(request.merchant, _placements(figures))
    rows = [row for one in figures.coupons for row in _rows_of(one, names)]
    return csv_answer("coupon-figures-by-template", HEAD, rows)


def _read(request: MerchantRequest) -> tuple[FiguresWithoutSource, PlanFigures]:
    today = beijing_day(timezone.now())
    filters = FiguresWithoutSource(request.GET, merchant=request.merchant, today=today)
    said = filters.wanted
    wanted = Wanted(
        datetime.combine(said.first, time(0), tzinfo=BEIJING),
        datetime.combine(said.last + timedelta(days=1), time(0), tzinfo=BEIJING),
        mini_program_id=said.mini_program_id,
        coupon_id=said.coupon_id,
    )
    return filters, plan_reports.figures_of(request.merchant, wanted)


def _placements(figures: PlanFigures) -> list[Placement]:
    return [plan.placement for one in figures.coupons for plan in one.plans]


def lines_of(plans: Iterable[Plan], names: Mapping[str, str]) -> list[Line]:
    of_orders = _of_orders()
    return [
        Line(one, names.get(reference, reference), reference in of_orders)
        for one in plans
        for reference in [one.placement.template_ref]
    ]


def names_of(merchant: Merchant, placements: Iterable[Placement]) -> dict[str, str]:
    """Whose messages carry them, by the reference of the template."""
    references = {one.template_ref for one in placements}
    rows = SubscriptionTemplate.objects.for_merchant(merchant).filter(template_id__in=references)
    return {**_of_orders(), **dict(rows.values_list("template_id", "name"))}


def _of_orders() -> dict[str, str]:
    return {
        plan_figures.reference_of(scene.biz_type, node.status): f"{scene.name} · {node.name}"
        for scene in SCENES.values()
        for node in scene.nodes
        if node.notifies
    }


def _rows_of(one: OfCoupon, names: Mapping[str, str]) -> list[tuple[object, ...]]:
    whose = (one.coupon.pk, one.coupon.name)
    plans = [
        ("plan", line.plan.placement.pk, *whose, line.template, *_period(line.plan.placement))
        + (_cells(line.plan.sums) if line.plan.sums else NOT_COUNTED)
        for line in lines_of(one.plans, names)
    ]
    rest = [(part, "", *whose, "", "", "") for part in ("otherwise", "all")]
    return [*plans, (*rest[0], *_cells(one.otherwise)), (*rest[1], *_cells(one.all))]


def _period(placement: Placement) -> tuple[str, str]:
    return wall(placement.begins_at), wall(placement.ends_at)


def _cells(sums: Sums) -> tuple[object, ...]:
    """Nobody reports who saw it."""
    shares = (rate(sums.use_rate), rate(sums.days_to_use))
    money = (yuan(sums.saved_fen), yuan(sums.order_fen), rate(sums.bills_per_yuan))
    return (sums.accepted, None, sums.claimed, sums.reverted, sums.used, *shares, *money)
