"""The people of one shop by their place in the platform's list, and what each of them is like."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from console.demo.shops import ListPlan


class Mood(Enum):
    """What a person does about messages in the end. Only those at the end of the crowd ever change."""

    STEADY = "steady"
    DEAF = "takes no messages of this mini program"
    BORED = "is not interested in this content"
    GONE = "unsubscribed at the platform without a word to us"
    REVOKED = "unsubscribed, and the mini program told us"
    SPARED = "is on the do-not-send list"


_MOODS = (Mood.DEAF, Mood.BORED, Mood.GONE, Mood.GONE, Mood.REVOKED, Mood.SPARED, *[Mood.STEADY] * 14)


@dataclass(frozen=True)
class Crowd:
    """The first `steady` hold one-time consents and keep them, the first `standing` a standing one too.

    Up to `changing_from` nobody else has any. `scale` of the numbers in a list's plan.
    """

    people: Sequence[str]
    steady: int
    standing: int
    changing_from: int
    scale: float

    def mood(self, place: int) -> Mood:
        late = place - self.changing_from
        return _MOODS[late % len(_MOODS)] if late >= 0 else Mood.STEADY

    def changing(self, *moods: Mood) -> Iterator[int]:
        return (place for place in range(self.changing_from, len(self.people)) if self.mood(place) in moods)

    def members(self, plan: ListPlan, chance: random.Random) -> list[int]:
        """Places of the people of a list, in the order of the file."""
        parts = (
            (range(self.steady), plan.steady),
            (range(self.standing), plan.standing),
            (range(self.steady, self.changing_from), plan.without),
            (range(self.changing_from, len(self.people)), plan.changing),
        )
        found: set[int] = set()
        for pool, wanted in parts:
            found.update(chance.sample(pool, min(len(pool), round(wanted * self.scale))))
        return sorted(found)
