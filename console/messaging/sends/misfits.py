"""Texts that do not fit, as the person would get them: which keyword, how long, and where it runs over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway import wire
from messaging.engine import text

LIMIT = wire.KEYWORD_VALUE_MAX_CHARACTERS
SHOWN_OVER = 60  # characters beyond the limit; a cell of a file may hold a whole letter


@dataclass(frozen=True)
class Cut:
    """One keyword of one person: `kept` is what the platform has room for, `over` what runs over, shortened.

    Both are empty for who may not see people.
    """

    field: str
    characters: int
    kept: str
    over: str

    @property
    def is_over(self) -> bool:
        return self.characters > LIMIT


@dataclass(frozen=True)
class Misfit:
    """A person of the drop: `cuts` are the keywords that do not fit by themselves.

    `together` is the length of all of them where each fits and the message as a whole does not, else 0.
    """

    cuts: Sequence[Cut]
    together: int

    limit = LIMIT
    together_limit = wire.DATA_MAX_CHARACTERS


def cut(field: str, said: str, *, may_see_people: bool) -> Cut:
    over = said[LIMIT:]
    shown = over if len(over) <= SHOWN_OVER else f"{over[:SHOWN_OVER]}…"
    seen = (said[:LIMIT], shown) if may_see_people else ("", "")
    return Cut(field, wire.text_length(said), *seen)


def misfit(keywords: Sequence[str], said: Sequence[str], *, may_see_people: bool) -> Misfit:
    cuts = list(_cuts(keywords, said, may_see_people=may_see_people))
    total = text.data_length(said)
    return Misfit(cuts, total if not cuts and total > wire.DATA_MAX_CHARACTERS else 0)


def _cuts(keywords: Sequence[str], said: Sequence[str], *, may_see_people: bool) -> Iterator[Cut]:
    for field, one in zip(keywords, said, strict=False):
        if not text.fits(one):
            yield cut(field, one, may_see_people=may_see_people)
