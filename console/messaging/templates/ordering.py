"""The order of keywords as addresses: every move is a link that works without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from console.messaging.templates.forms import PLACES, AdoptForm


@dataclass(frozen=True)
class Place:
    """One chosen keyword. `number` counts from 1; an empty address means that the move is not possible."""

    number: int
    name: str
    up: str
    down: str
    leave_out: str
    sample: str


def address_of(keywords: Sequence[str]) -> str:
    """`?keyword1=…&keyword2=…`; an empty choice keeps its first place, so that it isn't the suggestion."""
    pairs = list(zip(PLACES, keywords, strict=False)) or [(PLACES[0], "")]
    return f"?{urlencode(pairs)}"


def places(keywords: Sequence[str], samples: Sequence[str]) -> list[Place]:
    last = len(keywords) - 1
    return [
        Place(
            number=at + 1,
            name=name,
            up=address_of(_swapped(keywords, at - 1)) if at else "",
            down=address_of(_swapped(keywords, at)) if at < last else "",
            leave_out=address_of([*keywords[:at], *keywords[at + 1 :]]),
            sample=sample,
        )
        for at, (name, sample) in enumerate(zip(keywords, samples, strict=True))
    ]


def additions(form: AdoptForm) -> list[tuple[str, str]]:
    """(keyword, address that adds it at the end); no address when all places are taken."""
    chosen = form.keywords
    return [(keyword, "" if form.is_full else address_of([*chosen, keyword])) for keyword in form.left_out]


def _swapped(keywords: Sequence[str], at: int) -> list[str]:
    """With the keywords at `at` and behind it changed over."""
    moved = list(keywords)
    moved[at], moved[at + 1] = moved[at + 1], moved[at]
    return moved
