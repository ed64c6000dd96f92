"""A wave of calls started together: one outcome for each, however it ends."""

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from gateway import loop
from gateway.outcomes import Accepted, NotSent, Unknown
from tests.gateway.platform import MESSAGE, SHORT, Behaviour, Platform, answering, silence, wait_until

Start = Callable[[Behaviour], Platform]


def yes() -> bool:
    return True


def taken(answers: "SimpleQueue[tuple[int, Any]]", number: int) -> dict[int, Any]:
    found = dict(answers.get(timeout=10) for _ in range(number))
    assert answers.empty()
    return found


def test_each_call_of_a_wave_has_its_answer_under_its_key(platform_that: Start) -> None:
    platform = platform_that(answering())
    answers: SimpleQueue[tuple[int, Any]] = SimpleQueue()
    platform.client().submit_wave({key: MESSAGE for key in range(20)}, guard=yes, answers=answers)
    found = taken(answers, 20)
    assert sorted(found) == list(range(20))
    assert {type(outcome) for outcome in found.values()} == {Accepted}
    assert len(platform.requests) == 20


def test_the_guard_is_asked_for_each_call_of_a_wave(platform_that: Start) -> None:
    platform = platform_that(answering())
    asked: list[int] = []

    def first_three() -> bool:
        asked.append(1)
        return len(asked) <= 3

    answers: SimpleQueue[tuple[int, Any]] = SimpleQueue()
    platform.client().submit_wave({key: MESSAGE for key in range(8)}, guard=first_three, answers=answers)
    kinds = [type(outcome) for outcome in taken(answers, 8).values()]
    assert (kinds.count(Accepted), kinds.count(NotSent)) == (3, 5)
    assert len(platform.requests) == 3


def test_a_wave_under_way_when_the_process_ends_is_told_as_far_as_it_can_be_proved(
    platform_that: Start,
) -> None:
    platform = platform_that(silence)
    answers: SimpleQueue[tuple[int, Any]] = SimpleQueue()
    platform.client(SHORT).submit_wave({key: MESSAGE for key in range(4)}, guard=yes, answers=answers)
    assert wait_until(lambda: len(platform.requests) == 4)
    loop.close()
    outcomes = taken(answers, 4).values()
    assert {type(outcome) for outcome in outcomes} == {Unknown}
    assert {outcome.reason for outcome in outcomes} == {"cut_off"}


def test_a_call_that_breaks_inside_us_is_unknown_and_the_others_go_on(platform_that: Start) -> None:
    platform = platform_that(answering())
    broken = MESSAGE.model_copy(update={"data": "\ud800"})  # half a character, which UTF-8 cannot say
    answers: SimpleQueue[tuple[int, Any]] = SimpleQueue()
    platform.client().submit_wave({1: broken, 2: MESSAGE}, guard=yes, answers=answers)
    found = taken(answers, 2)
    assert (type(found[1]), found[1].reason) == (Unknown, "internal_error")
    assert isinstance(found[2], Accepted)
