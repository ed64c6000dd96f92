"""Geometry of bars drawn as SVG: widths in percent, so that no inline style is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ORDER = ("accepted", "refused", "unknown", "sending", "queued")
GAP = 0.15


@dataclass(frozen=True)
class Part:
    """`x` and `width` in percent of the bar."""

    name: str
    n: int
    x: float
    width: float


def parts(counts: Mapping[str, int], *, smallest: float) -> list[Part]:
    """Parts in the order given; zero is left out, a small one is at least `smallest` percent wide."""
    shown = [(name, n) for name, n in counts.items() if n > 0]
    total = sum(n for _name, n in shown)
    if not total:
        return []
    widths = [max(n / total * 100, smallest) for _name, n in shown]
    shrink = 100 / sum(widths)
    drawn: list[Part] = []
    x = 0.0
    for (name, n), width in zip(shown, widths, strict=True):
        last = len(drawn) == len(shown) - 1
        drawn.append(Part(name, n, round(x, 3), round(width * shrink - (0 if last else GAP), 3)))
        x += width * shrink
    return drawn
