"""Who came back from one send: its figures, what they are compared with, and the curve of its first day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.recall.reading import too_few
from messaging.engine.control import LIVE
from messaging.models import SendControl
from messaging.recall.benchmarks import RECALL
from messaging.recall.figures import CurveHour, SendRecall, send_recall

FAST_SECONDS, SLOW_SECONDS = 30, 300
LABEL_EVERY = 6  # hours


@dataclass(frozen=True)
class Bar:
    """`x` and `width` in percent of the drawing, `y` and `height` in its pixels."""

    hour: CurveHour
    x: float
    width: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def is_labelled(self) -> bool:
        return self.hour.hour is not None and self.hour.hour % LABEL_EVERY == 0


CHART_HEIGHT = 96  # of the bars; labels stand below


def send_part(control: SendControl, *, at: datetime) -> dict[str, Any]:
    """Context of recall/_send.html; `recall` is None before the send started."""
    found = send_recall(control, at=at)
    return {
        "recall": found,
        "control": control,
        "bars": _bars(found.curve) if found else [],
        "reference": RECALL,
        "above_reference": _above_reference(found),
        "above_usual": _above_usual(found),
        "too_few": too_few(found.sums.missing) if found and found.sums.missing else "",
        "is_fall_open": bool(found and found.is_open and (_above_usual(found) or 0) < 0),
        "usual_too_few": bool(found and found.usual.missing),
        "poll_seconds": _pace(control, found, at=at),
        "at": at,
    }


def _above_reference(found: SendRecall | None) -> float | None:
    if found is None or found.sums.missing or found.sums.rate is None:
        return None
    return found.sums.rate - (RECALL.share or 0)


def _above_usual(found: SendRecall | None) -> float | None:
    if found is None or found.sums.missing or found.usual.missing:
        return None
    if found.sums.rate is None or found.usual.rate is None:
        return None
    return found.sums.rate - found.usual.rate


def _pace(control: SendControl, found: SendRecall | None, *, at: datetime) -> int:
    """Seconds until the part asks again; 0: nothing can change any more, or not by itself."""
    if found is None:
        return FAST_SECONDS if control.state in LIVE else 0
    if not found.is_open:
        return 0
    newly = (found.open_until - at).total_seconds() > 6 * 24 * 3600
    return FAST_SECONDS if newly else SLOW_SECONDS


def _bars(curve: list[CurveHour]) -> list[Bar]:
    most = max((one.visits for one in curve), default=0)
    if not most:
        return []
    step = 100 / len(curve)
    return [
        Bar(
            one,
            x=round(place * step + step * 0.12, 3),
            width=round(step * 0.76, 3),
            y=round(CHART_HEIGHT * (1 - one.visits / most), 1),
            height=round(CHART_HEIGHT * one.visits / most, 1),
        )
        for place, one in enumerate(curve)
    ]
