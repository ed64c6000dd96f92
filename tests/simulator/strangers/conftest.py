"""Both strangers, and the world they talk to."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.simulator.merchant import Merchant
from tests.simulator.strangers.independent import IndependentProcess, IndependentSdk
from tests.simulator.strangers.official import OfficialSdk, lead_to
from tests.simulator.strangers.world import World
from tests.simulator_process import SimulatorProcess

Stranger = Callable[..., Any]


@pytest.fixture(scope="session")
def platform_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("strangers") / "store.db") as process:
        yield World(process)


@pytest.fixture
def world(platform_world: World) -> Iterator[World]:
    yield platform_world
    platform_world.platform.delete("/sim/faults")
    platform_world.restore()


@pytest.fixture(scope="session")
def independent_process() -> Iterator[IndependentProcess]:
    process = IndependentProcess()
    yield process
    process.close()


@contextmanager
def standing_in(zone: str) -> Iterator[None]:
    """This process by the local time of `zone`, as the official SDK reads it for its timestamps."""
    try:
        with pytest.MonkeyPatch.context() as here:
            here.setenv("TZ", zone)
            time.tzset()
            yield
    finally:
        time.tzset()


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Stranger]:
    lead_to(monkeypatch, world.platform.url)
    with standing_in("Asia/Shanghai"):
        yield OfficialSdk


@pytest.fixture
def independent(world: World, independent_process: IndependentProcess) -> Stranger:
    def client(merchant: Merchant, **more: Any) -> IndependentSdk:
        return IndependentSdk(independent_process, merchant, **more)

    return client


@pytest.fixture(params=["official", "independent"])
def stranger(request: pytest.FixtureRequest) -> Stranger:
    """`stranger(merchant).call(method, biz, **params)`; each test that takes it runs with both."""
    return request.getfixturevalue(request.param)
