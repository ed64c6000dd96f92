"""The figures of coupons counted again from the ledger: what is wrong is found, put right once, and told."""

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.test import TransactionTestCase
from django.utils import timezone

from coupons import ledger, rollups
from coupons.models import Coupon, CouponCount, CouponDay, CouponGrant, CouponStoreDay, GrantEntry
from merchants.models import Event, Store
from tests import build, build_coupons, build_giving
from tests.base import CastCase
from tests.build_coupons import fact


def a_store(coupon: Coupon) -> Store:
    return Store.objects.get_or_create(merchant=coupon.merchant, name="西溪店")[0]


def a_history(coupon: Coupon) -> None:
    """Claimed, used, given back, expired, invalidated, used after all though it seemed over, on its way."""
    now = timezone.now()
    grants = [build_coupons.grant(coupon, at=now - timedelta(days=3, hours=n)) for n in range(6)]
    build_giving.gift(coupon, state="sending")
    build_giving.gift(coupon, state="refused")
    with transaction.atomic():
        used = [
            ledger.redeem(
                grant, fact(saved_fen=500, order_fen=2_000 + grant.pk, store_id=a_store(coupon).pk), times=2
            )
            for grant in grants[:2]
        ]
        ledger.redeem(grants[2], fact(now - timedelta(days=1)))
        ledger.revert(used[0].grant, fact(saved_fen=250, order_fen=900), of=used[0].entry)
        ledger.invalidated(grants[3], fact())
    CouponGrant.objects.filter(pk__in=[grants[4].pk, grants[5].pk]).update(ends_at=now - timedelta(hours=30))
    ledger.expire_due(at=now)
    with transaction.atomic():
        ledger.redeem(grants[4], fact(now - timedelta(days=2)))


def partly_returned(coupon: Coupon) -> GrantEntry:
    """The use of which a part was given back."""
    return GrantEntry.objects.get(grant__coupon=coupon, kind="reverted").reverts


class Rollups(CastCase):
    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program, max_uses=2)
        a_history(self.coupon)

    def figures(self) -> list[Any]:
        days = CouponDay.objects.filter(coupon=self.coupon).order_by("day", "source").values()
        stores = CouponStoreDay.objects.filter(coupon=self.coupon).order_by("day", "store").values()
        return [CouponCount.objects.filter(coupon=self.coupon).values().get(), *days, *stores]

    def repairs(self) -> int:
        return Event.objects.filter(kind="coupon.figures_repaired").count()

    def test_figures_that_are_right_stay_and_nothing_is_told(self) -> None:
        before = self.figures()
        self.assertEqual(rollups.rebuild(), [])
        self.assertEqual((self.figures(), self.repairs()), (before, 0))

    def test_each_figure_of_the_coupon_is_found_wrong_and_put_right(self) -> None:
        before = self.figures()
        for number, name in enumerate(rollups.COUNTS, start=1):
            with self.subTest(name):
                CouponCount.objects.filter(coupon=self.coupon).update(**{name: 77})
                [wrong] = rollups.rebuild()
                self.assertEqual((wrong.name, wrong.kept, wrong.day), (name, 77, None))
                self.assertEqual(self.figures(), before)
                self.assertEqual(self.repairs(), number)

    def test_each_figure_of_a_day_is_found_wrong_and_put_right(self) -> None:
        before, row = self.figures(), CouponDay.objects.filter(coupon=self.coupon).earliest("day")
        for name in rollups.DAYS:
            with self.subTest(name):
                CouponDay.objects.filter(pk=row.pk).update(**{name: 77})
                [wrong] = rollups.rebuild()
                self.assertEqual((wrong.name, wrong.kept, wrong.day), (name, 77, row.day))
                self.assertEqual(self.figures(), before)

    def test_a_day_that_is_gone_is_made_again(self) -> None:
        columns = [*rollups.DAYS, "day", "source"]
        before = list(CouponDay.objects.filter(coupon=self.coupon).order_by("day").values(*columns))
        CouponDay.objects.filter(coupon=self.coupon).delete()
        self.assertTrue(rollups.rebuild())
        again = list(CouponDay.objects.filter(coupon=self.coupon).order_by("day").values(*columns))
        self.assertEqual(again, before)

    def test_each_figure_of_a_store_is_found_wrong_and_put_right(self) -> None:
        before = self.figures()
        for row in CouponStoreDay.objects.filter(coupon=self.coupon):
            for name in rollups.STORES:
                with self.subTest(name, store=row.store_id):
                    CouponStoreDay.objects.filter(pk=row.pk).update(**{name: 77})
                    [wrong] = rollups.rebuild()
                    self.assertEqual((wrong.name, wrong.kept, wrong.store), (name, 77, row.store_id or 0))
                    self.assertEqual(self.figures(), before)

    def test_a_store_that_is_gone_is_made_again(self) -> None:
        columns = [*rollups.STORES, "day", "store"]
        rows = CouponStoreDay.objects.filter(coupon=self.coupon).order_by("day", "store")
        before = list(rows.values(*columns))
        rows.delete()
        self.assertTrue(rollups.rebuild())
        self.assertEqual(list(rows.all().values(*columns)), before)
        self.assertEqual({row["store"] for row in before}, {None, a_store(self.coupon).pk})

    def test_a_use_counts_once_as_a_bill_until_all_of_it_came_back(self) -> None:
        used = partly_returned(self.coupon)
        in_store = CouponStoreDay.objects.filter(coupon=self.coupon, store=a_store(self.coupon))
        bills = in_store.get().bills
        self.assertEqual(bills, 2)  # of one of them a part came back
        with transaction.atomic():
            ledger.revert(used.grant, fact(), of=used)
        self.assertEqual(in_store.get().bills, bills - 1)
        self.assertEqual(rollups.rebuild(), [])

    def test_the_command_that_only_compares_fails_and_changes_nothing(self) -> None:
        CouponCount.objects.filter(coupon=self.coupon).update(claimed=99)
        with self.assertRaisesMessage(CommandError, "1 figures are wrong"):
            call_command("rebuild_coupons", "--check", stdout=StringIO())
        self.assertEqual((self.figures()[0]["claimed"], self.repairs()), (99, 0))
        told = StringIO()
        call_command("rebuild_coupons", stdout=told)
        self.assertIn("claimed: kept 99, counted 6", told.getvalue())
        self.assertEqual(rollups.rebuild(repair=False), [])

    def test_the_nightly_round_leaves_out_what_nobody_can_hold_any_more(self) -> None:
        CouponCount.objects.filter(coupon=self.coupon).update(claimed=99)
        at = self.coupon.publish_until + timedelta(days=rollups.LIVES_ON_DAYS + 1)
        self.assertEqual(rollups.rebuild_recent(at=at), [])
        self.assertEqual(len(rollups.rebuild_recent(at=timezone.now())), 1)


class TwoAtOnce(TransactionTestCase):
    def test_two_rebuilds_at_once_put_it_right_once(self) -> None:
        coupon = build_coupons.coupon(build.mini_program(build.merchant()), max_uses=2)
        a_history(coupon)
        CouponCount.objects.filter(coupon=coupon).update(claimed=99)
        found: list[int] = []
        gate = threading.Barrier(2)

        def rebuild() -> None:
            try:
                gate.wait()
                found.append(len(rollups.rebuild()))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=rebuild) for _n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(found), [0, 1])
        self.assertEqual(Event.objects.filter(kind="coupon.figures_repaired").count(), 1)
