from datetime import timedelta
from unittest import mock

import pytest

from merchants.models import Event
from orders import fixing, rollups, syncing
from orders.fixing import Backlog, CountChanged, Overtaken, Retried
from orders.models import StatusChange
from tests import build_orders
from tests.orders.sync_base import REPEATED, START, SyncCase, ext_info, in_turn, refused

ORDER_WORDS = "订单状态乱序"


class Fixing(SyncCase):
    def dead(
        self, *, words: str = ORDER_WORDS, sub_code: str = "INVALID_PARAMETER", **fields
    ) -> StatusChange:
        order = fields.pop("order", None) or self.order()
        return self.change(order, state="dead", sub_code=sub_code, words=words, **fields)

    def retry(self, words: str = ORDER_WORDS, *, confirmed: int) -> Retried:
        which = fixing.of_cause(self.yunduo, sub_code="INVALID_PARAMETER", words=words)
        return fixing.retry(self.yunduo, which, by=self.operator, confirmed=confirmed)

    def test_causes_stand_by_code_and_words_with_the_most_first(self) -> None:
        first = self.dead(received_at=START)
        self.dead(received_at=START + timedelta(days=1))
        self.dead(words="订单状态不合法")
        self.dead(words="", sub_code="not_reached")
        elsewhere = build_orders.order(self.other_mini_program)
        build_orders.change(elsewhere, "APPROVAL", state="dead")
        told = [(cause.words, cause.count) for cause in fixing.causes(self.yunduo)]
        assert told[0] == (ORDER_WORDS, 2) and sorted(told[1:]) == [("", 1), ("订单状态不合法", 1)]
        assert fixing.causes(self.yunduo)[0].oldest_at == first.received_at

    def test_what_a_later_status_overtook_is_counted_as_stale(self) -> None:
        self.dead()
        self.dead(order=self.order(synced_status="OVERDUE", synced_at=START + timedelta(seconds=1)))
        unknown = self.order()
        self.dead(order=unknown)
        self.change(unknown, "OVERDUE", at=5, state="unknown")
        (cause,) = fixing.causes(self.yunduo)
        assert (cause.count, fixing.overtaken(self.yunduo)) == (3, Overtaken(3, 2, is_part=False))

    def test_of_very_many_only_the_longest_waiting_are_asked_whether_one_overtook_them(self) -> None:
        for day in range(3):
            synced = {"synced_status": "OVERDUE", "synced_at": START + timedelta(hours=1)}
            self.dead(
                order=self.order(**({} if day == 1 else synced)), received_at=START + timedelta(days=day)
            )
        for most, told in ((2, Overtaken(2, 1, is_part=True)), (3, Overtaken(3, 2, is_part=False))):
            with mock.patch.object(fixing, "MOST_LOOKED_AT", most):
                assert fixing.overtaken(self.yunduo) == told
        other = self.other_mini_program.merchant
        assert fixing.overtaken(other) == Overtaken(0, 0, is_part=False)

    def test_a_retry_of_a_cause_syncs_its_changes_again_with_new_calls(self) -> None:
        changes = [self.change(self.order()) for _number in range(2)]
        with self.platform(in_turn(refused("40004", "INVALID_PARAMETER", ORDER_WORDS))):
            self.drain()
        other = self.dead(words="订单状态不合法")
        assert self.retry(confirmed=2) == Retried(again=2, superseded=0)
        assert [self.state(change) for change in [*changes, other]] == ["pending", "pending", "dead"]
        with self.platform() as platform:
            self.drain()
        assert [self.state(change) for change in changes] == ["synced", "synced"]
        assert [change.attempt for change in changes] == [2, 2] and len(platform.requests) == 2
        assert [change.words for change in changes] == ["", ""]

    def test_a_retried_change_goes_before_the_later_ones_that_wait(self) -> None:
        order = self.order()
        self.dead(order=order, at=1)
        self.change(order, "OVERDUE", at=2)
        self.retry(confirmed=1)
        with self.platform() as platform:
            self.drain()
        statuses = [ext_info(body)["merchant_order_status"] for body in self.asked(platform)]
        assert statuses == ["APPROVAL", "OVERDUE"]

    def test_what_was_overtaken_is_superseded_with_the_words_of_its_refusal(self) -> None:
        stale = self.dead(order=self.order(synced_status="OVERDUE", synced_at=START))
        assert self.retry(confirmed=1) == Retried(again=0, superseded=1)
        assert (self.state(stale), stale.words) == ("superseded", ORDER_WORDS)

    def test_the_retry_is_an_event_with_cause_and_counts(self) -> None:
        self.dead()
        self.retry(confirmed=1)
        event = Event.objects.get(kind="order.sync_retried")
        assert event.by == self.operator and event.subject_kind == "statuschange"
        wanted = {"refusal": "INVALID_PARAMETER", "words": ORDER_WORDS, "again": 1, "superseded": 0}
        assert event.detail == wanted

    def test_another_number_than_the_confirmed_one_changes_nothing(self) -> None:
        change = self.dead()
        with pytest.raises(CountChanged) as changed:
            self.retry(confirmed=2)
        assert changed.value.count == 1 and self.state(change) == "dead"
        assert not Event.objects.filter(kind="order.sync_retried").exists()

    def test_a_second_retry_finds_nothing_and_tells_nothing(self) -> None:
        self.dead()
        self.retry(confirmed=1)
        with pytest.raises(CountChanged):
            self.retry(confirmed=1)
        assert Event.objects.filter(kind="order.sync_retried").count() == 1

    def test_a_retried_change_refused_as_a_repetition_needs_fixing_again(self) -> None:
        change = self.dead(attempt=1)
        self.retry(confirmed=1)
        with self.platform(refused(*REPEATED)):
            self.drain()
        assert (self.state(change), change.attempt) == ("dead", 2)

    def test_the_backlog_tells_how_many_wait_and_since_when(self) -> None:
        assert fixing.backlog(self.yunduo).oldest_at is None
        self.change(self.order(), received_at=START)
        self.change(self.order())
        self.dead(received_at=START - timedelta(days=1))
        syncing.sync_due()
        self.change(self.order())
        told = fixing.backlog(self.yunduo)
        assert told == Backlog(dead=1, waiting=1, syncing=2, oldest_at=START, unknown=0)
        rollups.fold()
        assert fixing.backlog(self.yunduo) == told
        fixing.retry(self.yunduo, fixing.dead(self.yunduo), by=None, confirmed=1)
        told = fixing.backlog(self.yunduo)
        assert told == Backlog(dead=0, waiting=2, syncing=2, oldest_at=START - timedelta(days=1), unknown=0)
        assert fixing.backlog(self.other_mini_program.merchant) == Backlog(0, 0, 0, None, 0)
