"""The rows that addresses name, always the merchant's own; the frame then names their mini program."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from console.access import MerchantRequest, show_mini_program
from coupons.models import Coupon, CouponRun


def coupon_of(request: MerchantRequest, coupon_id: int) -> Coupon:
    rows = Coupon.objects.for_merchant(request.merchant).select_related("mini_program", "merchant")
    found: Coupon = get_object_or_404(rows, pk=coupon_id)
    show_mini_program(request, found.mini_program)
    return found


def run_of(request: MerchantRequest, run_id: int) -> CouponRun:
    rows = CouponRun.objects.for_merchant(request.merchant)
    named = rows.select_related("coupon", "people_list", "mini_program__merchant", "author")
    found: CouponRun = get_object_or_404(named, pk=run_id)
    show_mini_program(request, found.mini_program)
    return found
