"""An order by hand and the next status of one: what will notify, what its message lacks, who may."""

from typing import Any

import pytest
from django.urls import reverse

from merchants.models import Event
from orders.models import ChosenScene, Order, StatusChange
from orders.scene_fields import field_name
from orders.scene_rental import ONLINE_RENTAL
from orders.scenes import SCENES
from tests import build_orders
from tests.base import CastCase

pytestmark = pytest.mark.usefixtures("rental")


class HandCase(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        ChosenScene.objects.create(
            merchant=self.yunduo, mini_program=self.mini_program, scene="online_rental"
        )

    def new(self, **changes: Any) -> Any:
        given = {
            "out_biz_no": "R1",
            "open_id": "buyer-0000001",
            "page": "pages/order/detail",
            "order_created_at": "2026-03-01 09:00:00.120",
            "modified_at": "2026-03-01 09:00:00.120",
            "pay_amount": "29.00",
            "discount": "1.00",
            **changes,
        }
        return self.client.post(reverse("order_new", args=[self.yunduo.slug]), given)

    def status(self, order: Order, **changes: Any) -> Any:
        given = {"status": "CREATE", "modified_at": "2026-03-01 09:30:00.120", **changes}
        return self.client.post(reverse("order_status_new", args=[self.yunduo.slug, order.pk]), given)


class NewOrder(HandCase):
    def test_it_is_kept_with_its_first_status_and_an_event(self) -> None:
        answer = self.new(status="CREATE")
        order = Order.objects.get()
        self.assertRedirects(answer, reverse("order", args=["yunduo", order.pk]), 303)
        self.assertEqual((order.amount_fen, order.pay_amount_fen, order.discount_fen), (3000, 2900, 100))
        self.assertEqual(
            (order.source, order.status, order.customer.open_id), ("hand", "CREATE", "buyer-0000001")
        )
        event = Event.objects.get(kind="order.by_hand")
        self.assertEqual((event.by, event.subject_id, event.detail["order"]), (self.operator, order.pk, "R1"))

    def test_without_a_status_it_is_kept_too_and_a_number_twice_is_refused(self) -> None:
        self.assertEqual(self.new().status_code, 303)
        self.assertFalse(StatusChange.objects.exists())
        again = self.new(page="pages/other")
        self.assertContains(again, "There is an order with this number already", status_code=422)
        self.assertEqual(Event.objects.filter(kind="order.by_hand").count(), 1)

    def test_what_cannot_be_read_is_named_at_its_field_and_nothing_is_kept(self) -> None:
        cases = (
            ({"open_id": "short"}, "This is no open_id"),
            ({"pay_amount": "2,9"}, "amount in yuan such as 12.30"),
            ({"order_created_at": "yesterday"}, "2026-03-01 09:30:00.000"),
            ({"out_biz_no": "a b"}, "no blanks"),
            ({"page": ""}, "Give the page"),
        )
        for changes, words in cases:
            with self.subTest(words):
                self.assertContains(self.new(**changes), words, status_code=422)
        self.assertFalse(Order.objects.exists())

    def test_only_scenes_the_mini_program_chose_are_offered(self) -> None:
        ChosenScene.objects.all().delete()
        address = reverse("order_new", args=[self.yunduo.slug])
        self.assertContains(self.client.get(f"{address}?scene=online_rental"), "No scene is chosen yet")
        self.new()
        self.assertFalse(Order.objects.exists())


class NextStatus(HandCase):
    def setUp(self) -> None:
        super().setUp()
        self.order = build_orders.order(self.mini_program, fields={"rent_item": "Phone"})

    def test_each_status_says_whether_it_notifies_and_what_its_message_lacks(self) -> None:
        page = self.client.get(reverse("order_status_new", args=[self.yunduo.slug, self.order.pk]))
        self.assertContains(page, "Will notify", count=2)
        self.assertContains(page, "lacks tracking_no", count=1)
        self.assertContains(page, "Your order was approved.")

    def test_a_sentence_names_the_field_where_its_text_is_not_known_and_shows_it_where_it_is(self) -> None:
        order = build_orders.order(self.mini_program, fields={"overdue_amount": "12.00"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(SCENES, "online_rental", ONLINE_RENTAL)  # type: ignore[arg-type]
            page = self.client.get(reverse("order_status_new", args=[self.yunduo.slug, order.pk]))
        said = {one.node.status: one.sentence for one in page.context["form"].choices}
        self.assertIn("12.00", said["OVERDUE"])
        self.assertIn(f"[{field_name('rent_due_date')}]", said["IN_THE_LEASE"])
        self.assertNotIn("{", "".join(said.values()))
        self.assertContains(page, said["IN_THE_LEASE"])

    def test_it_waits_to_be_synced_and_the_move_is_an_event(self) -> None:
        self.assertEqual(self.status(self.order, status="APPROVAL").status_code, 303)
        change = StatusChange.objects.get()
        self.assertEqual((change.status, change.state, change.source), ("APPROVAL", "pending", "hand"))
        self.assertEqual(change.modified_at.microsecond, 120_000)
        self.assertEqual(Event.objects.get(kind="order.status_by_hand").subject_id, self.order.pk)
        self.assertEqual(self.status(self.order, status="APPROVAL").status_code, 303)
        self.assertEqual(StatusChange.objects.get().repeats, 1)
        self.assertEqual(Event.objects.filter(kind="order.status_by_hand").count(), 1)

    def test_a_message_that_lacks_a_field_is_flagged_with_its_name_before_anything_is_kept(self) -> None:
        flagged = self.status(self.order, status="DELIVERY")
        self.assertContains(flagged, "The message of this status needs it", status_code=422)
        self.assertContains(flagged, "although the customer gets no message", status_code=422)
        self.assertFalse(StatusChange.objects.exists())
        filled = self.status(self.order, status="DELIVERY", f_tracking_no="SF1")
        self.assertEqual(filled.status_code, 303)
        self.assertEqual(StatusChange.objects.get().fields, {"rent_item": "Phone", "tracking_no": "SF1"})

    def test_one_may_save_it_all_the_same(self) -> None:
        answer = self.status(self.order, status="DELIVERY", anyway="on")
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(StatusChange.objects.get().status, "DELIVERY")

    def test_a_clash_of_times_is_told_at_the_time(self) -> None:
        self.status(self.order)
        clash = self.status(self.order, status="FINISHED")
        self.assertContains(clash, "a time of its own", status_code=422)
        self.assertEqual(StatusChange.objects.count(), 1)

    def test_who_only_reads_may_not(self) -> None:
        self.sign_in(self.analyst)
        self.assertEqual(self.status(self.order).status_code, 403)
        self.sign_in(self.other_owner)
        self.assertEqual(self.status(self.order).status_code, 404)
