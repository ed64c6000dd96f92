"""Who used a coupon, or holds one and has not, frozen as a list: to tell them of another one, or again.

The grants decide, so nobody is in it twice. Membership leaves out who opted out of profiling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _

from coupons.models import Coupon
from membership import rule_lists
from membership.models import PeopleList
from merchants import jobs
from merchants.models import User

TASK = "coupons.write_holder_list"
RULE = "coupon"


class Who(StrEnum):
    USED = "used"  # at least once, and not given back
    UNUSED = "unused"  # can use it still, and never did


WHOSE: Mapping[Who, str] = {
    Who.USED: "SELECT DISTINCT customer_id FROM coupons_coupongrant"
    " WHERE coupon_id = %(coupon)s AND state IN ('redeemed', 'partly_used')",
    Who.UNUSED: "SELECT DISTINCT customer_id FROM coupons_coupongrant"
    " WHERE coupon_id = %(coupon)s AND state IN ('claimed', 'reverted')",
}


@dataclass(frozen=True)
class Reach:
    """`people` would be in the list, `opted_out` belong to it and are left out."""

    people: int
    opted_out: int
    counted_at: datetime


def reach(coupon: Coupon, who: Who, *, at: datetime) -> Reach:
    counted = rule_lists.count(coupon.mini_program, whose=WHOSE[who], parameters={"coupon": coupon.pk})
    return Reach(*counted, at)


def make_list(coupon: Coupon, who: Who, *, name: str, purpose: str, by: User, form_token: UUID) -> PeopleList:
    """Starts the Job that freezes them. The same form_token gives the first list."""
    return rule_lists.start(
        TASK,
        mini_program=coupon.mini_program,
        name=name,
        purpose=purpose,
        rule={"kind": RULE, "coupon": coupon.pk, "coupon_name": coupon.name, "who": who.value},
        by=by,
        form_token=form_token,
    )


def write_list(merchant_id: int, job_id: int) -> None:
    """One run of the Job: all or nothing, so a killed worker's next one starts from the beginning."""
    job = jobs.claim(job_id, merchant_id=merchant_id)
    if job is None:
        return
    rule = PeopleList.objects.for_merchant(job.merchant).get(job=job).rule
    coupons = Coupon.objects.for_merchant(job.merchant).filter(pk=rule.get("coupon"))
    try:
        if not coupons.exists():
            raise jobs.JobRefused(_("The coupon of this list is gone. Make the list from another one."))
        rule_lists.write(job, whose=WHOSE[Who(rule["who"])], parameters={"coupon": rule["coupon"]})
    except jobs.LostLease:
        return
    except jobs.JobRefused as refusal:
        rule_lists.give_up(job, str(refusal))
