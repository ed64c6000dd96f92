"""An order by hand, and the next status of one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console import focus
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.htmx import answer, invalid, redirect, toast
from console.orders.hand_forms import OrderForm, StatusForm, known_of
from orders.by_hand import enter_order, enter_status
from orders.choosing import chosen_scenes
from orders.given import OrderRefused
from orders.models import Order
from orders.scenes import SCENES, Scene

NEW_PAGE, NEW_FORM = "orders/new.html", "orders/_new_form.html"
STATUS_PAGE, STATUS_FORM = "orders/status_new.html", "orders/_status_form.html"
FORM_FIELDS = {"order_modified_time": "modified_at", "amount_fen": "pay_amount"}
SHOWN_CHANGES = 20


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("orders.manage")
def order_new(request: MerchantRequest) -> HttpResponse:
    """The scene first, where there are several: it says which statuses and fields there are."""
    scenes = chosen_scenes(request.mini_program) if request.mini_program else []
    asked = request.GET.get("scene", "")
    scene = next((one for one in scenes if one.code == asked), scenes[0] if len(scenes) == 1 else None)
    if scene is None or request.mini_program is None:
        return answer(request, NEW_PAGE, NEW_FORM, {"scenes": scenes, "form": None})
    if request.method != "POST":
        now = timezone.localtime()
        form = OrderForm(scene=scene, initial={"order_created_at": now, "modified_at": now})
        return answer(request, NEW_PAGE, NEW_FORM, _new_context(scenes, scene, form))
    form = OrderForm(request.POST, scene=scene)
    if form.is_valid():
        number = form.cleaned_data["out_biz_no"]
        if _own(request).filter(out_biz_no=number).exists():
            form.add_error("out_biz_no", _("There is an order with this number already."))
        else:
            received, order = enter_order(request.mini_program, form.order, by=request.user)
            if order is not None:
                toast(request, _("Order %(number)s is kept.") % {"number": order.out_biz_no})
                return _to_order(request, order)
            _show(form, received.fields)
    focus.on_first_problem(form)
    return invalid(request, NEW_PAGE, NEW_FORM, _new_context(scenes, scene, form))


def _own(request: MerchantRequest) -> QuerySet[Order]:
    found: QuerySet[Order] = Order.objects.for_merchant(request.merchant)
    return found.filter(mini_program=request.mini_program)


def _new_context(scenes: list[Scene], scene: Scene, form: OrderForm) -> dict[str, Any]:
    return {"scenes": scenes, "scene": scene, "form": form}


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("orders.manage")
def order_status_new(request: MerchantRequest, order_id: int) -> HttpResponse:
    rows: QuerySet[Order] = Order.objects.for_merchant(request.merchant)
    order = get_object_or_404(rows.select_related("customer", "mini_program", "merchant"), pk=order_id)
    show_mini_program(request, order.mini_program)
    scene = SCENES.get(order.scene)
    if scene is None:
        return answer(request, STATUS_PAGE, STATUS_FORM, {"order": order, "form": None})
    if request.method != "POST":
        initial = {"modified_at": timezone.localtime()}
        form = StatusForm(scene=scene, known=known_of(order), initial=initial)
        return answer(request, STATUS_PAGE, STATUS_FORM, _status_context(order, scene, form))
    form = StatusForm(request.POST, scene=scene, known=known_of(order))
    if form.is_valid():
        try:
            outcome = enter_status(order, form.given, by=request.user)
        except OrderRefused as refusal:
            _show(form, refusal.fields)
        else:
            words = _("The status is kept and waits to be synced.")
            again = _("The same time and status was here before; it counts once.")
            toast(request, words if outcome == "taken" else again)
            return _to_order(request, order)
    focus.on_first_problem(form)
    return invalid(request, STATUS_PAGE, STATUS_FORM, _status_context(order, scene, form))


def _status_context(order: Order, scene: Scene, form: StatusForm) -> dict[str, Any]:
    changes = order.changes.order_by("-modified_at")[:SHOWN_CHANGES]
    names = {node.status: node.name for node in scene.nodes}
    return {
        "order": order,
        "scene": scene,
        "form": form,
        "changes": [(change, names.get(change.status, change.status)) for change in changes],
        "status_name": names.get(order.status, order.status),
    }


def _show(form: StatusForm, problems: dict[str, str]) -> None:
    for name, sentence in problems.items():
        field = FORM_FIELDS.get(name, name)
        form.add_error(field if field in form.fields else None, sentence)


def _to_order(request: MerchantRequest, order: Order) -> HttpResponse:
    return redirect(request, "order", merchant=request.merchant.slug, order_id=order.pk)
