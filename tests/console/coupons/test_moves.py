"""What is asked of the platform for a coupon: said with its numbers, confirmed, done once."""

from datetime import timedelta
from typing import Any

from django.urls import reverse

from coupons.models import Coupon
from merchants.models import GatewayCall
from tests import build_coupons
from tests.base import CastCase


class Moves(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def url(self, name: str, **more: int) -> str:
        return reverse(name, kwargs={"merchant": "yunduo", **more})

    def made(self, state: str = "published", **columns: Any) -> Coupon:
        return build_coupons.coupon(self.mini_program, state=state, **columns)

    def ask(self, move: str, coupon: Coupon, **data: Any) -> Any:
        version = Coupon.objects.get(pk=coupon.pk).version
        return self.client.post(self.url(f"coupon_{move}", coupon_id=coupon.pk), {"version": version, **data})

    def state(self, coupon: Coupon) -> str:
        return str(Coupon.objects.get(pk=coupon.pk).state)

    def asked(self, coupon: Coupon) -> int:
        return GatewayCall.objects.filter(target_kind="coupon", target_id=coupon.pk).count()

    def test_a_draft_is_handed_over_once_with_what_it_costs_at_worst(self) -> None:
        coupon = self.made("draft", activity_id="")
        page = self.client.get(self.url("coupon_submit", coupon_id=coupon.pk))
        self.assertContains(page, "At worst they cost ¥5,000.00.")
        self.assertEqual(self.ask("submit", coupon).status_code, 303)
        self.assertEqual(self.ask("submit", coupon).status_code, 422)
        self.assertEqual((self.state(coupon), self.asked(coupon)), ("creating", 1))

    def test_a_draft_that_changed_meanwhile_is_not_handed_over(self) -> None:
        coupon = self.made("draft", activity_id="")
        answer = self.client.post(self.url("coupon_submit", coupon_id=coupon.pk), {"version": 7})
        self.assertContains(answer, "Somebody changed it meanwhile", status_code=422)
        self.assertEqual(self.state(coupon), "draft")

    def test_stock_is_added_after_a_second_look_at_old_and_new(self) -> None:
        coupon = self.made()
        first = self.ask("append", coupon, total="1500", seen="1000")
        self.assertContains(first, "Stock can grow from 1,000 to 1,500 but never shrink. Add 500?")
        self.assertEqual(self.state(coupon), "published")
        second = self.ask("append", coupon, total="1500", seen="1000", confirmed="on")
        self.assertEqual((second.status_code, self.state(coupon)), (303, "appending"))
        again = self.ask("append", coupon, total="1500", seen="1000", confirmed="on")
        self.assertEqual((again.status_code, self.asked(coupon)), (422, 1))

    def test_a_total_that_does_not_grow_is_refused_at_its_field(self) -> None:
        coupon = self.made()
        for total in ("1000", "12", "", "many"):
            answer = self.ask("append", coupon, total=total, seen="1000", confirmed="on")
            self.assertEqual(answer.status_code, 422)
        self.assertEqual(self.asked(coupon), 0)

    def test_a_stock_that_is_another_by_now_is_looked_at_again(self) -> None:
        coupon = self.made(stock=1_200)
        answer = self.ask("append", coupon, total="1500", seen="1000", confirmed="on")
        self.assertContains(answer, "The stock is 1,200 by now.", status_code=422)

    def test_claiming_is_extended_and_never_shortened(self) -> None:
        coupon = self.made()
        earlier = (coupon.publish_until - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        self.assertContains(self.ask("extend", coupon, until=earlier), "only end later", status_code=422)
        later = (coupon.publish_until + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
        self.assertEqual((self.ask("extend", coupon, until=later).status_code, self.asked(coupon)), (303, 1))

    def test_stopping_says_how_many_stay_usable_and_keeps_the_reason(self) -> None:
        coupon = self.made()
        build_coupons.grant(coupon)
        page = self.client.get(self.url("coupon_stop", coupon_id=coupon.pk))
        self.assertContains(page, "the 1 already claimed and not used stay usable")
        self.ask("stop", coupon, reason="换新券")
        self.assertEqual(self.state(coupon), "stopping")

    def test_a_move_that_is_not_possible_leads_back_or_says_why(self) -> None:
        coupon = self.made("stopped")
        for move in ("submit", "publish", "append", "extend", "stop"):
            url = self.url(f"coupon_{move}", coupon_id=coupon.pk)
            self.assertRedirects(self.client.get(url), self.url("coupon", coupon_id=coupon.pk))
            self.assertEqual(self.client.post(url, {"version": 1}).status_code, 422)

    def test_another_merchants_coupon_cannot_be_moved(self) -> None:
        theirs = build_coupons.coupon(self.other_mini_program)
        for move in ("submit", "publish", "append", "extend", "stop", "ask_again", "take_back"):
            url = self.url(f"coupon_{move}", coupon_id=theirs.pk)
            self.assertEqual(self.client.post(url).status_code, 404)
        self.assertEqual(self.asked(theirs), 0)

    def test_where_the_merchant_asks_for_a_code_nothing_is_done_without_one(self) -> None:
        self.yunduo.asks_second_factor = True
        self.yunduo.save()
        coupon = self.made("created")
        self.assertEqual(self.ask("publish", coupon).status_code, 422)
        self.assertEqual((self.state(coupon), self.asked(coupon)), ("created", 0))

    def test_a_silent_platform_is_asked_again_and_a_rejected_coupon_taken_back(self) -> None:
        silent = build_coupons.silent(self.mini_program)
        page = self.client.get(self.url("coupon", coupon_id=silent.pk))
        self.assertContains(page, "Asking again is safe")
        self.assertEqual((self.ask("ask_again", silent).status_code, self.asked(silent)), (303, 2))
        rejected = self.made("rejected")
        self.assertEqual((self.ask("take_back", rejected).status_code, self.state(rejected)), (303, "draft"))
