"""What is due begins: each once, with its Event, however many are due and however many processes look."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from merchants.models import Event
from messaging.engine import start
from messaging.models import SendControl
from tests import build_messaging


def ready(shop: SimpleNamespace, number: int, *, seconds_late: float = 1) -> list[SendControl]:
    due_at = timezone.now() - timedelta(seconds=seconds_late)
    return [
        build_messaging.send(
            shop.app,
            shop.template,
            shop.list,
            state="ready",
            due_at=due_at + timedelta(milliseconds=place),
        )
        for place in range(number)
    ]


def test_due_sends_begin_with_their_event_and_others_wait(shop: SimpleNamespace) -> None:
    due = ready(shop, 2)
    (later,) = ready(shop, 1, seconds_late=-60)
    assert start.start_due() == 2
    states = dict(SendControl.objects.values_list("pk", "state"))
    assert states == {due[0].pk: "sending", due[1].pk: "sending", later.pk: "ready"}
    begun = Event.objects.filter(kind="send.sending").order_by("id").values_list("subject_id", flat=True)
    assert list(begun) == [one.pk for one in due]
    assert all(SendControl.objects.get(pk=one.pk).started_at is not None for one in due)
    assert start.start_due() == 0
    assert Event.objects.filter(kind="send.sending").count() == 2


def test_more_than_a_chunk_begin_at_one_look(shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "CHUNK", 2)
    ready(shop, 5)
    assert start.start_due() == 5
    assert set(SendControl.objects.values_list("state", flat=True)) == {"sending"}


def test_a_cancelled_send_does_not_begin(shop: SimpleNamespace) -> None:
    (control,) = ready(shop, 1)
    SendControl.objects.filter(pk=control.pk).update(state="cancelling")
    assert start.start_due() == 0
    assert SendControl.objects.get(pk=control.pk).state == "cancelling"
