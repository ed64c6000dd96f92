import socket
from collections.abc import Callable, Iterator

import pytest

from gateway import loop
from tests.gateway.platform import Behaviour, Platform


@pytest.fixture
def platform_that() -> Iterator[Callable[[Behaviour], Platform]]:
    """Start a platform that behaves as given; ended, with the network of this process, after the test."""
    started: list[Platform] = []

    def start(behaviour: Behaviour) -> Platform:
        started.append(Platform(behaviour))
        return started[-1]

    yield start
    loop.close()
    for each in started:
        each.close()


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """A port that is bound and so nobody else's, but listens to nobody."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
