"""The pool: connections are kept, dropped when idle, never used for a second try, and limited."""

import socket
from collections.abc import Callable, Iterator

import pytest

from gateway import loop
from gateway.client import Timeouts
from gateway.outcomes import Accepted, NotSent, Unknown
from tests.gateway.platform import MESSAGE, Behaviour, Platform, answering, silence, wait_until

Start = Callable[[Behaviour], Platform]


def test_calls_one_after_the_other_share_a_connection(platform_that: Start) -> None:
    platform = platform_that(answering())
    client = platform.client()
    for _ in range(5):
        assert isinstance(client.call(MESSAGE), Accepted)
    assert (platform.connections, len(platform.requests)) == (1, 5)


def test_clients_of_several_apps_share_the_pool_of_the_process(platform_that: Start) -> None:
    platform = platform_that(answering())
    for app_id in ("2021000000000001", "2021000000000002"):
        assert isinstance(platform.client(app_id=app_id).call(MESSAGE), Accepted)
    assert platform.connections == 1
    assert [fields["app_id"] for fields in platform.requests] == ["2021000000000001", "2021000000000002"]


def test_an_idle_connection_is_dropped_by_us(platform_that: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loop.IDLE_CONNECTION_SECONDS == 4
    loop.close()
    monkeypatch.setattr(loop, "IDLE_CONNECTION_SECONDS", 0.2)
    platform = platform_that(answering())
    assert isinstance(platform.client().call(MESSAGE), Accepted)
    assert wait_until(lambda: platform.ended == [True])


def test_a_kept_connection_that_dies_under_a_call_is_unknown_and_the_call_is_not_repeated(
    platform_that: Start,
) -> None:
    def once(platform: Platform, connection: socket.socket, fields: dict[str, str]) -> None:
        if len(platform.requests) == 1:
            answering()(platform, connection, fields)
        else:
            connection.shutdown(socket.SHUT_RDWR)

    platform = platform_that(once)
    client = platform.client()
    assert isinstance(client.call(MESSAGE), Accepted)
    outcome = client.call(MESSAGE)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "cut_off"
    assert (len(platform.requests), platform.connections) == (2, 1)
    assert isinstance(client.call(MESSAGE), Unknown)
    assert (len(platform.requests), platform.connections) == (3, 2)


@pytest.fixture
def two_connections() -> Iterator[None]:
    loop.close()
    loop.configure(connections_per_host=2)
    yield
    loop.close()
    loop.configure(connections_per_host=64)


def test_no_more_connections_than_configured_are_in_use(two_connections: None, platform_that: Start) -> None:
    platform = platform_that(answering())
    # twenty calls queue for two connections: on a busy machine that may take a while
    client = platform.client(Timeouts(read_seconds=30, total_seconds=30, pool_seconds=30))
    outcomes = [future.result(40) for future in [client.submit(MESSAGE) for _ in range(20)]]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert platform.connections <= 2


def test_a_call_that_gets_no_connection_in_time_is_not_sent(
    two_connections: None, platform_that: Start
) -> None:
    platform = platform_that(silence)
    client = platform.client()
    busy = [client.submit(MESSAGE) for _ in range(2)]
    assert wait_until(lambda: len(platform.requests) == 2)
    asked: list[int] = []
    outcome = client.submit(MESSAGE, guard=lambda: bool(asked.append(1)) or True).result(10)
    assert isinstance(outcome, NotSent)
    assert outcome.reason == "pool"
    assert asked == []
    assert all(isinstance(future.result(10), Unknown) for future in busy)
    assert platform.connections == 2


def test_a_connection_is_free_again_after_every_kind_of_end(
    two_connections: None, platform_that: Start
) -> None:
    platform = platform_that(silence)
    client = platform.client()
    for _ in range(2):
        assert isinstance(client.submit(MESSAGE, guard=lambda: False).result(10), NotSent)
        assert isinstance(client.call(MESSAGE), Unknown)
    platform.behaviour = answering()
    assert isinstance(client.call(MESSAGE), Accepted)


def test_the_pool_is_sized_before_the_first_call_only(platform_that: Start) -> None:
    platform_that(answering()).client().call(MESSAGE)
    with pytest.raises(RuntimeError, match="before the first call"):
        loop.configure(connections_per_host=8)
    with pytest.raises(ValueError, match="at least one"):
        loop.configure(connections_per_host=0)
