from collections.abc import Iterator
from typing import Any

import pytest

from gateway import loop
from merchants import rate, secrets
from tests import build
from tests.coupons.books import Books
from tests.simulator.coupon_counter import opened
from tests.simulator_process import SimulatorProcess


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The simulated platform as a process of its own."""
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("platform") / "store.db") as process:
        yield process
    loop.close()


@pytest.fixture
def books(simulator: SimulatorProcess, no_faults: None, settings: Any) -> Iterator[Books]:
    counter = opened(simulator)
    texts = counter.merchant.texts
    app = build.mini_program(
        build.merchant(),
        app_id=texts["app_id"],
        app_private_key_sealed=secrets.encrypt(texts["app_private_key"]),
        alipay_public_key=texts["alipay_public_key"],
        rate_per_second=100_000,
    )
    settings.GATEWAY_URLS = {"simulated": simulator.gateway_url}
    rate.connection().flushdb()
    yield Books(counter, app)
    loop.close()
