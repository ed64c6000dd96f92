"""Nothing of a batch leaves after the time an operator gave; the rest stays queued and a person is asked."""

import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from merchants.models import Event
from messaging.engine import slot
from messaging.engine.control import PastNotAfter, pause, resume
from messaging.engine.not_after import GUARD_SECONDS, IS_PAST, LimitChanged, set_limit
from messaging.engine.pipeline import STALE_SECONDS
from messaging.engine.reconcile import lines
from messaging.engine.schedule import advance
from messaging.engine.turn import Turn
from messaging.models import PauseReason, SendControl, SendState, Unprepared
from tests import build_messaging as build
from tests.build import user
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

HOUR = timedelta(hours=1)


def sending(shop: SimpleNamespace, **fields: object) -> SendControl:
    return build.send(shop.app, shop.template, shop.list, **fields)


def limit(control: SendControl, **distance: float) -> None:
    """The latest time is so far from now."""
    SendControl.objects.filter(pk=control.pk).update(not_after=timezone.now() + timedelta(**distance))
    control.refresh_from_db()


def is_past(control: SendControl) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {IS_PAST} FROM messaging_sendcontrol s WHERE s.id = %s", [control.pk])
        return bool(cursor.fetchone()[0])


def kinds(control: SendControl) -> list[str]:
    rows = Event.objects.filter(subject_kind="sendcontrol", subject_id=control.pk)
    return list(rows.order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("seconds", "past"), [(3600, False), (GUARD_SECONDS + 60, False), (1, True), (-1, True)]
)
def test_a_slot_finds_no_work_from_a_guards_length_before_it(
    shop: SimpleNamespace, seconds: float, past: bool
) -> None:
    control = sending(shop)
    assert slot.has_work() and not is_past(control)
    limit(control, seconds=seconds)
    assert is_past(control) is past
    assert slot.has_work() is not past
    assert Turn._may_send(SimpleNamespace(control=control, is_authorised=True)) is not past


def test_the_guard_is_as_long_as_a_request_may_take_to_its_first_byte() -> None:
    assert GUARD_SECONDS >= STALE_SECONDS


def test_beat_pauses_it_with_the_reason_and_says_how_many_are_left(shop: SimpleNamespace) -> None:
    control, other = sending(shop), sending(shop)
    limit(control, seconds=-1)
    advance()
    control.refresh_from_db()
    other.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, PauseReason.NOT_AFTER)
    assert other.state == SendState.SENDING
    assert build.states(control) == {"queued": 30, "skipped": 10}
    told = Event.objects.get(subject_id=control.pk, subject_kind="sendcontrol", kind="send.paused")
    assert told.detail == {"reason": "not_after", "left": 30}
    assert not any(line.difference for line in lines(control))


def test_with_nobody_left_it_finishes_instead(shop: SimpleNamespace) -> None:
    everybody_without_consent = build.people_list(shop.app, shop.people[30:])
    control = build.send(shop.app, shop.template, everybody_without_consent)
    limit(control, seconds=-1)
    advance()
    control.refresh_from_db()
    assert control.state == SendState.FINISHED


@pytest.mark.parametrize("state", [SendState.SCHEDULED, SendState.PREPARING, SendState.READY])
def test_one_that_had_not_begun_by_then_is_missed_and_says_why(shop: SimpleNamespace, state: str) -> None:
    control = sending(shop, state=SendState.READY)
    SendControl.objects.filter(pk=control.pk).update(state=state, started_at=None)
    limit(control, milliseconds=-1)
    advance()
    control.refresh_from_db()
    assert (control.state, control.failure) == (SendState.MISSED, Unprepared.TOO_LATE)
    assert kinds(control)[-1] == "send.missed"


