"""Single messages in the slot, against the simulated platform: first, within bounds, and never twice."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from merchants import rate
from merchants.models import ApiKey
from messaging.engine import slot, turn
from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.pipeline import Pipeline
from messaging.engine.reap import reap
from messaging.engine.reconcile import lines
from messaging.engine.schedule import advance
from messaging.engine.turn import Turn
from messaging.engine.turns import Turns
from messaging.models import Delivery, SendControl, SendKind, SendRules, SendState
from messaging.sends.asked import Asked
from messaging.sends.singles import Taken, hand_in
from tests import build, build_messaging
from tests.messaging.engine.test_slot import sending, work_until_idle
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
SENT = "alipay.open.app.mini.templatemessage.send"


@pytest.fixture
def shop(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    yield open_shop(simulator)


def asked(shop: Shop, number: int, *, key: str = "", **changes: object) -> Asked:
    data = {f"keyword{n}": "首月立减" for n in range(1, len(shop.template.keywords) + 1)}
    name = key or f"key-{number}"
    return Asked(
        name, shop.open_ids[number], shop.template.template_id, data, f"pages/order?id={number}", **changes
    )


def hand(shop: Shop, *messages: Asked) -> list[Taken]:
    key = ApiKey.find(build.api_key(shop.app, scopes=["messages"]))
    assert key is not None
    return hand_in(key, messages, at=timezone.now())


def books_balance() -> bool:
    found = SendControl.objects.filter(kind=SendKind.SINGLE)
    return not any(line.difference for control in found for line in lines(control))


def log_of(shop: Shop) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = shop.simulator.get(f"/sim/log?app_id={shop.app.app_id}&method={SENT}")[
        "entries"
    ]
    return entries


def test_each_arrives_once_with_its_own_page_and_the_books_balance(shop: Shop) -> None:
    shop.grant(40, units=2)
    for number in range(0, 40, 8):
        hand(shop, *(asked(shop, number + n) for n in range(8)))
    hand(shop, *(asked(shop, 0, key=f"again-{n}") for n in range(2)))
    work_until_idle()
    advance()
    pages = sorted(entry["page"].partition("%26rt")[0] for entry in log_of(shop))
    assert pages == sorted([f"pages/order?id%3D{n}" for n in range(40)] + ["pages/order?id%3D0"])
    assert set(SendControl.objects.values_list("state", flat=True)) == {"finished"}
    assert sorted(build_messaging.states(SendControl.objects.latest("pk"))) == ["skipped"]  # no unit was left
    assert books_balance()


def test_the_answers_of_many_requests_are_waited_for_together(shop: Shop) -> None:
    shop.grant(30)
    for number in range(30):
        hand(shop, asked(shop, number))
    turns = Turns()
    with Pipeline() as pipeline:
        for _request in range(5):
            picked = slot._next(turns, passed=[])
            assert slot._serve(picked[0].control, pipeline, until=time.monotonic() + 5)
        assert len(pipeline) == 5
    assert len(pipeline) == 0
    assert shop.summary()["accepted_messages"] == 5
    work_until_idle()
    assert shop.summary()["accepted_people"] == shop.summary()["accepted_messages"] == 30
    assert books_balance()


def test_however_they_come_no_more_is_in_flight_than_of_a_batch(
    shop: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two waves of four; what is in flight is read from the rows after each mark."""
    settings.ENGINE_WAVE_ROWS = 4
    shop.grant(33)
    hand(shop, *(asked(shop, number) for number in range(11)))
    for first in range(11, 33, 2):
        hand(shop, asked(shop, first), asked(shop, first + 1))
    in_flight = []

    def watched(*arguments: Any, **named: Any) -> Any:
        marked = mark(*arguments, **named)
        in_flight.append(Delivery.objects.filter(state="sending").count())
        return marked

    monkeypatch.setattr(turn, "mark", watched)
    work_until_idle()
    assert 4 < max(in_flight) <= 8
    assert shop.summary()["accepted_people"] == shop.summary()["accepted_messages"] == 33


def test_a_single_message_comes_before_a_batch_that_is_under_way(shop: Shop) -> None:
    shop.grant(20, units=2)
    control = sending(shop)
    hand(shop, asked(shop, 3))
    turns = Turns()
    first = slot._next(turns, passed=[])
    assert first[0].control.kind == SendKind.SINGLE
    work_until_idle()
    assert build_messaging.states(control)["accepted"] == 20
    assert log_of(shop)[0]["page"].startswith("pages/order")


