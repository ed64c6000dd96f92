"""What a status lacked, filled in on the page of its order; and the others that lack the same."""

from __future__ import annotations

import csv
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.access import MerchantRequest, merchant_page, show_mini_program
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.people import Echo
from console.orders.order_page import about, page_of
from console.orders.words import name_of, names_of
from membership.uploads import safe_against_formulas
from merchants.numbers import is_number
from orders import alike, reports
from orders.diagnosis import Diagnosis, Step, diagnose
from orders.fixing import CountChanged
from orders.given import OrderRefused
from orders.models import Order, StatusChange
from orders.repairing import RepairRefused, repair

PAGE, PARTIAL = "orders/order.html", "orders/_repair.html"
ALIKE_PAGE, ALIKE_PARTIAL = "orders/alike.html", "orders/_alike_form.html"
SHOWN_ALIKE = 50


@require_POST
@merchant_page("orders.manage")
def order_repair(request: MerchantRequest, order_id: int) -> HttpResponse:
    """One press; whoever is second reads who was first."""
    order = _order(request, order_id)
    number = request.POST.get("change", "")
    values = {name[2:]: request.POST[name] for name in request.POST if name.startswith("f_")}
    try:
        change_id = order.changes.get(pk=int(number) if is_number(number) else 0).pk
        done = repair(request.merchant, change_id, values, by=request.user)
    except StatusChange.DoesNotExist:
        raise Http404 from None
    except RepairRefused as refusal:
        context = page_of(_order(request, order_id), number, refusal=refusal)
        return invalid(request, PAGE, PARTIAL, context)
    except OrderRefused as refused:
        context = page_of(order, number, data=request.POST, wrong=refused.fields)
        return invalid(request, PAGE, PARTIAL, context)
    again = _("Filled in and returned again. The platform hears of it within seconds.")
    waits = _("Filled in. The status leaves with its fields when its turn comes.")
    toast(request, again if done.is_new else waits)
    return redirect(request, _address(request, "order", order_id, change=done.change.pk))


@require_http_methods(["GET", "HEAD"])
@merchant_page("orders.view")
def order_alike(request: MerchantRequest, order_id: int) -> HttpResponse:
    """Those that lack the same: which can be synced again now, and which need values first."""
    order, step = _asked(request, order_id, request.GET.get("change", ""))
    return answer(request, ALIKE_PAGE, ALIKE_PARTIAL, _alike_context(request, order, step))


@require_POST
@merchant_page("orders.manage")
def order_alike_sync(request: MerchantRequest, order_id: int) -> HttpResponse:
    """Acts on the very number that was shown, or asks again."""
    order, step = _asked(request, order_id, request.POST.get("change", ""))
    typed = request.POST.get("confirmed", "")
    confirmed = int(typed) if is_number(typed) else 0
    try:
        job = alike.sync_again(order, step, confirmed=confirmed, by=request.user, at=timezone.now())
    except CountChanged:
        context = {**_alike_context(request, order, step), "changed": True}
        return invalid(request, ALIKE_PAGE, ALIKE_PARTIAL, context)
    return redirect(request, "job", request.merchant.slug, job.pk)


@require_safe
@merchant_page("orders.view")
def order_alike_export(request: MerchantRequest, order_id: int) -> HttpResponse:
    """Those that still lack values: a line for each order, a column for each missing field, empty."""
    order, step = _asked(request, order_id, request.GET.get("change", ""))
    found = alike.alike(order, step, at=timezone.now())
    writer = csv.writer(Echo())
    lines = [writer.writerow(["out_biz_no", "status", *step.missing])]
    for one in found.lacking:
        has = one.change.order.fields
        values = [str(has.get(name) or "") for name in step.missing]
        cells = [one.change.order.out_biz_no, one.change.status, *values]
        lines.append(writer.writerow([safe_against_formulas(cell) for cell in cells]))
    response = HttpResponse("\ufeff" + "".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="orders-lacking.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _order(request: MerchantRequest, order_id: int) -> Order:
    found: Order = get_object_or_404(reports.of_merchant(request.merchant), pk=order_id)
    show_mini_program(request, found.mini_program)
    return found


def _asked(request: MerchantRequest, order_id: int, number: str) -> tuple[Order, Step]:
    order = _order(request, order_id)
    diagnosis: Diagnosis = diagnose(order, change_id=int(number) if is_number(number) else None)
    if diagnosis.focus is None:
        raise Http404
    return order, diagnosis.focus


def _alike_context(request: MerchantRequest, order: Order, step: Step) -> dict[str, Any]:
    found = alike.alike(order, step, at=timezone.now())
    return {
        "order": order,
        "step": step,
        "status": name_of(step),
        "names": names_of(step.missing),
        "found": found,
        "ready": found.ready[:SHOWN_ALIKE],
        "lacking": [(one, about(one)) for one in found.lacking[:SHOWN_ALIKE]],
        "shown": SHOWN_ALIKE,
        "most": alike.MOST_ALIKE,
        "days": alike.DAYS,
        "back": _address(request, "order", order.pk, change=step.change.pk),
    }


def _address(request: MerchantRequest, url_name: str, order_id: int, *, change: int) -> str:
    return f"{reverse(url_name, args=[request.merchant.slug, order_id])}?change={change}"
