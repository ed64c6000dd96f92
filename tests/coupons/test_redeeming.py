"""A code used: judged here first, asked of the platform once under one number, in the ledger once."""

from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from coupons import ledger, use_calls
from coupons.models import CouponGrant, CouponUse, GrantEntry
from coupons.redeeming import Item
from merchants import calls
from merchants.models import GatewayCall, Store
from tests import build_coupons
from tests.coupons.giving_base import refused
from tests.coupons.test_ledger import assert_books
from tests.coupons.use_base import USE, UseCase


class Accepted(UseCase):
    def test_the_coupon_is_used_once_the_platform_has_done_it(self) -> None:
        with self.platform():
            use = self.redeem()
        self.assertEqual(use.state, "accepted")
        [entry] = self.entries()
        self.assertEqual(
            (entry.by, entry.order_no, entry.order_fen, entry.saved_fen), ("api", "O1", 2_500, 500)
        )
        self.assertEqual((self.fresh().state, entry.call_id), ("redeemed", use.call_id))
        [(method, biz)] = self.counter.asked
        told = {name: biz[name] for name in ("activity_id", "voucher_code", "total_fee", "trade_channel")}
        self.assertEqual(method, USE)
        self.assertEqual(
            told,
            {
                "activity_id": self.made.activity_id,
                "voucher_code": self.grant.code,
                "total_fee": "25.00",
                "trade_channel": "OTHER_TRADE_CHANNEL",
            },
        )
        assert_books(self.made)

    def test_the_same_request_three_times_is_one_use(self) -> None:
        with self.platform():
            uses = [self.redeem() for _time in range(3)]
        self.assertEqual({use.pk for use in uses}, {uses[0].pk})
        self.assertEqual((len(self.entries()), self.counter.times(USE)), (1, 1))

    def test_the_same_number_with_another_bill_is_told_so(self) -> None:
        with self.platform():
            self.redeem()
            for other in ({"order_fen": 2_600}, {"order_no": "O2"}, {"grant": self.holding(self.made)}):
                with self.assertRaises(ledger.KeyReused):
                    self.redeem(**other)
        self.assertEqual(len(self.entries()), 1)

    def test_of_a_coupon_for_items_their_part_of_the_bill_counts_and_the_platform_is_told(self) -> None:
        coupon = self.live(
            **{"kind": "discount", "amount_fen": None, "discount_tenths": 50, "scope": "items"},
            item_ids=["TEA"],
        )
        self.grant = self.holding(coupon)
        items = (Item("TEA", 700, 2, "龙井"), Item("CAKE", 1_100))
        with self.platform():
            self.redeem(items=items)
            with self.assertRaises(ledger.KeyReused):
                self.redeem(items=items[:1])
        self.assertEqual([entry.saved_fen for entry in self.entries()], [700])
        [(_method, biz)] = self.counter.asked
        self.assertEqual(
            biz["goods_detail"],
            [
                {"goods_id": "TEA", "goods_name": "龙井", "price": "7.00", "quantity": "2"},
                {"goods_id": "CAKE", "price": "11.00", "quantity": "1"},
            ],
        )

    def test_several_times_at_once_of_a_coupon_that_has_them(self) -> None:
        coupon = self.live(max_uses=3)
        grant = self.holding(coupon)
        with self.platform():
            self.redeem(grant, times=2)
            self.redeem(grant, no="R2")
        self.assertEqual((self.fresh(grant).used_times, self.fresh(grant).state), (3, "redeemed"))
        self.assertEqual([entry.saved_fen for entry in self.entries(grant)], [None, 500])
        self.assertEqual(self.counter.asked[0][1]["voucher_use_detail_info"], {"voucher_use_times": "2"})
        assert_books(coupon)

    def test_a_use_done_in_time_and_told_after_the_last_day_counts_as_a_use(self) -> None:
        with self.platform():
            use = self.redeem(now=False)
            ledger.expire_due(at=timezone.now() + timedelta(days=30))
            use_calls.make_now(use, seconds=0)
        self.assertEqual(self.fresh().state, "redeemed")
        assert_books(self.made)


