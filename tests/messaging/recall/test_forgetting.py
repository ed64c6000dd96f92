from datetime import timedelta

from membership.customers import forget
from merchants.models import Dispatch, Event
from messaging.models import Consent, ConsentEntry, Delivery, Signal, Visit
from messaging.recall import forgetting
from messaging.recall.tasks import forget_customer
from tests.messaging.recall.base import DAY, NOON, RecallCase


class ForgettingTests(RecallCase):
    def setUp(self):
        super().setUp()
        self.person, self.other = self.people[:2]
        Delivery.objects.filter(send=self.send).update(data={"keyword1": {"value": "张三，您好"}})
        for who in (self.person, self.other):
            self.take_in(self.visit(who, open_id=who.open_id))
        forget(self.person, by=self.owner, at=NOON + DAY)
        self.event = Event.objects.get(kind="customer.forgotten")

    def test_texts_consents_and_names_on_signals_go_and_the_books_stay(self):
        forget_customer(self.yunduo.pk, self.event.id)
        assert Delivery.objects.get(send=self.send, customer=self.person).data is None
        assert Consent.objects.get(customer=self.person).units == 0
        assert list(
            ConsentEntry.objects.filter(customer=self.person).order_by("id").values_list("kind", "units")
        ) == [
            ("granted", 1),
            ("revoked", 1),
        ]
        assert not Signal.objects.filter(customer=self.person).exists()
        assert (Signal.objects.count(), Visit.objects.count(), self.figures()) == (2, 2, (2, 0))

    def test_nobody_else_is_touched(self):
        forget_customer(self.yunduo.pk, self.event.id)
        assert Delivery.objects.get(send=self.send, customer=self.other).data is not None
        assert Consent.objects.get(customer=self.other).units == 1
        assert Signal.objects.filter(customer=self.other).exists()

    def test_it_is_done_once(self):
        assert forgetting.forget(self.event.id, at=NOON)
        assert not forgetting.forget(self.event.id, at=NOON)
        done = Dispatch.objects.get(subscriber="messaging.forget_customer")
        assert done.done_at is not None
        assert ConsentEntry.objects.filter(customer=self.person, kind="revoked").count() == 1


class PruneTests(RecallCase):
    def test_signals_go_when_their_time_is_over_and_figures_stay(self):
        self.take_in(self.visit(self.people[0]), self.visit(self.people[1]))
        old = Signal.objects.order_by("id").first()
        long_ago = NOON - timedelta(days=500)
        Signal.objects.filter(pk=old.pk).update(at=long_ago, received_at=long_ago)
        assert forgetting.prune_signals(at=NOON) == 1
        assert (Signal.objects.count(), self.figures()) == (1, (2, 0))
