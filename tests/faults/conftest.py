import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections

from tests.faults.stage import Stage, Storm, launch, open_stage, prepare_database, speak_to


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
def storm(stage: Stage) -> Iterator[Storm]:
    """A send that has just begun; the figures of its end are printed for whoever reads the run."""
    stage.man({})
    stage.simulator.delete("/sim/faults")
    begun = launch(stage)
    yield begun
    stage.simulator.delete("/sim/faults")
