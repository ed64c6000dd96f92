"""Notifications from the simulated platform to the inbox: two strangers who agree on signature and answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from merchants import rate, secrets
from merchants.models import Notice
from tests import build
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorProcess

EXPIRED = "alipay.marketing.activity.message.expired"
SUBSCRIBE = "alipay.open.app.message.topic.subscribe"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("platform") / "store.db", speed=0) as running:
        yield running


@pytest.fixture
def app_id(simulator: SimulatorProcess, live_server: Any) -> str:
    """An app known on both sides; the platform tells this console's inbox what the app subscribed to."""
    made = simulator.post("/sim/apps", {"industry": "rental", "notify_url": f"{live_server.url}/inbox/"})
    subscribed = Merchant(simulator, made).call(SUBSCRIBE, {"topic": EXPIRED, "comm_type": "HTTP"})
    assert subscribed.outcome == "10000"
    build.mini_program(
        build.merchant(),
        app_id=made["app_id"],
        app_private_key_sealed=secrets.encrypt(made["app_private_key"]),
        alipay_public_key=made["alipay_public_key"],
    )
    rate.connection().flushdb()
    return made["app_id"]


def deliver(simulator: SimulatorProcess, app_id: str, kind: str = EXPIRED, **more: Any) -> dict[str, Any]:
    """Owes one notice and tells how it went."""
    [owed] = simulator.post("/sim/notices", {"app_id": app_id, "kind": kind, **more})["notices"]
    [told] = simulator.get(f"/sim/notices?settled=1&app_id={app_id}&after={owed['number'] - 1}")["notices"]
    return told


def test_a_push_is_verified_stored_and_answered_success(simulator: SimulatorProcess, app_id: str) -> None:
    told = deliver(simulator, app_id, content={"activity_id": "A1", "voucher_id": "V1"})

    notice = Notice.objects.get()
    assert (told["state"], told["deliveries"][0]["answer"]) == ("delivered", "success")
    assert (notice.kind, notice.notify_id) == (EXPIRED, told["notify_id"])
    assert (notice.fields["activity_id"], notice.fields["voucher_id"]) == ("A1", "V1")


def test_a_notice_with_flat_fields_is_understood_too(simulator: SimulatorProcess, app_id: str) -> None:
    deliver(simulator, app_id, "alipay.marketing.card.open", content={"biz_card_no": "000123"})

    notice = Notice.objects.get()
    assert (notice.kind, notice.fields) == ("alipay.marketing.card.open", {"biz_card_no": "000123"})


def test_one_that_comes_three_times_is_stored_once(simulator: SimulatorProcess, app_id: str) -> None:
    simulator.post("/sim/faults", {"kind": "notice_duplicate", "value": 2, "count": 1, "app_id": app_id})

    told = deliver(simulator, app_id)

    assert [one["answer"] for one in told["deliveries"]] == ["success"] * 3
    assert Notice.objects.count() == 1


def test_a_wrong_signature_is_a_failure_and_the_platform_comes_again(
    simulator: SimulatorProcess, app_id: str
) -> None:
    simulator.post("/sim/faults", {"kind": "notice_bad_signature", "count": 1, "app_id": app_id})

    told = deliver(simulator, app_id)

    assert (told["state"], told["deliveries"][0]["answer"]) == ("waiting", "failure")
    assert not Notice.objects.exists()
