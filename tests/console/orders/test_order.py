"""One order: the answer first, the gates, each status, what comes next; and the diagnosis page beside it."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from orders.models import Order
from tests import build_orders as made
from tests.base import CastCase
from tests.small_scenes import FULL

MISSING = "缺少必填属性 ext_info.business_info.courier_number"


class Orders(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.order = made.order(
            self.mini_program, out_biz_no="ZL251119004827", fields={"total_rent": "897.00"}
        )

    def page(self, order: Order | None = None, **asked: Any) -> Any:
        return self.client.get(reverse("order", args=["yunduo", (order or self.order).pk]), asked)

    def lacking(self) -> None:
        at = timezone.now() - timedelta(hours=1)
        made.change(self.order, "WAIT_PAY", state="synced", modified_at=at, fields=FULL)
        made.change(
            self.order, "IN_DELIVERY", state="not_notified", words=MISSING, fields={"total_rent": "897.00"}
        )


class OnePage(Orders):
    def test_the_answer_comes_first_with_the_platforms_words_and_the_gate_it_stopped_at(self) -> None:
        self.lacking()
        page = self.page()
        self.assertContains(page, "“已发货” sent no message because fields are missing: Tracking number")
        self.assertContains(page, MISSING)
        self.assertContains(page, "order-gate-broken", count=1)
        self.assertContains(page, "order-gate-not_reached", count=1)
        for said in (
            "1 of 2 messages sent",
            "Field check",
            "1 missing",
            "What to return next",
            "IN_THE_LEASE",
        ):
            self.assertContains(page, said)

    def test_any_status_can_be_asked_about(self) -> None:
        self.lacking()
        first = self.order.changes.order_by("modified_at").first()
        self.assertContains(self.page(change=first.pk), "“待支付” sent its message")
        self.assertContains(self.page(change="x"), "because fields are missing")

    def test_only_one_status_ever_returned_is_said(self) -> None:
        made.change(self.order, "APPLYING", state="synced")
        self.assertContains(self.page(), "Only one status was ever returned.")

    def test_an_order_without_status_and_one_of_a_scene_nobody_knows_can_be_looked_at(self) -> None:
        self.assertContains(self.page(), "No status was returned yet")
        unknown = made.order(self.mini_program, scene="nowhere")
        made.change(unknown, "ODD", state="synced")
        self.assertContains(self.page(unknown), "the scene has no such status")

    def test_other_orders_of_the_person_and_the_person_are_one_step_away(self) -> None:
        other = made.order(self.mini_program, customer=self.order.customer)
        page = self.page()
        self.assertContains(page, reverse("order", args=["yunduo", other.pk]))
        person = reverse("person", args=["yunduo", self.order.customer_id])
        self.assertContains(page, person)
        both = self.client.get(person)
        self.assertContains(both, self.order.out_biz_no)
        self.assertContains(both, other.out_biz_no)

    def test_another_merchants_order_is_not_there(self) -> None:
        self.assertEqual(self.page(made.order(self.other_mini_program)).status_code, 404)


class Finding(Orders):
    def find(self, text: str = "") -> Any:
        return self.client.get(reverse("order_diagnosis", args=["yunduo"]), {"q": text} if text else {})

    def test_an_order_is_found_by_number_and_by_the_end_of_an_open_id(self) -> None:
        address = reverse("order", args=["yunduo", self.order.pk])
        tail = str(self.order.customer.open_id)[-4:]
        for text in ("ZL251119004827", "ZL2511", tail):
            self.assertContains(self.find(text), address)
        self.assertContains(self.find("nothing like it"), "No order found")
        self.sign_in(self.analyst)
        self.assertNotContains(self.find(tail), address)

    def test_the_week_tells_reasons_coverage_and_what_lacks_a_field(self) -> None:
        self.lacking()
        page = self.find()
        self.assertEqual(page.context["scenes"][0].week.messages, 1)
        for said in (
            "A field is missing",
            "Tracking number",
            "Coverage",
            "100.0",
            "Fields missing",
            "待支付 1",
        ):
            self.assertContains(page, said)

    def test_what_nobody_measures_is_two_dashes(self) -> None:
        Order.objects.all().delete()
        page = self.find()
        self.assertContains(page, "No order in the last 7 days")
        self.assertContains(page, "--<span")
