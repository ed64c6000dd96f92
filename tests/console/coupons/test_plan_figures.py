"""Figures of coupons by message template and period, and the coupons in customers' hands behind each."""

import csv
import io
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from coupons import ledger
from coupons.models import Placement
from messaging.models import CarriedClaim, PlanCount
from messaging.sends import plan_figures
from tests import build_coupons, build_messaging
from tests.base import CastCase
from tests.build_coupons import fact


class PlanFigures(CastCase):
    """Three hold it, two of them after a message of the plan, one of whom used it."""

    def setUp(self) -> None:
        now = timezone.now()
        self.template = build_messaging.template(self.mini_program, name="券到账提醒")
        self.coupon = build_coupons.coupon(self.mini_program, name="@SUM(A1)")
        self.plan = self.planned(template_ref=self.template.template_id)
        self.grants = [build_coupons.grant(self.coupon, at=now - timedelta(hours=3)) for _n in range(3)]
        for grant in self.grants[:2]:
            CarriedClaim.objects.create(grant=grant, placement=self.plan, told_at=now - timedelta(hours=4))
        with transaction.atomic():
            ledger.redeem(self.grants[0], fact(now, saved_fen=500, order_fen=2_500))
        plan_figures.count(self.plan, at=now)
        self.sign_in(self.analyst)

    def planned(self, **columns: Any) -> Placement:
        return build_coupons.placement(columns.pop("of", self.coupon), booth="SERVICE_MESSAGE", **columns)

    def page(self, **query: Any) -> Any:
        return self.client.get(reverse("coupon_plan_figures", args=["yunduo"]), query)

    def holders(self, **query: Any) -> set[int]:
        address = reverse("coupon_grants", args=["yunduo", self.coupon.pk])
        return {grant.pk for grant, _words in self.client.get(address, query).context["rows"]}

    def test_a_coupon_shows_each_plan_the_rest_and_all(self) -> None:
        page = self.page()
        [(one, [line])] = page.context["groups"]
        self.assertEqual((line.template, line.is_simulated, line.plan.sums.claimed), ("券到账提醒", False, 2))
        self.assertEqual((one.otherwise.claimed, one.otherwise.used, one.all.claimed), (1, 0, 3))
        self.assertContains(page, "The platform tells neither who saw a coupon")

    def test_each_figure_leads_to_just_the_coupons_behind_it(self) -> None:
        pks = [grant.pk for grant in self.grants]
        self.assertContains(self.page(), f"?plan={self.plan.pk}&amp;used=1")
        self.assertEqual(self.holders(plan=self.plan.pk), set(pks[:2]))
        self.assertEqual(self.holders(plan=self.plan.pk, used=1), {pks[0]})
        self.assertEqual(self.holders(plan="none"), {pks[2]})
        self.assertEqual(self.holders(plan="none", used=1), set())

    def test_a_plan_that_is_not_counted_yet_says_so(self) -> None:
        PlanCount.objects.all().delete()
        self.assertContains(self.page(), "Not counted yet")
        response = self.client.get(reverse("coupon_plan_figures_export", args=["yunduo"]))
        self.assertEqual(response.status_code, 200)

    def test_messages_of_orders_are_marked_simulated(self) -> None:
        self.planned(template_ref="3C_RENT:APPROVAL")
        lines = [line for _one, found in self.page().context["groups"] for line in found]
        self.assertEqual([line.is_simulated for line in lines], [True, False])

    def test_other_places_other_days_and_other_merchants_are_not_shown(self) -> None:
        build_coupons.placement(self.coupon)
        self.planned(of=build_coupons.coupon(self.other_mini_program))
        self.planned(of=build_coupons.coupon(self.mini_program), delivery_id="", state="draft")
        self.assertEqual([len(lines) for _one, lines in self.page().context["groups"]], [1])
        long_ago = f"{timezone.now() - timedelta(days=40):%Y-%m-%d}"
        self.assertContains(self.page(first=long_ago, last=long_ago), "No message carried a coupon")

    def test_the_file_holds_the_same_figures(self) -> None:
        response = self.client.get(reverse("coupon_plan_figures_export", args=["yunduo"]))
        head, *rows = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
        found = [dict(zip(head, row, strict=True)) for row in rows]
        self.assertEqual([row["part"] for row in found], ["plan", "otherwise", "all"])
        self.assertEqual(
            [(row["claimed"], row["used"]) for row in found], [("2", "1"), ("1", "0"), ("3", "1")]
        )
        told = [found[0][name] for name in ("coupon", "exposed", "given_yuan", "bills_per_yuan")]
        self.assertEqual(told, ["'@SUM(A1)", "", "5.00", "5.000"])

    def test_it_costs_the_same_queries_however_many_plans(self) -> None:
        self.page()
        with self.assertNumQueries(15):
            self.page()
        for _n in range(4):
            self.planned(of=build_coupons.coupon(self.mini_program))
        with self.assertNumQueries(15):
            self.page()
