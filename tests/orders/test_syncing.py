from datetime import timedelta
from unittest import mock

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from merchants.models import GatewayCall, MiniProgram
from orders import syncing, tasks
from orders.models import Order, StatusChange
from tests import build_orders
from tests.orders.sync_base import START, SyncCase, ext_info, told


class Syncing(SyncCase):
    def test_a_change_leaves_once_as_a_call_that_may_be_repeated(self) -> None:
        change = self.change(self.order())
        with self.captureOnCommitCallbacks() as hinted:
            self.repeat(tasks.sync_due)
        assert self.state(change) == "syncing" and change.attempt == 1
        call = GatewayCall.objects.get()
        assert change.call == call and call.repeatable and call.settle_task == "orders.settle_sync"
        assert (call.ordering_key, call.idempotency_key) == (
            f"order:{change.order_id}",
            f"change:{change.pk}:1",
        )
        assert (call.target_kind, call.target_id) == ("statuschange", change.pk)
        assert [callback.args[0] for callback in hinted] == ["merchants.send_call"]

    @override_settings(ORDER_SETTLE_SECONDS=2)
    def test_it_waits_until_an_earlier_one_had_its_time_to_come(self) -> None:
        order = self.order()
        change = self.change(order, received_at=timezone.now() - timedelta(seconds=1))
        assert syncing.sync_due() == 0
        StatusChange.objects.filter(pk=change.pk).update(received_at=timezone.now() - timedelta(seconds=2))
        assert syncing.sync_due() == 1

    @override_settings(ORDER_SETTLE_SECONDS=2)
    def test_an_earlier_one_that_just_came_is_waited_for(self) -> None:
        order = self.order()
        settled = timezone.now() - timedelta(seconds=30)
        later = self.change(order, "OVERDUE", at=60, received_at=settled)
        earlier = self.change(order, at=1)
        assert syncing.sync_due() == 0
        StatusChange.objects.filter(pk=earlier.pk).update(received_at=settled)
        assert syncing.sync_due() == 1
        assert (self.state(earlier), self.state(later)) == ("syncing", "pending")

    def test_one_of_an_order_at_a_time_and_all_orders_at_once(self) -> None:
        orders = [self.order() for _number in range(3)]
        for order in orders:
            for second in (3, 1, 2):
                self.change(order, at=second)
        assert syncing.sync_due() == 3
        assert syncing.sync_due() == 0
        first = StatusChange.objects.filter(state="syncing").values_list("modified_at", flat=True)
        assert set(first) == {START + timedelta(seconds=1)} and len(first) == 3

    def test_what_comes_later_than_the_last_synced_is_superseded_without_a_call(self) -> None:
        order = self.order(synced_status="OVERDUE", synced_at=START)
        late = [self.change(order, at=second) for second in (-1, 0)]
        assert syncing.sync_due() == 1 and syncing.sync_due() == 1
        assert [self.state(change) for change in late] == ["superseded", "superseded"]
        assert not GatewayCall.objects.exists()

    def test_what_is_earlier_than_one_that_may_have_been_taken_is_superseded_too(self) -> None:
        order = self.order()
        self.change(order, at=5, state="unknown")
        early, next_one = self.change(order, at=4), self.change(order, at=6)
        assert syncing.sync_due() == 1 and syncing.sync_due() == 1
        assert (self.state(early), self.state(next_one)) == ("superseded", "syncing")

    def test_one_that_was_refused_holds_nothing_back(self) -> None:
        order = self.order()
        self.change(order, at=5, state="dead")
        early = self.change(order, at=4)
        syncing.sync_due()
        assert self.state(early) == "syncing"

    def test_a_stopped_mini_program_syncs_nothing_and_goes_on_later(self) -> None:
        change = self.change(self.order())
        MiniProgram.objects.update(stopped_at=timezone.now())
        assert syncing.sync_due() == 0 and self.state(change) == "pending"
        MiniProgram.objects.update(stopped_at=None)
        assert syncing.sync_due() == 1

    def test_many_that_wait_for_a_stopped_mini_program_hold_no_other_back(self) -> None:
        person = self.person()
        for _number in range(4):
            self.change(self.order(customer=person))
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        other = build_orders.change(build_orders.order(self.other_mini_program), "APPROVAL")
        with mock.patch.object(syncing, "CHUNK", 3):
            assert syncing.sync_due() == 1
        assert self.state(other) == "syncing"

    def test_more_than_a_chunk_leaves_in_one_look(self) -> None:
        person = self.person()
        for _number in range(7):
            self.change(self.order(customer=person))
        with mock.patch.object(syncing, "CHUNK", 3):
            assert syncing.sync_due() == 7
        assert GatewayCall.objects.count() == 7

    def test_only_the_order_that_was_hinted_is_looked_at(self) -> None:
        first, second = self.change(self.order()), self.change(self.order())
        tasks.sync_order(self.yunduo.pk, second.order_id)
        assert (self.state(first), self.state(second)) == ("pending", "syncing")

    def test_the_link_stays_the_same_when_the_keys_rotate(self) -> None:
        order = self.order()
        self.change(order, at=1)
        with self.platform() as platform:
            self.drain()
            keys = ["Q" * 43 + "=", *settings.FIELD_KEYS]
            self.change(order, "OVERDUE", at=2)
            with override_settings(FIELD_KEYS=keys):
                self.drain()
        links = {ext_info(body)["merchant_order_link_page"] for body in self.asked(platform)}
        order.refresh_from_db()
        assert len(platform.requests) == 2 and links == {order.link_page}

    def test_what_cannot_be_written_needs_fixing_and_lets_the_others_pass(self) -> None:
        bad, good = self.change(self.order(page="p" * 120)), self.change(self.order())
        assert syncing.sync_due() == 2
        assert (self.state(bad), self.state(good)) == ("dead", "syncing")
        assert bad.sub_code == "cannot_be_written" and "at most 128" in bad.words

    def test_a_backlog_drains_in_time_order_and_the_order_follows(self) -> None:
        order = self.order()
        statuses = {4: "OVERDUE", 1: "APPROVAL", 3: "IN_DELIVERY"}
        for second, status in statuses.items():
            self.change(order, status, at=second)
        with self.platform(told("缺少必填属性 ext_info.business_info.receiving_time")) as platform:
            assert self.drain() == 3
        asked = [ext_info(body)["merchant_order_status"] for body in self.asked(platform)]
        assert asked == ["APPROVAL", "IN_DELIVERY", "OVERDUE"]
        order = Order.objects.get(pk=order.pk)
        assert (order.synced_status, order.synced_at) == ("OVERDUE", START + timedelta(seconds=4))
