"""preparing → failed: what the send itself holds ends it, with a sentence; trouble of the database never."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction
from django.utils import timezone

from merchants.models import Event
from messaging.engine.freeze import give_up
from messaging.engine.schedule import advance, prepare
from messaging.models import Delivery, SendControl, SendState, Unprepared
from tests import build_messaging as build

NO_FALLBACK = [[{"column": 0}], [{"text": "本周内"}]]  # no person's text can be made of it


def preparing(shop: SimpleNamespace, **fields: object) -> SendControl:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.PREPARING)
    SendControl.objects.filter(pk=control.pk).update(**{"due_at": timezone.now(), **fields})
    control.refresh_from_db()
    return control


def state(control: SendControl) -> str:
    control.refresh_from_db()
    return control.state


def test_a_text_that_cannot_be_made_for_the_people_fails_the_send_and_tells(shop: SimpleNamespace) -> None:
    control = preparing(shop, pieces=NO_FALLBACK)
    assert prepare(shop.merchant.pk, control.pk) is False
    assert state(control) == SendState.FAILED
    assert control.failure == Unprepared.UNREADABLE
    told = Event.objects.get(subject_id=control.pk, kind="send.failed")
    assert told.detail == {"error": "KeyError"}
    assert not Delivery.objects.filter(send=control).exists()
    advance()
    assert state(control) == SendState.FAILED


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ("SET TRANSACTION READ ONLY", InternalError),  # a standby, after a failover
        ("ALTER TABLE messaging_delivery RENAME COLUMN data TO of_the_next_release", ProgrammingError),
    ],
)
def test_trouble_of_the_database_is_tried_again(
    shop: SimpleNamespace, trouble: str, error: type[Exception]
) -> None:
    control = preparing(shop)
    with pytest.raises(error), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(trouble)
        prepare(shop.merchant.pk, control.pk)
    assert state(control) == SendState.PREPARING
    assert prepare(shop.merchant.pk, control.pk) is True
    assert state(control) == SendState.READY


def test_the_rows_of_a_first_freeze_do_not_outlive_it(shop: SimpleNamespace) -> None:
    control = build.send(shop.app, shop.template, shop.list, state=SendState.READY)
    SendControl.objects.filter(pk=control.pk).update(state=SendState.PREPARING, pieces=NO_FALLBACK)
    prepare(shop.merchant.pk, control.pk)
    assert (state(control), control.books_month, control.frozen_total) == (SendState.FAILED, None, None)
    assert not Delivery.objects.filter(send=control).exists()
    assert build.counters(control) == {}


def test_who_cancelled_it_or_gave_it_a_new_time_meanwhile_wins(shop: SimpleNamespace) -> None:
    later = {"due_at": timezone.now() + timedelta(hours=1)}
    for meanwhile in ({"state": SendState.CANCELLING}, later):
        control = build.send(shop.app, shop.template, shop.list, state=SendState.READY)
        SendControl.objects.filter(pk=control.pk).update(state=SendState.PREPARING)
        control.refresh_from_db()
        SendControl.objects.filter(pk=control.pk).update(**meanwhile)
        assert give_up(control, why=Unprepared.UNREADABLE, error=ValueError()) is False
        assert state(control) == meanwhile.get("state", SendState.PREPARING)
        assert control.failure == ""
        assert Delivery.objects.filter(send=control).count() == 40
    assert not Event.objects.filter(kind="send.failed").exists()


def test_what_was_begun_and_not_ended_in_time_is_missed_and_says_so(shop: SimpleNamespace) -> None:
    late = timezone.now() - timedelta(minutes=11)
    begun = preparing(shop, due_at=late)
    waiting = preparing(shop, due_at=late, state=SendState.SCHEDULED)
    advance()
    assert (state(begun), begun.failure) == (SendState.MISSED, Unprepared.UNFINISHED)
    assert (state(waiting), waiting.failure) == (SendState.MISSED, "")
