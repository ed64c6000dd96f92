"""A coupon given to one person: the grant with its stock and its slot, and the call that carries it.

`out_biz_no` is fixed before the call, so that the platform gives one coupon however often it is asked. What
became of the call is taken over by coupons.answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction

from coupons import counting, frequency, ledger
from coupons.limits import limits_of
from coupons.models import Coupon, CouponGrant
from coupons.models.coupon import Family
from coupons.models.grant import GrantState, Source
from coupons.not_given import (
    DAY_LIMIT,
    KEPT,
    LIMIT_REACHED,
    NOT_BEGUN,
    NOT_KNOWN,
    NOT_LIVE,
    OVER,
    STOCK_GONE,
)
from gateway.methods import Request
from gateway.methods.merchant_coupons import MarketingActivityOrdervoucherSend
from gateway.methods.pay_coupons import MarketingActivityVoucherSend
from merchants import calls, events

if TYPE_CHECKING:
    from membership.models import Customer
    from merchants.models import GatewayCall, User

SETTLE_TASK = "coupons.settle_gift"
SENDS: Mapping[str, type[Request[Any]]] = {
    Family.PAY: MarketingActivityVoucherSend,
    Family.MERCHANT: MarketingActivityOrdervoucherSend,
}
METHODS = tuple(request.method for request in SENDS.values())
GIVEN_WHILE = ("published", "modifying", "appending")  # not while it is being stopped


class NotPossible(Exception):
    """Nothing was given. `why` is one of coupons.not_given."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def hindrance(coupon: Coupon, *, at: datetime) -> str:
    """Why nobody can be given this coupon now; nothing where everybody can."""
    if coupon.state not in GIVEN_WHILE:
        return NOT_LIVE
    if at < coupon.publish_from:
        return NOT_BEGUN
    return OVER if at > coupon.publish_until else ""


def give(
    coupon: Coupon, customer: Customer, *, by: User | None, form_token: UUID, at: datetime
) -> CouponGrant:
    """One to this person. The same form_token gives the first grant. Raises NotPossible."""
    number = f"gift-{form_token.hex}"
    first = _given(coupon, number)
    if first is not None:
        return first
    why = hindrance(coupon, at=at)
    if not why and (customer.forgotten_at or customer.mini_program_id != coupon.mini_program_id):
        why = NOT_KNOWN
    if why:
        raise NotPossible(why)
    for _place in range((coupon.per_person or 0) + 1):
        try:
            with transaction.atomic():
                return _give(coupon, customer, number, by=by, at=at)
        except IntegrityError:
            first = _given(coupon, number)  # the same form twice at once; else another took the place
            if first is not None:
                return first
    raise NotPossible(LIMIT_REACHED)


def _give(coupon: Coupon, customer: Customer, number: str, *, by: User | None, at: datetime) -> CouponGrant:
    """In a transaction: the grant with its slot first, then the stock."""
    if why := too_often(customer, at=at):
        raise NotPossible(why)
    slot = ledger.free_slot(coupon, customer.pk, at=at)
    if slot is None:
        raise NotPossible(LIMIT_REACHED)
    grant: CouponGrant = CouponGrant.objects.create(
        merchant=coupon.merchant,
        mini_program=coupon.mini_program,
        coupon=coupon,
        customer=customer,
        state=GrantState.SENDING,
        source=Source.DIRECT,
        slot=slot,
        out_biz_no=number,
    )
    if not counting.take_stock(coupon.pk):
        raise NotPossible(STOCK_GONE)
    grant.call = intend(grant)
    grant.save(update_fields=["call"])
    events.record(
        "coupon.given",
        merchant=coupon.merchant,
        by=by,
        mini_program=coupon.mini_program,
        subject=grant,
        detail={"coupon": coupon.name, "customer": customer.pk},
    )
    return grant


def too_often(customer: Customer, *, at: datetime) -> str:
    """Why this person gets none from us today, whichever coupon; nothing where it may be given.

    In the caller's transaction, which counts alone for this merchant until it ends.
    """
    if frequency.kept([customer.pk], at=at):
        return KEPT
    most = limits_of(customer.merchant_id)[0].grants
    if most is None:
        return ""
    frequency.lock(frequency.GIVING, customer.merchant_id)
    return DAY_LIMIT if frequency.given_on(customer.pk, at=at) >= most else ""


def _given(coupon: Coupon, number: str) -> CouponGrant | None:
    rows = CouponGrant.objects.for_merchant(coupon.merchant)
    found: CouponGrant | None = rows.filter(mini_program=coupon.mini_program_id, out_biz_no=number).first()
    return found


def intend(grant: CouponGrant, *, attempt: int = 1) -> GatewayCall:
    """The call that gives it, in the caller's transaction; each attempt has the same out_biz_no.

    The person is known: whoever was forgotten has no open_id.
    """
    coupon = grant.coupon
    return calls.intend(
        mini_program=coupon.mini_program,
        method=SENDS[coupon.family].method,
        target=grant,
        body={
            "activity_id": coupon.activity_id,
            "open_id": grant.customer.open_id,
            "out_biz_no": grant.out_biz_no,
        },
        idempotency_key=f"grant:{grant.pk}:{attempt}",
        repeatable=True,
        settle_task=SETTLE_TASK,
    )
