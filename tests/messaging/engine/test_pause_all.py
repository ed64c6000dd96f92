"""After a restore nothing may leave by itself: every send that may have gone further waits for a person."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from merchants.models import Event
from messaging.engine import slot
from messaging.engine.control import Halted, pause_all, resume
from messaging.models import PauseReason, SendControl, SendState
from tests import build_messaging as build


def launched(shop: SimpleNamespace, state: str, *, minutes: float = -1) -> SendControl:
    due_at = timezone.now() + timedelta(minutes=minutes)
    return build.send(shop.app, shop.template, shop.list, state=state, due_at=due_at)


def test_a_send_under_way_is_paused_and_says_why(shop: SimpleNamespace) -> None:
    control = launched(shop, SendState.SENDING)
    assert slot.has_work()
    assert pause_all() == Halted(paused=1, missed=0)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, PauseReason.RESTORED)
    assert not slot.has_work()
    told = Event.objects.get(kind="send.paused", subject_id=control.pk)
    assert (told.by, told.detail) == (None, {"reason": "restored"})


@pytest.mark.parametrize("state", [SendState.SCHEDULED, SendState.PREPARING, SendState.READY])
def test_a_send_whose_time_has_come_is_missed(shop: SimpleNamespace, state: str) -> None:
    control = launched(shop, state)
    assert pause_all() == Halted(paused=0, missed=1)
    control.refresh_from_db()
    assert control.state == SendState.MISSED
    assert Event.objects.get(kind="send.missed", subject_id=control.pk).detail == {"reason": "restored"}


@pytest.mark.parametrize(
    ("state", "minutes"),
    [
        (SendState.SCHEDULED, 30),
        (SendState.READY, 1),
        (SendState.PAUSED, -1),
        (SendState.CANCELLING, -1),
        (SendState.FINISHED, -1),
    ],
)
def test_what_lies_ahead_waits_or_is_over_stays(shop: SimpleNamespace, state: str, minutes: float) -> None:
    control = launched(shop, state, minutes=minutes)
    assert pause_all() == Halted(paused=0, missed=0)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (state, "")


def test_a_second_run_finds_nothing_and_a_person_may_go_on(shop: SimpleNamespace) -> None:
    control = launched(shop, SendState.SENDING)
    pause_all()
    assert pause_all() == Halted(paused=0, missed=0)
    control.refresh_from_db()
    resume(control, by=shop.operator)
    assert (control.state, control.pause_reason) == (SendState.SENDING, "")
