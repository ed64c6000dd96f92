"""The file to try an upload with: 5,000 rows as they come out of a real export, some of them bad."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Rows:
    """How many of each; `first` of the known people are passed over, the send of the past went to them."""

    first: int = 400
    good: int = 4_600
    malformed: int = 120
    repeated: int = 130
    unknown: int = 150


def path_of(var: Path) -> Path:
    return var / "demo" / "people.csv"


def has_people_file(var: Path) -> bool:
    return path_of(var).is_file()


def write_people_file(var: Path, people: Sequence[str], *, count: Rows) -> None:
    """`people` are the known ones in a fixed order; the same people give the same file."""
    chance = random.Random(7)  # noqa: S311 - repeatable on purpose
    good = list(people[count.first : count.first + count.good])
    rows = [
        *good,
        *(_stranger(number) for number in range(count.unknown)),
        *_malformed(good, count.malformed),
    ]
    chance.shuffle(rows)
    rows += chance.sample(good, count.repeated)
    path = path_of(var)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".new")
    made.write_text("".join(f"{row}\r\n" for row in ["open_id", *rows]), encoding="utf-8-sig")
    made.replace(path)


def _stranger(number: int) -> str:
    """Well formed, and of nobody."""
    return f"999{hashlib.sha256(f'stranger {number}'.encode()).hexdigest()[:28]}"


def _malformed(good: Sequence[str], count: int) -> list[str]:
    """As they happen: cut off, with a blank inside, a phone number of eleven digits and a full stop."""
    kinds = (lambda one: one[:6], lambda one: f"{one[:12]} {one[12:]}", lambda one: f"1380000{len(one)}00.")
    return [kinds[number % len(kinds)](good[number]) for number in range(count)]