def test_resuming_past_it_is_refused_and_changes_nothing(shop: SimpleNamespace) -> None:
    control = sending(shop)
    pause(control, by=shop.operator)
    limit(control, seconds=-1)
    with pytest.raises(PastNotAfter):
        resume(control, by=shop.operator)
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, PauseReason.OPERATOR)
    assert "send.resumed" not in kinds(control)
    limit(control, seconds=60)
    resume(control, by=shop.operator)
    assert control.state == SendState.SENDING


@pytest.mark.parametrize(("hours", "event"), [(2, "send.not_after"), (None, "send.not_after_lifted")])
def test_a_new_time_or_none_lets_it_go_on(shop: SimpleNamespace, hours: int | None, event: str) -> None:
    control = sending(shop)
    limit(control, seconds=-1)
    advance()
    control.refresh_from_db()
    new = timezone.now() + hours * HOUR if hours else None
    set_limit(control, by=shop.operator, not_after=new, seen=control.not_after)
    assert (control.state, control.not_after, control.pause_reason) == (SendState.SENDING, new, "")
    assert kinds(control)[-2:] == [event, "send.resumed"]
    assert slot.has_work()


def test_a_send_paused_for_another_reason_stays_paused(shop: SimpleNamespace) -> None:
    control = sending(shop)
    limit(control, seconds=-1)
    pause(control, by=shop.operator)
    set_limit(control, by=shop.operator, not_after=None, seen=control.not_after)
    assert (control.state, control.pause_reason) == (SendState.PAUSED, PauseReason.OPERATOR)


def test_only_the_limit_that_was_looked_at_is_changed(shop: SimpleNamespace) -> None:
    control = sending(shop)
    limit(control, hours=1)
    seen = control.not_after
    limit(control, hours=3)
    for stale in (seen, None):
        with pytest.raises(LimitChanged):
            set_limit(control, by=shop.operator, not_after=None, seen=stale)
    with pytest.raises(ValueError, match="has passed"):
        set_limit(control, by=shop.operator, not_after=timezone.now() - HOUR, seen=control.not_after)
    was = control.not_after
    control.refresh_from_db()
    assert "send.not_after_lifted" not in kinds(control) and was is not None and control.not_after is not None
    assert control.not_after > timezone.now() + 2 * HOUR


def test_a_send_that_is_over_has_no_limit_to_change(shop: SimpleNamespace) -> None:
    control = sending(shop)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.FINISHED)
    with pytest.raises(LimitChanged):
        set_limit(control, by=shop.operator, not_after=None, seen=None)


@pytest.fixture
def street(simulator: SimulatorProcess, no_faults: None) -> Iterator[Shop]:
    yield open_shop(simulator)


@pytest.mark.django_db(transaction=True)
def test_the_platform_hears_nothing_after_it_and_all_the_rest_once_it_is_lifted(street: Shop) -> None:
    street.grant(60)
    to = build.people_list(street.app, street.people)
    control = build.send(street.app, street.template, to, rate_per_second=20)
    limit(control, hours=1)
    assert slot.work(seconds=0.5)
    limit(control, milliseconds=GUARD_SECONDS * 1000 - 1)  # it has come for whatever would be marked now
    before = street.summary()["accepted_messages"]
    assert 0 < before < 60
    assert not slot.work(seconds=0.5)
    limit(control, seconds=-1)
    advance()
    control.refresh_from_db()
    assert (control.state, control.pause_reason) == (SendState.PAUSED, PauseReason.NOT_AFTER)
    assert street.summary()["accepted_messages"] == before
    assert build.states(control) == {"accepted": before, "queued": 60 - before}
    SendControl.objects.filter(pk=control.pk).update(rate_per_second=None)
    set_limit(control, by=user(), not_after=None, seen=control.not_after)
    patience = time.monotonic() + 8
    while build.states(control) != {"accepted": 60} and time.monotonic() < patience:
        slot.work(seconds=0.5)
    summary = street.summary()
    assert summary["accepted_people"] == summary["accepted_messages"] == 60
    assert not any(line.difference for line in lines(control))
