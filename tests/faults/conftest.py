import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections

from console.demo import processes
from tests.browser.house import free_ports
from tests.faults.stage import Stage, Storm, launch, open_stage, prepare_database, speak_to, wait_for


@pytest.fixture(scope="session")
def stage(django_db_blocker: Any, cheap_passwords: None) -> Iterator[Stage]:
    home = Path(tempfile.mkdtemp(prefix="console-storm-"))
    home.chmod(0o755)  # under root PostgreSQL runs as another user and must pass through
    opened = open_stage(home)
    kept = (django_settings.REDIS_URL, dict(django_settings.GATEWAY_URLS))
    with django_db_blocker.unblock():
        before = speak_to(opened.postgres)
        django_settings.REDIS_URL = opened.valkey.url
        django_settings.GATEWAY_URLS["simulated"] = opened.simulator.gateway_url
        try:
            prepare_database()
            yield opened
        finally:
            connections["default"].close()
            connections["default"].settings_dict.update(before)
            django_settings.REDIS_URL = kept[0]
            django_settings.GATEWAY_URLS.clear()
            django_settings.GATEWAY_URLS.update(kept[1])
            opened.close()
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def web(stage: Stage) -> Iterator[str]:
    """Address of a web process."""
    (port,) = free_ports(1)
    process = processes.web(stage.env, port=port, workers=1, threads=4)
    child = process.child(log=stage.home / "web.log")
    child.start()
    try:
        wait_for(process.healthy, 60, "the web process", stage.health)
        yield f"http://{processes.LOOPBACK}:{port}"
    finally:
        child.stop(grace_seconds=12)


@pytest.fixture
def storm(stage: Stage) -> Iterator[Storm]:
    """A send that has just begun; the figures of its end are printed for whoever reads the run."""
    stage.man({})
    stage.simulator.delete("/sim/faults")
    begun = launch(stage)
    yield begun
    stage.simulator.delete("/sim/faults")
