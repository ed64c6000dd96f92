"""The list of orders, its export and its views."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from tests import build_orders as made
from tests.base import CastCase
from tests.small_scenes import FULL

LIST = reverse("orders", args=["yunduo"])


class Listing(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def numbers(self, page: Any) -> list[str]:
        return [row.order.out_biz_no for row in page.context["rows"]]

    def test_newest_first_page_by_page_at_a_fixed_number_of_queries_and_without_a_count(self) -> None:
        now = timezone.now()
        for n in range(27):
            order = made.order(self.mini_program, order_created_at=now - timedelta(minutes=n))
            made.change(order, "WAIT_PAY", state="synced")
        self.client.get(LIST)
        with self.assertNumQueries(12) as asked:
            page = self.client.get(LIST)
        statements = [one["sql"] for one in asked.captured_queries]
        self.assertFalse([one for one in statements if "COUNT(" in one and "orders_order" in one])
        older = self.client.get(LIST, {"before": page.context["keyset"].next_before})
        seen = self.numbers(page) + self.numbers(older)
        self.assertEqual((len(self.numbers(page)), len(set(seen))), (25, 27))
        self.assertNotContains(older, 'rel="next"')

    def test_a_line_says_what_the_newest_status_did_and_what_it_lacks(self) -> None:
        order = made.order(self.mini_program, amount_fen=89700)
        made.change(order, "WAIT_PAY", state="synced", modified_at=timezone.now() - timedelta(hours=1))
        words = "缺少必填属性 ext_info.business_info.courier_number"
        made.change(order, "IN_DELIVERY", state="not_notified", words=words)
        page = self.client.get(LIST)
        for said in (
            "Accepted, not notified",
            "Fields missing: Tracking number",
            "¥897.00",
            "已发货",
            "See why",
        ):
            self.assertContains(page, said)

    def test_a_filter_stands_in_the_address_and_a_status_is_offered_with_its_scene(self) -> None:
        wanted = made.order(self.mini_program)
        made.change(wanted, "WAIT_PAY", state="dead")
        made.order(self.mini_program, scene="recycling")
        page = self.client.get(LIST, {"scene": "online_rental", "status": "WAIT_PAY", "sync": "dead"})
        self.assertEqual(self.numbers(page), [wanted.out_biz_no])
        self.assertContains(page, "placed in the last 30 days")
        self.assertEqual(len(self.numbers(self.client.get(LIST, {"status": "WAIT_PAY"}))), 2)
        none = self.client.get(LIST, {"sync": "unknown"})
        self.assertContains(none, "Nothing matches.")

    def test_a_filter_can_be_kept_as_a_view_of_orders(self) -> None:
        kept = self.client.post(
            reverse("order_view_new", args=["yunduo"]) + "?sync=dead", {"name": "To fix"}, follow=True
        )
        self.assertContains(kept, "To fix")
        self.assertEqual(kept.request["PATH_INFO"], LIST)
        self.assertNotContains(self.client.get(reverse("sends", args=["yunduo"])), "To fix")

    def test_without_orders_the_page_says_how_they_come(self) -> None:
        self.assertContains(self.client.get(LIST), "No order yet")

    def test_another_merchants_orders_are_not_there(self) -> None:
        other = made.order(self.other_mini_program)
        self.assertNotContains(self.client.get(LIST), other.out_biz_no)


class Exporting(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.analyst)

    def lines(self, **asked: Any) -> list[str]:
        page = self.client.get(reverse("orders_export", args=["yunduo"]), asked)
        text = b"".join(page.streaming_content).decode()  # type: ignore[attr-defined]
        return text.removeprefix("\ufeff").splitlines()

    def test_it_holds_the_filtered_orders_and_no_id_of_a_person(self) -> None:
        order = made.order(self.mini_program, amount_fen=89700)
        made.change(order, "WAIT_PAY", state="synced", fields=FULL)
        made.order(self.mini_program, scene="recycling", out_biz_no="HS-7")
        head, line = self.lines(scene="online_rental")
        self.assertTrue(head.startswith("number,trade_number,scene"))
        for said in (order.out_biz_no, "待支付", "Synced", "897.00"):
            self.assertIn(said, line)
        self.assertNotIn(str(order.customer.open_id), line)

    def test_a_number_that_is_a_formula_is_made_safe(self) -> None:
        made.order(self.mini_program, out_biz_no="=1+1")
        self.assertTrue(self.lines()[1].startswith("'=1+1"))

    def test_more_than_a_chunk_is_written_once_each(self) -> None:
        person = made.order(self.mini_program).customer
        for _n in range(204):
            made.order(self.mini_program, customer=person)
        lines = self.lines()
        self.assertEqual((len(lines), len(set(lines))), (206, 206))
