"""Hour × weekday: when sends bring people back. Only hours with enough people get a figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor

from django.utils.dates import WEEKDAYS

from messaging.recall import chance
from messaging.recall.figures import Cell, Sums

STEPS = 6
FEWEST_CELLS = 3


@dataclass(frozen=True)
class HeatCell:
    """`step` 0…5 is its colour; None: too few to tell, or nothing was sent (`sums` None)."""

    hour: int
    sums: Sums | None
    step: int | None


@dataclass(frozen=True)
class HeatRow:
    weekday: str
    cells: list[HeatCell]


@dataclass(frozen=True)
class Step:
    """Bounds in percent; `high` None for the last, which is open upwards."""

    step: int
    low: float
    high: float | None


@dataclass(frozen=True)
class HeatMap:
    hours: list[int]
    rows: list[HeatRow]
    steps: list[Step]


@dataclass(frozen=True)
class BestHour:
    """`low`, `high`: 99 % interval of its rate, since the best of many always looks good."""

    cell: Cell
    weekday: str
    others: Sums
    low: float
    high: float

    def next_day(self, today: date) -> date:
        """The next such weekday after today."""
        return today + timedelta(days=(self.cell.weekday - today.isoweekday() - 1) % 7 + 1)


def weekday_name(weekday: int) -> str:
    """1 is Monday: 周一, Monday."""
    # Django's Chinese catalogue has 星期 where the console says 周
    return str(WEEKDAYS[weekday - 1]).replace("星期", "周")


def enough(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if not cell.sums.missing]


def heat_map(cells: list[Cell]) -> HeatMap | None:
    """None while fewer than FEWEST_CELLS hours have enough people: a map of them would say nothing."""
    told = enough(cells)
    if len(told) < FEWEST_CELLS:
        return None
    steps = _steps([(cell.sums.rate or 0) * 100 for cell in told])
    hours = sorted({cell.hour for cell in cells})
    by_place = {(cell.weekday, cell.hour): cell.sums for cell in cells}
    rows = [
        HeatRow(
            weekday_name(weekday),
            [_cell(hour, by_place.get((weekday, hour)), steps) for hour in hours],
        )
        for weekday in range(1, 8)
    ]
    return HeatMap(hours, rows, steps)


def best_hour(cells: list[Cell]) -> BestHour | None:
    """The best hour, if it is better than the others by more than chance; None else."""
    told = enough(cells)
    if len(told) < 2:
        return None
    best = max(told, key=lambda cell: cell.sums.rate or 0)
    others = sum((cell.sums for cell in cells if cell is not best), Sums())
    low, high = chance.interval(best.sums.visits, best.sums.accepted, z=chance.Z_99)
    if others.rate is None or others.missing or low <= others.rate:
        return None
    return BestHour(best, weekday_name(best.weekday), others, low, high)


def _cell(hour: int, sums: Sums | None, steps: list[Step]) -> HeatCell:
    if sums is None or sums.rate is None:
        return HeatCell(hour, None, None)
    if sums.missing:
        return HeatCell(hour, sums, None)
    rate = sums.rate * 100
    return HeatCell(hour, sums, max(step.step for step in steps if step.step == 0 or rate >= step.low))


def _steps(rates: list[float]) -> list[Step]:
    """Six equal steps of at least one point, from the lowest rate to the highest."""
    low = floor(min(rates))
    width = max(1.0, ceil((max(rates) - low) / STEPS * 2) / 2)
    return [Step(n, low + n * width, None if n == STEPS - 1 else low + (n + 1) * width) for n in range(STEPS)]
