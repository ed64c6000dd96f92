import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.engine_stage import EngineStage, engine_stage


@pytest.fixture(scope="module")
def stage(django_db_blocker: Any) -> Iterator[EngineStage]:
    """One for the benches of a file; each starts the slots it wants. Any test may follow in this process, so
    it ends with the file: until then Django speaks to its servers.
    """
    home = Path(tempfile.mkdtemp(prefix="console-bench-"))
    home.chmod(0o755)  # under root PostgreSQL runs as another user and must pass through
    try:
        with django_db_blocker.unblock(), engine_stage(home) as opened:
            yield opened
    finally:
        shutil.rmtree(home, ignore_errors=True)
