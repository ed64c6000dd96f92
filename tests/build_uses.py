"""Builder functions for codes at the till: in a customer's hands, used once, and a use nobody knows of."""

import itertools
from typing import Any

from django.db import transaction
from django.utils import timezone

from coupons import ledger, redeeming
from coupons.models import CouponGrant, CouponUse, GrantEntry
from coupons.redeeming import Bill
from merchants.models import GatewayCall, MiniProgram, User
from tests import build_coupons

_numbers = itertools.count(1)


def held(app: MiniProgram, **columns: Any) -> CouponGrant:
    """A merchant coupon with a code, claimed now."""
    coupon = build_coupons.coupon(app, **{"family": "merchant", **columns})
    return build_coupons.grant(coupon, code=f"TILL{next(_numbers):06d}")


def redeemed(grant: CouponGrant, *, by: User | None = None, times: int = 1, **known: Any) -> GrantEntry:
    """For a bill of ¥25.00."""
    told = {"order_no": f"O{next(_numbers):05d}", "order_fen": 2_500, "saved_fen": 500, **known}
    fact = build_coupons.fact(by=ledger.By.HAND if by else ledger.By.API, user_id=by and by.pk, **told)
    with transaction.atomic():
        return ledger.redeem(grant, fact, times=times).entry


def unknown(grant: CouponGrant, *, by: User | None = None) -> CouponUse:
    """The outbox asked as often as it does, and no answer came."""
    use = redeeming.redeem(grant, Bill(2_500), request_no=f"U{next(_numbers)}", by=by, at=timezone.now())
    now = {"finished_at": timezone.now(), "settled_at": timezone.now()}
    GatewayCall.objects.filter(pk=use.call_id).update(state="unknown", attempts=12, maybe_done=True, **now)
    CouponUse.objects.filter(pk=use.pk).update(state="unknown")
    use.refresh_from_db()
    return use
