"""An order over HTTP to the simulated order centre, which is the witness."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import loop, wire
from gateway.client import Client, Timeouts
from gateway.methods.orders import MerchantOrderSync
from gateway.outcomes import Accepted, Refused, Unknown
from tests.simulator_process import SimulatorProcess

CREATED = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class App:
    simulator: SimulatorProcess
    app_id: str
    client: Client
    person: str

    def order(self, status: str, *, after_ms: int) -> MerchantOrderSync:
        modified_at = CREATED + timedelta(milliseconds=after_ms)
        facts = {"merchant_biz_type": "3C_RENT", "merchant_order_status": status}
        return MerchantOrderSync.model_validate(
            {
                "out_biz_no": "R1",
                "buyer_open_id": self.person,
                "order_create_time": wire.beijing_text(CREATED),
                "order_modified_time": wire.beijing_text_to_the_millisecond(modified_at),
                "amount": wire.yuan_from_fen(30_000),
                "item_order_list": [{"item_name": "云台相机", "quantity": 1}],
                "shop_info": {"name": "云朵租机"},
                "ext_info": [{"ext_key": key, "ext_value": value} for key, value in facts.items()],
            }
        )

    def log(self) -> list[dict[str, Any]]:
        return self.simulator.get(f"/sim/log?app_id={self.app_id}&out_biz_no=R1")["entries"]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with SimulatorProcess.start(store=tmp_path / "store") as simulator:
        made = simulator.post("/sim/apps", {"industry": "rental"})
        names = ("app_id", "app_private_key", "alipay_public_key", "gateway_url")
        client = Client(**{name: made[name] for name in names}, timeouts=Timeouts(read_seconds=1.0))
        body = {"app_id": made["app_id"], "count": 1, "seed": 7}
        yield App(simulator, made["app_id"], client, simulator.post("/sim/people", body)["open_ids"][0])
    loop.close()


def test_an_order_is_stored_its_message_explained_and_its_repetition_told_apart(app: App) -> None:
    first = app.client.call(app.order("APPLYING", after_ms=1))
    second = app.client.call(app.order("APPROVAL", after_ms=2))
    app.simulator.post("/sim/faults", {"kind": "timeout_after_success", "value": 0, "count": 1})
    silent = app.client.call(app.order("PENDING", after_ms=3))
    again = app.client.call(app.order("PENDING", after_ms=3))

    assert isinstance(first, Accepted) and isinstance(second, Accepted)
    assert (first.response.order_status, first.response.not_distributed) == ("APPLYING", ())
    assert second.response.not_distributed == tuple(
        f"缺少必填属性 ext_info.business_info.{name}" for name in ("total_rent", "lease")
    )
    assert isinstance(silent, Unknown)
    assert isinstance(again, Refused)
    assert (again.sub_code, again.sub_msg, again.listed) == (
        *("INVALID_PARAMETER", "短时间内重复请求，幂等拦截", True),
    )
    assert [(one["order_status"], one["order_effect"]) for one in app.log()] == [
        ("APPLYING", "stored"),
        ("APPROVAL", "stored"),
        ("PENDING", "stored"),
        ("PENDING", None),
    ]
