"""The guard is asked with the connection in hand, before the first byte; its no means that nothing left."""

import asyncio
import logging
import threading
from collections.abc import Callable

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_writer import StreamWriter

from gateway import client, loop
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
    sender = platform.client()
    assert isinstance(sender.call(MESSAGE), Accepted)
    before = platform.bytes_received()
    asked: list[int] = []

    def guard() -> bool:
        asked.append(platform.connections)
        return False

    outcome = sender.submit(MESSAGE, guard=guard).result(10)
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


def test_a_guard_is_not_asked_when_there_is_no_connection(platform_that: Start, refusing_port: int) -> None:
    platform = platform_that(answering())
    asked: list[int] = []

    def guard() -> bool:
        asked.append(1)
        return True

    nowhere = platform.client(gateway_url=f"http://127.0.0.1:{refusing_port}/")
    outcome = nowhere.submit(MESSAGE, guard=guard).result(10)
    assert isinstance(outcome, NotSent)
    assert outcome.reason == "connect"
    assert asked == []


def test_a_timeout_after_the_guard_said_yes_is_unknown(platform_that: Start) -> None:
    platform = platform_that(silence)
    outcome = platform.client().submit(MESSAGE, guard=lambda: True).result(10)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "timeout"
    assert len(platform.requests) == 1


def test_a_request_given_up_before_its_first_byte_cannot_be_written_later(platform_that: Start) -> None:
    """aiohttp writes in a task of its own, which may still be waiting for its turn when we have answered."""
    platform = platform_that(silence)

    async def written_late() -> tuple[object, bool]:
        running = asyncio.get_running_loop()
        transport, protocol = await running.create_connection(
            lambda: BaseProtocol(running), "127.0.0.1", platform.port
        )
        flight = client._Flight(lambda: True)
        outcome = flight.failed(TimeoutError())
        refused = False
        try:
            await client._GuardedForm(b"a=1", flight).write_with_length(StreamWriter(protocol, running), 3)
        except client._Refusal:
            refused = True
        transport.close()
        return outcome, refused

    outcome, refused = loop.run(written_late(), 10)
    assert isinstance(outcome, NotSent)
    assert refused
    assert wait_until(lambda: platform.ended == [True])
    assert platform.bytes_received() == 0


def test_what_the_guard_forbids_while_others_pass_is_told_apart(platform_that: Start) -> None:
    platform = platform_that(answering())
    sender = platform.client()
    futures = [sender.submit(MESSAGE, guard=lambda even=n % 2 == 0: even) for n in range(20)]
    outcomes = [future.result(10) for future in futures]
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [n % 2 == 0 for n in range(20)]
    assert len(platform.requests) == 10
