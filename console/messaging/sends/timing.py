"""When it goes out, in words: the zone once, and the distance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils.translation import gettext as _

from console.messaging.sends.words import zone_words
from messaging.sends.wall_time import NoSuchTime, resolve

NEXT_TIME = "next-time"  # the button that puts `next_valid` into day and time


@dataclass(frozen=True)
class Timing:
    """`due` is None for right away, and where the wall time is incomplete or does not exist.

    `next_valid`: the first that exists after a time which the clocks skip.
    """

    due: datetime | None
    zone: str
    remark: str
    next_valid: datetime | None = None

    @property
    def repair(self) -> str:
        return f"{self.next_valid:%Y-%m-%d %H:%M}" if self.next_valid else ""


def timing(on: date | None, wall: time | None, zone: str) -> Timing:
    if on is None or wall is None:
        return Timing(None, zone_words(zone), "")
    try:
        found = resolve(on, wall, zone)
    except NoSuchTime as gap:
        return Timing(None, zone_words(zone), gap.sentence, gap.next_valid)
    remark = _("This time comes twice that day; the first is taken.") if found.ambiguous else ""
    return Timing(found.at, zone_words(zone), remark)


def repaired_time(timing: Timing) -> dict[str, str]:
    """Day and time of a form, as its fields take them; empty where there is nothing to repair."""
    if timing.next_valid is None:
        return {}
    return {
        "scheduled_on": f"{timing.next_valid:%Y-%m-%d}",
        "scheduled_time": f"{timing.next_valid:%H:%M}",
    }
