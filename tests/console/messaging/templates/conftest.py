import pytest

from tests.simulator_process import SimulatorProcess


@pytest.fixture
def platform(simulator: SimulatorProcess) -> SimulatorProcess:
    return simulator
