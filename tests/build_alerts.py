"""Builder functions for limits against abuse, and alerts about who passed them."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from coupons.limits import Limits
from coupons.models import Coupon, CouponAlert, CouponLimits
from coupons.terms import beijing_day
from membership.models import Customer
from merchants.models import Merchant, MiniProgram, User
from tests import build_messaging


def limits(of: Merchant, **own: int | None) -> Limits:
    """Only those that are named; the others are off."""
    columns = {"claims": None, "grants": None, "uses": None, "hour_percent": None, **own}
    CouponLimits.objects.update_or_create(merchant=of, defaults=columns)
    return Limits(**own)


def alert(app: MiniProgram, customer: Customer | None = None, **fields: Any) -> CouponAlert:
    """Open: 14 claims of one person today, where 10 are allowed."""
    person = customer or build_messaging.people(app, 1)[0]
    return _alert(app, {"customer": person, "kind": "claims", "n": 14, "most": 10, **fields})


def of_coupon(coupon: Coupon, **fields: Any) -> CouponAlert:
    """Open: 420 claims within an hour, where 300 are allowed."""
    return _alert(coupon.mini_program, {"coupon": coupon, "kind": "burst", "n": 420, "most": 300, **fields})


def _alert(app: MiniProgram, fields: dict[str, Any]) -> CouponAlert:
    at = timezone.now()
    made: CouponAlert = CouponAlert.objects.create(
        merchant=app.merchant,
        mini_program=app,
        **{"day": beijing_day(at), "found_at": at, "last_at": at, **fields},
    )
    return made


def kept(
    app: MiniProgram, customer: Customer, *, by: User | None = None, until: date | None = None
) -> CouponAlert:
    """From coupons, for a month unless told otherwise."""
    at = timezone.now()
    until = until or beijing_day(at) + timedelta(days=30)
    settled = {"settled_at": at, "settled_by": by, "reason": "脚本领取，十分钟十四张"}
    return alert(app, customer, state="kept", kept_until=until, **settled)
