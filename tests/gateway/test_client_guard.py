"""The guard is asked with the connection in hand, before the first byte; its no means that nothing left."""

import logging
import threading
from collections.abc import Callable

import pytest

from gateway.outcomes import Accepted, NotSent, Unknown
from tests.gateway.platform import MESSAGE, Behaviour, Platform, answering, silence, wait_until

Start = Callable[[Behaviour], Platform]


def test_a_guard_that_says_no_keeps_every_byte_back(platform_that: Start) -> None:
    platform = platform_that(answering())
    seen: list[tuple[bool, int]] = []

    def guard() -> bool:
        connected = wait_until(lambda: platform.connections == 1)
        seen.append((connected, platform.bytes_received()))
        return False

    outcome = platform.client().submit(MESSAGE, guard=guard).result(10)
    assert isinstance(outcome, NotSent)
    assert outcome.reason == "guard"
    assert seen == [(True, 0)]
    assert wait_until(lambda: platform.ended == [True])
    assert platform.bytes_received() == 0


def test_a_guard_is_asked_again_on_a_kept_connection_and_keeps_every_byte_back(platform_that: Start) -> None:
    platform = platform_that(answering())
    client = platform.client()
    assert isinstance(client.call(MESSAGE), Accepted)
    before = platform.bytes_received()
    asked: list[int] = []

    def guard() -> bool:
        asked.append(platform.connections)
        return False

    outcome = client.submit(MESSAGE, guard=guard).result(10)
    assert isinstance(outcome, NotSent)
    assert asked == [1]
    assert wait_until(lambda: platform.ended == [True])
    assert (platform.bytes_received(), len(platform.requests)) == (before, 1)


def test_a_guard_that_says_yes_lets_the_call_through_and_is_asked_once(platform_that: Start) -> None:
    platform = platform_that(answering())
    asked: list[str] = []

    def guard() -> bool:
        asked.append(threading.current_thread().name)
        return True

    assert isinstance(platform.client().submit(MESSAGE, guard=guard).result(10), Accepted)
    assert asked == ["gateway-loop"]


def test_a_guard_that_fails_means_no_and_is_logged(
    platform_that: Start, caplog: pytest.LogCaptureFixture
) -> None:
    platform = platform_that(answering())

    def guard() -> bool:
        raise LookupError("clock")

    with caplog.at_level(logging.ERROR):
        outcome = platform.client().submit(MESSAGE, guard=guard).result(10)
    assert isinstance(outcome, NotSent)
    assert outcome.reason == "guard"
    assert wait_until(lambda: platform.ended == [True])
    assert platform.bytes_received() == 0
    assert "guard of a gateway call failed" in caplog.text


def test_a_guard_is_not_asked_when_there_is_no_connection(platform_that: Start) -> None:
    platform = platform_that(answering())
    platform.close()
    asked: list[int] = []

    def guard() -> bool:
        asked.append(1)
        return True

    outcome = platform.client().submit(MESSAGE, guard=guard).result(10)
    assert isinstance(outcome, NotSent)
    assert outcome.reason == "connect"
    assert asked == []


def test_a_timeout_after_the_guard_said_yes_is_unknown(platform_that: Start) -> None:
    platform = platform_that(silence)
    outcome = platform.client().submit(MESSAGE, guard=lambda: True).result(10)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "timeout"
    assert len(platform.requests) == 1


def test_what_the_guard_forbids_while_others_pass_is_told_apart(platform_that: Start) -> None:
    platform = platform_that(answering())
    client = platform.client()
    futures = [client.submit(MESSAGE, guard=lambda even=n % 2 == 0: even) for n in range(20)]
    outcomes = [future.result(10) for future in futures]
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [n % 2 == 0 for n in range(20)]
    assert len(platform.requests) == 10
