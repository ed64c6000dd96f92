from collections.abc import Iterator

import pytest

from gateway import loop
from tests.simulator_process import SimulatorProcess


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The simulated platform as a process of its own."""
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("platform") / "store.db") as process:
        yield process
    loop.close()
