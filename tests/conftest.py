"""What every test may use. Servers and environment come from embedded_servers.py, which is read first."""

import gc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.test import override_settings
from django.utils import timezone, translation

from console.catalogue import compile_stale
from merchants.partitions import ensure_months
from tests.simulator_process import SimulatorProcess


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.Item) -> None:
    """The months that sends of the tests fall in are there, as hourly housekeeping has them.

    Made by each test itself they were the dearest of its statements, and undone with it.
    """
    with django_db_blocker.unblock():
        for at in (timezone.now() - timedelta(days=62), timezone.now() + timedelta(days=31)):
            ensure_months("messaging_delivery", at=at)


def pytest_configure() -> None:
    """Chinese pages are tested as they would be installed, also when only a .po file was edited.

    Before anything reads a catalogue, and before there is more than one process.
    """
    compile_stale()


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashing that is slow on purpose would be most of the suite's time."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Outside a request the tests read English; pages follow the person who asks."""
    with translation.override("en"):
        yield


@pytest.fixture
def clean_redis() -> Iterator["redis.Redis"]:
    """An empty Redis database: buckets, hints and queues of one test must not be seen by the next.

    Each xdist worker has a database of its own.
    """
    with redis.Redis.from_url(django_settings.REDIS_URL, socket_timeout=5) as client:
        client.flushdb()
        yield client


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The simulated platform, one process for the whole run; each test registers an app of its own."""
    store = Path(tmp_path_factory.mktemp("platform")) / "store"
    with SimulatorProcess.start(store=store) as running:
        yield running


@pytest.fixture
def no_faults(simulator: SimulatorProcess) -> Iterator[None]:
    simulator.delete("/sim/faults")
    yield
    simulator.delete("/sim/faults")
