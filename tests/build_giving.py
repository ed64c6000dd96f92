"""Builder functions for coupons on their way: a batch issue, and one whose outcome nobody knows."""

import uuid
from typing import Any

from coupons import counting
from coupons.models import Coupon, CouponGrant, CouponRun
from membership.models import Customer, PeopleList
from merchants.models import User
from tests import build_messaging


def run(
    of: Coupon, *, by: User | None = None, people: int = 2, to: PeopleList | None = None, **fields: Any
) -> CouponRun:
    """Confirmed, and not begun: to a list, or to so many new people."""
    if to is None:
        to = build_messaging.people_list(of.mini_program, build_messaging.people(of.mini_program, people))
    made: CouponRun = CouponRun.objects.create(
        merchant=of.merchant,
        mini_program=of.mini_program,
        coupon=of,
        people_list=to,
        people=to.count,
        form_token=uuid.uuid4(),
        author=by,
        **fields,
    )
    return made


def gift(of: Coupon, customer: Customer | None = None, **fields: Any) -> CouponGrant:
    """Given by us, `unknown` unless told otherwise; nothing was asked of the platform."""
    person = customer or build_messaging.people(of.mini_program, 1)[0]
    made: CouponGrant = CouponGrant.objects.create(
        merchant=of.merchant,
        mini_program=of.mini_program,
        coupon=of,
        customer=person,
        **{"state": "unknown", "source": "direct", "out_biz_no": f"gift-{uuid.uuid4().hex}", **fields},
    )
    if made.state != "refused":
        counting.move(of.pk, taken=1)
    return made
