"""Who may launch at a merchant, and how many of them have a second factor."""

from __future__ import annotations

from dataclasses import dataclass

from merchants.models import Merchant, Staff
from merchants.roles import CAPABILITIES


@dataclass(frozen=True)
class Launchers:
    people: int
    ready: int  # with a second factor

    @property
    def are_ready(self) -> bool:
        return self.people == self.ready


def launchers_of(merchant: Merchant) -> Launchers:
    roles = [role for role, capabilities in CAPABILITIES.items() if "sends.launch" in capabilities]
    seats = Staff.objects.for_merchant(merchant).filter(role__in=roles, disabled_at=None)
    ready = seats.filter(user__second_factor__confirmed_at__isnull=False)
    return Launchers(seats.count(), ready.count())
