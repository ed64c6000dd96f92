"""Figures of notifications: the page, its place on the diagnosis and at home, and the count in the menu."""

from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.recall import order_visits
from orders import reports, rollups
from orders.models import Order
from tests import build_orders as made
from tests.base import CastCase

PAGE = reverse("order_figures", args=["yunduo"])
DIAGNOSIS = reverse("order_diagnosis", args=["yunduo"])
HOME = reverse("home", args=["yunduo"])


class OrderFigures(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def returned(self, status: str, state: str, *, days_ago: int = 0, **fields: Any) -> Order:
        at = timezone.now() - timedelta(days=days_ago)
        order = made.order(self.mini_program)
        made.change(order, status, state=state, received_at=at, **fields)
        return order

    def rows(self, page: Any) -> dict[str, tuple[int, ...]]:
        lines = [line for scene in page.context["scenes"] for line in scene.lines]
        return {
            line.sums.status: (line.sums.returned, line.sums.accepted, line.sums.told, line.sums.kept_back)
            for line in lines
        }

    def test_each_node_says_what_was_returned_accepted_told_and_why_not(self) -> None:
        self.returned("WAIT_PAY", "synced")
        self.returned("WAIT_PAY", "not_notified", cause="fields_missing")
        self.returned("WAIT_PAY", "pending")
        self.returned("APPLYING", "synced")
        page = self.client.get(PAGE)
        self.assertEqual(self.rows(page), {"APPLYING": (1, 1, 0, 0), "WAIT_PAY": (3, 2, 1, 1)})
        self.assertContains(page, "Fields missing 1")
        self.assertEqual([one.sums.returned for one in page.context["figures"].days][-1], 4)

    def test_the_period_stands_in_the_address(self) -> None:
        self.returned("WAIT_PAY", "synced", days_ago=10)
        self.assertContains(self.client.get(PAGE), "No status was received on these days")
        self.assertEqual(self.rows(self.client.get(PAGE, {"days": "30"})), {"WAIT_PAY": (1, 1, 1, 0)})
        self.assertEqual(self.client.get(PAGE, {"days": "x"}).context["days"], 7)

    def test_visits_are_unknown_until_one_is_reported(self) -> None:
        order = self.returned("WAIT_PAY", "synced")
        rollups.first_told(order)
        self.assertContains(self.client.get(PAGE), "No mini program has reported a visit yet.")
        self.assertContains(self.client.get(DIAGNOSIS), "No mini program has reported a visit yet.")
        order_visits.count([order_visits.Came(order.pk, False, timezone.now())])
        for address in (PAGE, DIAGNOSIS):
            page = self.client.get(address)
            self.assertEqual(page.context["reach"].came.visits, 1)
            self.assertContains(page, "links opened by others: 0; orders that got a message: 1")

    def test_days_without_a_status_still_show_who_came_back(self) -> None:
        order = made.order(self.mini_program)
        order_visits.count([order_visits.Came(order.pk, False, timezone.now())])
        page = self.client.get(PAGE)
        self.assertContains(page, "No status was received on these days")
        self.assertContains(page, "orders that got a message: 0")
        self.assertNotContains(page, "100.0%")
        self.assertContains(page, "Second order within 30 days")

    def test_who_came_back_is_told_and_from_which_orders_where_not_from_all(self) -> None:
        now = timezone.now()
        person = made.order(self.mini_program, order_created_at=now - timedelta(days=40)).customer
        made.order(self.mini_program, customer=person, order_created_at=now - timedelta(days=20))
        made.order(self.mini_program, order_created_at=now - timedelta(days=50))
        for address in (PAGE, DIAGNOSIS):
            page = self.client.get(address)
            self.assertContains(page, "1 of 2 people who ordered 30 to 60 days ago")
            self.assertNotContains(page, "of those days")
            with mock.patch.object(reports, "MOST_READ", 1):
                page = self.client.get(address)
            self.assertContains(page, "1 of 1 person who ordered 30 to 60 days ago")
            self.assertContains(page, "From the newest 1 order of those days.")

    def test_more_visitors_than_orders_told_are_two_counts_and_no_rate(self) -> None:
        orders = [made.order(self.mini_program) for _order in range(4)]
        rollups.first_told(orders[0])
        order_visits.count([order_visits.Came(one.pk, False, timezone.now()) for one in orders])
        for address in (PAGE, DIAGNOSIS):
            page = self.client.get(address)
            self.assertContains(page, "<dd>4<span")
            self.assertContains(page, "orders that got a message: 1")
            self.assertNotContains(page, "400.0%")

    def test_on_a_narrow_screen_what_waits_and_what_nobody_knows_stand_below_the_node(self) -> None:
        self.returned("WAIT_PAY", "synced")
        self.assertNotContains(self.client.get(PAGE), "cell-second narrow-only")
        self.returned("WAIT_PAY", "pending")
        self.returned("WAIT_PAY", "unknown")
        page = self.client.get(PAGE)
        for words in ("Waiting 1", "Not known 1"):
            self.assertContains(page, f'<span class="cell-second narrow-only">{words}</span>', html=True)

    def test_more_rows_ask_no_more_queries(self) -> None:
        self.returned("WAIT_PAY", "not_notified", words="缺少必填属性 ext_info.business_info.total_rent")
        before = {address: self.queries_of(address) for address in (PAGE, DIAGNOSIS)}
        for _more in range(5):
            self.returned("IN_DELIVERY", "synced")
            self.returned("IN_DELIVERY", "dead")
            self.returned("IN_DELIVERY", "pending")
        self.assertEqual({address: self.queries_of(address) for address in before}, before)

    def queries_of(self, address: str) -> int:
        self.client.get(address)
        with CaptureQueriesContext(connection) as asked:
            self.client.get(address)
        return len(asked)

    def test_home_shows_todays_nodes_that_notify_and_each_leads_to_its_orders(self) -> None:
        self.assertContains(self.client.get(HOME), "No order status that tells the customer came in today.")
        self.returned("WAIT_PAY", "synced")
        self.returned("APPLYING", "synced")
        self.returned("WAIT_PAY", "dead", cause="backward", days_ago=2)
        page = self.client.get(HOME)
        ((scene,),) = (page.context["order_nodes"],)
        (line,) = scene.lines
        self.assertEqual((line.sums.told, line.sums.kept_back), (1, 0))
        self.assertContains(self.client.get(line.url), "R0")

    def test_the_menu_counts_statuses_that_need_fixing(self) -> None:
        def waiting() -> int:
            groups = self.client.get(PAGE).context["shell"].groups
            return next(
                link.waiting for group in groups for link in group.links if link.url.endswith("/orders/")
            )

        self.assertEqual(waiting(), 0)
        self.returned("WAIT_PAY", "dead")
        self.returned("WAIT_PAY", "pending")
        self.assertEqual(waiting(), 1)
