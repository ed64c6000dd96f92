"""Orders of a person who was forgotten: they count on, and tell nothing of the person."""

from django.utils import timezone

from membership import customers
from merchants.models import Dispatch
from orders import forgetting, rollups
from orders.diagnosis import Reason, diagnose
from orders.models import Order, StatusChange
from orders.node_figures import node_figures
from tests import build_messaging, build_orders
from tests.base import CastCase


class Forgetting(CastCase):
    def setUp(self) -> None:
        super().setUp()
        person, other = build_messaging.people(self.mini_program, 2)
        said = {"items": [{"name": "相机"}], "shop": {"name": "云朵"}, "logistics": [{"phone_no": "1234"}]}
        self.orders = [
            build_orders.order(self.mini_program, customer=who, fields={"lease": "7 天"}, **said)
            for who in (person, other)
        ]
        for order in self.orders:
            build_orders.change(order, "WAIT_PAY", fields={"lease": "7 天"})
        customers.forget(person, by=self.owner, at=timezone.now())
        self.event_id = Dispatch.objects.get(subscriber=forgetting.SUBSCRIBER).event_id

    def test_what_was_said_of_the_person_is_erased_and_the_rows_stay(self) -> None:
        assert forgetting.forget(self.event_id, at=timezone.now())
        order = Order.objects.get(pk=self.orders[0].pk)
        assert (order.items, order.shop, order.logistics, order.fields) == ([], {}, [], {})
        assert (order.out_biz_no, order.status) == (self.orders[0].out_biz_no, "WAIT_PAY")
        change = order.changes.get()
        assert (change.fields, change.state) == ({}, StatusChange.State.SUPERSEDED)

    def test_what_waited_counts_as_forgotten_and_not_as_late(self) -> None:
        forgetting.forget(self.event_id, at=timezone.now())
        order = Order.objects.get(pk=self.orders[0].pk)
        (step,) = diagnose(order).steps
        assert step.reason == Reason.FORGOTTEN
        day = timezone.localdate(step.change.received_at)
        figures = node_figures(self.mini_program, first=day, last=day)
        assert figures.all.not_told == {"forgotten": 1}
        assert rollups.rebuild(repair=False) == []

    def test_what_came_late_before_stays_late(self) -> None:
        late = build_orders.change(self.orders[0], "SENDING", state="superseded", cause="backward")
        forgetting.forget(self.event_id, at=timezone.now())
        found = {step.change.pk: step.reason for step in diagnose(self.orders[0]).steps}
        assert found[late.pk] == Reason.LATE and rollups.rebuild(repair=False) == []

    def test_other_people_keep_theirs(self) -> None:
        forgetting.forget(self.event_id, at=timezone.now())
        order = Order.objects.get(pk=self.orders[1].pk)
        assert order.items and order.fields == {"lease": "7 天"}
        assert order.changes.get().state == StatusChange.State.PENDING

    def test_a_second_time_does_nothing(self) -> None:
        assert forgetting.forget(self.event_id, at=timezone.now())
        assert not forgetting.forget(self.event_id, at=timezone.now())
