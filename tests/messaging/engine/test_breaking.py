"""The breaker in a slot that talks to the simulated platform: what leaves after it, and what does not."""

import time
from collections.abc import Iterator

import pytest

from messaging.engine import slot
from messaging.engine.control import resume
from messaging.engine.reconcile import lines
from messaging.models import Delivery, SendControl, SendPulse, SendState
from tests import build, build_messaging
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
IN_FLIGHT = 64  # of the one slot here


@pytest.fixture
def shop(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    opened = open_shop(simulator, people=160)
    opened.grant(160)
    yield opened


def sending(shop: Shop) -> SendControl:
    return build_messaging.send(shop.app, shop.template, build_messaging.people_list(shop.app, shop.people))


def work(seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and Delivery.objects.filter(state__in=["queued", "claimed"]).exists():
        if not slot.work(seconds=1):
            break


def test_a_template_switched_off_by_the_platform_costs_few_their_message(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It pauses within its turn, with twenty refusals and what was in flight; repaired, it goes on."""
    monkeypatch.setattr(slot, "TURN_SECONDS", 30)
    control = sending(shop)
    shop.fault("sub_code", value="USER_TEMPLATE_STATUS_ILLEGAL")
    slot.work(seconds=10)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, "refusals")
    n, _of, code = control.pause_detail.replace("/", " ").split()
    refused = build_messaging.states(control)["refused"]
    assert 20 <= int(n) <= refused <= 19 + IN_FLIGHT
    assert code == "USER_TEMPLATE_STATUS_ILLEGAL"
    assert shop.summary()["accepted_messages"] == 0
    shop.simulator.delete("/sim/faults")
    resume(control, by=build.user())
    work()
    assert build_messaging.states(control) == {"accepted": 160 - refused, "refused": refused}
    assert not any(line.difference for line in lines(control))


def test_people_who_refuse_pause_nothing(shop: Shop) -> None:
    control = sending(shop)
    shop.fault("sub_code", value="MSG_REJECTED", count=120)
    work()
    assert build_messaging.states(control) == {"accepted": 40, "refused": 120}
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.SENDING, "")


def test_a_code_nobody_knows_counts(shop: Shop) -> None:
    control = sending(shop)
    shop.fault("sub_code", value="SOMETHING_NEW", count=160)
    work()
    control.refresh_from_db()
    assert (control.pause_reason, control.pause_detail.split()[-1]) == ("refusals", "SOMETHING_NEW")
    assert build_messaging.states(control)["queued"] > 0


def test_a_slot_that_died_between_its_record_and_the_pause_leaves_the_pause_to_the_next(
    shop: Shop,
) -> None:
    control = sending(shop)
    SendPulse.objects.create(send=control, recent="aaa!")
    assert slot.work(seconds=0.5)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, "signature")
    assert shop.summary()["accepted_messages"] == 0
    assert build_messaging.states(control) == {"queued": 160}
