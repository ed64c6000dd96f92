"""Whatever is wrong with it: a refused send spends nothing, an accepted one exactly what it costs."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import example, given

from tests.simulator.documented import BATCH, PAYS_FOR, SEND
from tests.simulator.fuzzing import WRONG, Fields, Town, fuzzing
from tests.simulator.merchant import Answer
from tests.simulator_process import SimulatorProcess

DAY = 86_400


@pytest.fixture(scope="module")
def town(simulator: SimulatorProcess) -> Town:
    return Town(simulator)


@pytest.fixture
def still_town(clocked: SimulatorProcess) -> Iterator[Town]:
    """On a clock that stands, so that no midnight comes between two looks at what is left of a day."""
    clocked.post("/sim/clock", {"speed": 0})
    yield Town(clocked)


def _seen_both(told: Counter[str]) -> bool:
    return told["10000"] >= 1 and told.total() > told["10000"]


def test_a_refused_message_spends_nothing_and_an_accepted_one_a_unit(town: Town) -> None:
    told: Counter[str] = Counter()

    @fuzzing
    @example(changes={})
    @example(changes=WRONG[SEND])
    @given(changes=town.spoilt(SEND))
    def run(changes: Fields) -> None:
        biz = {**town.right(SEND), **changes}
        before = town.units(town.mine.template)
        answer = town.say(SEND, biz)
        after = town.units(town.mine.template)
        told[answer.node["code"]] += 1
        spent = {one: before[one] - after[one] for one in before if before[one] != after[one]}
        assert spent == ({biz["to_open_id"]: 1} if answer.outcome == "10000" else {})
        assert min(after.values()) >= 0

    run()

    assert _seen_both(told)


@pytest.mark.parametrize("kind", PAYS_FOR)
def test_a_refused_message_leaves_the_form_and_an_accepted_one_uses_it_once(town: Town, kind: str) -> None:
    told: Counter[str] = Counter()

    @fuzzing
    @example(changes={})
    @example(changes=WRONG[SEND])
    @given(changes=town.spoilt(SEND))
    def run(changes: Fields) -> None:
        person = town.person()
        right = {
            "to_open_id": person,
            "user_template_id": town.old[kind],
            "data": town.data,
            "page": "pages/index",
            "form_id": town.form(kind, person),
        }
        said = {**right, **changes}
        answer = town.say(SEND, said)
        told[answer.node["code"]] += 1
        further = [town.say(SEND, right).outcome for _ in range(PAYS_FOR[kind] + 1)]
        used = answer.outcome == "10000" and said["form_id"] == right["form_id"]
        left = PAYS_FOR[kind] - used
        assert further == ["10000"] * left + ["40004/FORM_ID_SEND_LIMIT"] * (1 + used)

    run()

    assert _seen_both(told)


def test_a_refused_batch_leaves_units_and_the_day_s_batches_and_an_accepted_one_takes_one(
    still_town: Town,
) -> None:
    town, told = still_town, Counter[str]()
    # A round of its own, so that batches have somebody to reach in every example.
    people = [town.person() for _ in range(3)]

    @fuzzing
    @example(changes={})
    @example(changes=WRONG[BATCH])
    @example(changes={"schedule_send_time": "tomorrow"})
    @given(changes=town.spoilt(BATCH))
    def run(changes: Fields) -> None:
        if not town.batches_left():
            town.simulator.post("/sim/clock", {"advance_seconds": 2 * DAY})
        town.shop.consent(town.mine.template, people)
        before, left = town.units(town.mine.template), town.batches_left()
        answer = town.say(BATCH, {**town.right(BATCH), **changes})
        told[answer.node["code"]] += 1
        taken = _spent(town, answer) if answer.outcome == "10000" else 0
        after = town.units(town.mine.template)
        assert sum(before.values()) - sum(after.values()) == taken
        assert min(after.values()) >= 0
        assert left - town.batches_left() == (1 if answer.outcome == "10000" else 0)

    run()

    assert _seen_both(told)


def _spent(town: Town, accepted: Answer) -> int:
    """How many units of the coupon template the batch took once it is over."""
    record = town.ended(accepted.node["batch_msg_id"])
    return record["msg_send_count"] if record["template_id"] == town.mine.template else 0
