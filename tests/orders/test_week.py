"""The week of a mini program: what is counted, and that what is judged together is judged as if alone."""

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest import mock

from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from orders import week
from orders.diagnosis import LACKING, Reason, diagnose
from orders.models import Order, StatusChange
from tests import build_orders as made
from tests.base import CastCase
from tests.small_scenes import FULL, RENTAL

MISSING = "缺少必填属性 ext_info.business_info.courier_number"
FIELDS: list[dict[str, Any]] = [
    FULL,
    {},
    {"total_rent": "897.00"},
    {"total_rent": "", "courier_number": "SF1"},
    {"parcel": "1", "total_rent": None, 'a "b", [c]': "1"},
    {"total_rent": "12.00", "courier_number": "SF2"},
]
SAID = [
    ("", ""),
    ("", MISSING),
    ("INVALID_PARAMETER", "订单状态乱序"),
    ("message_not_known", ""),
    ("not_reached", ""),
]
ANSWERED = [state.value for state in StatusChange.State if state != "syncing"]


class WeekCase(CastCase):
    def week(self, *, most_flags: int = 5) -> week.Week:
        return week.week_of(self.mini_program, at=timezone.now(), most_flags=most_flags)

    def lacking(self, n: int = 1) -> Order:
        """`n` statuses of a new order of the last minute."""
        order = made.order(self.mini_program, order_created_at=timezone.now())
        for minute in range(n):
            at = timezone.now() + timedelta(minutes=minute)
            made.change(order, "IN_DELIVERY", state="not_notified", modified_at=at, words=MISSING)
        return order


class Week(WeekCase):
    def test_it_counts_reasons_messages_coverage_and_single_statuses(self) -> None:
        at = timezone.now() - timedelta(hours=1)
        whole, skipping = made.order(self.mini_program), made.order(self.mini_program)
        for minute, status in enumerate(("APPLYING", "WAIT_PAY", "TO_SEND_GOODS")):
            moment = at + timedelta(minutes=minute)
            made.change(whole, status, state="synced", modified_at=moment, fields=FULL)
        made.change(skipping, "APPLYING", state="synced", modified_at=at, fields=FULL)
        later = at + timedelta(minutes=1)
        made.change(skipping, "IN_DELIVERY", state="not_notified", modified_at=later, words=MISSING)
        alone = made.order(self.mini_program)
        made.change(alone, "APPLYING", state="synced", modified_at=at)
        found = self.week().scenes[0]
        self.assertEqual((found.orders, found.judged, found.complete, found.one_status), (3, 3, 2, 1))
        self.assertEqual(found.skipped, {"WAIT_PAY": 1})
        self.assertEqual(found.reasons, {Reason.FIELDS_MISSING: 1})
        self.assertEqual(found.told, {"WAIT_PAY": 1})
        self.assertEqual(
            [(flag.order, flag.step.missing) for flag in self.week().flags], [(skipping, ("courier_number",))]
        )
        self.assertEqual((self.week().orders, self.week().is_part), (3, False))

    def test_a_branch_that_cannot_lead_on_is_not_skipped(self) -> None:
        path = ["IN_THE_LEASE", "FINISHED"]
        self.assertEqual(week.skipped_nodes(RENTAL, path), [])
        self.assertEqual(
            week.skipped_nodes(RENTAL, ["WAIT_PAY", "FINISHED"]), ["IN_DELIVERY", "IN_THE_LEASE"]
        )
        self.assertEqual(week.skipped_nodes(RENTAL, ["IN_DELIVERY", "WAIT_PAY"]), [])

    def test_an_order_of_another_mini_program_or_of_an_earlier_week_is_in_no_figure(self) -> None:
        made.order(self.other_mini_program)
        made.order(self.mini_program, order_created_at=timezone.now() - timedelta(days=8))
        found = self.week()
        self.assertEqual((found.orders, found.scenes, found.is_part), (0, [], False))

    def test_beyond_the_most_only_the_newest_orders_count_and_that_is_said(self) -> None:
        for hours in (1, 2, 3):
            order = made.order(self.mini_program, order_created_at=timezone.now() - timedelta(hours=hours))
            made.change(order, "APPLYING" if hours == 3 else "WAIT_PAY", state="synced", fields=FULL)
        for most, orders, is_part in ((2, 2, True), (3, 3, False)):
            with mock.patch.object(week, "MOST_READ", most):
                found = self.week()
            self.assertEqual((found.orders, found.is_part), (orders, is_part))
            self.assertEqual(found.scenes[0].told, {"WAIT_PAY": 2})

    def test_flags_are_those_of_the_newest_orders_and_all_are_counted(self) -> None:
        orders = [self.lacking(2) for _order in range(3)]
        newest = self.lacking()
        found = self.week(most_flags=2)
        self.assertEqual(found.flagged, 7)
        first, second = orders[2].changes.order_by("modified_at")
        told = [(flag.order, flag.step.change) for flag in found.flags]
        self.assertEqual(told, [(newest, newest.changes.get()), (orders[2], first)])
        third = self.week(most_flags=3).flags[2]
        self.assertEqual((third.order, third.step.change), (orders[2], second))

    def test_however_many_orders_it_asks_at_most_twice(self) -> None:
        with self.assertNumQueries(1):
            self.week()
        for _order in range(6):
            self.lacking()
        with self.assertNumQueries(2):
            self.week()
        with self.assertNumQueries(1):
            self.assertEqual(self.week(most_flags=0).flagged, 6)


class TogetherAsAlone(WeekCase, HypothesisTestCase):
    @given(
        st.lists(
            st.lists(
                st.tuples(
                    st.sampled_from([*(node.status for node in RENTAL.nodes), "RESERVED", "UNHEARD_OF"]),
                    st.sampled_from(ANSWERED),
                    st.sampled_from(SAID),
                    st.sampled_from(FIELDS),
                ),
                max_size=4,
            ),
            min_size=1,
            max_size=5,
        )
    )
    @limits(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_orders_that_went_the_same_way_are_judged_as_each_by_itself(self, paths: Any) -> None:
        at = timezone.now() - timedelta(hours=1)
        reasons: Counter[Reason] = Counter()
        flags, whole = [], 0
        for n, path in enumerate([*paths, *paths]):
            order = made.order(self.mini_program, order_created_at=at - timedelta(minutes=n))
            for minute, (status, state, (sub_code, words), fields) in enumerate(path):
                said = {"state": state, "sub_code": sub_code, "words": words, "fields": fields}
                made.change(order, status, modified_at=at + timedelta(minutes=minute), **said)
            steps = diagnose(order).steps
            reasons.update(step.reason for step in steps if step.is_trouble)
            flags += [(order.pk, step) for step in steps if step.reason in LACKING]
            way = [step.change.status for step in steps]
            whole += bool(way) and not week.skipped_nodes(RENTAL, way)
        found = self.week()
        (scene,) = found.scenes
        assert (scene.orders, scene.complete) == (2 * len(paths), whole)
        assert (scene.reasons, found.flagged) == (reasons, len(flags))
        assert [(flag.order.pk, flag.step) for flag in found.flags] == flags[:5]
