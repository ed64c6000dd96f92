"""Where coupons are shown: the pages, what they refuse, and that one press asks once."""

import uuid
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from coupons.models import Coupon, Placement
from coupons.terms import BEIJING
from merchants.models import Event, GatewayCall
from tests import build_coupons, build_messaging, build_orders
from tests.base import CastCase


class PlacementsCase(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.owner)
        self.coupon = build_coupons.coupon(self.mini_program)

    def url(self, name: str, *ids: int) -> str:
        return reverse(name, args=["yunduo", *ids])

    def given(self, **fields: Any) -> dict[str, Any]:
        now = timezone.now().astimezone(BEIJING)
        return {
            "booth": "PAYMENT_RESULT",
            "begins_at": f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M}",
            "ends_at": f"{now + timedelta(days=3):%Y-%m-%dT%H:%M}",
            "form_token": str(uuid.uuid4()),
            **fields,
        }

    def ask(self, coupon: Coupon | None = None, **fields: Any) -> Any:
        return self.client.post(self.url("placement_new", (coupon or self.coupon).pk), self.given(**fields))

    def asked(self) -> int:
        return GatewayCall.objects.filter(target_kind="placement").count()


class TheList(PlacementsCase):
    def test_it_says_which_kind_is_shown_where_and_what_is_simulated(self) -> None:
        page = self.client.get(self.url("placements"))
        marks = {line.channel.booth.value: line.channel.is_simulated for line in page.context["lines"]}
        self.assertEqual(sum(marks.values()), 4)
        self.assertFalse(marks["SERVICE_MESSAGE"] or marks["PAYMENT_RESULT"])
        self.assertContains(page, "No plan yet")

    def test_plans_stand_newest_first_and_are_filtered(self) -> None:
        live = build_coupons.placement(self.coupon)
        over = build_coupons.placement(self.coupon, state="ended", booth="SERVICE_MESSAGE")
        build_coupons.placement(build_coupons.coupon(self.other_mini_program))
        rows = self.client.get(self.url("placements")).context["rows"]
        self.assertEqual([one.pk for one, _name in rows], [over.pk, live.pk])
        for query, one in (({"state": "active"}, live), ({"booth": "SERVICE_MESSAGE"}, over)):
            rows = self.client.get(self.url("placements"), query).context["rows"]
            self.assertEqual([row.pk for row, _name in rows], [one.pk])

    def test_who_does_not_develop_says_so_once(self) -> None:
        for _n in range(2):
            self.client.post(self.url("coupon_development"), {"has_developers": "0"})
        self.yunduo.refresh_from_db()
        self.assertFalse(self.yunduo.has_developers)
        self.assertEqual(Event.objects.filter(kind="merchant.development").count(), 1)
        self.assertContains(self.client.get(self.url("placements")), "does not develop by API")


