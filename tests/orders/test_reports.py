"""Lists and figures of orders: what they find, and what they are taken from."""

from datetime import timedelta
from unittest import mock

from django.utils import timezone

from orders import reports
from orders.models import Order
from orders.reports import Wanted
from tests import build_messaging
from tests import build_orders as made
from tests.base import CastCase


class Lists(CastCase):
    def numbers(self, **asked: object) -> list[str]:
        rows = reports.order_list(self.mini_program, Wanted(**asked), at=timezone.now())  # type: ignore[arg-type]
        return [order.out_biz_no for order in rows]

    def test_filters_find_by_number_scene_status_sync_and_days(self) -> None:
        now = timezone.now()
        new = made.order(self.mini_program, out_biz_no="ZL-1", trade_no="T-9")
        made.change(new, "WAIT_PAY", state="dead")
        made.order(self.mini_program, out_biz_no="HS-1", scene="recycling")
        made.order(self.mini_program, out_biz_no="ZL-0", order_created_at=now - timedelta(days=90))
        made.order(self.other_mini_program, out_biz_no="ZL-1")
        for asked, found in (
            ({"text": "ZL-1"}, ["ZL-1"]),
            ({"text": "T-9"}, ["ZL-1"]),
            ({"text": "ZL-0"}, ["ZL-0"]),
            ({"text": "ZL"}, ["ZL-1"]),
            ({"scene": "recycling"}, ["HS-1"]),
            ({"status": "WAIT_PAY"}, ["ZL-1"]),
            ({"sync": "dead"}, ["ZL-1"]),
            ({"sync": "synced"}, []),
            ({"until": now - timedelta(days=30)}, ["ZL-0"]),
            ({"text": "ZL", "since": now - timedelta(days=99)}, ["ZL-1", "ZL-0"]),
        ):
            with self.subTest(asked):
                self.assertEqual(self.numbers(**asked), found)

    def test_a_filter_by_sync_finds_the_same_orders_whether_few_or_many_stand_there(self) -> None:
        now = timezone.now()
        for n, state in enumerate(("dead", "synced", "dead", "pending", "unknown", "dead")):
            order = made.order(
                self.mini_program, out_biz_no=f"N{n}", order_created_at=now - timedelta(hours=n)
            )
            made.change(order, "WAIT_PAY", state=state)
            made.change(order, "APPLYING", state=state, modified_at=now - timedelta(hours=1))
        elsewhere = made.order(self.other_mini_program)
        made.change(elsewhere, "WAIT_PAY", state="dead")
        wanted = {"dead": ["N0", "N2", "N5"], "synced": ["N1"], "pending": ["N3"], "superseded": []}
        for most in (0, 5, 6, 1_000):
            with mock.patch.object(reports, "MOST_FEW", most):
                self.assertEqual({state: self.numbers(sync=state) for state in wanted}, wanted)

    def test_pages_follow_each_other_where_many_orders_have_one_time(self) -> None:
        at = timezone.now()
        for _n in range(5):
            made.order(self.mini_program, order_created_at=at)
        rows = reports.order_list(self.mini_program, Wanted(), at=at)
        seen: list[Order] = []
        while page := list(reports.after(rows, seen[-1] if seen else None)[:2]):
            seen += page
        self.assertEqual(seen, list(rows))
        self.assertEqual(len(set(seen)), 5)

    def test_the_end_of_an_open_id_finds_only_who_may_ask(self) -> None:
        order = made.order(self.mini_program)
        tail = str(order.customer.open_id)[-4:]
        for by_tail, found in ((True, [order]), (False, [])):
            rows = reports.found_for(self.mini_program, tail, by_tail=by_tail, at=timezone.now(), most=5)
            self.assertEqual(rows, found)


class SecondOrders(CastCase):
    def test_a_second_order_counts_within_thirty_days_of_the_first_only(self) -> None:
        now = timezone.now()
        back, gone, slow = build_messaging.people(self.mini_program, 3)
        for person, days in ((back, 50), (back, 30.5), (gone, 40), (slow, 58), (slow, 5)):
            moment = now - timedelta(days=days)
            made.order(self.mini_program, customer=person, order_created_at=moment)
        found = reports.second_orders(self.mini_program, at=now)
        self.assertEqual((found.people, found.again, found.is_part), (3, 1, False))

    def test_the_earliest_order_of_a_person_counts_and_no_other_merchants(self) -> None:
        now = timezone.now()
        (person,) = build_messaging.people(self.mini_program, 1)
        (stranger,) = build_messaging.people(self.other_mini_program, 1)
        for days in (59, 32):
            moment = now - timedelta(days=days)
            made.order(self.mini_program, customer=person, order_created_at=moment)
            made.order(self.other_mini_program, customer=stranger, order_created_at=moment)
        made.order(self.mini_program, customer=person, order_created_at=now - timedelta(days=10))
        found = reports.second_orders(self.mini_program, at=now)
        self.assertEqual((found.people, found.again), (1, 1))

    def test_only_the_people_of_the_newest_orders_are_looked_at_and_that_is_said(self) -> None:
        now = timezone.now()
        for days in (31, 32, 33):
            made.order(self.mini_program, order_created_at=now - timedelta(days=days))
        for most, people, is_part in ((2, 2, True), (3, 3, False)):
            with mock.patch.object(reports, "MOST_READ", most):
                found = reports.second_orders(self.mini_program, at=now)
                self.assertEqual((found.people, found.is_part, found.most), (people, is_part, most))
        self.assertEqual(reports.second_orders(self.other_mini_program, at=now).share, None)
