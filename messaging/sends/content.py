"""What a person wrote into a draft, before it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from coupons.models import Coupon
from membership.models import PeopleList
from messaging.models import BatchSend, SubscriptionTemplate


@dataclass(frozen=True)
class Content:
    """What the form gave. `values` in the order of the template's keywords; wall times of the zone."""

    name: str
    template: SubscriptionTemplate | None
    people_list: PeopleList | None
    values: list[str]
    page: str
    scheduled_on: date | None
    scheduled_time: time | None
    not_after_on: date | None = None
    not_after_time: time | None = None
    holdout_percent: int = 0
    coupon: Coupon | None = None


def written_in(batch: BatchSend) -> Content:
    """What stands in it."""
    return Content(
        name=batch.name,
        template=batch.template,
        people_list=batch.people_list,
        values=list(batch.values),
        page=batch.page,
        scheduled_on=batch.scheduled_on,
        scheduled_time=batch.scheduled_time,
        not_after_on=batch.not_after_on,
        not_after_time=batch.not_after_time,
        holdout_percent=batch.holdout_percent,
        coupon=batch.coupon,
    )
