"""The file to try an upload with: 5,000 rows as they come out of a real export, some of them bad."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

GOOD, MALFORMED, REPEATED, UNKNOWN = 4_600, 120, 130, 150
FIRST = 400  # the people before this one are in the send of the past


def path_of(var: Path) -> Path:
    return var / "demo" / "people.csv"


def has_people_file(var: Path) -> bool:
    return path_of(var).is_file()


def write_people_file(var: Path, people: Sequence[str]) -> None:
    """`people` are the known ones in a fixed order; the same people give the same file."""
    chance = random.Random(7)  # noqa: S311 - repeatable on purpose
    good = list(people[FIRST : FIRST + GOOD])
    rows = [*good, *(_stranger(number) for number in range(UNKNOWN)), *_malformed(good)]
    chance.shuffle(rows)
    rows += chance.sample(good, REPEATED)
    path = path_of(var)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".new")
    made.write_text("".join(f"{row}\r\n" for row in ["open_id", *rows]), encoding="utf-8-sig")
    made.replace(path)


def _stranger(number: int) -> str:
    """Well formed, and of nobody."""
    return f"999{hashlib.sha256(f'stranger {number}'.encode()).hexdigest()[:28]}"


def _malformed(good: Sequence[str]) -> list[str]:
    """As they happen: cut off, with a blank inside, a phone number of eleven digits and a full stop."""
    kinds = (lambda one: one[:6], lambda one: f"{one[:12]} {one[12:]}", lambda one: f"1380000{len(one)}00.")
    return [kinds[number % len(kinds)](good[number]) for number in range(MALFORMED)]
