"""Every move is compare-and-set with its Event; what TRANSITIONS does not draw never happens."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from merchants.models import Event
from messaging.engine.control import (
    MoveRefused,
    cancel,
    move,
    pause,
    release_mini_program,
    resume,
    set_speed,
    stop_mini_program,
)
from messaging.models import TRANSITIONS, SendControl, SendState
from tests import build_messaging as build


@pytest.fixture
def control(shop: SimpleNamespace) -> SendControl:
    return build.send(shop.app, shop.template, shop.list)


@pytest.mark.parametrize("here", SendState.values)
def test_a_send_moves_only_along_the_arrows(control: SendControl, here: str) -> None:
    told = Event.objects.filter(subject_id=control.pk, subject_kind="sendcontrol")
    for there in SendState.values:
        SendControl.objects.filter(pk=control.pk).update(state=here)
        before = told.count()
        if there in TRANSITIONS[here]:
            move(control, there, by=None)
            assert control.state == there
            assert told.count() == before + 1
        else:
            with pytest.raises(MoveRefused) as refused:
                move(control, there, by=None)
            assert refused.value.state == here
            assert told.count() == before


def test_every_state_is_in_the_table_of_arrows() -> None:
    assert set(TRANSITIONS) == set(SendState.values)
    assert set().union(*TRANSITIONS.values()) <= set(SendState.values)


def test_pausing_twice_is_refused_the_second_time(control: SendControl, shop: SimpleNamespace) -> None:
    pause(control, by=shop.operator)
    assert (control.state, control.pause_reason) == ("paused", "operator")
    with pytest.raises(MoveRefused):
        pause(control, by=shop.operator)
    resume(control, by=shop.operator)
    assert (control.state, control.pause_reason) == ("sending", "")


def test_resume_does_not_reopen_a_finished_send(control: SendControl, shop: SimpleNamespace) -> None:
    SendControl.objects.filter(pk=control.pk).update(state=SendState.FINISHED)
    with pytest.raises(MoveRefused):
        resume(control, by=shop.operator)


def test_cancel_keeps_the_reason_a_person_gave(control: SendControl, shop: SimpleNamespace) -> None:
    cancel(control, by=shop.operator, why="写错了价格")
    told = Event.objects.get(kind="send.cancelling", subject_id=control.pk)
    assert told.detail == {"why": "写错了价格"}
    assert told.by == shop.operator


def test_speed_changes_while_it_runs_and_is_told_with_both_figures(
    control: SendControl, shop: SimpleNamespace
) -> None:
    set_speed(control, by=shop.operator, rate_per_second=40)
    assert control.rate_per_second == 40
    assert Event.objects.get(kind="send.speed").detail == {"before": None, "after": 40}
    with pytest.raises(ValueError, match="pause"):
        set_speed(control, by=shop.operator, rate_per_second=0)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.FINISHED)
    with pytest.raises(MoveRefused):
        set_speed(control, by=shop.operator, rate_per_second=50)


def test_the_stop_switch_turns_once_each_way(shop: SimpleNamespace) -> None:
    assert stop_mini_program(shop.app, by=shop.operator, at=timezone.now()) is True
    assert stop_mini_program(shop.app, by=shop.operator, at=timezone.now()) is False
    assert shop.app.stopped_at is not None
    assert release_mini_program(shop.app, by=shop.operator) is True
    assert release_mini_program(shop.app, by=shop.operator) is False
    assert Event.objects.filter(kind__startswith="mini_program.").count() == 2
