"""Two looks at what is due, and two settlements of one call, on connections of their own."""

from datetime import timedelta
from unittest import mock

import pytest
from django.test import override_settings
from django.utils import timezone

from merchants.models import GatewayCall
from orders import bodies, fixing, settling, syncing
from orders.models import Order, StatusChange
from tests import build_messaging, build_orders
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once
from tests.orders.sync_base import RENTAL, START

pytestmark = pytest.mark.race


@override_settings(ORDER_SETTLE_SECONDS=0)
class OrderRaces(CommittedCastCase):
    def setUp(self) -> None:
        super().setUp()
        with_rental = mock.patch.object(bodies, "SCENES", {"online_rental": RENTAL})
        with_rental.start()
        self.addCleanup(with_rental.stop)
        person = build_messaging.people(self.mini_program, 1)[0]
        self.orders = [
            build_orders.order(self.mini_program, customer=person, order_created_at=START - timedelta(days=1))
            for _number in range(12)
        ]
        for order in self.orders:
            for second in range(3):
                build_orders.change(order, "APPROVAL", modified_at=START + timedelta(seconds=second))

    def test_many_looks_at_once_give_one_call_for_each_order_and_that_the_earliest(self) -> None:
        with mock.patch.object(syncing, "CHUNK", 5):
            results = at_once(lambda _number: syncing.sync_due(), workers=4)
        self.assertTrue(all(isinstance(result, int) for result in results), results)
        syncing.sync_due()  # orders that each look left to another
        self.assertEqual(GatewayCall.objects.count(), len(self.orders))
        begun = StatusChange.objects.filter(state="syncing")
        self.assertEqual(set(begun.values_list("order_id", flat=True)), {order.pk for order in self.orders})
        self.assertEqual(set(begun.values_list("modified_at", flat=True)), {START})

    def test_a_call_settled_by_many_at_once_is_settled_once(self) -> None:
        syncing.sync_due()
        call = GatewayCall.objects.order_by("pk").first()
        assert call is not None
        GatewayCall.objects.filter(pk=call.pk).update(state="accepted", finished_at=timezone.now())
        results = at_once(
            lambda _number: settling.settle_sync(call.pk, merchant_id=self.yunduo.pk), workers=4
        )
        self.assertEqual(sorted(map(bool, results)), [False, False, False, True], results)
        self.assertEqual(Order.objects.exclude(synced_at=None).count(), 1)

    def test_two_who_retry_the_same_cause_retry_it_once(self) -> None:
        StatusChange.objects.update(state="dead", sub_code="INVALID_PARAMETER")
        count = StatusChange.objects.count()
        which = fixing.of_cause(self.yunduo, sub_code="INVALID_PARAMETER", words="")
        results = at_once(
            lambda _number: fixing.retry(self.yunduo, which.all(), by=None, confirmed=count), workers=2
        )
        self.assertEqual(sum(isinstance(result, fixing.Retried) for result in results), 1, results)
        self.assertEqual(sum(isinstance(result, fixing.CountChanged) for result in results), 1, results)
