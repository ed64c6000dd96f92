"""What a person wrote into a draft, before it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from membership.models import PeopleList
from messaging.models import SubscriptionTemplate


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
