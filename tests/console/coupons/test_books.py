"""The books of coupons: three sides of each, and a look that somebody asks for."""

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from coupons import ledger
from coupons.models import Coupon, CouponCheck
from merchants.models import Event
from tests import build_coupons
from tests.base import CastCase
from tests.build_coupons import fact


class Books(CastCase):
    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program)
        for _n in range(2):
            self.grant = build_coupons.grant(self.coupon)
        with transaction.atomic():
            ledger.redeem(self.grant, fact(order_no="R1", saved_fen=500, order_fen=2_000))
        self.sign_in(self.operator)

    def page(self, **query: Any) -> Any:
        return self.client.get(reverse("coupon_books", args=["yunduo"]), query)

    def told(self, **columns: Any) -> None:
        Coupon.objects.filter(pk=self.coupon.pk).update(platform_told_at=timezone.now(), **columns)

    def check(self, **columns: Any) -> CouponCheck:
        at = timezone.now()
        made: CouponCheck = CouponCheck.objects.create(
            merchant=self.yunduo,
            mini_program=self.mini_program,
            coupon=self.coupon,
            **{"stage": "done", "uses_at": at, "finished_at": at, **columns},
        )
        return made

    def sides(self) -> dict[str, tuple[Any, ...]]:
        [book] = self.page().context["books"]
        return {one.name: (one.ours, one.platform, one.orders, one.agrees) for one in book.sides}

    def test_what_nobody_told_is_not_shown_as_none(self) -> None:
        self.assertEqual(self.sides(), {"claimed": (2, None, None, None), "used": (1, None, None, None)})
        self.assertContains(self.page(), "Not looked at yet.")

    def test_the_three_sides_agree_or_differ(self) -> None:
        self.told(platform_claimed=2, platform_used=0)
        self.check(has_orders=True, uses_named=1, uses_matched=1, ours_saved_fen=500, orders_saved_fen=400)
        wanted = {
            "claimed": (2, 2, None, True),
            "used": (1, 0, None, False),
            "named": (1, None, 1, True),
            "saved": (500, None, 400, False),
        }
        # totals as old as the platform's last answer are no difference until a look has found one
        self.assertEqual(self.sides(), wanted | {"used": (1, 0, None, None)})
        build_coupons.difference(self.coupon, kind="total_used", about="", held=self.grant)
        self.assertEqual(self.sides(), wanted)
        page = self.page()
        self.assertContains(page, "differ")
        self.assertContains(page, "4.00")

    def test_a_look_that_was_cut_short_is_no_proof_of_agreement(self) -> None:
        self.check(cut_in="holders", looked_at=7, not_asked=3)
        page = self.page()
        self.assertContains(page, "the next look goes on from there")
        self.assertContains(page, "3 could not be asked about.")
        self.assertNotContains(page, "No difference")
        self.check(cut_in="")
        self.assertContains(self.page(), "No difference")

    def test_open_differences_lead_to_their_list(self) -> None:
        build_coupons.difference(self.coupon)
        page = self.page()
        self.assertContains(page, "1 open difference")
        self.assertContains(page, f"{reverse('coupon_differences', args=['yunduo'])}?coupon={self.coupon.pk}")

    def test_a_look_is_asked_for_once_and_told(self) -> None:
        address = reverse("coupon_check", args=["yunduo", self.coupon.pk])
        self.assertContains(self.client.post(address, follow=True), "Being looked at since")
        self.assertContains(self.client.post(address, follow=True), "under way already")
        self.assertEqual(CouponCheck.objects.filter(asked_by=self.operator).count(), 1)
        self.assertEqual(Event.objects.filter(kind="coupon.check_started", by=self.operator).count(), 1)
        self.assertEqual(self.client.get(address).status_code, 405)

    def test_a_viewer_sees_no_button(self) -> None:
        self.assertContains(self.page(), "Look now")
        self.sign_in(self.analyst)
        self.assertNotContains(self.page(), "Look now")

    def test_drafts_and_other_merchants_are_not_among_them(self) -> None:
        build_coupons.coupon(self.mini_program, state="draft", activity_id="")
        build_coupons.coupon(self.other_mini_program)
        self.assertEqual([one.coupon for one in self.page().context["books"]], [self.coupon])

    def test_the_page_costs_a_bounded_number_of_queries(self) -> None:
        for _n in range(25):
            build_coupons.coupon(self.mini_program)
        self.page()
        with self.assertNumQueries(15):
            self.page()

    def test_the_books_of_sends_lead_here(self) -> None:
        page = self.client.get(reverse("reconciliation", args=["yunduo"]))
        self.assertContains(page, reverse("coupon_books", args=["yunduo"]))
