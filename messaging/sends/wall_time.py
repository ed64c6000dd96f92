"""From wall time to an instant: a skipped hour is refused, of one that comes twice the first is taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Resolved:
    """`ambiguous`: this wall time comes twice, and the first was taken."""

    at: datetime
    ambiguous: bool


class NoSuchTime(Exception):
    """The clocks jump over this wall time; `next_valid` is the first that exists after it."""

    def __init__(self, wall: datetime, next_valid: datetime) -> None:
        self.next_valid = next_valid
        super().__init__(f"{wall:%Y-%m-%d %H:%M} does not exist in {next_valid.tzinfo}")

    @property
    def sentence(self) -> str:
        message = _("The clocks skip this time. The next one that exists is %(time)s.")
        return message % {"time": f"{self.next_valid:%Y-%m-%d %H:%M}"}


def resolve(on: date, at: time, zone: str) -> Resolved:
    """The instant (UTC) of a wall time without seconds' fraction. Raises NoSuchTime."""
    place = ZoneInfo(zone)
    wall = datetime.combine(on, at.replace(tzinfo=None))
    first, second = (wall.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if not _exists(first, wall):
        raise NoSuchTime(wall, _after_gap(first))
    return Resolved(at=first.astimezone(UTC), ambiguous=first.utcoffset() != second.utcoffset())


def _exists(moment: datetime, wall: datetime) -> bool:
    return moment.astimezone(UTC).astimezone(moment.tzinfo).replace(tzinfo=None, fold=0) == wall


def _after_gap(moment: datetime) -> datetime:
    """The first wall time after the gap: the jump is as long as the two offsets differ."""
    before, after = moment.utcoffset(), moment.replace(fold=1).utcoffset()
    jump = abs((before or timedelta()) - (after or timedelta()))
    wall = moment.replace(tzinfo=None)
    step = timedelta(minutes=1)
    probe = wall
    while probe < wall + jump + step:
        probe += step
        candidate = probe.replace(tzinfo=moment.tzinfo)
        if _exists(candidate, probe):
            return candidate
    return (wall + jump).replace(tzinfo=moment.tzinfo)


def due_of(on: date | None, wall: time | None, *, zone: str, at: datetime) -> datetime:
    """The instant of a wall time; without one that is right after the undo window. Raises NoSuchTime."""
    if on is None or wall is None:
        return at + timedelta(seconds=settings.ENGINE_UNDO_SECONDS)
    return resolve(on, wall, zone).at
