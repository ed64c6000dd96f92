"""Days on which the clocks of a zone change."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone


def next_change(zone: str, *, forward: bool) -> date:
    """The next day, from tomorrow on, that is an hour shorter (`forward`) or longer there."""
    place = ZoneInfo(zone)
    day = timezone.now().astimezone(place).date() + timedelta(days=1)
    for _day in range(366):
        start, end = (datetime(*one.timetuple()[:3], tzinfo=place) for one in (day, day + timedelta(days=1)))
        change = (end.utcoffset() or timedelta()) - (start.utcoffset() or timedelta())
        if change and (change > timedelta()) == forward:
            return day
        day += timedelta(days=1)
    raise AssertionError(f"the clocks of {zone} do not change within a year")
