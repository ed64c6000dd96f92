"""Batches piece by piece, in this process: what breaks off half-way, and what is made once."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.batches import PIECE, Batch, Batches
from tests.simulator.town import DATA, Town

PEOPLE = 2 * PIECE + 1


class Counted(list[str]):
    """How often it was gone through."""

    rounds = 0

    def __iter__(self) -> Iterator[str]:
        self.rounds += 1
        return super().__iter__()


@pytest.fixture
def town() -> Iterator[Town]:
    built = Town(people=PEOPLE)
    yield built
    built.close()


@pytest.fixture
def batches(town: Town) -> Batches:
    return Batches(town.store)


def _subscribe(town: Town, open_ids: list[str]) -> None:
    for open_id in open_ids:
        town.store.set_consent(town.app, town.template, open_id, 1)


def _submit(batches: Batches, town: Town, **more: Any) -> Batch:
    wish = {"crowd_code": "", "data": DATA, "page": "pages/index", "due_at": None, **more}
    return batches.submit(town.app, town.template.template_id, **wish)


@pytest.mark.parametrize(
    ("subscribed", "status"),
    [(slice(None), "PARTIAL"), (slice(PIECE, None), "FAILED"), (slice(3), "PARTIAL")],
)
def test_a_batch_that_breaks_off_is_never_a_success(
    town: Town, batches: Batches, subscribed: slice, status: str
) -> None:
    reached = town.open_ids[:PIECE][subscribed]
    _subscribe(town, town.open_ids[subscribed])
    batch = _submit(batches, town)
    assert batches.work()
    assert (batch.status, batch.done, batch.sent) == ("SENDING", PIECE, len(reached))

    town.template.forced_status = "OFFLINE"
    assert batches.work()

    assert (batch.status, batch.sent) == (status, len(reached))
    assert not batches.work()


def test_a_batch_that_nothing_stops_reaches_everybody(town: Town, batches: Batches) -> None:
    _subscribe(town, town.open_ids)
    batch = _submit(batches, town)

    while batches.work():
        pass

    assert (batch.status, batch.sent) == ("SUCCESS", PEOPLE)


def test_a_named_crowd_is_looked_through_once_a_batch(town: Town, batches: Batches) -> None:
    _subscribe(town, town.open_ids)
    crowd = batches.make_crowd(town.app, town.open_ids[:-1])
    crowd.open_ids = Counted(crowd.open_ids)
    batch = _submit(batches, town, crowd_code=crowd.crowd_code)

    while batches.work():
        pass

    assert (batch.status, batch.sent, crowd.open_ids.rounds) == ("SUCCESS", PEOPLE - 1, 1)


def test_people_react_to_a_batch_whose_time_the_clock_has_passed(town: Town, batches: Batches) -> None:
    _subscribe(town, town.open_ids)
    _submit(batches, town, due_at=town.store.clock.now() + 3_600)

    town.live(days=5)
    while batches.work():
        pass
    town.live(days=0)

    due = town.store.clock.now() - 5 * 86_400 + 3_600
    came = [at for at, _, kind, _ in town.acts() if kind == "visit"]
    assert len(came) > PEOPLE / 20
    assert due < min(came) and max(came) < town.store.clock.now()
