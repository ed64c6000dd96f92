"""A coupon that somebody holds on the platform and that nobody counted here, whoever told of it."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Q

from coupons import ledger
from coupons.models import Coupon, CouponGrant
from coupons.models.grant import GrantState
from membership.models import Customer


def key_of(grant: CouponGrant) -> str:
    """Of the claim in the ledger: a grant of ours is claimed once, whoever tells it."""
    return f"given:{grant.pk}"


def take_in(
    coupon: Coupon, customer: Customer, fact: ledger.Fact, *, voucher_id: str, code: str
) -> CouponGrant | None:
    """One more coupon that this person holds; None where it is counted. In the caller's transaction.

    Of a grant of ours whose outcome nobody knows it is the outcome.
    """
    if known(coupon, voucher_id, code) is not None:
        return None
    grants = CouponGrant.objects.filter(coupon=coupon, customer=customer, state=GrantState.UNKNOWN)
    unknown = grants.select_for_update(of=("self",), no_key=True).order_by("pk").first()
    if unknown is not None:
        fact = replace(fact, source_key=key_of(unknown))
        return ledger.claimed(unknown, fact, voucher_id=voucher_id, code=code).grant
    if not voucher_id:
        return None  # the platform's push names it
    fact = replace(fact, source_key=f"voucher:{coupon.mini_program_id}:{voucher_id}")
    return ledger.claimed_by_platform(coupon, customer, fact, voucher_id=voucher_id, code=code).grant


def known(coupon: Coupon, voucher_id: str, code: str) -> CouponGrant | None:
    """By its id, or by the code that the answer of our call named before."""
    same = Q(voucher_id=voucher_id) if voucher_id else Q(pk__in=[])
    if code:
        same |= Q(coupon=coupon, code=code)
    rows = CouponGrant.objects.filter(same, mini_program=coupon.mini_program_id).select_related("coupon")
    found: CouponGrant | None = rows.select_for_update(of=("self",), no_key=True).order_by("pk").first()
    return found
