"""The push of a use and the answer to ours, in any order: one use; a use that nobody here made counts too."""

from datetime import timedelta

from django.utils import timezone

from coupons import ledger, use_calls
from coupons.models import CouponUse
from tests.coupons.giving_base import hang_up, refused
from tests.coupons.test_ledger import assert_books
from tests.coupons.use_base import USE, UseCase


class Pushes(UseCase):
    def test_after_the_answer_it_is_the_same_use(self) -> None:
        with self.platform():
            use = self.redeem()
        for _time in range(3):
            self.used(event="used_1")
        use.refresh_from_db()
        self.assertEqual((len(self.entries()), bool(use.push_key)), (1, True))
        assert_books(self.made)

    def test_before_the_answer_it_is_the_answer(self) -> None:
        with self.platform():
            use = self.redeem(now=False)
            self.used()
            use.refresh_from_db()
            self.assertEqual((use.state, self.fresh().state), ("accepted", "redeemed"))
            use_calls.make_now(use_calls.fresh(use), seconds=0)
            self.again()
            self.used()
        [entry] = self.entries()
        self.assertEqual((entry.order_no, entry.order_fen, entry.by), ("O1", 2_500, "platform"))
        assert_books(self.made)

    def test_it_settles_what_nobody_knew(self) -> None:
        with self.platform():
            use = self.lost()
            self.used()
        use.refresh_from_db()
        self.assertEqual(
            (use.state, len(self.entries()), use.entry_id), ("accepted", 1, self.entries()[0].pk)
        )

    def test_it_is_right_where_a_later_attempt_was_refused(self) -> None:
        self.counter.plan = {
            USE: [self.counter.done_and_silent, refused("BIZ_ERROR", "券已核销", method=USE)]
        }
        with self.platform():
            use = self.redeem()
            self.again()
            use.refresh_from_db()
            self.assertEqual((use.state, self.entries()), ("refused", []))
            self.used()
        use.refresh_from_db()
        self.assertEqual((use.state, len(self.entries())), ("accepted", 1))

    def test_a_use_that_was_refused_at_once_was_somebody_elses(self) -> None:
        self.counter.plan = {USE: [refused("BIZ_ERROR", "券已核销", method=USE)]}
        with self.platform():
            use = self.redeem()
        self.used(trade_no="T9")
        use.refresh_from_db()
        [entry] = self.entries()
        self.assertEqual(
            (use.state, entry.by, entry.trade_no, entry.order_fen), ("refused", "platform", "T9", None)
        )

    def test_a_use_that_nobody_here_made_counts(self) -> None:
        self.used(trade_no="T1")
        self.assertEqual(self.fresh().state, "redeemed")
        assert_books(self.made)

    def test_one_of_ours_and_one_made_elsewhere_are_two(self) -> None:
        grant = self.holding(self.live(max_uses=3))
        with self.platform():
            self.redeem(grant, trade_no="T1", channel="alipay")
        self.used(grant, event="used_2", trade_no="T2")
        self.used(grant, event="used_1", trade_no="T1")
        self.assertEqual([entry.by for entry in self.entries(grant)], ["api", "platform"])
        self.assertEqual(self.fresh(grant).used_times, 2)
        assert_books(grant.coupon)

    def test_one_long_before_ours_is_another_use(self) -> None:
        grant = self.holding(self.live(max_uses=3), at=timezone.now() - timedelta(hours=2))
        with self.platform():
            self.redeem(grant)
        self.used(grant, event="used_0", at=timezone.now() - timedelta(hours=1))
        self.used(grant, event="used_1")
        self.assertEqual((len(self.entries(grant)), self.fresh(grant).used_times), (2, 2))

    def test_where_no_use_is_left_it_is_ours_whatever_its_clock_says(self) -> None:
        with self.platform():
            self.redeem()
        self.used(at=timezone.now() + timedelta(days=2))
        self.assertEqual(len(self.entries()), 1)

    def test_one_push_of_several_times_is_one_use(self) -> None:
        grant = self.holding(self.live(max_uses=3))
        with self.platform():
            self.redeem(grant, times=2)
        self.used(grant)
        self.assertEqual(self.fresh(grant).used_times, 2)

    def test_what_was_used_up_elsewhere_while_ours_was_done_is_told_and_moves_nothing(self) -> None:
        self.counter.plan = {USE: [hang_up]}
        with self.platform():
            self.redeem(trade_no="T1", channel="alipay")
            self.used(trade_no="T2")
            self.counter.plan = {}
            with self.assertLogs("coupons.use_answers", "ERROR"):
                self.again()
        use = CouponUse.objects.get()
        self.assertEqual((use.state, use.entry, len(self.entries())), ("accepted", None, 1))
        assert_books(self.made)

    def test_a_push_of_a_use_that_was_given_back_does_not_count_again(self) -> None:
        with self.platform():
            use = self.redeem()
            self.give_back(use.entry)
            self.used()
        self.assertEqual((self.fresh().state, len(self.entries())), ("reverted", 1))
        self.assertEqual(ledger.left_of(self.entries()[0]), 0)