def test_a_flood_of_single_messages_leaves_every_batch_its_turn(shop: Shop) -> None:
    """Whoever is picked next is asked without serving: nothing of this is timed."""
    shop.grant(5, units=5)
    batch = sending(shop)
    for number in range(5):
        hand(shop, asked(shop, number))
    turns = Turns()
    picked = slot._next(turns, passed=[])
    turns.had(picked[0].control, seconds=0.6)
    picked = slot._next(turns, passed=[])
    assert picked[0].control.kind == SendKind.SINGLE
    turns.had(picked[0].control, seconds=0.6)
    third = slot._next(turns, passed=[])
    assert third[0].control == batch
    turns.had(batch, seconds=1)
    fourth = slot._next(turns, passed=[])
    assert fourth[0].control.kind == SendKind.SINGLE


def test_the_flood_of_one_mini_program_delays_another_by_one_turn(
    shop: Shop, simulator: SimulatorProcess
) -> None:
    other = open_shop(simulator, people=2)
    shop.grant(6)
    other.grant(1)
    for number in range(6):
        hand(shop, asked(shop, number))
    hand(other, asked(other, 0))
    turns, order = Turns(), []
    for _turn in range(4):
        picked = slot._next(turns, passed=[])
        turns.had(picked[0].control, seconds=0.01)
        order.append(picked[0].control.mini_program_id)
    assert order[:2] == [shop.app.pk, other.app.pk]
    assert order[2] in {shop.app.pk, other.app.pk}


def test_what_batches_cannot_spend_is_there_for_single_messages(shop: Shop) -> None:
    """The bucket is filled and a batch takes all it may: the reserve is left, for who may have it."""
    type(shop.app).objects.filter(pk=shop.app.pk).update(rate_per_second=20, reserve_per_second=10)
    shop.app.refresh_from_db()
    shop.grant(2, units=2)
    batch = sending(shop)
    hand(shop, asked(shop, 0))
    single = SendControl.objects.select_related("mini_program").get(kind=SendKind.SINGLE)
    turns = [Turn(one, Pipeline(), until=time.monotonic() + 60) for one in (batch, single)]
    while (full := rate.take_single(shop.app, 20)) < 20:
        rate.give_back(shop.app, full)
        time.sleep(0.02)
    rate.give_back(shop.app, 20)
    assert turns[0]._tokens(32) <= 15
    assert turns[1]._tokens(32) >= 10


def test_past_its_not_after_nothing_leaves_even_before_it_is_written_off(shop: Shop) -> None:
    shop.grant(2)
    hand(shop, asked(shop, 0, not_after=timezone.now() + timedelta(hours=1)))
    SendControl.objects.update(not_after=timezone.now())
    assert slot.work(seconds=0.3) is False
    control = SendControl.objects.select_related("mini_program", "merchant").get()
    with Pipeline() as pipeline:
        late = Turn(control, pipeline, until=time.monotonic() + 1)  # had claimed before the time came
        assert late.serve() is False
    assert (late.marked_any, Delivery.objects.get().state) == (False, "queued")
    advance()
    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("skipped", "gave_up")
    assert shop.summary()["accepted_messages"] == 0


def test_quiet_hours_hold_a_single_message_as_they_hold_a_batch(shop: Shop) -> None:
    shop.grant(1)
    now = timezone.localtime()
    around = [(now + timedelta(hours=hour)).time() for hour in (-1, 1)]
    SendRules.objects.create(merchant=shop.merchant, quiet_from=around[0], quiet_to=around[1])
    hand(shop, asked(shop, 0))
    assert slot.work(seconds=0.3) is False
    SendRules.objects.all().delete()
    work_until_idle()
    assert shop.summary()["accepted_messages"] == 1


def test_what_a_killed_slot_had_marked_is_unknown_and_is_never_repeated(shop: Shop) -> None:
    shop.grant(3, units=3)
    messages = [asked(shop, number) for number in range(3)]
    first = hand(shop, *messages)
    control = SendControl.objects.select_related("mini_program", "merchant").get()
    ours = claim(control, limit=10)
    mark(control, ours, ids=ours.ids[:2], at=timezone.now())  # and here the process dies
    Delivery.objects.filter(state="sending").update(answer_by=timezone.now() - timedelta(minutes=1))
    Delivery.objects.filter(state="claimed").update(lease_until=timezone.now() - timedelta(minutes=1))
    assert reap() == (1, 2)
    again = hand(shop, *messages)
    assert [one.sent for one in again] == [one.sent for one in first]
    work_until_idle()
    advance()
    assert build_messaging.states(control) == {"unknown": 2, "accepted": 1}
    assert shop.summary()["accepted_messages"] == 1
    control.refresh_from_db()
    assert control.state == SendState.FINISHED
    assert books_balance()
