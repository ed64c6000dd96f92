"""When it goes out, in words: the zone once, and the distance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils.translation import gettext as _

from console.messaging.sends.words import zone_words
from messaging.sends.wall_time import NoSuchTime, resolve


@dataclass(frozen=True)
class Timing:
    """`due` is None for right away, and where the wall time is incomplete or does not exist."""

    due: datetime | None
    zone: str
    remark: str


def timing(on: date | None, wall: time | None, zone: str) -> Timing:
    if on is None or wall is None:
        return Timing(None, zone_words(zone), "")
    try:
        found = resolve(on, wall, zone)
    except NoSuchTime:
        return Timing(None, zone_words(zone), _("The clocks skip this time."))
    remark = _("This time comes twice that day; the first is taken.") if found.ambiguous else ""
    return Timing(found.at, zone_words(zone), remark)
