from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from merchants import events
from merchants.models import Dispatch, Event
from tests.base import CastCase

TWO = {"customer.forgotten": ["membership.forget_customer", "messaging.forget_customer"]}


@override_settings(EVENT_SUBSCRIBERS=TWO)
class EventCase(CastCase):
    def record(self, kind: str = "customer.forgotten", **changes) -> Event:
        return events.record(kind, merchant=self.yunduo, by=self.owner, **changes)


class Recording(EventCase):
    def test_it_writes_the_event_and_one_dispatch_for_each_subscriber(self):
        event = self.record(subject=self.mini_program, detail={"n": 1})
        event = Event.objects.get(id=event.id)
        assert (event.subject_kind, event.subject_id) == ("miniprogram", self.mini_program.pk)
        assert (event.by, event.detail, event.merchant) == (self.owner, {"n": 1}, self.yunduo)
        assert [row.subscriber for row in Dispatch.objects.order_by("pk")] == TWO["customer.forgotten"]

    def test_subscribers_are_hinted_after_commit(self):
        with self.captureOnCommitCallbacks() as callbacks:
            event = self.record()
        assert [callback.args for callback in callbacks] == [
            (name, self.yunduo.pk, event.id) for name in TWO["customer.forgotten"]
        ]

    def test_an_event_nobody_listens_to_is_only_kept(self):
        with self.captureOnCommitCallbacks() as callbacks:
            self.record("staff.added")
        assert callbacks == [] and not Dispatch.objects.exists()

    def test_without_a_subject_it_is_about_the_merchant(self):
        assert self.record().subject_id is None

    def test_one_dispatch_for_each_subscriber_is_all_there_can_be(self):
        self.record()
        row = Dispatch.objects.first()
        row.pk = None
        with pytest.raises(IntegrityError, match="dispatch_once_per_subscriber"), transaction.atomic():
            row.save(force_insert=True)


def test_it_refuses_to_stand_outside_the_transaction_of_its_change():
    with pytest.raises(RuntimeError, match="transaction of the change"):
        events.record("staff.added", merchant=None)


class Handling(EventCase):
    def test_each_subscriber_handles_it_once(self):
        event, (first, second) = self.record(), TWO["customer.forgotten"]
        assert events.load(event.id, subscriber=first) == event
        assert events.done(event.id, subscriber=first, at=timezone.now())
        assert not events.done(event.id, subscriber=first, at=timezone.now())
        assert events.load(event.id, subscriber=first) is None
        assert events.load(event.id, subscriber=second) == event

    def test_an_event_that_never_was_is_none(self):
        assert events.load(987654, subscriber="membership.forget_customer") is None


class Sweeping(EventCase):
    def sweep(self, seconds: float) -> list:
        with self.captureOnCommitCallbacks() as callbacks:
            count = events.sweep_dispatches(at=timezone.now() + timedelta(seconds=seconds))
        assert count == len(callbacks)
        return [callback.args[0] for callback in callbacks]

    def test_a_fresh_dispatch_is_left_to_its_hint(self):
        self.record()
        assert self.sweep(5) == []

    def test_a_lost_hint_is_repeated_ever_more_slowly(self):
        self.record()
        assert sorted(self.sweep(11)) == TWO["customer.forgotten"]
        assert self.sweep(20) == []
        assert sorted(self.sweep(40)) == TWO["customer.forgotten"]
        assert self.sweep(60) == []

    def test_what_is_done_is_not_hinted_again(self):
        event = self.record()
        for subscriber in TWO["customer.forgotten"]:
            events.done(event.id, subscriber=subscriber, at=timezone.now())
        assert self.sweep(3600) == []

    def test_done_dispatches_are_pruned_after_their_days_and_waiting_ones_kept(self):
        event = self.record()
        events.done(event.id, subscriber=TWO["customer.forgotten"][0], at=timezone.now())
        assert events.prune_dispatches(at=timezone.now() + timedelta(days=13)) == 0
        assert events.prune_dispatches(at=timezone.now() + timedelta(days=15)) == 1
        assert Dispatch.objects.count() == 1
