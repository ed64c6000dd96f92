"""A buyer is forgotten while the answer to a status of theirs is taken over, on two connections."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from membership import customers
from merchants.models import Dispatch
from orders import forgetting
from orders.models import Order, StatusChange
from tests import build_messaging, build_orders
from tests.base import CommittedCastCase

pytestmark = pytest.mark.race

WAITERS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def somebody_waits() -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(WAITERS)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits for the lock")


class Races(CommittedCastCase):
    def test_settling_takes_the_change_and_then_its_order_and_forgetting_waits_without_the_order(
        self,
    ) -> None:
        (person,) = build_messaging.people(self.mini_program, 1)
        order = build_orders.order(self.mini_program, customer=person, fields={"lease": "7 天"})
        change = build_orders.change(order, "WAIT_PAY", state="syncing", fields={"lease": "7 天"})
        customers.forget(person, by=self.owner, at=timezone.now())
        event_id = Dispatch.objects.get(subscriber=forgetting.SUBSCRIBER).event_id
        ended: list[Any] = []

        def forget() -> None:
            try:
                ended.append(forgetting.forget(event_id, at=timezone.now()))
            except Exception as error:  # the deadlock that this is about
                ended.append(error)
            finally:
                connection.close()

        other = threading.Thread(target=forget)
        with transaction.atomic():
            StatusChange.objects.filter(pk=change.pk, state="syncing").update(state="synced")
            other.start()
            somebody_waits()
            held = Order.objects.filter(pk=order.pk).select_for_update(nowait=True, no_key=True)
            assert held.get().fields == {"lease": "7 天"}
            held.update(synced_status="WAIT_PAY", synced_at=change.modified_at)
        other.join(20)
        assert ended == [True]
        order.refresh_from_db()
        change.refresh_from_db()
        assert (order.fields, order.synced_status) == ({}, "WAIT_PAY")
        assert (change.fields, change.state) == ({}, "synced")
