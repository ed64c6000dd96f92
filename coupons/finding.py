"""A coupon in somebody's hands by what a till knows of it: the code, or the platform's id."""

from __future__ import annotations

from django.db.models import QuerySet

from coupons.models import CouponGrant
from merchants.models import Merchant, MiniProgram

MOST = 10  # coupons with the same code that are told apart
RELATED = ("coupon", "customer", "mini_program__merchant", "run")


def by_code(
    merchant: Merchant, code: str, *, mini_program: MiniProgram | None = None, activity_id: str = ""
) -> list[CouponGrant]:
    """Of this merchant alone. More than one where several coupons were given the same codes."""
    rows = _held(merchant, mini_program).filter(code=code) if code else CouponGrant.objects.none()
    if activity_id:
        rows = rows.filter(coupon__activity_id=activity_id)
    return list(rows.order_by("-pk")[:MOST])


def by_voucher_id(merchant: Merchant, voucher_id: str, *, mini_program: MiniProgram) -> list[CouponGrant]:
    rows = _held(merchant, mini_program).filter(voucher_id=voucher_id)
    return list(rows) if voucher_id else []


def _held(merchant: Merchant, mini_program: MiniProgram | None) -> QuerySet[CouponGrant]:
    rows: QuerySet[CouponGrant] = CouponGrant.objects.for_merchant(merchant).select_related(*RELATED)
    return rows if mini_program is None else rows.filter(mini_program=mini_program)
