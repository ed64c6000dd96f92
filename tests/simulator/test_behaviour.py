"""How people decide: seeded, calibrated to the benchmarks, with an effect that an experiment finds again."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import behaviour
from simulator.behaviour import Arrival, Habits, midnight
from simulator.crowd import COME, MAX_PLANNED
from tests.simulator.town import APP_ID, TEN, Town

Build = Callable[..., Town]


@pytest.fixture
def build() -> Iterator[Build]:
    built: list[Town] = []

    def town(people: int, **habits: Any) -> Town:
        built.append(Town(people=people, **habits))
        return built[-1]

    yield town
    for one in built:
        one.close()


def within(share: float, expected: float, people: int) -> bool:
    """At most four standard errors from it; the seed is fixed, so this never fails by chance."""
    return abs(share - expected) <= 4 * math.sqrt(expected * (1 - expected) / people)


def test_the_same_seed_gives_the_same_acts_and_another_seed_others(build: Build) -> None:
    lives = []
    for seed in (5, 5, 6):
        town = build(600, seed=seed)
        town.send(town.open_ids[:300], consent=True)
        town.live(3)
        lives.append(town.acts())

    assert lives[0] == lives[1] and len(lives[0]) > 100
    assert lives[0] != lives[2]


def test_a_jump_of_three_days_and_small_steps_lead_to_the_same(build: Build) -> None:
    lives = []
    for steps in (1, 31):
        town = build(400)
        town.send(town.open_ids[:300], consent=True)
        town.live(3, steps=steps)
        lives.append(sorted(town.acts()))

    assert lives[0] == lives[1]


def test_acts_are_done_in_the_order_of_time(build: Build) -> None:
    town = build(800)
    town.send(town.open_ids[:300], consent=True)
    town.live(4)

    times = [at for at, *_ in town.acts()]
    assert times == sorted(times)


def test_rates_lie_where_the_benchmarks_lie(build: Build) -> None:
    people = 6_000
    town = build(people)
    town.send(town.open_ids[: people // 2])
    town.live(7)

    sent = people // 2
    come_back = len(town.who("visit")) / sent
    assert come_back >= 0.20 and within(come_back, 0.22, sent)
    untouched = set(town.open_ids[sent:])
    assert within(len(town.who("come") & untouched) / sent, 0.25, sent)
    counts = town.counted()
    assert within(counts["prompted"] / counts["exposed"], 0.22, counts["exposed"])
    subscribed = counts["subscribed long_term"] / counts["offered long_term"]
    assert subscribed <= 0.67 and within(subscribed, 0.6, counts["offered long_term"])


def test_one_message_a_month_brings_ten_to_twenty_percent_of_the_visits(build: Build) -> None:
    town = build(1_500)
    town.send(town.open_ids)
    town.live(30)

    counts = town.counted()
    assert 0.10 <= counts["visit"] / (counts["visit"] + counts["come"]) <= 0.20


def test_a_coupon_in_the_message_adds_ten_points(build: Build) -> None:
    shares = []
    for coupons in ((), ("t1",)):
        town = build(4_000, coupon_templates=coupons)
        town.send(town.open_ids)
        town.live(4)
        shares.append(len(town.who("visit")) / 4_000)

    assert within(shares[1], shares[0] + 0.10, 4_000)


@pytest.mark.parametrize("true_effect", [0.0, 0.1186, 0.22])
def test_a_holdout_comparison_finds_the_true_effect_again(build: Build, true_effect: float) -> None:
    half = 3_000
    town = build(2 * half, true_effect=true_effect)
    sent, held_out = set(town.open_ids[::2]), set(town.open_ids[1::2])
    town.send(sorted(sent))
    town.live(7)

    came = town.who("visit", "come")
    with_message, without = len(came & sent) / half, len(came & held_out) / half
    error = math.sqrt(with_message * (1 - with_message) / half + without * (1 - without) / half)
    assert town.true_effect() == pytest.approx(true_effect, abs=0.005)
    assert abs(with_message - without - town.true_effect()) <= 3 * error


def test_message_after_message_they_open_less_and_leave_more(build: Build) -> None:
    town = build(2_000)
    opened, left = [], []
    for _ in range(8):
        before = town.counted().copy()
        town.send(town.open_ids, consent=True)
        town.live(1)
        change = town.counted() - before
        opened.append(change["visit"])
        left.append(sum(change[way] for way in ("unsubscribe", "not_interested", "reject_messages")))

    assert opened[-1] < 0.7 * opened[0]
    assert left[-1] > 4 * max(1, left[0])


def test_who_has_nothing_to_end_marks_the_content_instead(build: Build) -> None:
    town = build(50, annoyance=1_000_000)
    town.send(town.open_ids)
    town.live(0.1)

    assert not town.who("unsubscribe")
    assert all(town.app.people[one].not_interested == {"t1"} for one in town.who("not_interested"))
    assert all(town.app.people[one].rejects for one in town.who("reject_messages"))


def test_they_take_no_more_than_a_standing_consent_or_five_units(build: Build) -> None:
    town = build(30, base_return=0.9, long_term_rate=0.95, prompts=(behaviour.Prompt(trigger_rate=1.0),))
    town.live(20)

    assert set(town.template.consents.values()) == {-1}
    assert len(town.who("subscribe")) == town.counted()["subscribe"]


def test_switched_off_nobody_does_anything(build: Build) -> None:
    town = build(500)
    town.crowd.switch(town.app, None)
    town.send(town.open_ids)
    town.live(3)

    assert town.acts() == []


def test_what_is_planned_is_bounded_and_what_is_dropped_is_counted(build: Build) -> None:
    household = build(1).crowd.households[APP_ID]
    for number in range(MAX_PLANNED + 7 - len(household.heap)):
        household.plan(TEN + 1e9 - number, COME, "x", 0)

    assert (len(household.heap), household.dropped) == (MAX_PLANNED, 7)


def test_whom_no_message_reaches_any_more_is_forgotten(build: Build) -> None:
    town = build(200)
    town.send(town.open_ids)
    town.live(1)
    assert len(town.crowd.households[APP_ID].irritation) == 200

    town.live(20)

    assert town.crowd.households[APP_ID].irritation == {}


# --- the functions by themselves ----------------------------------------------------------------------------

HABITS = Habits(seed=11)
arrivals = st.builds(
    Arrival,
    message_id=st.integers(1, 10**9),
    open_id=st.text("abc012", min_size=1, max_size=8),
    at=st.floats(TEN - 10**8, TEN + 10**8),
    scenario=st.sampled_from([*behaviour.SCENES, "营销活动", ""]),
    text=st.sampled_from(["满 100 减 20\n到店", "普通通知", "很长" * 30, ""]),
    coupon=st.booleans(),
    push=st.booleans(),
    irritation=st.floats(0, 100),
)


@settings(max_examples=200, deadline=None)
@given(arrivals)
def test_a_reaction_is_one_thing_only_and_lies_in_the_days_after(arrival: Arrival) -> None:
    reaction = behaviour.react(HABITS, arrival)

    assert reaction == behaviour.react(HABITS, arrival)
    assert 0 <= reaction.effect <= 1
    if reaction.opens_at is not None:
        assert arrival.at <= reaction.opens_at <= arrival.at + 4 * 86_400
        day = int((reaction.opens_at + 8 * 3_600) // 86_400)
        assert reaction.opens_at >= midnight(day) + 8 * 3_600
    if reaction.leaves_at is not None:
        assert arrival.at < reaction.leaves_at <= arrival.at + 1_800


@settings(max_examples=200, deadline=None)
@given(arrivals, st.floats(0.1, 20))
def test_a_coupon_never_lowers_and_one_message_more_never_raises_the_recall(
    arrival: Arrival, more: float
) -> None:
    plain, gift = replace(arrival, coupon=False), replace(arrival, coupon=True)
    tired = replace(arrival, irritation=arrival.irritation + more)

    assert 0 < behaviour.recall(HABITS, plain) <= behaviour.recall(HABITS, gift) < 1
    assert behaviour.recall(HABITS, tired) <= behaviour.recall(HABITS, arrival)
    assert (
        behaviour.annoyed(HABITS, arrival, opens=False) <= behaviour.annoyed(HABITS, tired, opens=False) < 1
    )
    assert behaviour.annoyed(HABITS, gift, opens=False) <= behaviour.annoyed(HABITS, plain, opens=False)


@settings(max_examples=100, deadline=None)
@given(st.text("abc012", min_size=1, max_size=8), st.integers(20_000, 22_000))
def test_an_own_visit_lies_on_its_day(open_id: str, day: int) -> None:
    at = behaviour.own_visit(replace(HABITS, base_return=0.9), open_id, day, rate=0.9)

    assert at is None or midnight(day) <= at < midnight(day + 1)


@settings(max_examples=100, deadline=None)
@given(st.text("abc012", min_size=1, max_size=8), st.floats(TEN, TEN + 86_400))
def test_how_likely_somebody_comes_anyhow_is_a_share(open_id: str, at: float) -> None:
    comes, likely = behaviour.comes_anyhow(HABITS, open_id, at)

    assert isinstance(comes, bool) and 0 < likely < 1


def test_words_that_tempt_help_and_long_values_do_not() -> None:
    assert behaviour.content_factor("限时特价") > behaviour.content_factor("普通通知")
    assert behaviour.content_factor("普" * 31) < behaviour.content_factor("普" * 30)


def test_nights_are_worse_than_evenings() -> None:
    at_night, in_the_evening = (
        Arrival(1, "a", midnight(20_780) + hour * 3_600, "营销活动", "", False, False, 0.0)
        for hour in (3, 19)
    )
    assert behaviour.recall(HABITS, at_night) < 0.6 * behaviour.recall(HABITS, in_the_evening)
