"""Figures of coupons: from claiming to use, by day, coupon and way in, and what nobody told."""

import csv
import io
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from coupons import ledger
from coupons.models import CouponDay
from tests import build_coupons
from tests.base import CastCase
from tests.build_coupons import fact


class Figures(CastCase):
    """Four claimed ten days ago, two of them used two days later, one use returned today."""

    def setUp(self) -> None:
        self.now = timezone.now()
        self.coupon = build_coupons.coupon(self.mini_program)
        self.begun = self.now - timedelta(days=6)
        grants = [build_coupons.grant(self.coupon, at=self.begun) for _n in range(4)]
        with transaction.atomic():
            for grant in grants[:2]:
                used = ledger.redeem(
                    grant, fact(self.begun + timedelta(days=2), saved_fen=500, order_fen=2_500)
                )
            ledger.revert(used.grant, fact(self.now, saved_fen=500, order_fen=2_500), of=used.entry)
        self.sign_in(self.analyst)

    def page(self, **query: Any) -> Any:
        return self.client.get(reverse("coupon_figures", args=["yunduo"]), query)

    def sums(self, **query: Any) -> Any:
        return self.page(**query).context["figures"].all

    def test_the_funnel_the_money_and_the_days_to_use(self) -> None:
        sums = self.sums()
        self.assertEqual((sums.claimed, sums.redemptions, sums.reverted, sums.used), (4, 2, 1, 1))
        self.assertEqual((sums.use_rate, sums.days_to_use), (0.25, 2.0))
        self.assertEqual((sums.saved_fen, sums.order_fen, sums.bills_per_yuan), (500, 2_500, 5.0))

    def test_who_saw_it_nobody_reports(self) -> None:
        self.assertContains(self.page(), "Who saw a coupon nobody reports")

    def test_money_that_nobody_told_is_not_shown_as_none(self) -> None:
        CouponDay.objects.update(saved_fen=0, order_fen=0)
        sums = self.sums()
        self.assertEqual((sums.saved_fen, sums.order_fen, sums.bills_per_yuan), (None, None, None))

    def test_days_to_use_are_told_only_of_coupons_used_once(self) -> None:
        self.coupon.max_uses = 3
        self.coupon.save(update_fields=["max_uses"])
        self.assertIsNone(self.sums().days_to_use)

    def test_days_coupon_and_way_in_narrow_the_figures(self) -> None:
        other = build_coupons.coupon(self.mini_program, name="别的券")
        build_coupons.grant(other)
        self.assertEqual(self.sums().claimed, 5)
        self.assertEqual(self.sums(coupon=self.coupon.pk).claimed, 4)
        self.assertEqual(self.sums(source="batch").claimed, 0)
        today = f"{self.now + timedelta(hours=8):%Y-%m-%d}"
        self.assertEqual(self.sums(first=today, last=today).claimed, 1)
        self.assertEqual(len(self.page(days=7).context["figures"].days), 7)

    def test_lines_add_up_to_the_whole(self) -> None:
        build_coupons.grant(build_coupons.coupon(self.mini_program))
        figures = self.page().context["figures"]
        for parts in (figures.days, figures.coupons, figures.sources):
            self.assertEqual(sum(one.sums.claimed for one in parts), figures.all.claimed)
            self.assertEqual(sum(one.sums.used for one in parts), figures.all.used)

    def test_the_chart_says_what_the_table_says(self) -> None:
        page = self.page()
        chart, days = page.context["chart"], page.context["figures"].days
        self.assertEqual(chart["series"][0]["values"], [one.sums.claimed for one in days])
        self.assertEqual(chart["series"][1]["values"], [one.sums.used for one in days])
        self.assertContains(self.page(view="table"), "Show as a chart")

    def test_the_file_holds_the_same_figures(self) -> None:
        type(self.coupon).objects.filter(pk=self.coupon.pk).update(name="@SUM(A1)")
        response = self.client.get(reverse("coupon_figures_export", args=["yunduo"]), {"days": 7})
        head, *rows = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
        found = [dict(zip(head, row, strict=True)) for row in rows]
        [whole] = [row for row in found if row["part"] == "all"]
        self.assertEqual((whole["claimed"], whole["used"], whole["given_yuan"]), ("4", "1", "5.00"))
        self.assertEqual(len([row for row in found if row["part"] == "day"]), 7)
        self.assertEqual([row["name"] for row in found if row["part"] == "coupon"], ["'@SUM(A1)"])

    def test_other_merchants_are_not_counted(self) -> None:
        build_coupons.grant(build_coupons.coupon(self.other_mini_program))
        self.assertEqual(self.sums().claimed, 4)

    def test_days_without_anything_say_so(self) -> None:
        CouponDay.objects.all().delete()
        self.assertContains(self.page(), "Nothing was claimed or redeemed on these days.")

    def test_it_costs_the_same_queries_however_many_coupons(self) -> None:
        self.page()
        with self.assertNumQueries(16):
            self.page()
        for _n in range(5):
            build_coupons.grant(build_coupons.coupon(self.mini_program))
        with self.assertNumQueries(16):
            self.page()
