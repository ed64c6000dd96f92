"""One difference: both sides beside each other, and the three ways to settle it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.audit.sentences import sentence_of
from console.coupons.difference_forms import AcceptForm
from console.coupons.difference_words import facts_of, state_of, title_of, told_of
from console.htmx import answer, invalid, redirect, toast
from coupons import differences
from coupons.models import CouponDifference
from coupons.models.difference import OF_ORDERS
from merchants.models import Event

PAGE, PART = "coupons/difference.html", "coupons/_difference.html"
ORDERS_TASK = "orders.look_again_at_use"
SHOWN_EVENTS = 20


@require_safe
@merchant_page("coupons.view")
def coupon_difference(request: MerchantRequest, difference_id: int) -> HttpResponse:
    return answer(request, PAGE, PART, context_of(_difference(request, difference_id), AcceptForm()))


@require_POST
@merchant_page("coupons.reconcile")
def coupon_difference_settle(request: MerchantRequest, difference_id: int) -> HttpResponse:
    """The same choice twice changes nothing; the page says where it stands."""
    difference, choice = _difference(request, difference_id), request.POST.get("choice", "")
    form = AcceptForm(request.POST if choice == "accept" else None)
    if choice not in ("take", "again", "accept"):
        return HttpResponseBadRequest("unknown choice")
    if choice == "accept" and not form.is_valid():
        focus.on_first_problem(form)
        return invalid(request, PAGE, PART, context_of(difference, form))
    try:
        toast(request, _settle(request, difference, choice, form))
    except differences.Settled:
        moved = _difference(request, difference_id)
        return invalid(request, PAGE, PART, {**context_of(moved, AcceptForm()), "too_late": True})
    return redirect(request, "coupon_difference", merchant=request.merchant.slug, difference_id=difference.pk)


def _settle(request: MerchantRequest, difference: CouponDifference, choice: str, form: AcceptForm) -> str:
    at = timezone.now()
    if choice == "take":
        differences.take(difference, by=request.user, at=at)
        return _("Taken over: it stands in the ledger of this coupon.")
    if choice == "accept":
        differences.accept(difference, reason=form.cleaned_data["reason"], by=request.user, at=at)
        return _("Accepted. It is opened again only if one of the sides says something else.")
    task = ORDERS_TASK if difference.kind in OF_ORDERS else differences.LOOK_TASK
    differences.ask_again(difference, task=task, at=at)
    return _("Being looked at again. Load the page in a few seconds.")


def context_of(difference: CouponDifference, form: AcceptForm) -> dict[str, Any]:
    rows = Event.objects.for_merchant(difference.merchant).filter(
        subject_kind="coupondifference", subject_id=difference.pk
    )
    return {
        "difference": difference,
        "title": title_of(difference),
        "told": told_of(difference),
        "state": state_of(difference),
        "facts": facts_of(difference),
        "may_take": differences.may_take(difference),
        "form": form,
        "events": [
            (one, sentence_of(one)) for one in rows.select_related("by").order_by("-id")[:SHOWN_EVENTS]
        ],
    }


def _difference(request: MerchantRequest, difference_id: int) -> CouponDifference:
    rows = CouponDifference.objects.for_merchant(request.merchant)
    related = ("merchant", "mini_program", "coupon", "customer", "grant", "settled_by")
    found: CouponDifference = get_object_or_404(rows.select_related(*related), pk=difference_id)
    show_mini_program(request, found.mini_program)
    return found
