from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from merchants import calls, secrets
from merchants.models import GatewayCall, MiniProgram
from orders import fixing, settling, syncing, tasks
from orders.models import Order, StatusChange
from tests import build_orders, build_provider
from tests.gateway.platform import hang_up
from tests.orders.sync_base import REPEATED, START, TAKEN, SyncCase, ext_info, in_turn, refused, told

NO_FIELD = "缺少必填属性 ext_info.business_info.receiving_time"


class Settling(SyncCase):
    def after(self, *answers: Any, tries: int = 1, **fields: Any) -> StatusChange:
        """The one change of an order, as it stands after these answers."""
        change = self.change(self.order(**fields))
        with self.platform(in_turn(*answers)):
            syncing.sync_due()
            self.send(tries=tries)
        change.refresh_from_db()
        return change

    def test_accepted_is_synced_and_the_order_moves_forward(self) -> None:
        change = self.after(TAKEN)
        assert (change.state, change.sub_code, change.words) == ("synced", "", "") and change.settled_at
        order = Order.objects.get()
        assert (order.synced_status, order.synced_at) == ("APPROVAL", START)

    def test_accepted_with_a_reason_is_not_notified_in_the_platforms_words(self) -> None:
        change = self.after(told(NO_FIELD))
        assert (change.state, change.words) == ("not_notified", NO_FIELD)
        assert Order.objects.get().synced_at == START

    def test_refused_needs_fixing_with_code_and_words_and_the_order_stays(self) -> None:
        change = self.after(refused("40004", "INVALID_PARAMETER", "订单状态乱序"))
        assert (change.state, change.sub_code, change.words) == ("dead", "INVALID_PARAMETER", "订单状态乱序")
        assert Order.objects.get().synced_at is None

    def test_a_repetition_after_a_lost_answer_is_synced_and_nobody_knows_of_the_message(self) -> None:
        change = self.after(hang_up, refused(*REPEATED), tries=2)
        assert (change.state, change.sub_code) == ("synced", "message_not_known")
        assert Order.objects.get().synced_status == "APPROVAL"

    def test_a_repetition_that_was_never_lost_needs_fixing(self) -> None:
        change = self.after(refused(*REPEATED))
        assert (change.state, change.sub_code) == ("dead", "INVALID_PARAMETER")

    def test_another_refusal_after_a_lost_answer_needs_fixing(self) -> None:
        change = self.after(hang_up, refused("40004", "INVALID_PARAMETER", "订单状态不合法"), tries=2)
        assert (change.state, change.words) == ("dead", "订单状态不合法")

    def test_an_answer_that_never_comes_is_unknown_and_a_late_one_still_counts(self) -> None:
        change = self.after(hang_up, tries=calls.MAX_ATTEMPTS)
        assert change.state == "unknown" and Order.objects.get().synced_at is None
        late = {"state": "accepted", "settled_at": None, "answer": {}}
        GatewayCall.objects.filter(pk=change.call_id).update(**late)
        self.repeat(lambda: tasks.settle_sync(self.yunduo.pk, change.call_id))
        assert self.state(change) == "synced" and Order.objects.get().synced_at == START

    def test_tried_again_after_every_answer_was_lost_it_leaves_once_more_and_is_known(self) -> None:
        change = self.after(hang_up, tries=calls.MAX_ATTEMPTS)
        merchant = self.mini_program.merchant
        fixing.retry(merchant, fixing.unknown(merchant), by=self.operator, confirmed=1)
        with self.platform(in_turn(refused(*REPEATED))) as platform:
            syncing.sync_due()
            self.send()
            assert len(self.asked(platform)) == 1
        # the platform had it: that it says so is no refusal, and of the message nobody knows
        assert self.state(change) == "synced" and change.sub_code == "message_not_known"
        assert change.again_at and change.again_by == self.operator

    def test_tried_again_and_never_had_it_is_simply_synced(self) -> None:
        change = self.after(hang_up, tries=calls.MAX_ATTEMPTS)
        merchant = self.mini_program.merchant
        fixing.retry(merchant, fixing.unknown(merchant), by=None, confirmed=1)
        with self.platform():
            syncing.sync_due()
            self.send()
        assert self.state(change) == "synced" and change.sub_code == ""

    def test_a_refusal_tried_again_and_called_a_repetition_stays_one(self) -> None:
        change = self.after(refused("40004", "INVALID_PARAMETER", "订单状态不合法"))
        merchant = self.mini_program.merchant
        fixing.retry(merchant, fixing.dead(merchant), by=None, confirmed=1)
        with self.platform(in_turn(refused(*REPEATED))):
            syncing.sync_due()
            self.send()
        assert self.state(change) == "dead"

    def test_a_platform_that_was_never_reached_is_dead_and_named(self) -> None:
        change = self.change(self.order())
        with override_settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:9/gateway.do"}):
            syncing.sync_due()
            self.send(tries=calls.MAX_ATTEMPTS)
        assert self.state(change) == "dead" and change.sub_code == "not_reached"

    def test_an_older_answer_never_moves_the_order_back(self) -> None:
        change = self.after(hang_up, tries=calls.MAX_ATTEMPTS)
        Order.objects.update(synced_status="OVERDUE", synced_at=START + timedelta(seconds=9))
        GatewayCall.objects.update(state="accepted", settled_at=None, answer={})
        settling.settle_sync(change.call_id, merchant_id=self.yunduo.pk)
        assert self.state(change) == "synced" and Order.objects.get().synced_status == "OVERDUE"

    def test_settling_twice_changes_nothing_and_hints_the_next_of_the_order_once(self) -> None:
        change = self.change(self.order())
        with self.platform():
            syncing.sync_due()
            call = GatewayCall.objects.get()
            calls.send_call(call.pk, merchant_id=self.yunduo.pk)
        with self.captureOnCommitCallbacks() as hinted:
            assert settling.settle_sync(call.pk, merchant_id=self.yunduo.pk) is True
            assert settling.settle_sync(call.pk, merchant_id=self.yunduo.pk) is False
        wanted = [("orders.sync_order", self.yunduo.pk, change.order_id)]
        assert [callback.args for callback in hinted] == wanted

    def test_an_open_call_is_left_alone(self) -> None:
        self.change(self.order())
        syncing.sync_due()
        assert settling.settle_sync(GatewayCall.objects.get().pk, merchant_id=self.yunduo.pk) is False
        assert StatusChange.objects.get().state == "syncing"


