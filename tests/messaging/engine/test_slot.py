"""The slot against the simulated platform over HTTP: its log is the witness for every outcome."""

import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from membership.models import Customer
from merchants import leases, tokens
from merchants.partitions import BEIJING
from messaging.engine import funnel, slot, text
from messaging.engine.reconcile import lines
from messaging.models import Delivery, FrequencyCount, SendControl, SendRules, SendState
from tests import build_messaging
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    yield open_shop(simulator)


def sending(shop: Shop, **fields: object) -> SendControl:
    to = build_messaging.people_list(shop.app, shop.people)
    return build_messaging.send(shop.app, shop.template, to, **fields)


def balanced(control: SendControl) -> bool:
    return not any(line.difference for line in lines(control))


def work_until_idle(seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and Delivery.objects.filter(state__in=["queued", "claimed"]).exists():
        if not slot.work(seconds=1):
            time.sleep(0.05)


def test_everybody_with_consent_gets_it_once_and_the_log_agrees(shop: Shop) -> None:
    shop.grant(50)
    control = sending(shop)
    work_until_idle()
    assert build_messaging.states(control) == {"accepted": 50, "skipped": 10}
    summary = shop.summary()
    assert summary["accepted_people"] == summary["accepted_messages"] == 50
    assert balanced(control)


def test_quiet_hours_that_begin_under_way_hold_the_rest_and_let_it_go_afterwards(shop: Shop) -> None:
    shop.grant(60)
    control = sending(shop, rate_per_second=20)
    assert slot.work(seconds=0.5)
    wall = timezone.localtime(timezone=ZoneInfo(shop.app.merchant.time_zone))
    hours = [(wall + timedelta(hours=hour)).time() for hour in (-1, 1)]
    SendRules.objects.create(merchant=shop.app.merchant, quiet_from=hours[0], quiet_to=hours[1])
    before = shop.summary()["accepted_messages"]
    assert 0 < before < 60
    assert not slot.work(seconds=1)
    assert shop.summary()["accepted_messages"] == before
    assert build_messaging.states(control) == {"accepted": before, "queued": 60 - before}
    SendRules.objects.all().delete()
    work_until_idle()
    assert shop.summary()["accepted_people"] == shop.summary()["accepted_messages"] == 60
    assert balanced(control)


def test_what_was_predicted_is_accepted_refused_or_unknown_at_the_end(shop: Shop) -> None:
    """With somebody in every gate; those the platform alone refuses were predicted too."""
    shop.grant(40)
    build_messaging.consents(shop.template, shop.people[40:45])  # on our side only
    now = timezone.now()
    Customer.objects.filter(pk=shop.people[0].pk).update(do_not_send_at=now)
    Customer.objects.filter(pk=shop.people[1].pk).update(forgotten_at=now, open_id=None)
    if shop.template.fatigue_total:
        FrequencyCount.objects.create(
            customer_id=shop.people[2].pk,
            template=shop.template,
            day=now.astimezone(BEIJING).date(),
            n=shop.template.fatigue_total,
        )
    control = sending(shop)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.PAUSED)
    predicted = funnel.forecast(control, due_at=control.due_at or now, at=now)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.SENDING)
    work_until_idle()
    states = build_messaging.states(control)
    came_to = sum(states.get(name, 0) for name in ("accepted", "refused", "unknown"))
    assert predicted.will_send == came_to
    assert states["refused"] == 5
    assert states["skipped"] == predicted.total - predicted.will_send
    for drop in predicted.drops:
        assert build_messaging.counters(control).get(("skipped", drop.reason), 0) == drop.n
    assert {drop.reason for drop in predicted.drops if drop.n} >= {"not_known", "do_not_send", "no_consent"}
    assert shop.summary()["accepted_people"] == states["accepted"]


def test_a_text_that_differs_per_person_arrives_as_each_of_them_reads_it(shop: Shop) -> None:
    shop.grant(3)
    names = ["张明", "李想", ""]
    to = build_messaging.people_list(
        shop.app, shop.people[:3], columns=["name"], texts=[[name] for name in names]
    )
    pieces = [[{"text": "你好，"}, {"column": 0, "fallback": "老朋友"}], [{"text": "本周内"}]]
    data = text.data_of(["你好，老朋友", "本周内"])
    control = build_messaging.send(shop.app, shop.template, to, pieces=pieces, data=data)
    work_until_idle()
    assert build_messaging.states(control) == {"accepted": 3}
    for open_id, name in zip(shop.open_ids, ["张明", "李想", "老朋友"], strict=False):
        phone = f"{shop.simulator.url}/sim/phone/{open_id}?app_id={shop.app.app_id}"
        with urllib.request.urlopen(phone, timeout=10) as answer:
            assert f"你好，{name}" in answer.read().decode()


def test_each_message_carries_the_recall_token_of_its_row(shop: Shop) -> None:
    shop.grant(3)
    control = sending(shop)
    work_until_idle()
    log = shop.simulator.get(
        f"/sim/log?app_id={shop.app.app_id}&method=alipay.open.app.mini.templatemessage.send"
    )
    read = {tokens.read(entry["page"].rpartition("rt%3D")[2]) for entry in log["entries"]}
    rows = Delivery.objects.filter(send=control, state="accepted").values_list("id", "books_month")
    assert read == set(rows)


def test_who_is_unsubscribed_on_the_platform_only_is_refused_and_the_balance_follows(shop: Shop) -> None:
    shop.grant(5)
    build_messaging.consents(shop.template, shop.people[5:8])
    control = sending(shop)
    work_until_idle()
    assert build_messaging.counters(control)["refused", "MSG_UNSUBSCRIBED"] == 3
    assert shop.summary()["accepted_people"] == 5
    assert balanced(control)


