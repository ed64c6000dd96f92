"""The digest of one day: which fields were missing, on how many orders, and that somebody has read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page, show_mini_program
from console.htmx import redirect, toast
from merchants.models import Merchant
from orders import digests
from orders.models import Order, OrderDigest
from orders.scene_fields import field_name
from orders.scenes import SCENES


@dataclass(frozen=True)
class Line:
    """`fields`: (name for people, key)."""

    scene: str
    status: str
    fields: list[tuple[str, str]]
    orders: int
    examples: list[Order]


@require_safe
@merchant_page("orders.view")
def order_digest(request: MerchantRequest, digest_id: int) -> HttpResponse:
    digest = _digest(request.merchant, digest_id)
    show_mini_program(request, digest.mini_program)
    return render(request, "orders/digest.html", {"digest": digest, "lines": _lines(digest)})


@require_POST
@merchant_page("orders.manage")
def order_digest_read(request: MerchantRequest, digest_id: int) -> HttpResponse:
    """Once; whoever comes late reads on its page who was first."""
    digest = _digest(request.merchant, digest_id)
    if not digests.mark_read(digest, by=request.user):
        return redirect(request, "order_digest", request.merchant.slug, digest.pk)
    toast(request, _("Marked as read. It stands no longer on the home page."))
    return redirect(request, "order_diagnosis", request.merchant.slug)


def _digest(merchant: Merchant, digest_id: int) -> OrderDigest:
    rows = OrderDigest.objects.for_merchant(merchant).select_related("mini_program", "read_by")
    found: OrderDigest = get_object_or_404(rows, pk=digest_id)
    return found


def _lines(digest: OrderDigest) -> list[Line]:
    """One query for all examples."""
    wanted = [pk for told in digest.lacks for pk in told["examples"]]
    orders = Order.objects.for_merchant(digest.merchant).in_bulk(wanted)
    return [_line(told, orders) for told in digest.lacks]


def _line(told: Mapping[str, Any], orders: Mapping[int, Order]) -> Line:
    scene = SCENES.get(told["scene"])
    node = scene.node(told["status"]) if scene else None
    return Line(
        scene=str(scene.name) if scene else told["scene"],
        status=str(node.name) if node else told["status"],
        fields=[(field_name(key), key) for key in told["fields"]],
        orders=told["orders"],
        examples=[orders[pk] for pk in told["examples"] if pk in orders],
    )
