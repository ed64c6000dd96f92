"""Random storms: kills, stops, outages and lies in any order, an operator at the brakes in between.

With L the people whom the platform's log says got the message: accepted ⊆ L ⊆ accepted ∪ unknown, nobody
twice, the books balance, and no request arrives later than 2.5 s after a brake. A storm that struck no slot
with messages in flight is void: it is printed and another seed takes its place.
STORM_SEED=n runs that one again, STORM_SEEDS=m so many; full size, fifty seeds: `make torture`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.faults.blows import Blows
from tests.faults.brakes import Operator
from tests.faults.stage import FULL, Stage, launch
from tests.faults.weather import FIRST, SEEDS, Plan, plan

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("storms")]

PEOPLE, RATE_PER_SECOND = (6_000, 300) if FULL else (2_000, 240)


@dataclass
class Seeds:
    """One after the other."""

    next_one: int = FIRST
    void: list[int] = field(default_factory=list)

    def draw(self) -> Plan:
        drawn = plan(self.next_one)
        self.next_one += 1
        return drawn


@pytest.fixture(scope="module")
def seeds() -> Iterator[Seeds]:
    drawn = Seeds()
    yield drawn
    print(f"\nstorms: {drawn.next_one - FIRST}, void: {drawn.void or 'none'}")


@pytest.mark.parametrize("_place", range(SEEDS))
def test_a_random_storm_loses_and_repeats_nobody_and_every_brake_holds(
    stage: Stage, seeds: Seeds, _place: int
) -> None:
    while not weathered(stage, drawn := seeds.draw()):
        seeds.void.append(drawn.seed)
        assert len(seeds.void) <= SEEDS // 2, f"void: {seeds.void}"


def weathered(stage: Stage, drawn: Plan) -> bool:
    """One storm and its verdict; False: it struck nobody with messages in flight, so it proves nothing."""
    print(f"\n{drawn}")
    stage.man({})
    stage.simulator.delete("/sim/faults")
    storm = launch(stage, people=PEOPLE, rate_per_second=RATE_PER_SECOND)
    operator = Operator(storm)
    blows = Blows(storm, operator)
    try:
        blows.carry_out(drawn)
        operator.leave()
        storm.finish()
        figures = storm.verdict() | operator.verdict()
    except AssertionError as broken:
        print(f"seed {drawn.seed}: {broken}, missed {dict(blows.missed)}\n{storm.story()}")
        raise
    missed = {f"missed_{kind}": n for kind, n in sorted(blows.missed.items())}
    told = ", ".join(f"{key} {value}" for key, value in (figures | missed).items())
    print(f"seed {drawn.seed}: {told}" + ("" if storm.struck else ", VOID"))
    return storm.struck > 0
