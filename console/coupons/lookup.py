"""What every page of coupons begins with, and how it answers when the coupon has moved on meanwhile."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from console.access import MerchantRequest, show_mini_program
from console.htmx import invalid
from coupons.models import Coupon, CouponRun

RELATED = ("merchant", "mini_program", "mini_program__provider_app", "call", "author", "count")


def coupon_of(request: MerchantRequest, coupon_id: int) -> Coupon:
    """The header then names its mini program. Raises Http404, for another merchant's too."""
    rows = Coupon.objects.for_merchant(request.merchant).select_related(*RELATED)
    found: Coupon = get_object_or_404(rows, pk=coupon_id)
    show_mini_program(request, found.mini_program)
    return found


def run_of(request: MerchantRequest, run_id: int) -> CouponRun:
    rows = CouponRun.objects.for_merchant(request.merchant)
    named = rows.select_related("coupon", "people_list", "mini_program__merchant", "author")
    found: CouponRun = get_object_or_404(named, pk=run_id)
    show_mini_program(request, found.mini_program)
    return found


def address(name: str, coupon: Coupon) -> str:
    return reverse(name, args=[coupon.merchant.slug, coupon.pk])


def not_done(request: MerchantRequest, coupon: Coupon, sentence: str) -> HttpResponse:
    """Nothing was changed; the sentence says why and what to do."""
    coupon.refresh_from_db()
    context = {"coupon": coupon, "sentence": sentence}
    return invalid(request, "coupons/refusal.html", "coupons/_refusal.html", context)