class Troubles(SyncCase):
    def test_a_worker_killed_before_it_began_loses_nothing(self) -> None:
        change = self.killed(started=False)
        with self.platform() as platform:
            self.send()
        assert (self.state(change), len(platform.requests)) == ("synced", 1)

    def test_a_worker_killed_after_the_platform_took_it_is_synced_by_the_repetition(self) -> None:
        change = self.killed(started=True)
        with self.platform(refused(*REPEATED)):
            self.send()
        assert (self.state(change), change.sub_code) == ("synced", "message_not_known")

    def killed(self, *, started: bool) -> StatusChange:
        """Its worker is gone and its lease over; the sweep has run."""
        change = self.change(self.order())
        syncing.sync_due()
        ago = timezone.now() - timedelta(minutes=1)
        GatewayCall.objects.update(
            state="claimed", lease_until=ago, started_at=ago if started else None, attempts=int(started)
        )
        calls.sweep_calls(at=timezone.now())
        return change

    def test_orders_of_an_hour_without_platform_drain_by_themselves(self) -> None:
        orders = [self.order(customer=self.person()) for _number in range(3)]
        with override_settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:9/gateway.do"}):
            for second in range(3):
                for order in orders:
                    self.change(order, at=second)
                syncing.sync_due()
                self.send()
        assert StatusChange.objects.filter(state="syncing").count() == 3
        assert StatusChange.objects.filter(state="pending").count() == 6
        with self.platform() as platform:
            self.send()
            self.drain()
        assert len(platform.requests) == 9
        assert StatusChange.objects.filter(state="synced").count() == 9

    def test_hints_that_were_lost_with_the_queue_are_given_again_from_the_rows(self) -> None:
        self.change(self.order())
        syncing.sync_due()
        call = GatewayCall.objects.get()
        later = timezone.now() + timedelta(seconds=60)
        with self.captureOnCommitCallbacks() as hinted:
            calls.sweep_calls(at=later)
        assert [callback.args for callback in hinted] == [("merchants.send_call", self.yunduo.pk, call.pk)]
        with self.platform():
            calls.send_call(call.pk, merchant_id=self.yunduo.pk)
        with self.captureOnCommitCallbacks() as hinted:
            calls.sweep_calls(at=later + timedelta(seconds=60))
        assert [callback.args for callback in hinted] == [("orders.settle_sync", self.yunduo.pk, call.pk)]

    def test_a_provider_signs_and_names_the_merchant_by_its_token(self) -> None:
        at = build_provider.provider()
        clients = [build_provider.client_of(at, name) for name in ("一号店", "二号店")]
        for number, client in enumerate(clients):
            token = f"token-{number}"
            MiniProgram.objects.filter(pk=client.app.pk).update(
                provider_app=at.app, app_auth_token_sealed=secrets.encrypt(token)
            )
            self.changed_at(client.app)
        with self.platform() as platform:
            self.drain()
        assert {fields["app_id"] for fields in platform.requests} == {at.app.app_id}
        assert {fields["app_auth_token"] for fields in platform.requests} == {"token-0", "token-1"}
        named = {ext_info(body)["tiny_app_id"] for body in self.asked(platform)}
        assert named == {client.app.app_id for client in clients}

    def changed_at(self, app: MiniProgram) -> None:
        order = build_orders.order(app, order_created_at=START - timedelta(days=1))
        build_orders.change(order, "APPROVAL", modified_at=START)