class NotAsked(UseCase):
    """What is judged here leaves no row behind, and nothing leaves."""

    def tearDown(self) -> None:
        self.assertEqual(CouponUse.objects.filter(state="pending").exclude(request_no="R1").count(), 0)
        self.assertEqual(self.counter.asked, [])
        super().tearDown()

    def test_validity_and_hours(self) -> None:
        now = timezone.now()
        self.assertEqual(self.refusal(at=now - timedelta(days=1)), "too_early")
        self.assertEqual(self.refusal(at=now + timedelta(days=30)), "too_late")
        local = now + timedelta(hours=8)
        hours = [{"weekdays": [local.isoweekday() % 7 + 1], "from": "00:00", "until": "00:01"}]
        type(self.made).objects.filter(pk=self.made.pk).update(use_hours=hours)
        self.assertEqual(self.refusal(), "wrong_hours")

    def test_the_bill_against_the_threshold(self) -> None:
        self.assertEqual(self.refusal(order_fen=999), "below_floor")
        self.assertEqual(self.refusal(order_fen=1_000), "")
        CouponUse.objects.update(request_no="R1")

    def test_the_store_against_the_scope(self) -> None:
        here, there = (Store.objects.create(merchant=self.yunduo, name=name) for name in ("here", "there"))
        coupon = self.live(scope="stores")
        coupon.stores.add(here)
        self.grant = self.holding(coupon)
        self.assertEqual(self.refusal(), "store_needed")
        self.assertEqual(self.refusal(store=there), "other_store")
        self.assertEqual(self.refusal(store=here), "")
        CouponUse.objects.update(request_no="R1")

    def test_the_items_on_the_bill_against_those_it_is_for(self) -> None:
        self.grant = self.holding(self.live(scope="items", item_ids=["TEA", "MILK"], floor_fen=1_000))
        self.assertEqual(self.refusal(), "goods_needed")
        self.assertEqual(self.refusal(items=(Item("CAKE", 2_500),)), "other_goods")
        few = (Item("CAKE", 1_600), Item("TEA", 300, 3))
        self.assertEqual(self.refusal(items=few), "below_floor")  # the whole bill would do
        self.assertEqual(self.refusal(items=(Item("CAKE", 1_500), Item("TEA", 500, 2))), "")
        CouponUse.objects.update(request_no="R1")

    def test_a_pay_coupon_comes_off_at_the_cashier(self) -> None:
        self.grant = build_coupons.grant(self.coupon())
        self.assertEqual(self.refusal(), "pay_coupon")

    def test_one_whose_code_nobody_told(self) -> None:
        self.grant = build_coupons.grant(self.made)
        self.assertEqual(self.refusal(), "no_code")

    def test_what_became_of_the_coupon_is_named(self) -> None:
        for state, code in (("redeemed", "used_up"), ("expired", "too_late"), ("invalidated", "invalidated")):
            CouponGrant.objects.filter(pk=self.grant.pk).update(state=state)
            self.assertEqual(self.refusal(), code)

    def test_while_the_mini_program_is_stopped_nothing_is_taken(self) -> None:
        type(self.mini_program).objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        self.assertEqual(self.refusal(), "stopped")

    def test_more_times_than_it_has(self) -> None:
        self.assertEqual(self.refusal(times=2), "too_often")

    def test_what_is_being_used_is_held(self) -> None:
        self.redeem(now=False)
        self.assertEqual(self.refusal(order_no="O2"), "being_used")


class Refusals(UseCase):
    def test_the_platforms_refusal_is_kept_and_the_coupon_is_free_again(self) -> None:
        self.counter.plan = {USE: [refused("BIZ_ERROR", "门店不在券的可用范围内", method=USE)]}
        with self.platform():
            use = self.redeem()
            self.assertEqual(
                (use.state, use.refusal, use.words), ("refused", "BIZ_ERROR", "门店不在券的可用范围内")
            )
            self.assertEqual(self.redeem().state, "refused")
            self.counter.plan = {}
            self.assertEqual(self.redeem(no="R2").state, "accepted")
        self.assertEqual(len(self.entries()), 1)

    def test_where_the_platform_is_not_reached_it_certainly_was_not_used(self) -> None:
        with override_settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:9/gateway.do"}):
            use = self.redeem()
            self.assertEqual(use.state, "pending")
            GatewayCall.objects.update(attempts=11)
            self.again()
        use.refresh_from_db()
        self.assertEqual((use.state, use.refusal), ("refused", "not_reached"))

    def test_what_never_left_in_its_time_is_given_up(self) -> None:
        with override_settings(COUPON_USE_TRY_SECONDS=-1):
            use = self.redeem(now=False)
        calls.sweep_calls(at=timezone.now())
        self.settle()
        use.refresh_from_db()
        self.assertEqual((use.state, use.refusal, self.counter.asked), ("refused", "not_reached", []))


class Unknown(UseCase):
    def test_it_moves_nothing_and_its_use_is_held(self) -> None:
        with self.platform():
            self.lost()
            self.assertEqual((self.entries(), self.fresh().state), ([], "claimed"))
            self.assertEqual(self.refusal(order_no="O2"), "being_used")

    def test_asked_again_it_leaves_with_the_same_words_and_counts_once(self) -> None:
        with self.platform():
            use = self.lost()
            self.assertEqual(self.redeem().state, "unknown")
            for _time in range(2):
                use_calls.ask_again(use, by=self.operator)
            use_calls.make_now(use_calls.fresh(use), seconds=0)
        bodies = [biz for method, biz in self.counter.asked if method == USE]
        self.assertTrue(all(biz == bodies[0] for biz in bodies))
        self.assertEqual((use_calls.fresh(use).state, len(self.entries())), ("accepted", 1))
        assert_books(self.made)

    def test_a_second_try_that_is_not_reached_leaves_it_unknown(self) -> None:
        with self.platform():
            use = self.lost()
        with override_settings(COUPON_USE_TRY_SECONDS=-1):
            self.assertTrue(use_calls.ask_again(use, by=self.operator))
        calls.sweep_calls(at=timezone.now())
        self.settle()
        self.assertEqual(use_calls.fresh(use).state, "unknown")

    def test_an_answer_that_is_lost_is_asked_for_by_the_outbox(self) -> None:
        self.counter.plan = {USE: [self.counter.done_and_silent, None]}
        with self.platform():
            self.assertEqual(self.redeem().state, "pending")
            self.again()
        self.assertEqual((CouponUse.objects.get().state, len(self.entries())), ("accepted", 1))
        self.assertEqual(len(self.counter.done), 1)
        self.assertEqual(GrantEntry.objects.filter(kind="redeemed").count(), 1)
