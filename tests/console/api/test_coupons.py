"""POST /api/v1/coupons/reserve, redeem, revert: what a till is told; asking again changes nothing."""

import json
from typing import Any

from coupons.models import CouponUse, GrantEntry
from merchants import rate
from merchants.models import GatewayCall, Store
from tests import build, build_alerts, build_coupons, build_uses
from tests.coupons.giving_base import hang_up, refused
from tests.coupons.use_base import REFUND, USE, UseCase

URL = "/api/v1/coupons/"


class CouponsApi(UseCase):
    def setUp(self) -> None:
        super().setUp()
        rate.connection().flushdb()
        self.key = build.api_key(self.mini_program, scopes=["coupons"])

    def post(self, what: str, *, key: str = "", **body: Any) -> Any:
        whole = {"app_id": self.mini_program.app_id, **body}
        headers = {"Authorization": f"Bearer {key or self.key}", "Accept-Language": "en"}
        return self.client.post(
            URL + what, json.dumps(whole), content_type="application/json", headers=headers
        )

    def use(self, **body: Any) -> Any:
        wish = {"code": self.grant.code, "request_no": "R1", "order_no": "O1", "order_fen": 2_500}
        return self.post("redeem", **{**wish, **body})

    def back(self, **body: Any) -> Any:
        return self.post("revert", **{"request_no": "B1", "redeem_request_no": "R1", **body})

    def hold(self, **body: Any) -> Any:
        return self.post("reserve", **{"code": self.grant.code, "order_no": "O1", **body})

    def assert_state(self, response: Any, state: str, reason: str = "", group: str = "") -> dict[str, Any]:
        self.assertEqual(response.status_code, 200, response.content)
        told: dict[str, Any] = response.json()
        self.assertEqual((told["state"], told["reason"], told["group"]), (state, reason, group))
        self.assertTrue(told["sentence"] or state in ("reserved", "released"))
        return told


class Redeeming(CouponsApi):
    def test_three_times_the_same_request_is_one_use_and_one_answer(self) -> None:
        with self.platform():
            answers = [self.use() for _time in range(3)]
        told = self.assert_state(answers[0], "accepted")
        self.assertEqual(told["sentence"], "Redeemed. ¥5.00 comes off the bill of ¥25.00.")
        self.assertEqual((told["times_left"], told["code"]), (0, self.grant.code))
        self.assertEqual({response.content for response in answers}, {answers[0].content})
        self.assertEqual((len(self.entries()), self.counter.times(USE)), (1, 1))

    def test_by_voucher_id_and_by_the_shop_of_the_platform(self) -> None:
        store = Store.objects.create(merchant=self.yunduo, name="North", platform_shop_id="S1")
        with self.platform():
            told = self.use(code="", voucher_id=self.grant.voucher_id, shop_id="S1")
        self.assert_state(told, "accepted")
        self.assertEqual((self.counter.asked[0][1]["store_id"], self.entries()[0].store), ("S1", store))

    def test_a_coupon_for_items_takes_the_lines_of_the_bill(self) -> None:
        self.grant = self.holding(self.live(scope="items", item_ids=["TEA"]))
        self.assert_state(self.use(), "refused", "goods_needed", "order")
        line = {"goods_id": "TEA", "price_fen": 1_200, "quantity": 2}
        for wrong in ({**line, "quantity": 0}, {**line, "price_fen": "12"}, {**line, "colour": "green"}):
            self.assertEqual(self.use(goods=[wrong]).status_code, 422)
        with self.platform():
            self.assert_state(self.use(goods=[line]), "accepted")
        goods = [{"goods_id": "TEA", "price": "12.00", "quantity": "2"}]
        self.assertEqual(self.counter.asked[0][1]["goods_detail"], goods)

    def test_what_is_paid_with_alipay_names_its_trade(self) -> None:
        self.assertEqual(self.use(channel="alipay").status_code, 422)
        with self.platform():
            self.assert_state(self.use(channel="alipay", trade_no="T1"), "accepted")
        biz = self.counter.asked[0][1]
        self.assertEqual((biz["trade_channel"], biz["trade_no"]), ("ZHIFUBAO_TRADE_CHANNEL", "T1"))

    def test_another_number_finds_it_used(self) -> None:
        with self.platform():
            self.use()
            self.assert_state(self.use(request_no="R2"), "refused", "used_up", "coupon")

    def test_what_is_judged_here_is_told_with_a_word_and_nothing_is_kept(self) -> None:
        told = self.assert_state(self.use(order_fen=999), "refused", "below_floor", "order")
        self.assertIn("The bill is too small for it", told["sentence"])
        pay = build_coupons.grant(self.coupon())
        told = self.assert_state(
            self.use(code="", voucher_id=pay.voucher_id), "refused", "pay_coupon", "coupon"
        )
        self.assertIn("at the cashier", told["sentence"])
        self.assertEqual(CouponUse.objects.count(), 0)

    def test_beyond_the_limit_of_a_day_it_is_told_what_to_do(self) -> None:
        build_alerts.limits(self.yunduo, uses=1)
        first = build_coupons.grant(self.made, self.grant.customer, code="FIRST")
        build_uses.redeemed(first)
        told = self.assert_state(self.use(), "refused", "day_limit", "moment")
        self.assertIn("raise the uses of one person a day under Coupon limits", told["sentence"])
        self.assertEqual(self.hold().json()["reason"], "day_limit")
        self.assertEqual(CouponUse.objects.count(), 0)

    def test_the_platforms_refusal_is_told_in_its_words_and_ours(self) -> None:
        self.counter.plan = {USE: [refused("BIZ_ERROR", "用户核销次数超过限制", method=USE)]}
        with self.platform():
            for _time in range(2):
                told = self.assert_state(self.use(), "refused", "BIZ_ERROR", "coupon")
        self.assertEqual(told["platform_words"], "用户核销次数超过限制")
        self.assertEqual(self.counter.times(USE), 1)

    def test_without_an_answer_it_is_pending_and_then_once_accepted(self) -> None:
        self.counter.plan = {USE: [self.counter.done_and_silent, None]}
        with self.platform():
            self.assert_state(self.use(), "pending")
            self.assert_state(self.use(), "pending")
            self.again()
            self.assert_state(self.use(), "accepted")
        self.assertEqual(len(self.entries()), 1)

    def test_what_nobody_knows_is_asked_again_by_the_same_request(self) -> None:
        self.counter.plan = {USE: [self.counter.done_and_silent, hang_up]}
        with self.platform():
            self.use()
            GatewayCall.objects.update(attempts=11)
            self.again()
            self.assertEqual(CouponUse.objects.get().state, "unknown")
            self.counter.plan = {}
            self.assert_state(self.use(), "accepted")
        self.assertEqual((len(self.entries()), len(self.counter.done)), (1, 1))

    def test_the_number_with_another_bill_is_a_conflict(self) -> None:
        with self.platform():
            self.use()
        self.assertEqual(self.use(order_fen=2_600).status_code, 409)

    def test_codes_of_others_and_codes_that_several_coupons_have(self) -> None:
        theirs = build_coupons.coupon(
            build.mini_program(self.qingcha, app_id="2021000000000009"), family="merchant"
        )
        code = build_coupons.grant(theirs, code="THEIRS1").code
        self.assertEqual(self.use(code=code).status_code, 404)
        other = self.live()
        self.holding(other, code=self.grant.code)
        self.assertEqual(self.use().status_code, 409)
        with self.platform():
            self.assert_state(self.use(activity_id=other.activity_id), "accepted")
        self.assertEqual(self.entries(), [])

    def test_a_key_without_the_scope_and_a_body_that_is_wrong(self) -> None:
        foreign = build.api_key(self.mini_program, scopes=["orders"])
        self.assertEqual(self.use(key=foreign).status_code, 403)
        self.assertEqual(self.use(app_id="2021000000000000").status_code, 403)
        for wrong in (
            {"voucher_id": "V1"},
            {"order_fen": 0},
            {"shop_id": "S9"},
            {"saved_fen": 9_999},
            {"x": 1},
        ):
            with self.subTest(wrong):
                self.assertEqual(self.use(**wrong).status_code, 422)


