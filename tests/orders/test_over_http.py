"""Statuses on their way to the simulated order centre, which is the witness."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from gateway import loop
from membership.models import Customer
from merchants import calls, rate, secrets
from merchants.models import GatewayCall, MiniProgram
from orders import bodies, settling, syncing
from orders.models import StatusChange
from orders.repairing import repair
from tests import build, build_messaging, build_orders
from tests.orders.sync_base import RENTAL
from tests.simulator_process import SimulatorProcess

METHOD = "alipay.merchant.order.sync"
CREATED = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def rental(monkeypatch: pytest.MonkeyPatch, settings) -> Iterator[None]:
    monkeypatch.setattr(bodies, "SCENES", {"online_rental": RENTAL})
    settings.ORDER_SETTLE_SECONDS = 0
    yield
    loop.close()


def send() -> None:
    for call in GatewayCall.objects.filter(state="waiting").order_by("pk"):
        GatewayCall.objects.filter(pk=call.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        calls.send_call(call.pk, merchant_id=call.merchant_id)
    for call in GatewayCall.objects.filter(settled_at=None, finished_at__isnull=False):
        settling.settle_sync(call.pk, merchant_id=call.merchant_id)


def shop_of(simulator: SimulatorProcess, settings) -> tuple[MiniProgram, Customer]:
    made = simulator.post("/sim/apps", {"industry": "rental"})
    app = build.mini_program(
        build.merchant(),
        app_id=made["app_id"],
        app_private_key_sealed=secrets.encrypt(made["app_private_key"]),
        alipay_public_key=made["alipay_public_key"],
    )
    settings.GATEWAY_URLS = {"simulated": simulator.gateway_url}
    rate.connection().flushdb()
    people = simulator.post("/sim/people", {"app_id": app.app_id, "count": 1, "seed": 7})["open_ids"]
    return app, build_messaging.people(app, 1, open_ids=people)[0]


@pytest.mark.django_db(transaction=True)
def test_a_platform_that_was_down_takes_the_backlog_in_time_order(
    simulator: SimulatorProcess, no_faults: None, settings
) -> None:
    app, person = shop_of(simulator, settings)
    order = build_orders.order(app, customer=person, order_created_at=CREATED)
    fields = {"total_rent": "300.00", "lease": "30"}
    simulator.post("/sim/faults", {"method": METHOD, "kind": "down", "rate": 1})
    for second, status in ((3, "WAIT_PAY"), (1, "APPLYING"), (2, "APPROVAL")):
        at = CREATED + timedelta(seconds=second)
        build_orders.change(order, status, modified_at=at, fields=fields if second == 2 else {})
    syncing.sync_due()
    send()
    states = StatusChange.objects.order_by("modified_at").values_list("state", flat=True)
    assert list(states) == ["syncing", "pending", "pending"]
    simulator.delete("/sim/faults")
    for _change in range(3):
        send()
        syncing.sync_due()
    send()
    assert list(states.all()) == ["synced", "synced", "not_notified"]
    assert "total_rent" in StatusChange.objects.get(status="WAIT_PAY").words
    (stored,) = simulator.get(f"/sim/orders?app_id={app.app_id}")["orders"]
    assert stored["out_biz_no"] == order.out_biz_no


@pytest.mark.real_scenes
@pytest.mark.django_db(transaction=True)
def test_a_status_filled_in_is_in_the_persons_inbox(
    simulator: SimulatorProcess, no_faults: None, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the platform's own tables on both sides
    settings.ORDER_SETTLE_SECONDS = 0
    app, person = shop_of(simulator, settings)
    order = build_orders.order(app, customer=person, order_created_at=CREATED)
    known = {"total_rent": "897.00", "lease": "3", "thaw_deposit": "3000.00"}
    sent = {"delivery_time": "2026-11-20 09:00:01"}
    build_orders.change(
        order, "IN_DELIVERY", modified_at=CREATED + timedelta(seconds=1), fields={**known, **sent}
    )
    syncing.sync_due()
    send()
    change = order.changes.get()
    assert (change.state, "courier_number" in change.words) == ("not_notified", True)
    assert [one["message_id"] for one in returned(simulator, app)] == [None]
    repair(app.merchant, change.pk, {"courier_number": "SF1478820365914"}, by=build.user())
    syncing.sync_due()
    send()
    assert list(order.changes.order_by("modified_at").values_list("state", flat=True)) == [
        "not_notified",
        "synced",
    ]
    first, second = returned(simulator, app)
    assert (first["status"], first["message_id"], second["status"]) == ("IN_DELIVERY", None, "IN_DELIVERY")
    page = simulator.get(f"/sim/phone/{person.open_id}/m/{second['message_id']}?app_id={app.app_id}")
    assert order.out_biz_no in page


def returned(simulator: SimulatorProcess, app: MiniProgram) -> list[dict[str, Any]]:
    (stored,) = simulator.get(f"/sim/orders?app_id={app.app_id}")["orders"]
    return list(stored["syncs"])
