"""Uses of coupons beside the orders they were for: what only one of them knows, and money that differs."""

from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import transaction
from django.utils import timezone

from coupons import differences, ledger, reconciling
from coupons.models import CouponCheck, CouponDifference, CouponGrant
from orders import coupon_uses
from orders.models import Order
from tests import build_coupons, build_orders
from tests.base import CastCase
from tests.build_coupons import fact


class CouponUses(CastCase):
    """满10减5."""

    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program, max_uses=2)
        self.now = timezone.now()
        self.at = self.now + timedelta(hours=2)

    def grant(self) -> CouponGrant:
        return build_coupons.grant(self.coupon, at=self.now - timedelta(days=1))

    def order(self, grant: CouponGrant | None = None, **fields: Any) -> Order:
        known = {"customer": grant.customer} if grant else {}
        amounts = {"amount_fen": 2_500, "pay_amount_fen": 2_000, "discount_fen": 500}
        return build_orders.order(self.mini_program, **known, **{**amounts, **fields})

    def use(self, grant: CouponGrant, **known: Any) -> None:
        with transaction.atomic():
            ledger.redeem(grant, fact(self.now, **known))

    def look(self) -> CouponCheck:
        check = reconciling.start(self.coupon)
        assert check is not None
        coupon_uses.go_on(at=self.at)
        CouponCheck.objects.filter(pk=check.pk).update(stage="done")
        reconciling.close(check.pk)
        check.refresh_from_db()
        self.assertIsNotNone(check.finished_at)
        return check

    def open_ones(self) -> list[CouponDifference]:
        return list(CouponDifference.objects.filter(coupon=self.coupon, settled_at=None).order_by("kind"))

    def kinds(self) -> list[str]:
        return [one.kind for one in self.open_ones()]

    def test_use_and_order_that_agree_are_counted_with_their_money(self) -> None:
        grant = self.grant()
        order = self.order(grant)
        self.use(grant, order_no=order.out_biz_no, saved_fen=500, order_fen=2_500)
        check = self.look()
        self.assertEqual(self.kinds(), [])
        self.assertEqual((check.uses_named, check.uses_matched, check.has_orders), (1, 1, True))
        self.assertEqual((check.ours_saved_fen, check.orders_saved_fen), (500, 500))

    def test_a_use_for_an_order_that_nobody_returned_is_found(self) -> None:
        self.order()
        grant = self.grant()
        self.use(grant, order_no="NOBODY-KNOWS", saved_fen=500)
        check = self.look()
        self.assertEqual(self.kinds(), ["order_missing"])
        self.assertEqual(self.open_ones()[0].ours["order_no"], "NOBODY-KNOWS")
        self.assertEqual((check.uses_named, check.uses_matched, check.found), (1, 0, 1))

    def test_it_is_settled_once_the_order_came(self) -> None:
        self.order()
        grant = self.grant()
        self.use(grant, order_no="LATE", saved_fen=500)
        self.look()
        [found] = self.open_ones()
        self.order(out_biz_no="LATE")
        coupon_uses.look_again(found.pk, merchant_id=self.yunduo.pk, at=self.at)
        found.refresh_from_db()
        self.assertEqual(found.how, "gone")

    def test_an_order_that_took_it_off_without_a_use_is_found(self) -> None:
        grant = self.grant()
        order = self.order(grant, trade_no="2026112322001")
        self.look()
        [found] = self.open_ones()
        self.assertEqual((found.kind, found.about, found.grant), ("use_missing", f"order:{order.pk}", grant))
        self.assertEqual(found.theirs["trade_no"], "2026112322001")
        self.use(grant, trade_no="2026112322001")
        self.look()
        self.assertEqual(self.kinds(), [])

    def test_a_discount_that_this_coupon_does_not_give_is_not_meant(self) -> None:
        grant = self.grant()
        self.order(grant, pay_amount_fen=2_200, discount_fen=300)
        self.order(grant, order_created_at=self.now - timedelta(days=3))
        self.look()
        self.assertEqual(self.kinds(), [])

    def test_a_use_that_names_no_order_may_be_the_one_that_is_missed(self) -> None:
        grant = self.grant()
        self.order(grant)
        self.use(grant)
        self.look()
        self.assertEqual(self.kinds(), [])

    def test_money_that_both_tell_and_that_differs_is_found(self) -> None:
        for saved, bill in ((400, 2_500), (500, 2_600)):
            grant = self.grant()
            order = self.order(grant)
            self.use(grant, order_no=order.out_biz_no, saved_fen=saved, order_fen=bill)
        self.look()
        self.assertEqual(self.kinds(), ["money_differs", "money_differs"])
        theirs = self.open_ones()[0].theirs
        self.assertEqual((theirs["saved"], theirs["bill"]), (500, 2_500))

    def test_money_that_one_side_does_not_tell_is_no_difference(self) -> None:
        grant = self.grant()
        order = self.order(grant)
        self.use(grant, order_no=order.out_biz_no)
        check = self.look()
        self.assertEqual((self.kinds(), check.ours_saved_fen, check.orders_saved_fen), ([], None, None))

    def test_a_use_that_was_given_back_is_compared_no_more(self) -> None:
        self.order()
        grant = self.grant()
        with transaction.atomic():
            used = ledger.redeem(grant, fact(self.now, order_no="GONE", saved_fen=500))
            ledger.revert(used.grant, fact(self.now, saved_fen=500), of=used.entry)
        self.assertEqual((self.look().uses_named, self.kinds()), (0, []))

    def test_where_no_order_is_returned_nothing_is_said(self) -> None:
        Order.objects.filter(mini_program=self.mini_program).delete()
        self.use(self.grant(), order_no="NOBODY-RETURNS-ANY", saved_fen=500)
        check = self.look()
        self.assertEqual((self.kinds(), check.has_orders, check.uses_named), ([], False, 0))

    def test_what_happened_just_now_is_left_for_the_next_look(self) -> None:
        self.order()
        self.use(self.grant(), order_no="JUST-NOW", saved_fen=500)
        self.at = self.now + timedelta(seconds=5)
        self.look()
        self.assertEqual(self.kinds(), [])

    def test_what_an_order_says_is_not_taken_over(self) -> None:
        grant = self.grant()
        self.order(grant)
        self.look()
        with self.assertRaises(differences.Settled):
            differences.take(self.open_ones()[0], by=self.operator, at=self.at)

    def test_slices_go_on_where_they_stopped(self) -> None:
        self.order()
        for number in range(5):
            self.use(self.grant(), order_no=f"LOST-{number}")
        with mock.patch.object(coupon_uses, "GRANTS_AT_ONCE", 2):
            check = self.look()
        self.assertEqual((check.uses_named, check.found), (5, 5))
