"""Figures of coupons by store: what is used where, what nobody told, and what is outside its stores."""

import csv
import io
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from coupons import ledger, rollups
from coupons.models import Coupon, GrantEntry
from merchants.models import Store
from tests import build_coupons
from tests.base import CastCase
from tests.build_coupons import fact


class StoreFigures(CastCase):
    """Used twice in one store, once in one it is not for, and once where nobody told; one use came back."""

    def setUp(self) -> None:
        self.now = timezone.now()
        self.coupon = build_coupons.coupon(self.mini_program, scope="stores")
        self.xixi, self.binjiang = (self.store(name) for name in ("西溪店", "滨江店"))
        self.coupon.stores.set([self.xixi])
        told = (self.xixi, self.xixi, self.binjiang, None)
        self.entries = [self.used(self.coupon, store) for store in told]
        with transaction.atomic():
            back = self.entries[1]
            ledger.revert(back.grant, fact(self.now, saved_fen=500, order_fen=2_000), of=back)
        self.sign_in(self.analyst)

    def store(self, name: str) -> Store:
        return Store.objects.create(merchant=self.yunduo, name=name)

    def used(self, coupon: Coupon, store: Store | None) -> GrantEntry:
        grant = build_coupons.grant(coupon, at=self.now - timedelta(hours=2))
        money = {"saved_fen": 500, "order_fen": 2_000} if store else {}
        with transaction.atomic():
            told = fact(self.now - timedelta(hours=1), store_id=store and store.pk, **money)
            return ledger.redeem(grant, told).entry

    def page(self, **query: Any) -> Any:
        return self.client.get(reverse("coupon_store_figures", args=["yunduo"]), query)

    def test_each_store_has_its_uses_orders_and_money(self) -> None:
        figures = self.page().context["figures"]
        found = [(one.name, one.uses.used, one.uses.bills, one.uses.order_fen) for one in figures.stores]
        self.assertEqual(
            sorted(found[:2]), sorted([("西溪店", 1, 1, 2_000), ("滨江店", 1, 1, 2_000)])
        )  # fmt: skip
        self.assertEqual((found[2], figures.stores[2].uses.saved_fen), (("", 1, 1, None), None))
        self.assertEqual(rollups.rebuild(repair=False), [])

    def test_a_store_that_the_coupon_is_not_for_is_listed_as_such(self) -> None:
        figures = self.page().context["figures"]
        outside = {one.store: one.is_outside for one in figures.pairs}
        self.assertEqual(outside, {"西溪店": False, "滨江店": True, "": False})
        self.assertEqual({one.name: one.outside for one in figures.stores}["滨江店"], 1)
        self.assertContains(self.page(), "outside its stores", count=1)

    def test_a_coupon_for_the_whole_shop_is_used_outside_nowhere(self) -> None:
        Coupon.objects.update(scope="all")
        self.assertEqual(self.page().context["figures"].outside, 0)

    def test_all_stores_together_are_the_figures_by_coupon(self) -> None:
        self.used(build_coupons.coupon(self.mini_program), self.xixi)
        by_coupon = self.client.get(reverse("coupon_figures", args=["yunduo"])).context["figures"].all
        figures = self.page().context["figures"]
        for uses in (figures.all, sum((one.uses for one in figures.pairs), type(figures.all)())):
            self.assertEqual(
                (uses.redemptions, uses.reverted, uses.saved, uses.bill),
                (by_coupon.redemptions, by_coupon.reverted, by_coupon.saved, by_coupon.bill),
            )

    def test_days_and_coupon_narrow_the_figures(self) -> None:
        other = build_coupons.coupon(self.mini_program)
        self.used(other, self.xixi)
        self.assertEqual(self.page(coupon=other.pk).context["figures"].all.used, 1)
        long_ago = f"{self.now - timedelta(days=9):%Y-%m-%d}"
        self.assertContains(self.page(first=long_ago, last=long_ago), "Nothing was redeemed on these days.")

    def test_each_line_leads_to_who_used_it_there(self) -> None:
        holders = reverse("coupon_grants", args=["yunduo", self.coupon.pk])
        self.assertContains(self.page(), f"{holders}?store={self.binjiang.pk}")
        for store, entries in ((self.xixi.pk, self.entries[:2]), ("none", self.entries[3:])):
            rows = self.client.get(holders, {"store": store}).context["rows"]
            self.assertEqual({grant.pk for grant, _words in rows}, {one.grant_id for one in entries})

    def test_the_file_holds_the_same_figures(self) -> None:
        response = self.client.get(reverse("coupon_store_figures_export", args=["yunduo"]))
        head, *rows = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
        found = [dict(zip(head, row, strict=True)) for row in rows]
        [there] = [row for row in found if row["part"] == "store_coupon" and row["store"] == "滨江店"]
        self.assertEqual((there["used"], there["orders"], there["used_outside_scope"]), ("1", "1", "1"))
        [whole] = [row for row in found if row["part"] == "all"]
        self.assertEqual((whole["uses"], whole["returned"], whole["given_yuan"]), ("4", "1", "10.00"))

    def test_other_merchants_are_not_counted(self) -> None:
        before = self.page().context["figures"].all
        self.used(build_coupons.coupon(self.other_mini_program), None)
        self.assertEqual(self.page().context["figures"].all, before)

    def test_it_costs_the_same_queries_however_many_stores(self) -> None:
        self.page()
        with self.assertNumQueries(15):
            self.page()
        for n in range(4):
            self.used(build_coupons.coupon(self.mini_program, scope="stores"), self.store(f"{n} 号店"))
        with self.assertNumQueries(15):
            self.page()
