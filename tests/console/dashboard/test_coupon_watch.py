"""Coupons that run out or end stand on the home page with the act that helps, for who may do it."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from coupons.models import Coupon, CouponCount
from tests import build_coupons, build_uses
from tests.base import CastCase

HOME = reverse("home", args=["yunduo"])


class CouponsAtHome(CastCase):
    def made(self, taken: int, **columns: object) -> Coupon:
        coupon = build_coupons.coupon(self.mini_program, **columns)
        CouponCount.objects.filter(coupon=coupon).update(taken=taken, claimed=taken, redemptions=taken)
        return coupon

    def test_who_may_add_stock_is_led_there_and_others_to_the_coupon(self) -> None:
        coupon = self.made(1_000)
        self.sign_in(self.operator)
        page = self.client.get(HOME)
        self.assertContains(page, f"“{coupon.name}” is all claimed")
        self.assertContains(page, reverse("coupon_append", args=["yunduo", coupon.pk]))
        self.sign_in(self.analyst)
        page = self.client.get(HOME)
        self.assertContains(page, reverse("coupon", args=["yunduo", coupon.pk]))
        self.assertNotContains(page, reverse("coupon_append", args=["yunduo", coupon.pk]))

    def test_each_coupon_stands_once_with_its_worst_and_three_at_most(self) -> None:
        soon = timezone.now() + timedelta(days=1)
        for _n in range(5):
            self.made(0, publish_until=soon)
        self.sign_in(self.operator)
        titles = [one.title for one in self.client.get(HOME).context["decisions"]]
        self.assertEqual(len([one for one in titles if "for a short time only" in one]), 3)

    def test_a_use_nobody_knows_of_leads_to_the_till_whoever_may_redeem(self) -> None:
        grant = build_uses.held(self.mini_program)
        self.sign_in(self.operator)
        sentence = "Nobody knows what became of 1 use of a coupon"
        self.assertNotContains(self.client.get(HOME), sentence)
        build_uses.unknown(grant)
        page = self.client.get(HOME)
        self.assertContains(page, sentence)
        self.assertContains(page, f'href="{reverse("coupon_scan", args=["yunduo"])}"')
        self.sign_in(self.analyst)
        self.assertNotContains(self.client.get(HOME), sentence)

    def test_the_page_of_the_coupon_says_what_may_help(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, publish_from=timezone.now() - timedelta(days=9))
        CouponCount.objects.filter(coupon=coupon).update(taken=80, claimed=80, redemptions=2)
        self.sign_in(self.operator)
        page = self.client.get(reverse("coupon", args=["yunduo", coupon.pk]))
        self.assertContains(page, "2.5% of those claimed were used.")

    def test_nothing_is_told_where_nothing_is_the_matter(self) -> None:
        self.made(100)
        self.sign_in(self.operator)
        self.assertNotContains(self.client.get(HOME), "满10减5")
