"""One planted fault for each cause of a missing message, from the API over the outbox to the platform.

What the platform says, it says itself over HTTP; the diagnosis names the cause and the order's page says it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.orders import words
from gateway import loop, wire
from gateway.methods.orders import MerchantOrderSync
from gateway.outcomes import Accepted
from merchants import calls, rate, secrets
from merchants.credentials import client_for
from merchants.models import GatewayCall, MiniProgram, User
from orders import settling, syncing
from orders.diagnosis import Diagnosis, Reason, diagnose
from orders.models import Order, StatusChange
from tests import build, build_orders
from tests.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_scenes]
METHOD = "alipay.merchant.order.sync"
CREATED = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
RENT = {"total_rent": "897.00", "lease": "12"}
NUMBER, PAGE, NAMES = "ZL1", "pages/order/detail", ("en", "zh-hans")


@dataclass
class House:
    """A merchant's mini program on both sides, the key of its own system, and its clerk's browser."""

    simulator: SimulatorProcess
    cast: build.Cast
    app: MiniProgram
    key: str
    open_id: str
    client: Client

    def returns(self, status: str, *, at: int, fields: Mapping[str, str] = RENT) -> str:
        """By the API: the order with its first status, then each status alone; `at` seconds after CREATED."""
        change = {"status": status, "order_modified_time": _at(at).isoformat(), "fields": dict(fields)}
        if Order.objects.exists():
            answer = self.post(f"/api/v1/orders/{NUMBER}/status", change)
            return str(answer.json()["status"])
        order = {
            "out_biz_no": NUMBER,
            "open_id": self.open_id,
            "scene": "online_rental",
            "page": PAGE,
            "order_created_at": CREATED.isoformat(),
            "status": change,
        }
        answer = self.post("/api/v1/orders", {"app_id": self.app.app_id, "orders": [order]})
        return str(answer.json()["results"][0]["order_status"])

    def post(self, url: str, body: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Accept-Language": "en"}
        return self.client.post(url, json.dumps(body), content_type="application/json", headers=headers)

    def sync(self) -> None:
        """What the workers do, until nothing is left."""
        for _round in range(10):
            if not syncing.sync_due():
                return
            for call in GatewayCall.objects.filter(state="waiting"):
                GatewayCall.objects.filter(pk=call.pk).update(due_at=timezone.now() - timedelta(seconds=1))
                calls.send_call(call.pk, merchant_id=call.merchant_id)
            for call in GatewayCall.objects.filter(settled_at=None, finished_at__isnull=False):
                settling.settle_sync(call.pk, merchant_id=call.merchant_id)
        raise AssertionError("it does not come to an end")

    def elsewhere(self, status: str, *, at: int, biz_type: str = "3C_RENT", link: str = "") -> None:
        """Another system of the merchant returned the order before us, with the same keys."""
        facts = {
            "merchant_order_status": status,
            "merchant_biz_type": biz_type,
            "tiny_app_id": self.app.app_id,
        }
        facts |= {"merchant_order_link_page": link} if link else {}
        body = {
            "out_biz_no": NUMBER,
            "buyer_open_id": self.open_id,
            "order_type": "SERVICE_ORDER",
            "order_create_time": wire.beijing_text(CREATED),
            "order_modified_time": wire.beijing_text_to_the_millisecond(_at(at)),
            "ext_info": [{"ext_key": key, "ext_value": value} for key, value in facts.items()],
        }
        outcome = client_for(self.app).call(MerchantOrderSync.model_validate(body))
        assert isinstance(outcome, Accepted), outcome

    def told(self) -> int:
        """Messages that the platform sent for the order."""
        (stored,) = self.simulator.get(f"/sim/orders?app_id={self.app.app_id}&out_biz_no={NUMBER}")["orders"]
        return sum(one["message_id"] is not None for one in stored["syncs"])

    def judged(self, reason: Reason, *, change: StatusChange | None = None) -> Diagnosis:
        """The diagnosis of the newest status, or of `change`."""
        order = Order.objects.get()
        asked = change or order.changes.latest("modified_at")
        found = diagnose(order, change_id=asked.pk)
        assert found.focus is not None
        assert found.focus.reason == reason, (found.focus.reason, asked.state, asked.sub_code, asked.words)
        return found

    def page(self, language: str, change: StatusChange) -> str:
        User.objects.filter(pk=self.cast.operator.pk).update(language=language)
        url = reverse("order", args=[self.cast.yunduo.slug, change.order_id])
        answer = self.client.get(url, {"change": change.pk})
        assert answer.status_code == 200
        return str(answer.content.decode())

    def says(self, *sentences: str, change: StatusChange | None = None) -> None:
        """One for each language: the page of the order, asked about its newest status, has it."""
        asked = change or StatusChange.objects.latest("modified_at")
        for language, sentence in zip(NAMES, sentences, strict=True):
            assert sentence in self.page(language, asked), (language, sentence)


def _at(seconds: int) -> datetime:
    return CREATED + timedelta(seconds=seconds)


@pytest.fixture
def house(simulator: SimulatorProcess, no_faults: None, settings: Any) -> Iterator[House]:
    settings.ORDER_SETTLE_SECONDS = 0
    settings.GATEWAY_URLS = {"simulated": simulator.gateway_url}
    rate.connection().flushdb()
    cast, made = build.cast(), simulator.post("/sim/apps", {"industry": "rental"})
    app = build.mini_program(
        cast.yunduo,
        app_id=made["app_id"],
        app_private_key_sealed=secrets.encrypt(made["app_private_key"]),
        alipay_public_key=made["alipay_public_key"],
    )
    build_orders.chosen(app)
    asked = {"app_id": app.app_id, "count": 1, "seed": 7}
    (open_id,) = simulator.post("/sim/people", asked)["open_ids"]
    client = Client()
    client.force_login(cast.operator, backend="django.contrib.auth.backends.ModelBackend")
    yield House(simulator, cast, app, build.api_key(app, scopes=["orders"]), open_id, client)
    loop.close()


def test_nothing_planted_and_the_message_goes_out(house: House) -> None:
    """Without it no test below would tell a planted fault from a house that never sends."""
    assert house.returns("WAIT_PAY", at=1) == "taken"
    house.sync()
    house.judged(Reason.NOTIFIED)
    assert house.told() == 1
    house.says("“Waiting for payment” sent its message", "「待支付」已发消息")


def test_1_the_order_was_returned_in_another_scene(house: House) -> None:
    house.elsewhere("create", at=1, biz_type="RECYCLE")
    house.returns("WAIT_PAY", at=2)
    house.sync()
    house.judged(Reason.WRONG_SCENE)
    house.says(
        "“Waiting for payment” sent no message because it belongs to another scene",
        "「待支付」没有发消息，因为它属于另一个场景",
    )


def test_2_the_status_is_no_sending_node(house: House) -> None:
    house.returns("TO_SEND_GOODS", at=1)
    house.sync()
    house.judged(Reason.NOT_A_NODE)
    assert house.told() == 0
    house.says("by the rules of its scene", "按场景规则不发消息")


def test_3_only_one_status_was_ever_returned(house: House) -> None:
    house.returns("WAIT_PAY", at=1)
    house.sync()
    found = house.judged(Reason.NOTIFIED)
    assert found.only_one
    assert found.upcoming[0].node.status == "IN_DELIVERY"
    house.says("Only one status was ever returned.", "只回传过一个状态。")


def test_4_fields_of_the_message_are_missing(house: House) -> None:
    house.returns("WAIT_PAY", at=1, fields={"total_rent": "897.00"})
    house.sync()
    found = house.judged(Reason.FIELDS_MISSING)
    assert found.focus is not None
    assert found.focus.missing == ("lease",)
    assert house.told() == 0
    house.says("because fields are missing: Lease", "因为缺少字段：租期")


def test_5_the_status_moved_back(house: House) -> None:
    house.returns("TO_SEND_GOODS", at=1)
    house.sync()
    house.returns("WAIT_PAY", at=2)
    house.sync()
    found = house.judged(Reason.BACKWARD)
    assert found.focus is not None
    assert (found.focus.before, found.focus.change.words) == ("TO_SEND_GOODS", "订单状态乱序")
    house.says("because an order cannot go there from where it stood", "因为订单不能从当时的状态走到这里")


def test_6_an_older_modified_time_is_kept_and_not_synced(house: House) -> None:
    house.returns("TO_SEND_GOODS", at=5)
    house.sync()
    assert house.returns("WAIT_PAY", at=2) == "taken"
    house.sync()
    late = StatusChange.objects.get(status="WAIT_PAY")
    house.judged(Reason.LATE, change=late)
    house.says("arrived late and was not synced", "「待支付」迟到，没有同步", change=late)


def test_6_the_platform_has_this_modified_time_already(house: House) -> None:
    house.elsewhere("APPLYING", at=1)
    house.returns("WAIT_PAY", at=1)
    house.sync()
    house.judged(Reason.REPEATED)
    house.says("because its modified time is not newer", "因为修改时间没有更新")


def test_7_the_mini_program_is_not_online(house: House) -> None:
    house.simulator.post("/sim/apps", {"app_id": house.app.app_id, "state": "offline"})
    house.returns("WAIT_PAY", at=1)
    house.sync()
    house.judged(Reason.NOT_ONLINE)
    house.says("because the mini program is not online", "因为小程序未上线")


def test_8_the_customer_turned_the_messages_off(house: House) -> None:
    act = {"app_id": house.app.app_id, "open_ids": [house.open_id], "action": "reject_messages"}
    house.simulator.post("/sim/act", act)
    house.returns("WAIT_PAY", at=1)
    house.sync()
    house.judged(Reason.TURNED_OFF)
    assert house.told() == 0
    house.says("because the customer turned this merchant&#x27;s messages off", "因为顾客关闭了本商家的消息")


def test_9_the_same_node_was_messaged_before(house: House) -> None:
    for second in (1, 2):
        house.returns("WAIT_PAY", at=second)
        house.sync()
    house.judged(Reason.ALREADY_TOLD)
    assert house.told() == 1
    house.says("each node tells the customer once", "每个节点只通知一次")


def test_10_the_detail_link_differs_from_the_first(house: House) -> None:
    house.elsewhere("APPLYING", at=1, link="alipays://platformapi/startapp?appId=1&page=elsewhere")
    house.returns("WAIT_PAY", at=2)
    house.sync()
    house.judged(Reason.LINK_DIFFERS)
    house.says("because the detail link differs from the first one", "因为详情链接和第一次不一致")


def test_11_a_status_that_the_scene_lacks_is_refused_at_the_door(house: House) -> None:
    house.returns("APPLYING", at=1)
    change = {"status": "PAINTED_BLUE", "order_modified_time": _at(2).isoformat()}
    answer = house.post(f"/api/v1/orders/{NUMBER}/status", change)
    assert answer.status_code == 422
    assert "IN_THE_LEASE" in answer.content.decode()  # what it may be instead
    assert not StatusChange.objects.filter(status="PAINTED_BLUE").exists()


def test_11_a_status_that_the_platforms_scene_lacks(house: House) -> None:
    """Its table may have changed since ours was written."""
    fault = {"method": METHOD, "kind": "sub_code", "value": "MERCHANT_ORDER_STATUS_ILLEGAL", "count": 1}
    house.simulator.post("/sim/faults", {**fault, "app_id": house.app.app_id})
    house.returns("WAIT_PAY", at=1)
    house.sync()
    house.judged(Reason.NO_SUCH_NODE)
    house.says("because the scene has no such status", "因为场景里没有这个状态")


def test_every_cause_has_its_words() -> None:
    assert set(words.WORDS) == set(Reason)
