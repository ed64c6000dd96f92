"""Where the platform shows coupons to customers, and which family it shows there (domain D.10, D9.1, B8.2).

Only of two places the code of their booth is known. The others are set up in the platform's back office; they
stand here as simulated, so that nobody mistakes them for what an interface can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coupons.models.coupon import Family
from coupons.models.placement import Booth

BOTH = (Family.PAY, Family.MERCHANT)


@dataclass(frozen=True)
class Channel:
    """`code`: the platform's delivery_booth_code; empty: none is documented."""

    booth: Booth
    families: tuple[Family, ...]
    code: str = ""

    @property
    def is_simulated(self) -> bool:
        return not self.code


CHANNELS: Mapping[Booth, Channel] = {
    one.booth: one
    for one in (
        Channel(Booth.SERVICE_MESSAGE, BOTH, "SERVICE_MESSAGE"),
        Channel(Booth.PAYMENT_RESULT, BOTH, "PAYMENT_RESULT"),
        Channel(Booth.VENUE, BOTH),
        Channel(Booth.HOME, (Family.PAY,)),
        Channel(Booth.SEARCH, (Family.PAY,)),
        Channel(Booth.LIFE, (Family.PAY,)),
    )
}
OFFERED = tuple(booth for booth, channel in CHANNELS.items() if channel.code)
