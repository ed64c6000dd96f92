"""One thread and one loop per process, made at first use, apart from a parent's, ended in order."""

import asyncio
import os
import threading
from collections.abc import Callable

import pytest

from gateway import loop
from gateway.outcomes import Accepted, NotSent, Unknown
from tests.gateway.platform import (
    MESSAGE,
    SHORT,
    Behaviour,
    Platform,
    Timeouts,
    answering,
    silence,
    wait_until,
)

Start = Callable[[Behaviour], Platform]
PATIENT = Timeouts(read_seconds=30, total_seconds=30, pool_seconds=30)


def _loop_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == loop.THREAD_NAME]


async def _running() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_many_threads_share_one_daemon_loop(platform_that: Start) -> None:
    loop.close()
    assert _loop_threads() == []
    client = platform_that(answering()).client()
    outcomes: list[object] = []
    callers = [threading.Thread(target=lambda: outcomes.append(client.call(MESSAGE))) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 8
    (thread,) = _loop_threads()
    assert thread.daemon


def test_a_forked_child_has_its_own_loop_and_leaves_the_parent_s_connection_alone(
    platform_that: Start,
) -> None:
    platform = platform_that(answering())
    client = platform.client(SHORT)
    assert isinstance(client.call(MESSAGE), Accepted)
    parent_loop = loop.run(_running(), 5)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            ours = loop.run(_running(), 5) is not parent_loop
            os.write(writer, f"{ours} {type(client.call(MESSAGE)).__name__}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert told.read() == "True Accepted"
    os.waitpid(child, 0)
    assert platform.connections == 2
    assert loop.run(_running(), 5) is parent_loop
    assert isinstance(client.call(MESSAGE), Accepted)
    assert platform.connections == 2


def test_a_lock_held_at_the_fork_does_not_stop_the_child(platform_that: Start) -> None:
    loop.close()
    client = platform_that(answering()).client(SHORT)
    reader, writer = os.pipe()
    with loop._lock:
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, type(client.call(MESSAGE)).__name__.encode())
            finally:
                os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert told.read() == "Accepted"
    os.waitpid(child, 0)


def test_closing_gives_each_call_under_way_the_outcome_it_can_prove(platform_that: Start) -> None:
    loop.close()
    loop.configure(connections_per_host=1)
    try:
        platform = platform_that(silence)
        client = platform.client(PATIENT)
        sent = client.submit(MESSAGE)
        assert wait_until(lambda: len(platform.requests) == 1)
        waiting = client.submit(MESSAGE)
        loop.close()
        outcome = sent.result(10)
        assert isinstance(outcome, Unknown)
        assert outcome.reason == "cut_off"
        unsent = waiting.result(10)
        assert isinstance(unsent, NotSent)
        assert unsent.reason == "closed"
        assert len(platform.requests) == 1
    finally:
        loop.close()
        loop.configure(connections_per_host=64)


def test_a_call_after_closing_starts_a_new_loop(platform_that: Start) -> None:
    client = platform_that(answering()).client()
    assert isinstance(client.call(MESSAGE), Accepted)
    loop.close()
    assert isinstance(client.call(MESSAGE), Accepted)


def test_a_blocking_call_inside_the_loop_is_an_error_instead_of_a_standstill(platform_that: Start) -> None:
    client = platform_that(answering()).client()

    async def wrongly() -> None:
        client.call(MESSAGE)

    with pytest.raises(RuntimeError, match=r"Use acall"):
        loop.run(wrongly(), 10)

    async def wrongly_again() -> None:
        loop.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="Use await"):
        loop.run(wrongly_again(), 10)


def test_acall_works_in_the_gateway_loop_and_refuses_any_other(platform_that: Start) -> None:
    client = platform_that(answering()).client()

    async def two() -> list[object]:
        return list(await asyncio.gather(client.acall(MESSAGE), client.acall(MESSAGE)))

    assert [type(outcome) for outcome in loop.run(two(), 10)] == [Accepted, Accepted]
    with pytest.raises(RuntimeError, match="gateway loop only"):
        asyncio.run(client.acall(MESSAGE))


def test_a_call_cancelled_before_its_first_byte_never_leaves(platform_that: Start) -> None:
    loop.close()
    loop.configure(connections_per_host=1)
    try:
        platform = platform_that(silence)
        client = platform.client(PATIENT)
        client.submit(MESSAGE)
        assert wait_until(lambda: len(platform.requests) == 1)
        waiting = client.submit(MESSAGE)
        assert waiting.cancel()
        loop.close()
        assert len(platform.requests) == 1
    finally:
        loop.close()
        loop.configure(connections_per_host=64)
