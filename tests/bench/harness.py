"""What every bench shares: its size, clock and memory, and how a figure is told.

A figure is a ratio within one run, on one machine; the absolute numbers stand beside it. `make bench` runs
the full size, the suite a small one, which proves only that the bench works. No test asserts a time.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from django.conf import settings

from tests.source_tree import ROOT

FULL = os.environ.get("PROOF_SIZE") == "full"
FOLDER = ROOT / "var" / "bench"
in_full_size = pytest.mark.skipif(not FULL, reason="the suite runs one bench of the engine: that of sending")


@dataclass(frozen=True)
class Figure:
    """`ours` and `reference` in `unit`; `bar`: the ratio allowed at most, or at least if higher is better."""

    name: str
    ours: float
    reference: float
    unit: str
    bar: float
    higher_is_better: bool = False

    @property
    def ratio(self) -> float:
        return self.ours / self.reference

    @property
    def holds(self) -> bool:
        return self.ratio >= self.bar if self.higher_is_better else self.ratio <= self.bar


def tell(figures: Sequence[Figure], *, notes: Sequence[str] = ()) -> list[Path]:
    """Prints the table and writes a file for each figure; small runs write where the run keeps its data."""
    folder = FOLDER if FULL else Path(settings.VAR_DIR) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    print(f"\n{'':44}{'ours':>10}{'reference':>11}{'ratio':>8}{'bar':>8}")
    paths = []
    for one in figures:
        sign = "≥" if one.higher_is_better else "≤"
        verdict = ("holds" if one.holds else "MISSED") if FULL else "too small to judge"
        print(
            f"{one.name:44}{one.ours:>10.2f}{one.reference:>11.2f}{one.ratio:>8.2f}{sign + str(one.bar):>8}"
            f"  {one.unit}, {verdict}"
        )
        path = folder / f"{one.name.replace(' ', '-')}.json"
        path.write_text(json.dumps({**asdict(one), "ratio": round(one.ratio, 4)}, indent=2), "utf-8")
        paths.append(path)
    for note in notes:
        print(f"  {note}")
    return paths


class Clock:
    seconds = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    clock, start = Clock(), time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - start


def forget_peak() -> None:
    """From now on `peak_megabytes` tells what was reached after this call."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def peak_megabytes() -> float:
    """The most memory this process held at once."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the kernel tells no peak")
