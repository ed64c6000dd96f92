"""Coupons as a list and one of them: what it says, what may be done, and what another merchant sees."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from coupons.models import CouponCount
from tests import build_coupons
from tests.base import CastCase


class Coupons(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def url(self, name: str, **more: int) -> str:
        return reverse(name, kwargs={"merchant": "yunduo", **more})

    def test_the_list_shows_family_face_and_figures_newest_first(self) -> None:
        first = build_coupons.coupon(self.mini_program, name="老券")
        build_coupons.coupon(
            self.mini_program, name="八折", kind="discount", discount_tenths=80, floor_fen=None
        )
        for _n in range(3):
            build_coupons.grant(first)
        page = self.client.get(self.url("coupons")).content.decode()
        self.assertLess(page.index("八折"), page.index("老券"))
        for words in ("¥5", "from ¥10", "20%", "on any bill", "997"):
            self.assertIn(words, page)

    def test_filters_hold_and_can_be_taken_off(self) -> None:
        build_coupons.coupon(self.mini_program, name="甲")
        build_coupons.coupon(self.mini_program, name="乙", family="merchant", state="stopped")
        page = self.client.get(self.url("coupons"), {"family": "merchant", "state": "stopped"})
        self.assertContains(page, "乙")
        self.assertNotContains(page, ">甲<")

    def test_another_merchants_coupon_is_not_there(self) -> None:
        theirs = build_coupons.coupon(self.other_mini_program, name="别家")
        self.assertNotContains(self.client.get(self.url("coupons")), "别家")
        self.assertEqual(self.client.get(self.url("coupon", coupon_id=theirs.pk)).status_code, 404)

    def test_the_page_of_one_adds_up(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        build_coupons.grant(coupon)
        CouponCount.objects.filter(coupon=coupon).update(taken=12, claimed=10, redeemed=3, expired=2)
        page = self.client.get(self.url("coupon", coupon_id=coupon.pk))
        self.assertContains(page, "Claimed 10 = usable 5 + used up 3 + expired 2 + invalidated 0")
        self.assertContains(page, "988")

    def test_money_that_nobody_told_is_not_shown_as_none(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        build_coupons.grant(coupon)
        url = self.url("coupon", coupon_id=coupon.pk)
        self.assertContains(self.client.get(url), "¥0.00")
        CouponCount.objects.filter(coupon=coupon).update(redemptions=1, redeemed=1)
        self.assertNotContains(self.client.get(url), "¥0.00")

    def test_one_that_is_all_claimed_says_what_to_do(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, stock=1)
        build_coupons.grant(coupon)
        page = self.client.get(self.url("coupon", coupon_id=coupon.pk))
        self.assertContains(page, "Add stock, or stop it.")

    def test_while_an_operation_is_under_way_the_state_asks_again_and_then_stops_asking(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, state="publishing", wished_at=timezone.now())
        url = self.url("coupon", coupon_id=coupon.pk)
        self.assertContains(self.client.get(url, headers={"HX-Request": "true"}), "hx-trigger")
        type(coupon).objects.filter(pk=coupon.pk).update(state="published")
        partial = self.client.get(url, headers={"HX-Request": "true"})
        self.assertNotContains(partial, "hx-trigger")
        self.assertNotContains(partial, "<html")

    def test_a_refusal_stands_with_its_sentence_and_the_platforms_words(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, refusal="BUSINESS_HAS_RISK", words="存在风险")
        page = self.client.get(self.url("coupon", coupon_id=coupon.pk))
        self.assertContains(page, "The platform sees a risk in this coupon")
        self.assertContains(page, "存在风险")

    def test_a_wish_that_never_left_says_that_nothing_was_done(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, refusal="not_reached", words="connect")
        page = self.client.get(self.url("coupon", coupon_id=coupon.pk))
        self.assertContains(page, "It certainly did nothing.")

    def test_what_may_be_done_follows_from_the_state(self) -> None:
        for state, there, absent in (
            ("draft", "coupon_submit", "coupon_stop"),
            ("created", "coupon_publish", "coupon_append"),
            ("published", "coupon_append", "coupon_publish"),
            ("stopped", "coupons", "coupon_append"),
        ):
            coupon = build_coupons.coupon(self.mini_program, state=state)
            page = self.client.get(self.url("coupon", coupon_id=coupon.pk))
            is_of_one = {} if there == "coupons" else {"coupon_id": coupon.pk}
            self.assertContains(page, self.url(there, **is_of_one))
            self.assertNotContains(page, self.url(absent, coupon_id=coupon.pk))

    def test_an_analyst_reads_and_is_offered_nothing(self) -> None:
        self.sign_in(self.analyst)
        coupon = build_coupons.coupon(self.mini_program, publish_until=timezone.now() + timedelta(days=3))
        page = self.client.get(self.url("coupon", coupon_id=coupon.pk))
        self.assertNotContains(page, self.url("coupon_stop", coupon_id=coupon.pk))