class NewPlan(PlacementsCase):
    def test_one_press_asks_the_platform_once_however_often_it_comes(self) -> None:
        token = str(uuid.uuid4())
        for _n in range(3):
            self.assertEqual(self.ask(form_token=token).status_code, 303)
        self.assertEqual((Placement.objects.count(), self.asked()), (1, 1))
        self.assertContains(self.client.get(self.url("coupon", self.coupon.pk)), "Payment success page")

    def test_a_template_or_an_orders_message_is_chosen_for_messages(self) -> None:
        template = build_messaging.template(self.mini_program)
        build_orders.chosen(self.mini_program)
        page = self.client.get(self.url("placement_new", self.coupon.pk))
        self.assertContains(page, template.name)
        self.assertContains(page, "3C_RENT:APPROVAL")
        self.assertContains(page, "Order messages (simulated)")
        self.assertEqual(self.ask(booth="SERVICE_MESSAGE").status_code, 422)
        answer = self.ask(booth="SERVICE_MESSAGE", template_ref=template.template_id)
        self.assertEqual(answer.status_code, 303)
        self.assertContains(self.client.get(answer["Location"]), template.name)

    def test_order_messages_are_not_offered_where_that_is_off(self) -> None:
        build_orders.chosen(self.mini_program)
        with self.settings(ORDER_MESSAGE_REFERENCE=""):
            page = self.client.get(self.url("placement_new", self.coupon.pk))
        self.assertNotContains(page, "3C_RENT")

    def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(self) -> None:
        now = timezone.now().astimezone(BEIJING)
        wrong: tuple[tuple[str, dict[str, Any]], ...] = (
            ("ends_at", {"ends_at": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}"}),
            ("ends_at", {"ends_at": f"{now + timedelta(days=60):%Y-%m-%dT%H:%M}"}),
            ("ends_at", {"ends_at": "morgen"}),
            ("booth", {"booth": "VENUE"}),
            ("template_ref", {"booth": "SERVICE_MESSAGE", "template_ref": "foreign"}),
        )
        for field, fields in wrong:
            answer = self.ask(**fields)
            self.assertEqual(answer.status_code, 422, fields)
            self.assertIn(field, answer.context["form"].errors, fields)
        self.assertEqual(self.asked(), 0)

    def test_another_coupon_on_the_same_messages_is_refused_with_its_name_and_time(self) -> None:
        template = build_messaging.template(self.mini_program)
        other = build_coupons.coupon(self.mini_program, name="满20减9")
        build_coupons.placement(other, booth="SERVICE_MESSAGE", template_ref=template.template_id)
        answer = self.ask(booth="SERVICE_MESSAGE", template_ref=template.template_id)
        self.assertContains(answer, "满20减9", status_code=422)

    def test_a_coupon_that_is_not_live_cannot_be_shown(self) -> None:
        stopped = build_coupons.coupon(self.mini_program, state="stopped")
        page = self.client.get(self.url("placement_new", stopped.pk))
        self.assertContains(page, "Only a live coupon can be shown.")
        self.assertEqual(self.ask(stopped).status_code, 422)

    def test_another_merchants_coupon_is_not_there(self) -> None:
        theirs = build_coupons.coupon(self.other_mini_program)
        self.assertEqual(self.ask(theirs).status_code, 404)


class OnePlan(PlacementsCase):
    def test_what_the_platform_never_tells_is_no_figure(self) -> None:
        placement = build_coupons.placement(self.coupon)
        build_coupons.grant(self.coupon)
        page = self.client.get(self.url("placement", placement.pk))
        funnel = page.context["funnel"]
        self.assertEqual((funnel.exposed, funnel.claimed, funnel.used), (None, 1, 0))
        self.assertContains(page, "The platform does not tell how often it was seen")

    def test_stopping_says_what_it_means_keeps_the_reason_and_happens_once(self) -> None:
        placement = build_coupons.placement(self.coupon)
        address = self.url("placement_stop", placement.pk)
        self.assertContains(self.client.get(address), "What was claimed stays usable")
        self.assertEqual(self.client.post(address, {"reason": ""}).status_code, 422)
        answers = [self.client.post(address, {"reason": "换券"}).status_code for _n in range(2)]
        self.assertEqual((answers, self.asked()), ([303, 422], 1))
        self.assertEqual(Event.objects.get(kind="placement.stop").detail["reason"], "换券")

    def test_a_refused_plan_says_why_and_is_asked_for_again(self) -> None:
        refused = build_coupons.placement(self.coupon, state="draft", delivery_id="", refusal="BIZ_ERROR")
        page = self.client.get(self.url("placement", refused.pk))
        self.assertContains(page, "BIZ_ERROR")
        self.assertEqual(self.client.post(self.url("placement_again", refused.pk)).status_code, 303)
        self.assertEqual(self.client.post(self.url("placement_again", refused.pk)).status_code, 422)
        self.assertEqual(self.asked(), 1)

    def test_another_merchants_plan_is_not_there(self) -> None:
        theirs = build_coupons.placement(build_coupons.coupon(self.other_mini_program))
        self.assertEqual(self.client.get(self.url("placement", theirs.pk)).status_code, 404)
        for name in ("placement_stop", "placement_again"):
            self.assertEqual(self.client.post(self.url(name, theirs.pk)).status_code, 404)
