"""Orders in: fixed for life, each time once, whatever the order of arrival."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from membership import customers
from membership.models import Customer
from orders.given import OrderGiven, OrderRefused, StatusGiven
from orders.intake import OrderUnknown, Received, preview_orders, receive_orders, receive_status
from orders.models import Order, Source, StatusChange
from tests import build_orders
from tests.base import CastCase

pytestmark = pytest.mark.usefixtures("rental")

CREATED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
STATUSES = ("CREATE", "APPROVAL", "DELIVERY", "FINISHED")


def order_given(number: str = "R1", **changes: Any) -> OrderGiven:
    return replace(
        OrderGiven(
            out_biz_no=number,
            open_id="buyer-0000001",
            scene="online_rental",
            page="pages/order/detail",
            order_created_at=CREATED,
        ),
        **changes,
    )


def at(seconds: int, status: str = "APPROVAL", **fields: str) -> StatusGiven:
    return StatusGiven(status, CREATED + timedelta(seconds=seconds), fields)


class IntakeCase(CastCase):
    def setUp(self) -> None:
        build_orders.chosen(self.mini_program, "online_rental", "recycling")

    def take(self, *orders: OrderGiven) -> list[Received]:
        return receive_orders(self.mini_program, orders, source=Source.API)

    def take_status(self, number: str, given: StatusGiven) -> str:
        return receive_status(self.mini_program, number, given, source=Source.API)


class Orders(IntakeCase):
    def test_the_first_time_it_is_created_and_its_buyer_remembered_and_again_nothing_changes(self) -> None:
        whole = order_given(
            amount_fen=3000,
            pay_amount_fen=2900,
            discount_fen=100,
            fields={"rent_item": "Phone"},
            status=at(5),
        )
        self.assertEqual([(one.outcome, one.status) for one in self.take(whole)], [("created", "taken")])
        self.assertEqual([(one.outcome, one.status) for one in self.take(whole)], [("unchanged", "repeated")])
        order = Order.objects.get()
        self.assertEqual((order.status, order.status_at), ("APPROVAL", CREATED + timedelta(seconds=5)))
        self.assertEqual(order.customer.open_id, "buyer-0000001")
        change = StatusChange.objects.get()
        self.assertEqual(
            (change.repeats, change.state, change.fields), (1, "pending", {"rent_item": "Phone"})
        )

    def test_what_is_fixed_for_life_is_refused_with_a_sentence_for_each_field(self) -> None:
        self.take(order_given(trade_no="T1"))
        (answer,) = self.take(
            order_given(
                page="pages/other",
                order_created_at=CREATED + timedelta(seconds=1),
                open_id="buyer-0000002",
                trade_no="T2",
                paid_at=CREATED,
            )
        )
        self.assertEqual((answer.outcome, answer.code), ("refused", "fixed_field"))
        self.assertEqual(set(answer.fields), {"page", "order_created_at", "open_id", "trade_no"})
        self.assertIn("never changes", answer.sentence)
        order = Order.objects.get()
        self.assertEqual((order.page, order.paid_at, order.trade_no), ("pages/order/detail", None, "T1"))

    def test_shop_and_fields_are_merged_and_items_replaced_and_nothing_said_changes_nothing(self) -> None:
        first = [{"name": "Phone", "quantity": 1}]
        self.take(
            order_given(items=first, shop={"name": "North", "address": "1"}, fields={"a": "1", "b": "2"})
        )
        (answer,) = self.take(order_given(shop={"address": "2"}, fields={"b": "3"}))
        self.assertEqual(answer.outcome, "updated")
        order = Order.objects.get()
        self.assertEqual(order.items, first)
        self.assertEqual(order.shop, {"name": "North", "address": "2"})
        self.assertEqual(order.fields, {"a": "1", "b": "3"})
        self.take(order_given(items=[{"name": "Case", "quantity": 2}]))
        self.assertEqual(Order.objects.get().items, [{"name": "Case", "quantity": 2}])
        self.assertEqual(self.take(order_given())[0].outcome, "unchanged")

    def test_amounts_must_add_up_also_with_what_was_known_before(self) -> None:
        (wrong,) = self.take(order_given(amount_fen=3000, pay_amount_fen=2000, discount_fen=100))
        self.assertEqual((wrong.outcome, wrong.code), ("refused", "amounts_differ"))
        self.assertFalse(Order.objects.exists())
        self.take(order_given(amount_fen=3000, pay_amount_fen=2900, discount_fen=100))
        (again,) = self.take(order_given(pay_amount_fen=2000))
        self.assertEqual(again.code, "amounts_differ")
        self.assertEqual(Order.objects.get().pay_amount_fen, 2900)

    def test_one_that_is_refused_keeps_none_of_the_others_back(self) -> None:
        answers = self.take(
            order_given("R1"),
            order_given("R2", scene="moon_landing"),
            order_given("R3", open_id="short"),
            order_given("R4", status=at(1, "ORBIT")),
            order_given("R5", trade_no="T1"),
            order_given("R6", trade_no="T1"),
            order_given("R7", fields={"note": "x" * 501}),
        )
        self.assertEqual(
            [one.code for one in answers],
            ["", "scene_unknown", "open_id_wrong", "status_unknown", "", "trade_taken", "fields_too_long"],
        )
        self.assertIn("CREATE, APPROVAL, DELIVERY, FINISHED", answers[3].sentence)
        self.assertEqual(Order.objects.count(), 2)
        self.assertEqual(Customer.objects.filter(open_id="buyer-0000001").count(), 1)

    def test_a_number_named_twice_in_one_request_is_taken_one_after_the_other(self) -> None:
        answers = self.take(
            order_given(status=at(1, "CREATE")),
            order_given(status=at(3)),
            order_given(status=at(3)),
            order_given(status=at(3, "FINISHED")),
            order_given(status=at(2, "DELIVERY")),
            order_given(open_id="buyer-0000002"),
        )
        self.assertEqual(
            [(one.outcome, one.status, one.code) for one in answers],
            [
                ("created", "taken", ""),
                ("updated", "taken", ""),
                ("unchanged", "repeated", ""),
                ("refused", "", "status_clash"),
                ("updated", "taken", ""),
                ("refused", "", "fixed_field"),
            ],
        )
        order = Order.objects.get()
        self.assertEqual(order.status, "APPROVAL")
        self.assertEqual(
            list(order.changes.order_by("modified_at").values_list("status", "repeats")),
            [("CREATE", 0), ("DELIVERY", 0), ("APPROVAL", 1)],
        )

    def test_of_somebody_who_was_forgotten_nothing_more_is_kept(self) -> None:
        self.take(order_given())
        customers.forget(Customer.objects.get(open_id="buyer-0000001"), by=None, at=CREATED)
        (answer,) = self.take(order_given(status=at(1)))
        self.assertEqual((answer.outcome, answer.code), ("refused", "person_forgotten"))
        with self.assertRaises(OrderRefused) as told:
            self.take_status("R1", at(1))
        self.assertEqual(told.exception.code, "person_forgotten")
        self.assertFalse(StatusChange.objects.exists())

    def test_the_number_of_statements_does_not_follow_the_number_of_orders(self) -> None:
        def queries(n: int, status: int) -> int:
            orders = [
                order_given(f"{n}-{one}", open_id=f"person-{n}-{one:05d}", status=at(status))
                for one in range(n)
            ]
            with CaptureQueriesContext(connection) as asked:
                answers = self.take(*orders)
            self.assertNotIn("refused", [one.outcome for one in answers])
            return len(asked)

        self.assertEqual(queries(200, 1), queries(2, 1))
        self.assertEqual(queries(200, 2), queries(2, 2))
        self.assertEqual(queries(200, 2), queries(2, 2))
        self.assertLessEqual(queries(200, 2), 9)
        self.assertEqual(StatusChange.objects.count(), 404)

    def test_a_dry_run_answers_the_same_and_keeps_nothing(self) -> None:
        self.take(order_given("R1", status=at(1)))
        orders = [
            order_given("R1", status=at(2)),
            order_given("R1", page="pages/other"),
            order_given("R2", open_id="buyer-0000009"),
            order_given("R2", open_id="buyer-0000009", status=at(1)),
        ]
        told = preview_orders(self.mini_program, orders, source=Source.FILE)
        self.assertEqual((Order.objects.count(), StatusChange.objects.count()), (1, 1))
        self.assertFalse(Customer.objects.filter(open_id="buyer-0000009").exists())
        self.assertEqual([one.outcome for one in told], ["updated", "refused", "created", "updated"])
        self.assertEqual(self.take(*orders), told)


class Statuses(IntakeCase):
    def setUp(self) -> None:
        super().setUp()
        self.take(order_given(fields={"rent_item": "Phone"}))

    def test_a_late_one_is_kept_and_the_order_stays_where_it_was(self) -> None:
        self.assertEqual(self.take_status("R1", at(5, "DELIVERY", tracking_no="SF2")), "taken")
        self.assertEqual(self.take_status("R1", at(3, "APPROVAL", tracking_no="SF1", note="x")), "taken")
        order = Order.objects.get()
        self.assertEqual(order.status, "DELIVERY")
        self.assertEqual(order.fields, {"rent_item": "Phone", "tracking_no": "SF2", "note": "x"})
        late = StatusChange.objects.get(status="APPROVAL")
        self.assertEqual((late.state, late.fields["tracking_no"]), ("pending", "SF1"))

    def test_only_a_status_the_scene_lacks_and_a_clash_are_refused(self) -> None:
        self.take_status("R1", at(5, "FINISHED"))
        self.take_status("R1", at(6, "CREATE"))  # backwards: the platform will say so
        for given_, code in ((at(7, "ORBIT"), "status_unknown"), (at(6, "DELIVERY"), "status_clash")):
            with self.assertRaises(OrderRefused) as told:
                self.take_status("R1", given_)
            self.assertEqual(told.exception.code, code)
        self.assertEqual(list(StatusChange.objects.values_list("repeats", flat=True)), [0, 0])
        with self.assertRaises(OrderUnknown):
            self.take_status("R2", at(1))

    def test_times_are_told_apart_to_the_millisecond(self) -> None:
        moment = CREATED + timedelta(seconds=5)
        self.take_status("R1", StatusGiven("CREATE", moment + timedelta(microseconds=1900)))
        self.assertEqual(
            self.take_status("R1", StatusGiven("CREATE", moment + timedelta(milliseconds=1))), "repeated"
        )
        self.assertEqual(
            self.take_status("R1", StatusGiven("FINISHED", moment + timedelta(milliseconds=2))), "taken"
        )

    def test_any_sequence_keeps_each_time_once_and_the_latest_status(self) -> None:
        @settings(max_examples=12, deadline=None)
        @given(
            st.lists(
                st.tuples(st.sampled_from("AB"), st.integers(0, 4), st.sampled_from(STATUSES), st.booleans()),
                max_size=12,
            )
        )
        def holds(sequence: list[tuple[str, int, str, bool]]) -> None:
            self._holds(sequence)

        holds()

    def _holds(self, sequence: list[tuple[str, int, str, bool]]) -> None:
        StatusChange.objects.all().delete()
        Order.objects.all().delete()
        self.take(order_given("A"), order_given("B"))
        first: dict[tuple[str, int], str] = {}
        again: Counter[tuple[str, int]] = Counter()
        for number, seconds, status, whole in sequence:
            clash = first.setdefault((number, seconds), status) != status
            if whole:
                (answer,) = self.take(order_given(number, status=at(seconds, status)))
                told = answer.status or answer.code
            else:
                try:
                    told = self.take_status(number, at(seconds, status))
                except OrderRefused as refusal:
                    told = refusal.code
            if clash:
                self.assertEqual(told, "status_clash")
            else:
                self.assertEqual(told, "repeated" if again[number, seconds] else "taken")
                again[number, seconds] += 1
        for order in Order.objects.all():
            mine = {
                seconds: status for (number, seconds), status in first.items() if number == order.out_biz_no
            }
            rows = {
                (one.modified_at - CREATED).seconds: (one.status, one.repeats + 1)
                for one in order.changes.all()
            }
            expected = {one: (status, again[order.out_biz_no, one]) for one, status in mine.items()}
            self.assertEqual(rows, expected)
            self.assertEqual(order.status, mine[max(mine)] if mine else "")
