"""Recall of this week, drawn: one bar per day, the reference across."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from console.recall.heat import weekday_name
from messaging.recall.benchmarks import RECALL
from messaging.recall.figures import Day, RecallFigures

LEFT, RIGHT = 7.0, 76.0  # percent; the words of the reference stand to the right
TOP, BOTTOM = 20.0, 160.0  # pixels
GRID_LINES = 3
DAYS = 7
LEAST_TOP = 0.30


@dataclass(frozen=True)
class Bar:
    """`x` and `width` in percent, `y` and `height` in pixels; `day` None for a day to come."""

    label: str
    x: float
    width: float
    y: float
    height: float
    day: Day | None
    is_today: bool

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 3)

    @property
    def value_y(self) -> float:
        return self.y - 6


@dataclass(frozen=True)
class Tick:
    y: float
    share: float


@dataclass(frozen=True)
class Week:
    bars: list[Bar]
    ticks: list[Tick]
    reference_y: float
    left: float = LEFT
    right: float = RIGHT
    bottom: float = BOTTOM

    @property
    def is_drawn(self) -> bool:
        return any(bar.height for bar in self.bars)


def week_chart(figures: RecallFigures) -> Week:
    most = max((one.now.rate or 0 for one in figures.days), default=0)
    top = max(LEAST_TOP, ceil(most * 10) / 10)

    def height(share: float) -> float:
        return round((BOTTOM - TOP) * min(share / top, 1), 1)

    step = (RIGHT - LEFT) / DAYS
    bars = []
    for place in range(DAYS):
        day = figures.days[place] if place < len(figures.days) else None
        tall = height(day.now.rate or 0) if day else 0.0
        bars.append(
            Bar(
                weekday_name(place + 1)[:3],
                x=round(LEFT + place * step + step * 0.18, 3),
                width=round(step * 0.64, 3),
                y=BOTTOM - tall,
                height=tall,
                day=day,
                is_today=place == len(figures.days) - 1,
            )
        )
    shares = [top * n / GRID_LINES for n in range(GRID_LINES + 1)]
    ticks = [Tick(BOTTOM - height(share), share) for share in shares]
    return Week(bars, ticks, BOTTOM - height(RECALL.share or 0))