def test_a_busy_platform_slows_us_down_and_loses_nobody(shop: Shop) -> None:
    shop.grant(40)
    control = sending(shop)
    shop.fault("limit", count=10)
    work_until_idle(20)
    control.refresh_from_db()
    assert build_messaging.states(control)["accepted"] == 40
    assert control.busy_count == 10
    assert shop.summary()["accepted_messages"] == 40
    assert balanced(control)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [("http_500", "after", "http_5xx"), ("bad_signature", None, "bad_signature")],
)
def test_an_answer_that_cannot_be_trusted_is_unknown_and_never_repeated(
    shop: Shop, kind: str, value: str | None, reason: str
) -> None:
    shop.grant(12)
    control = sending(shop)
    shop.fault(kind, count=4, value=value)
    work_until_idle()
    counted = build_messaging.counters(control)
    assert counted["unknown", reason] == 4
    assert counted["accepted", ""] == 8
    assert shop.summary()["accepted_messages"] == 12
    assert balanced(control)
    control.refresh_from_db()
    assert control.pause_reason == ("signature" if reason == "bad_signature" else "")


def test_a_message_that_was_delivered_but_never_answered_is_unknown(shop: Shop, settings: Any) -> None:
    settings.GATEWAY_READ_SECONDS, settings.GATEWAY_TOTAL_SECONDS = 0.4, 0.6
    shop.grant(6)
    control = sending(shop)
    shop.fault("timeout_after_success", count=2, value=2)
    work_until_idle()
    assert build_messaging.counters(control)["unknown", "timeout"] == 2
    assert build_messaging.states(control)["accepted"] == 4
    assert shop.summary()["accepted_messages"] == 6


def test_a_connection_that_is_refused_costs_nobody_their_message(shop: Shop) -> None:
    shop.grant(6)
    control = sending(shop)
    address = settings_url(shop)
    try:
        move_gateway("http://127.0.0.1:9/gateway.do")
        slot.work(seconds=0.5)
    finally:
        move_gateway(address)
    assert shop.summary()["accepted_messages"] == 0
    assert build_messaging.states(control) == {"queued": 6, "skipped": 54}
    Delivery.objects.filter(send=control, state="queued").update(due_at=timezone.now())
    work_until_idle()
    assert build_messaging.states(control)["accepted"] == 6
    assert balanced(control)


def settings_url(shop: Shop) -> str:
    return shop.simulator.gateway_url


def move_gateway(url: str) -> None:
    django_settings.GATEWAY_URLS["simulated"] = url


def test_a_paused_send_and_a_stopped_mini_program_send_nothing(shop: Shop) -> None:
    shop.grant(6)
    control = sending(shop, state=SendState.PAUSED)
    assert slot.work(seconds=0.3) is False
    SendControl.objects.filter(pk=control.pk).update(state=SendState.SENDING)
    type(shop.app).objects.filter(pk=shop.app.pk).update(stopped_at=timezone.now())
    assert slot.work(seconds=0.3) is False
    assert shop.summary()["accepted_messages"] == 0


def test_a_process_that_wakes_up_late_sends_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard compares the boot clock when a request has its connection: here it has jumped by an hour."""
    shop.grant(6)
    control = sending(shop)
    readings = iter(range(1, 1_000_000))
    monkeypatch.setattr(
        "messaging.engine.pipeline.boot_seconds", lambda: leases.boot_seconds() + 3600 * next(readings)
    )
    slot.work(seconds=0.3)
    assert shop.summary()["accepted_messages"] == 0
    assert build_messaging.states(control) == {"queued": 6, "skipped": 54}
    assert balanced(control)


def test_with_redis_away_nothing_leaves(shop: Shop, settings: Any) -> None:
    shop.grant(6)
    control = sending(shop)
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    slot.work(seconds=0.5)
    assert shop.summary()["accepted_messages"] == 0
    assert build_messaging.states(control) == {"queued": 6, "skipped": 54}


def test_sends_take_turns_so_that_none_starves(shop: Shop) -> None:
    shop.grant(30, units=2)
    first, second = sending(shop), sending(shop)
    SendControl.objects.filter(pk__in=[first.pk, second.pk]).update(rate_per_second=20)
    slot.work(seconds=1.5)
    for control in (first, second):
        counters = build_messaging.counters(control)
        assert counters.get(("accepted", ""), 0) > 0, counters


def test_a_speed_holds(shop: Shop) -> None:
    """Tokens of one second at most are granted beyond the rate: 10/s for 2 s is at most 30."""
    shop.grant(60)
    control = sending(shop, rate_per_second=10)
    slot.work(seconds=2)
    assert 10 <= shop.summary()["accepted_messages"] <= 30
    assert balanced(control)


def test_another_merchants_send_is_signed_with_its_own_key(shop: Shop, simulator: SimulatorProcess) -> None:
    shop.grant(2)
    other = open_shop(simulator, people=3)
    other.grant(3)
    mine, theirs = sending(shop), sending(other)
    work_until_idle()
    for control, people in ((mine, 2), (theirs, 3)):
        counters = build_messaging.counters(control)
        assert counters.get(("accepted", "")) == people, counters
    assert other.summary()["accepted_people"] == 3


def test_a_mini_program_whose_gateway_is_not_set_pauses_its_send_with_the_reason(shop: Shop) -> None:
    shop.grant(2)
    control = sending(shop)
    address = django_settings.GATEWAY_URLS.pop("simulated")
    try:
        slot.work(seconds=0.3)
    finally:
        django_settings.GATEWAY_URLS["simulated"] = address
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, "gateway")
    assert "GATEWAY_URL" in control.pause_detail
    assert build_messaging.states(control) == {"queued": 2, "skipped": 58}
