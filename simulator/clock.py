"""The platform's clock: real time plus an offset, running at a settable speed.

It moves only what the platform does later (reviews, fatigue days, times on messages). Timestamps of requests
are always judged by the real clock.
"""

import time
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
DAY_SECONDS = 86_400
MAX_SPEED = 100_000
# 9999 would overflow datetime; a clock set this far ahead is a mistake in the caller's unit.
MAX_AHEAD_SECONDS = 50 * 365 * DAY_SECONDS


class Clock:
    """`now()` is a Unix time. State is three numbers, so that a restart goes on where the clock would be."""

    def __init__(self, simulated: float | None = None, real: float | None = None, speed: float = 1.0) -> None:
        self.real_base = time.time() if real is None else real
        self.simulated_base = self.real_base if simulated is None else simulated
        self.speed = speed

    def now(self) -> float:
        return self.simulated_base + (time.time() - self.real_base) * self.speed

    def set_speed(self, speed: float) -> None:
        self.simulated_base, self.real_base = self.now(), time.time()
        self.speed = speed

    def advance(self, seconds: float) -> None:
        self.simulated_base, self.real_base = self.now() + seconds, time.time()

    def saved(self) -> tuple[float, float, float]:
        return self.simulated_base, self.real_base, self.speed


def beijing(at: float) -> datetime:
    return datetime.fromtimestamp(at, BEIJING)


def beijing_day(at: float) -> int:
    """Days since 1970-01-01 by the Beijing calendar."""
    return int((at + 8 * 3600) // DAY_SECONDS)


def monday_of(day: int) -> int:
    """The Monday on or before `day`; 1970-01-01 was a Thursday."""
    return day - (day + 3) % 7


def iso_beijing(at: float) -> str:
    return beijing(at).isoformat(timespec="milliseconds")


def iso_utc(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


class BadClock(ValueError):
    """The wish cannot be read; the text says what to send instead."""


def read_wish(body: dict[str, object]) -> tuple[float, float | None]:
    """(seconds to advance, speed or None) out of {"advance_seconds": n} or {"speed": x} or both."""
    advance, speed = body.get("advance_seconds", 0), body.get("speed")
    if "advance_seconds" not in body and speed is None:
        raise BadClock("advance_seconds or speed: give at least one")
    if (
        isinstance(advance, bool)
        or not isinstance(advance, int | float)
        or not 0 <= advance <= MAX_AHEAD_SECONDS
    ):
        raise BadClock(f"advance_seconds: from 0 to {MAX_AHEAD_SECONDS}; the clock never goes back")
    if speed is None:
        return advance, None
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 <= speed <= MAX_SPEED:
        raise BadClock(f"speed: from 0 (stands still) to {MAX_SPEED}")
    return advance, float(speed)
