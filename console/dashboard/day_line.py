"""The next 24 hours as a line: where each send stands on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from messaging.models import BatchSend

DAY_SECONDS = 24 * 3600
HOURS_BETWEEN_LABELS = 4


@dataclass(frozen=True)
class Stop:
    """`x` in percent of the line; `number` repeats in the table below."""

    number: int
    batch: BatchSend
    x: float


@dataclass(frozen=True)
class HourLabel:
    x: float
    words: str


@dataclass(frozen=True)
class DayLine:
    stops: list[Stop]
    labels: list[HourLabel]


def day_line(batches: list[BatchSend], *, at: datetime) -> DayLine:
    def place(moment: datetime) -> float:
        return round(min(max((moment - at).total_seconds() / DAY_SECONDS, 0), 1) * 96 + 2, 2)

    hour = timezone.localtime(at).replace(minute=0, second=0, microsecond=0)
    steps = [hour + timedelta(hours=n) for n in range(1, 25)]
    return DayLine(
        stops=[
            Stop(number, batch, place(batch.control.due_at or at))
            for number, batch in enumerate(batches, start=1)
        ],
        labels=[
            HourLabel(place(step), f"{step:%H:%M}") for step in steps if step.hour % HOURS_BETWEEN_LABELS == 0
        ],
    )
