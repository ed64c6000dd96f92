"""Due times are rows: what beat finds decides, however late or often it looks."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from messaging.engine.claim import claim
from messaging.engine.control import cancel
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.engine.schedule import advance, prepare
from messaging.models import Delivery, SendControl, SendState
from tests import build_messaging as build


def scheduled(shop: SimpleNamespace, *, seconds: float, prepare_in: float = -1) -> SendControl:
    """Due in `seconds`, to be prepared in `prepare_in`."""
    now = timezone.now()
    control = build.send(shop.app, shop.template, shop.list, state=SendState.PREPARING)
    SendControl.objects.filter(pk=control.pk).update(
        state=SendState.SCHEDULED,
        due_at=now + timedelta(seconds=seconds),
        prepare_at=now + timedelta(seconds=prepare_in),
    )
    control.refresh_from_db()
    return control


def state(control: SendControl) -> str:
    control.refresh_from_db()
    return control.state


def test_preparing_waits_for_its_time(shop: SimpleNamespace) -> None:
    control = scheduled(shop, seconds=300, prepare_in=60)
    advance()
    assert state(control) == SendState.SCHEDULED


def test_a_send_is_prepared_then_waits_ready_for_its_due_time(shop: SimpleNamespace) -> None:
    control = scheduled(shop, seconds=30)
    advance()
    assert state(control) == SendState.PREPARING
    assert prepare(shop.merchant.pk, control.pk) is True
    advance()
    assert state(control) == SendState.READY
    SendControl.objects.filter(pk=control.pk).update(due_at=timezone.now())
    advance()
    assert state(control) == SendState.SENDING
    assert control.started_at is not None


def test_preparing_that_died_is_hinted_again(
    shop: SimpleNamespace, django_capture_on_commit_callbacks: object
) -> None:
    control = scheduled(shop, seconds=30)
    advance()
    for _beat in range(2):
        with django_capture_on_commit_callbacks() as hints:  # type: ignore[operator]
            advance()
        assert len(hints) == 1
    assert state(control) == SendState.PREPARING


def test_prepare_with_another_merchants_id_finds_nothing(shop: SimpleNamespace) -> None:
    control = scheduled(shop, seconds=30)
    advance()
    assert prepare(shop.merchant.pk + 1, control.pk) is False
    assert state(control) == SendState.PREPARING


@pytest.mark.parametrize("waiting", [SendState.SCHEDULED, SendState.PREPARING, SendState.READY])
def test_more_than_ten_minutes_late_is_missed_and_asks(shop: SimpleNamespace, waiting: str) -> None:
    control = scheduled(shop, seconds=-700)
    SendControl.objects.filter(pk=control.pk).update(state=waiting)
    advance()
    assert state(control) == SendState.MISSED


def test_a_little_late_still_goes(shop: SimpleNamespace) -> None:
    control = scheduled(shop, seconds=-300)
    advance()
    prepare(shop.merchant.pk, control.pk)
    advance()
    assert state(control) == SendState.SENDING


def test_it_is_finished_only_when_no_row_is_queued_claimed_or_in_flight(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    for left in ("queued", "claimed", "sending"):
        ours = claim(control, limit=40) if left != "queued" else None
        if left == "sending" and ours is not None:
            mark(control, ours, ids=ours.ids, at=timezone.now())
        advance()
        assert state(control) == SendState.SENDING, left
        if left == "claimed":
            Delivery.objects.filter(send=control, state="claimed").update(state="queued")
    token = Delivery.objects.filter(send=control, state="sending").values_list("token", flat=True)[0]
    ids = list(Delivery.objects.filter(send=control, state="sending").values_list("id", flat=True))
    record(control, token, [Answer(one, "accepted", "", 1.0) for one in ids])
    advance()
    assert state(control) == SendState.FINISHED
    assert control.finished_at is not None


def test_a_paused_send_with_nothing_left_finishes_too(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, build.people_list(shop.app, shop.people[30:]))
    SendControl.objects.filter(pk=control.pk).update(state=SendState.PAUSED)
    advance()
    assert state(control) == SendState.FINISHED


def test_cancel_stops_whoever_has_not_left_and_waits_for_the_rest(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=4)
    mark(control, ours, ids=ours.ids, at=timezone.now())
    claim(control, limit=3)
    cancel(control, by=shop.operator, why="")
    advance()
    assert state(control) == SendState.CANCELLING
    assert build.states(control) == {"sending": 4, "skipped": 36}
    assert build.counters(control)["skipped", "cancelled"] == 26
    record(control, ours.token, [Answer(one, "accepted", "", 1.0) for one in ours.ids])
    advance()
    assert state(control) == SendState.CANCELLED
    assert build.states(control) == {"accepted": 4, "skipped": 36}


def test_busy_while_cancelling_is_stopped_too(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    ours = claim(control, limit=4)
    mark(control, ours, ids=ours.ids, at=timezone.now())
    cancel(control, by=shop.operator, why="")
    record(control, ours.token, [Answer(one, "busy", "", 1.0) for one in ours.ids])
    advance()
    assert state(control) == SendState.CANCELLED
    assert build.states(control) == {"skipped": 40}


def test_a_send_cancelled_before_it_was_frozen_has_no_rows(shop: SimpleNamespace) -> None:
    control = scheduled(shop, seconds=300, prepare_in=200)
    cancel(control, by=shop.operator, why="")
    advance()
    assert state(control) == SendState.CANCELLED
    assert build.states(control) == {}


def test_cancel_returns_a_kept_unknown_to_unknown(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    first = Delivery.objects.filter(send=control, state="queued").order_by("id").first()
    assert first is not None
    Delivery.objects.filter(send=control, id=first.id).update(kept_unknown=True)
    cancel(control, by=shop.operator, why="")
    advance()
    assert build.counters(control)["unknown", "kept"] == 1
    assert build.states(control) == {"unknown": 1, "skipped": 39}


def test_a_row_queued_again_in_the_instant_of_cancelling_is_stopped_too(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.CANCELLED)
    advance()
    assert state(control) == SendState.CANCELLED
    assert build.states(control) == {"skipped": 40}
    assert build.counters(control)["skipped", "cancelled"] == 30
