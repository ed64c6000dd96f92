"""Pushes of uses and ends: each counted once, in any order with the claim, never more than there are."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from coupons import claims, ledger, uses
from coupons.models import Coupon, CouponGrant, GrantEntry
from merchants.models import Notice
from tests.coupons.giving_base import GivingCase


class Uses(GivingCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.coupon(max_uses=2)
        self.take(self.push(self.made, "customer000001", "V1", at=timezone.now() - timedelta(hours=3)))

    def told(self, kind: str, voucher_id: str = "V1", **fields: Any) -> Notice:
        event = fields.pop("id", f"{kind.rpartition('.')[2]}_{Notice.objects.count()}")
        notice = self.push(fields.pop("of", self.made), "customer000001", voucher_id, id=event, **fields)
        Notice.objects.filter(pk=notice.pk).update(kind=kind)
        return notice

    def end(self, notice: Notice, *, at: datetime | None = None) -> bool:
        late = at or notice.received_at + timedelta(seconds=1)
        return uses.take_end(notice.pk, merchant_id=notice.merchant_id, at=late)

    def grant(self) -> CouponGrant:
        found: CouponGrant = CouponGrant.objects.get(voucher_id="V1")
        return found

    def test_a_use_is_in_the_ledger_with_its_trade_and_without_invented_money(self) -> None:
        self.assertTrue(self.end(self.told(uses.USED, trade_no="2026112322001")))
        self.assertEqual((self.grant().state, self.grant().used_times), ("partly_used", 1))
        entry = GrantEntry.objects.get(kind="redeemed")
        self.assertEqual((entry.trade_no, entry.saved_fen, entry.by), ("2026112322001", None, "platform"))
        self.assert_books(self.made)

    def test_the_same_event_again_is_the_same_use_and_another_event_is_another(self) -> None:
        for event in ("used_1", "used_1", "used_2"):
            self.assertTrue(self.end(self.told(uses.USED, id=event)))
        self.assertEqual((self.grant().state, self.grant().used_times), ("redeemed", 2))
        self.assert_books(self.made)

    def test_a_notice_is_handled_once(self) -> None:
        notice = self.told(uses.USED)
        self.assertEqual([self.end(notice), self.end(notice)], [True, False])
        self.assertEqual(self.grant().used_times, 1)

    def test_a_use_that_comes_before_its_claim_waits_for_it(self) -> None:
        early = self.told(uses.USED, "V2", at=timezone.now())
        self.assertFalse(self.end(early))
        self.take(self.push(self.made, "customer000001", "V2", at=timezone.now() - timedelta(hours=1)))
        self.assertTrue(self.end(early))
        self.assertEqual(CouponGrant.objects.get(voucher_id="V2").used_times, 1)
        self.assert_books(self.made)

    def test_one_of_a_coupon_made_elsewhere_is_put_by_in_the_end(self) -> None:
        strange = self.told(uses.USED, "V9", activity_id="elsewhere")
        self.assertFalse(self.end(strange))
        self.assertTrue(self.end(strange, at=strange.received_at + claims.PATIENCE))
        self.assertFalse(GrantEntry.objects.filter(kind="redeemed").exists())

    def test_more_uses_than_there_are_move_nothing_and_are_logged(self) -> None:
        with self.assertLogs("coupons.uses", "ERROR") as logged:
            for number in range(3):
                self.assertTrue(self.end(self.told(uses.USED, id=f"used_{number}")))
        self.assertEqual((self.grant().used_times, len(logged.output)), (2, 1))
        self.assert_books(self.made)

    def test_an_end_is_told_by_the_platform_or_by_our_clock_and_counted_once(self) -> None:
        late = timezone.now() + timedelta(days=30)
        for first in (True, False):
            grant = CouponGrant.objects.get(voucher_id="V1" if first else "V2") if first else None
            if grant is None:
                self.take(self.push(self.made, "customer000001", "V2", at=timezone.now()))
                ledger.expire_due(at=late)
            self.assertTrue(self.end(self.told(uses.EXPIRED, "V1" if first else "V2", at=late)))
        self.assertEqual(set(CouponGrant.objects.values_list("state", flat=True)), {"expired"})
        self.assertEqual(GrantEntry.objects.filter(kind="expired").count(), 2)
        self.assert_books(self.made)

    def test_a_use_in_time_that_is_told_after_the_end_counts_as_a_use(self) -> None:
        used_at = timezone.now()
        ledger.expire_due(at=timezone.now() + timedelta(days=30))
        self.assertTrue(self.end(self.told(uses.USED, at=used_at)))
        self.assertEqual(self.grant().state, "partly_used")
        self.assert_books(self.made)

    def test_one_that_was_sold_back_is_invalidated(self) -> None:
        for _time in range(2):
            self.assertTrue(self.end(self.told(uses.REFUND)))
        self.assertEqual(self.grant().state, "invalidated")
        self.assert_books(self.made)

    def test_another_merchants_push_names_no_coupon_of_ours(self) -> None:
        notice = self.told(uses.USED)
        self.assertFalse(
            uses.take_end(notice.pk, merchant_id=self.qingcha.pk, at=timezone.now() + timedelta(hours=2))
        )
        self.assertEqual(self.grant().used_times, 0)
        self.assertEqual(Coupon.objects.for_merchant(self.qingcha).count(), 0)
