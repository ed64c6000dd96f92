"""What a person holds, asked of the platform where nobody knows whether a coupon was given.

Two questions go through the outbox and change nothing: to which merchant the activity belongs, and then page
by page what the person holds of it. coupons.held_answers takes over what was said.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone

from gateway.methods.activities import MarketingActivityQuery
from gateway.methods.held_coupons import MarketingActivityUserBatchqueryvoucher
from merchants import calls
from merchants.models import GatewayCall

if TYPE_CHECKING:
    from coupons.models import CouponGrant

WHOSE, HELD = MarketingActivityQuery.method, MarketingActivityUserBatchqueryvoucher.method
WHOSE_TASK, HELD_TASK = "coupons.settle_whose", "coupons.settle_held"
WAIT = timedelta(seconds=30)  # what was still on its way when the last attempt ended is there by then
PAGE_SIZE = 20  # the most that the platform lists at once


def ask(grant: CouponGrant, about: GatewayCall) -> None:
    """In the transaction that makes the grant unknown. `about`: the call whose outcome nobody knows."""
    calls.intend(
        mini_program=grant.mini_program,
        method=WHOSE,
        target=grant,
        body={"activity_id": grant.coupon.activity_id},
        idempotency_key=f"whose:{grant.pk}:{about.pk}",
        repeatable=True,
        settle_task=WHOSE_TASK,
        due_at=timezone.now() + WAIT,
    )


def ask_held(grant: CouponGrant, *, merchant_id: str, number: str, page: int) -> None:
    """`number`: of the question, the same on each of its pages."""
    calls.intend(
        mini_program=grant.mini_program,
        method=HELD,
        target=grant,
        body={
            "activity_id": grant.coupon.activity_id,
            "open_id": grant.customer.open_id,
            "belong_merchant_id": merchant_id,
            "page_num": page,
            "page_size": PAGE_SIZE,
        },
        idempotency_key=f"held:{number}:{page}",
        repeatable=True,
        settle_task=HELD_TASK,
    )


def questions_of(grant: CouponGrant) -> QuerySet[GatewayCall]:
    rows: QuerySet[GatewayCall] = GatewayCall.objects.filter(
        target_kind="coupongrant", target_id=grant.pk, method__in=[WHOSE, HELD]
    )
    return rows


def is_being_asked(grant: CouponGrant) -> bool:
    return questions_of(grant).filter(settled_at=None).exists()