class Reverting(CouponsApi):
    def test_three_times_the_same_request_is_one_return(self) -> None:
        with self.platform():
            self.use()
            answers = [self.back() for _time in range(3)]
        self.assertEqual(self.assert_state(answers[0], "accepted")["times_left"], 1)
        self.assertEqual({response.content for response in answers}, {answers[0].content})
        self.assertEqual((len(self.entries(kind="reverted")), self.counter.times(REFUND)), (1, 1))

    def test_never_more_than_was_used_or_paid(self) -> None:
        self.grant = self.holding(self.live(max_uses=4))
        with self.platform():
            self.use(times=3, saved_fen=500)
            self.assert_state(self.back(times=4), "refused", "nothing_to_return", "coupon")
            self.assert_state(self.back(times=1, paid_back_fen=2_001), "refused", "too_much_money", "order")
            self.assert_state(self.back(times=2, paid_back_fen=2_000), "accepted")
            self.assertEqual(self.back(times=1).status_code, 409)
            self.assert_state(self.back(request_no="B2"), "accepted")
            self.assert_state(self.back(request_no="B3"), "refused", "nothing_to_return", "coupon")
        backs = GrantEntry.objects.filter(kind="reverted")
        self.assertEqual(sum(back.order_fen or 0 for back in backs), 2_500)

    def test_a_use_that_was_not_done_cannot_be_given_back(self) -> None:
        self.counter.plan = {USE: [hang_up]}
        with self.platform():
            self.use()
            self.assert_state(self.back(), "refused", "not_done", "coupon")
        self.assertEqual(self.back(redeem_request_no="R9").status_code, 404)


class Reserving(CouponsApi):
    def test_asked_again_it_ends_when_it_was_to_end(self) -> None:
        first = self.assert_state(self.hold(minutes=5), "reserved")
        again = self.assert_state(self.hold(minutes=20), "reserved")
        self.assertEqual(first["reserved_until"], again["reserved_until"])

    def test_nobody_else_uses_it_until_it_is_let_go(self) -> None:
        self.hold()
        with self.platform():
            self.assert_state(self.use(order_no="O2"), "refused", "reserved", "moment")
            self.assert_state(self.hold(order_no="O2"), "refused", "reserved", "moment")
            for _time in range(3):
                self.assert_state(self.hold(minutes=0), "released")
            self.assert_state(self.use(order_no="O2"), "accepted")
