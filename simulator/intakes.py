"""Who of several apps is the same person: whoever stands at the same place of the same seed."""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(slots=True)
class Intake:
    """`count` people of `seed`, from `position` on, who became people number `seq` and on of an app."""

    app_id: str
    seed: int
    position: int
    seq: int
    count: int = 0

    @property
    def key(self) -> str:
        return f"{self.app_id} {self.seq}"

    def goes_on_with(self, seed: int, position: int, seq: int) -> bool:
        following = (self.seed, self.position + self.count, self.seq + self.count)
        return following == (seed, position, seq)


def place_of(intakes: list[Intake], seq: int) -> tuple[int, int] | None:
    """(seed, position) of an app's person number `seq`; None for one from before this was kept."""
    index = bisect_right(intakes, seq, key=lambda one: one.seq) - 1
    if index < 0:
        return None
    offset = seq - intakes[index].seq
    return (intakes[index].seed, intakes[index].position + offset) if offset < intakes[index].count else None
