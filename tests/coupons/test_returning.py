"""Uses given back: once for each number, never more than were used or paid, expired after the last day."""

from datetime import timedelta

from django.utils import timezone

from coupons import ledger
from coupons.models import CouponCount, CouponUse, GrantEntry
from merchants.models import GatewayCall
from tests import build_coupons
from tests.coupons.giving_base import hang_up, refused
from tests.coupons.test_ledger import assert_books
from tests.coupons.use_base import REFUND, UseCase


class Returns(UseCase):
    def used_once(self, **bill: object) -> GrantEntry:
        entry = self.redeem(**bill).entry  # type: ignore[arg-type]
        assert entry is not None
        return entry

    def why(self, of: GrantEntry, **wish: object) -> str:
        try:
            self.give_back(of, no=f"B{CouponUse.objects.count()}", **wish)
        except ledger.NotPossible as error:
            return error.code
        return ""

    def test_given_back_it_can_be_used_again(self) -> None:
        with self.platform():
            entry = self.used_once()
            back = self.give_back(entry)
            self.assertEqual((back.state, self.fresh().state), ("accepted", "reverted"))
            self.assertEqual(self.redeem(no="R2", order_no="O2").state, "accepted")
        [entry] = self.entries(kind="reverted")
        self.assertEqual((entry.order_fen, entry.saved_fen, entry.order_no), (2_500, 500, "O1"))
        self.assertEqual(back.paid_back_fen, 2_000)
        assert_books(self.made)

    def test_the_same_request_three_times_is_one_return(self) -> None:
        with self.platform():
            entry = self.used_once()
            backs = [self.give_back(entry) for _time in range(3)]
        self.assertEqual(len({back.pk for back in backs}), 1)
        self.assertEqual((len(self.entries(kind="reverted")), self.counter.times(REFUND)), (1, 1))
        for name, other in {"times": 2, "paid_back_fen": 1}.items():
            with self.subTest(name), self.assertRaises(ledger.KeyReused):
                self.give_back(entry, **{name: other})  # type: ignore[arg-type]

    def test_past_the_last_day_it_comes_back_expired(self) -> None:
        with self.platform():
            entry = self.used_once()
            self.give_back(entry, at=timezone.now() + timedelta(days=30))
        self.assertEqual(self.fresh().state, "expired")
        count = CouponCount.objects.get(coupon=self.made)
        self.assertEqual((count.redemptions, count.redeemed, count.expired), (0, 0, 1))
        assert_books(self.made)

    def test_parts_never_exceed_what_was_used_and_paid(self) -> None:
        coupon = self.live(max_uses=5)
        self.grant = self.holding(coupon)
        with self.platform():
            entry = self.used_once(times=3, order_fen=9_000, saved_fen=1_500)
            self.assertEqual(self.why(entry, times=4), "nothing_to_return")
            self.assertEqual(self.why(entry, times=1, paid_back_fen=7_501), "too_much_money")
            self.assertEqual(self.why(entry, times=1, paid_back_fen=7_000), "")
            self.assertEqual(self.why(entry, times=1, paid_back_fen=501), "too_much_money")
            self.assertEqual(self.why(entry, times=1), "")
            self.assertEqual(self.why(entry), "")
            self.assertEqual(self.why(entry), "nothing_to_return")
        backs = self.entries(kind="reverted")
        self.assertEqual(sum(back.times for back in backs), 3)
        self.assertEqual([back.saved_fen for back in backs], [500, None, 1_000])
        self.assertEqual([back.order_fen for back in backs], [7_500, None, 1_500])
        paid_back = CouponUse.objects.filter(kind="revert").values_list("paid_back_fen", flat=True)
        self.assertEqual(list(paid_back.order_by("pk")), [7_000, None, 500])
        sent = [biz["voucher_refund_detail_info"] for method, biz in self.counter.asked if method == REFUND]
        self.assertEqual(sent[0], {"voucher_refund_use_times": "1", "voucher_refund_amount": "70.00"})
        count = CouponCount.objects.get(coupon=coupon)
        self.assertEqual((count.redemptions, count.saved_fen, count.order_fen), (0, 0, 0))
        assert_books(coupon)

    def test_what_is_on_its_way_back_is_not_given_back_twice(self) -> None:
        with self.platform():
            entry = self.used_once()
            self.counter.plan = {REFUND: [hang_up]}
            self.assertEqual(self.give_back(entry).state, "pending")
            self.assertEqual(self.why(entry), "nothing_to_return")
            GatewayCall.objects.filter(method=REFUND).update(attempts=11)
            self.again()
            self.assertEqual(self.give_back(entry).state, "unknown")
            self.assertEqual(self.why(entry), "nothing_to_return")
        self.assertEqual(self.fresh().state, "redeemed")

    def test_money_that_is_on_its_way_back_is_not_given_back_twice(self) -> None:
        self.grant = self.holding(self.live(max_uses=3))
        with self.platform():
            entry = self.used_once(times=2, order_fen=6_000, saved_fen=1_000)
            self.counter.plan = {REFUND: [hang_up]}
            self.assertEqual(self.give_back(entry, times=1, paid_back_fen=4_000).state, "pending")
            self.assertEqual(self.why(entry, times=1, paid_back_fen=1_001), "too_much_money")
            self.assertEqual(self.why(entry, times=1, paid_back_fen=1_000), "")

    def test_a_refusal_leaves_the_use_as_it_is(self) -> None:
        with self.platform():
            entry = self.used_once()
            self.counter.plan = {REFUND: [refused("BIZ_ERROR", "券未核销，不能退回", method=REFUND)]}
            back = self.give_back(entry)
            self.assertEqual((back.state, back.words), ("refused", "券未核销，不能退回"))
            self.counter.plan = {}
            self.assertEqual(self.why(entry), "")
        self.assertEqual(self.fresh().state, "reverted")

    def test_a_use_that_only_the_platform_told_of_can_be_given_back_without_invented_money(self) -> None:
        self.used()
        [entry] = self.entries()
        with self.platform():
            self.assertEqual(self.why(entry, paid_back_fen=1), "too_much_money")
            self.assertEqual(self.why(entry), "")
        [back] = self.entries(kind="reverted")
        self.assertEqual((back.order_fen, back.saved_fen), (None, None))
        assert_books(self.made)

    def test_of_a_pay_coupon_the_cashier_gives_back(self) -> None:
        self.grant = build_coupons.grant(self.coupon())
        self.used()
        self.assertEqual(self.why(self.entries()[0]), "pay_coupon")
