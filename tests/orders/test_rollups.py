"""Figures of notifications: moved with the rows, by whoever moves them, and the same when counted again."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from orders import fixing, rollups, syncing
from orders.models import NodeCount, NodeMove, Order, StatusChange
from tests import build, build_orders
from tests.base import CastCase
from tests.gateway.platform import hang_up
from tests.orders.sync_base import REPEATED, TAKEN, SyncCase, in_turn, refused, told

DAY = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
STANDS = ("pending", "syncing", "dead")
STATUSES, STATES = ("WAIT_PAY", "SENDING", "DONE"), [state.value for state in StatusChange.State]


def figures(app: Any) -> Counter[tuple[str, str, str]]:
    """(status, state, cause) → how many, of all days."""
    found: Counter[tuple[str, str, str]] = Counter()
    for cell in rollups.cells_of(
        app, first=DAY.date() - timedelta(days=900), last=DAY.date() + timedelta(days=900)
    ):
        found[cell.status, cell.state, cell.cause] += cell.n
    return found


@pytest.mark.usefixtures("rental")
class AnsweredFigures(SyncCase):
    def after(self, *answers: Any, tries: int = 1) -> Counter[tuple[str, str, str]]:
        change = self.change(self.order())
        with self.platform(in_turn(*answers)):
            syncing.sync_due()
            self.send(tries=tries)
        assert self.state(change) != "pending" and rollups.rebuild(repair=False) == []
        return figures(self.mini_program)

    def test_a_message_counts_its_status_and_its_order(self) -> None:
        assert self.after(TAKEN) == {("APPROVAL", "synced", ""): 1, ("", "told", ""): 1}

    def test_an_order_told_twice_counts_once_as_an_order(self) -> None:
        order = self.order()
        self.change(order)
        self.change(order, "IN_DELIVERY", at=5)
        with self.platform():
            self.drain()
        found = figures(self.mini_program)
        assert (found["APPROVAL", "synced", ""], found["IN_DELIVERY", "synced", ""]) == (1, 1)
        assert found["", "told", ""] == 1 and rollups.rebuild(repair=False) == []

    def test_kept_back_says_why_and_tells_nobody(self) -> None:
        words = "缺少必填属性 ext_info.business_info.receiving_time"
        assert self.after(told(words)) == {("APPROVAL", "not_notified", "fields_missing"): 1}

    def test_refused_says_why_and_goes_back_to_waiting_when_tried_again(self) -> None:
        found = self.after(refused("40004", "INVALID_PARAMETER", "订单状态乱序"))
        assert found == {("APPROVAL", "dead", "backward"): 1}
        fixing.retry(
            self.mini_program.merchant, fixing.dead(self.mini_program.merchant), by=None, confirmed=1
        )
        assert figures(self.mini_program) == {("APPROVAL", "pending", ""): 1}

    def test_a_message_nobody_knows_of_is_no_message(self) -> None:
        found = self.after(hang_up, refused(*REPEATED), tries=2)
        assert found == {("APPROVAL", "synced", "message_unknown"): 1}
        assert Order.objects.get().told_at is None


class KeptFigures(CastCase):
    def test_the_day_is_the_one_it_was_received_on_in_the_merchants_zone(self) -> None:
        late = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # 01:00 of the 2nd in Shanghai
        build_orders.change(build_orders.order(self.mini_program), "WAIT_PAY", received_at=late)
        (cell,) = rollups.cells_of(
            self.mini_program, first=late.date() + timedelta(days=1), last=late.date() + timedelta(days=1)
        )
        assert (cell.status, cell.state, cell.n) == ("WAIT_PAY", "pending", 1)
        assert rollups.cells_of(self.mini_program, first=late.date(), last=late.date()) == []

    def test_folding_changes_no_figure_and_leaves_no_move(self) -> None:
        order = build_orders.order(self.mini_program)
        change = build_orders.change(order, "WAIT_PAY", received_at=DAY)
        before = figures(self.mini_program)
        assert rollups.fold() == 1 and rollups.fold() == 0
        StatusChange.objects.filter(pk=change.pk).update(state="synced")
        assert before == {("WAIT_PAY", "pending", ""): 1}
        assert figures(self.mini_program) == {("WAIT_PAY", "synced", ""): 1}
        rollups.fold()
        assert figures(self.mini_program) == {("WAIT_PAY", "synced", ""): 1}
        assert not NodeMove.objects.exists()

    def test_what_was_rolled_back_moved_nothing(self) -> None:
        order = build_orders.order(self.mini_program)
        with pytest.raises(RuntimeError), transaction.atomic():
            build_orders.change(order, "WAIT_PAY", received_at=DAY)
            raise RuntimeError
        assert not figures(self.mini_program)

    def test_another_merchants_figures_are_apart(self) -> None:
        other = build.mini_program(build.merchant("other-shop"), app_id="2021999999999999")
        build_orders.change(build_orders.order(other), "WAIT_PAY", received_at=DAY)
        assert not figures(self.mini_program) and figures(other).total() == 1

    def test_rebuild_finds_and_mends_a_figure_that_lies(self) -> None:
        build_orders.change(build_orders.order(self.mini_program), "WAIT_PAY", received_at=DAY)
        rollups.fold()
        NodeCount.objects.update(n=7)
        (wrong,) = rollups.rebuild(repair=False)
        assert (wrong.kept, wrong.counted) == (7, 1) and figures(self.mini_program).total() == 7
        assert len(rollups.rebuild()) == 1
        assert figures(self.mini_program).total() == 1 and rollups.rebuild() == []

    def test_the_read_is_led_by_an_index(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(
                f"EXPLAIN {rollups.CELLS}",
                {"app": self.mini_program.pk, "first": DAY.date(), "last": DAY.date()},
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "node_count_once" in plan and "node_move_of_day" in plan

    def test_what_stands_still_is_read_without_its_days(self) -> None:
        """The index holds only what is not empty: of most days nothing."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {rollups.STANDING}", {"merchant": self.yunduo.pk})
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "node_count_standing" in plan and "orders_nodemove_merchant_id" in plan


class RandomMoves(CastCase, HypothesisTestCase):
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 2),
                st.sampled_from(STATUSES),
                st.sampled_from(STATES),
                st.booleans(),
                st.booleans(),
            ),
            max_size=20,
        )
    )
    @limits(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_whatever_moves_in_whatever_order_the_figures_are_those_of_the_rows(self, moves: Any) -> None:
        orders = [build_orders.order(self.mini_program, scene="online_rental") for _n in range(3)]
        for n, (which, status, state, folds, first_told) in enumerate(moves):
            at = DAY + timedelta(hours=7 * n)
            build_orders.change(orders[which], status, received_at=at, modified_at=at)
            some = StatusChange.objects.filter(order=orders[which - 1])
            some.update(state="pending" if state == "syncing" else state, cause="backward" if folds else "")
            if first_told:
                rollups.first_told(Order.objects.get(pk=orders[which].pk))
            if folds:
                rollups.fold()
        assert rollups.rebuild(repair=False) == []
        assert sum(n for (status, *_), n in figures(self.mini_program).items() if status) == len(moves)
        states = Counter(StatusChange.objects.values_list("state", flat=True))
        found = rollups.standing(self.yunduo)
        assert {state: found[state] for state in STANDS} == {state: states[state] for state in STANDS}
        if moves:
            StatusChange.objects.filter(order=orders[moves[0][0]]).delete()
            assert rollups.rebuild(repair=False) == []
