"""The window of a template's fatigue rule (domain reference B2.2; how it is laid is not documented)."""

from __future__ import annotations

from datetime import date, timedelta


def first_day(day: date, *, value: int, unit: str) -> date:
    """First Beijing day that counts: `value` days to `day`, or `value` Monday weeks to its week."""
    if value < 1:
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday()) - timedelta(weeks=value - 1)
    return day - timedelta(days=value - 1)
