"""Coupons over a restart: stock, limits, codes, answers given before, and what was still to come."""

from pathlib import Path

from tests.simulator import coupon_asks as asks
from tests.simulator.coupon_counter import Counter, opened
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorProcess


def test_a_new_process_goes_on_where_the_old_one_stopped(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with SimulatorProcess.start(store=store) as first:
        counter = opened(first)
        person = counter.person()
        activity_id = counter.made(quantity=2, per_user=1)
        asked = {"activity_id": activity_id, "open_id": person, "out_biz_no": "K1"}
        voucher_id = counter.say(asks.SEND_PAY, **asked)["voucher_id"]
        coded = counter.made_for_orders(quantity=0, code_mode="MERCHANT_UPLOAD")
        about = {"activity_id": coded}
        counter.say(asks.DEPOSIT, **about, out_biz_no="K2", voucher_codes=["A", "B"])
        counter.say(asks.ORDER_APPEND, **about, out_biz_no="K3", voucher_quantity="2")
        assert counter.code(coded, person) == "A"
        counter.say(asks.USE, **counter.use(coded, "A", trade_no="T1"))
        plan = counter.say(asks.PLAN, **asks.plan(counter.now, activity_id))["delivery_id"]
        counter.merchant.configure(review_seconds=86_400)
        waiting = counter.made_for_orders()
        before = counter.vouchers(), counter.activity(activity_id), counter.activity(coded)
        texts = counter.merchant.texts

    with SimulatorProcess.start(store=store) as second:
        shop = {**texts, "gateway_url": f"{second.url}/gateway.do"}
        counter = Counter(Merchant(second, shop))

        assert (counter.vouchers(), counter.activity(activity_id), counter.activity(coded)) == before
        assert counter.say(asks.SEND_PAY, **asked)["voucher_id"] == voucher_id
        assert counter.refused_send(activity_id, person) == "COUNT_OVER_LIMIT"
        assert counter.code(coded, counter.person()) == "B"
        assert counter.vouchers(activity_id=coded)[0]["uses"][0]["trade_no"] == "T1"
        assert counter.say(asks.PLAN_QUERY, delivery_id=plan)["delivery_status"] == "ACTIVE"
        assert counter.activity(waiting)["operation"] == "CREATING"
        counter.later(8)
        assert counter.activity(waiting)["status"] == "ACTIVE"
        counter.settle()
        kinds = [one["kind"].rpartition(".")[2] for one in counter.settle()]
        assert kinds.count("expired") == 2, "the one of the pay coupon, and B"

    with SimulatorProcess.start(store=store) as third:
        counter = Counter(Merchant(third, {**texts, "gateway_url": f"{third.url}/gateway.do"}))
        kinds = [one["kind"].rpartition(".")[2] for one in counter.settle()]
        assert kinds.count("expired") == 2, "told once, also by another process"
