"""Pay coupons: what is refused, who gets one, what is counted, and what the person does with it."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.simulator import coupon_asks as asks
from tests.simulator.coupon_counter import Counter, opened
from tests.simulator_process import SimulatorError, SimulatorProcess


@pytest.fixture(scope="module")
def counter(simulator: SimulatorProcess) -> Counter:
    return opened(simulator, limits={"app": 0, "method": 0})


@pytest.fixture(scope="module")
def timed(clocked_process: SimulatorProcess) -> Counter:
    return opened(clocked_process)


_FIX = {"amount": "5.00", "floor_amount": "20.00"}
_ABSOLUTE = {"type": "ABSOLUTE", "valid_begin_time": "2026-01-01 00:00:00"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"activity_name": ""}, "activity_name 不能为空"),
        ({"activity_name": "字" * 21}, "20 个字符"),
        ({"voucher_type": "EXCHANGE_VOUCHER"}, "voucher_type 不合法"),
        ({"face": {"amount": "0.09"}}, "amount 超出范围"),
        ({"face": {"amount": "3000.01"}}, "amount 超出范围"),
        ({"face": {**_FIX, "floor_amount": "0"}}, "floor_amount 超出范围"),
        ({"face": {**_FIX, "amount": "1.001"}}, "amount 超出范围或格式错误"),
        ({"voucher_type": "DISCOUNT_VOUCHER", "face": {"discount": "10"}}, "discount 超出范围"),
        ({"voucher_type": "DISCOUNT_VOUCHER", "face": {"discount": "6.55"}}, "discount 超出范围"),
        (
            {
                "voucher_type": "SPECIAL_VOUCHER",
                "face": {"special_amount": "5", "origin_amount": "5", "goods_name": "a"},
            },
            "origin_amount 需大于 special_amount",
        ),
        (
            {"voucher_type": "SPECIAL_VOUCHER", "face": {"special_amount": "5", "origin_amount": "9"}},
            "goods_name 与 origin_amount 需同时设置",
        ),
        ({"quantity": 0}, "voucher_quantity 不能为空"),
        ({"quantity": 100_000_000}, "99999999"),
        ({"days": 179.5}, "不能超过 180 天"),
        ({"days": -2}, "需晚于 publish_start_time"),
        ({"rule": {"max_quantity_by_day": 4}}, "不能超过总数量"),
        ({"valid": {"type": "RELATIVE", "valid_days_after_receive": "0"}}, "需大于 0"),
        ({"valid": {**_ABSOLUTE, "valid_end_time": "2026-06-01 00:00:00"}}, "valid_end_time 需晚于"),
        ({"voucher_budget_info": {"amount": "499.00"}}, "券面额与发放数量之积"),
        ({"out_biz_no": ""}, "out_biz_no 不能为空"),
        ({"merchant_access_mode": "ANY"}, "merchant_access_mode 不合法"),
        ({"belong_merchant_info": {"merchant_id": "2088000000000000"}}, "不是该应用的商户"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_a_sentence_that_names_it(
    counter: Counter, changes: dict[str, Any], sentence: str
) -> None:
    sub_code, words = counter.refused(asks.CREATE, **asks.coupon(counter.now, **changes))

    assert sub_code == "INVALID_PARAMETER"
    assert sentence in words


def test_the_newer_fields_are_read_as_the_older_ones_are(counter: Counter) -> None:
    now = counter.now
    newer = {
        "out_biz_no": asks.number(),
        "activity_base_info": {"activity_name": "六五折"},
        "voucher_deduct_info": {
            "voucher_type": "DISCOUNT_VOUCHER",
            "discount_voucher_info": {"discount": "6.5", "ceiling_amount": "30.00"},
        },
        "voucher_send_mode_info": {
            "voucher_send_rule_info": {
                "quantity": "10",
                "publish_start_time": asks.moment(now, -1),
                "publish_end_time": asks.moment(now, 10),
            }
        },
        "voucher_use_rule_info": {
            "voucher_use_time_info": {
                "period_type": "RELATIVE",
                "relative_period_info": {"valid_days_after_receive": "3"},
            }
        },
    }

    activity_id = counter.say(asks.CREATE, **newer)["activity_id"]

    told = counter.say(asks.QUERY_PAY, activity_id=activity_id)
    assert (told["activity_status"], told["activity_name"]) == ("INIT", "六五折")
    assert told["voucher_deduct_info"]["discount_voucher_info"] == {
        "discount": "6.5",
        "ceiling_amount": "30.00",
    }
    assert told["voucher_send_mode_info"]["voucher_send_rule_info"]["quantity"] == "10"


def test_64_claimers_at_once_get_exactly_the_stock_and_nobody_two(counter: Counter) -> None:
    activity_id = counter.made(quantity=1_000, per_user=1)
    people = counter.merchant.people(1_040, seed=77)
    tries = [*people, *people[:400]]
    random.Random(1).shuffle(tries)

    def claim(open_id: str) -> str:
        biz = {"activity_id": activity_id, "open_id": open_id, "out_biz_no": asks.number()}
        node = counter.merchant.call(asks.SEND_PAY, biz).node
        return str(node.get("sub_code", node["code"]))

    with ThreadPoolExecutor(64) as pool:
        outcomes = list(pool.map(claim, tries))

    assert outcomes.count("10000") == 1_000
    assert set(outcomes) == {"10000", "COUNT_OVER_LIMIT", "BUDGET_NOT_ENOUGH"}
    held = counter.vouchers(activity_id=activity_id)
    assert len(held) == len({one["open_id"] for one in held}) == 1_000
    told = counter.say(asks.QUERY_PAY, activity_id=activity_id)
    assert told["summary"] == {"publish_count": "1000", "used_count": "0"}


def test_the_same_number_again_sends_nothing_and_another_wish_under_it_is_refused(counter: Counter) -> None:
    activity_id, person, number = counter.made(), counter.person(), asks.number()

    ids = {counter.send(activity_id, person, out_biz_no=number) for _ in range(3)}

    assert len(ids) == 1
    assert len(counter.held(person)) == 1
    other = {"activity_id": activity_id, "open_id": counter.person(), "out_biz_no": number}
    assert counter.refused(asks.SEND_PAY, **other)[0] == "INVALID_PARAMETER"
    path = f"/sim/log?app_id={counter.merchant.app_id}&activity_id={activity_id}&out_biz_no={number}"
    lines = counter.simulator.get(path)["entries"]
    assert [one["coupon_effect"] for one in lines] == ["done", "repeated", "repeated", None]
    assert {one["voucher_id"] for one in lines[:1]} == ids
    assert [one["to"] for one in lines] == [person] * 3 + [other["open_id"]]


def test_an_answer_that_was_lost_is_got_by_asking_again_with_the_same_number(counter: Counter) -> None:
    activity_id, person, number = counter.made(quantity=1), counter.person(), asks.number()
    biz = {"activity_id": activity_id, "open_id": person, "out_biz_no": number}
    counter.merchant.fault("timeout_after_success", value=0, method=asks.SEND_PAY, count=1)
    with pytest.raises(OSError, match=r"."):
        counter.merchant.call(asks.SEND_PAY, biz)

    node = counter.merchant.call(asks.SEND_PAY, biz).node

    assert node["voucher_id"] == counter.vouchers(open_id=person)[0]["voucher_id"]
    assert counter.activity(activity_id)["sent"] == 1


def test_a_limit_of_a_day_ends_with_the_beijing_day_and_the_days_stock_with_it(timed: Counter) -> None:
    rule = {"max_quantity_by_day": 2, "voucher_quantity_limit_per_user_period_type": "DAY"}
    activity_id = timed.made(per_user=1, rule={**rule, "voucher_quantity_limit_per_user": 1})
    first, second, third = (timed.person() for _ in range(3))

    timed.send(activity_id, first)
    assert timed.refused_send(activity_id, first) == "COUNT_OVER_LIMIT"
    timed.send(activity_id, second)
    assert timed.refused_send(activity_id, third) == "BUDGET_NOT_ENOUGH"
    timed.later(1)

    assert timed.send(activity_id, first)
    assert timed.send(activity_id, third)


@pytest.mark.parametrize(
    ("rounding", "days", "ends"),
    [
        ("ROUND_FORWARD", 1, "23:59:59"),
        ("ROUND_BACKWARD", 1, "23:59:59"),
        ("ROUND_BACKWARDS", 2, "23:59:59"),
        (None, 1, None),
    ],
)
def test_a_day_of_use_is_rounded_as_the_activity_says(
    counter: Counter, rounding: str | None, days: int, ends: str | None
) -> None:
    relative = {"valid_days_after_receive": str(days), "valid_days_relative_type": rounding}
    time = {"period_type": "RELATIVE", "relative_period_info": relative}
    activity_id = counter.made(voucher_use_rule_info={"voucher_use_time_info": time})
    person = counter.person()
    counter.send(activity_id, person)

    [held] = counter.vouchers(open_id=person)

    claimed, last = held["claimed_at"], held["ends_at"]
    whole = days - (rounding == "ROUND_FORWARD")
    assert last[:10] == asks.moment(claimed, whole)[:10]
    assert last[11:19] == (ends or claimed[11:19])


def test_the_cashier_takes_the_coupon_that_saves_most_and_a_refund_brings_it_back(counter: Counter) -> None:
    person = counter.person()
    counter.send(counter.made(), person)
    best = counter.send(counter.made(voucher_type="DISCOUNT_VOUCHER"), person)

    paid = counter.act(person, "pay", total_fee=3_000)

    assert (paid["saved"], paid["voucher"]["voucher_id"]) == (1_050, best)
    one = counter.say(asks.ONE_HELD, open_id=person, voucher_id=best)
    assert (one["voucher_status"], one["associate_trade_no"]) == ("USED", paid["trade_no"])
    counter.act(person, "pay_back", voucher_id=best)
    assert counter.say(asks.ONE_HELD, open_id=person, voucher_id=best)["voucher_status"] == "SENDED"
    assert counter.act(person, "pay", total_fee=900)["voucher"] is None, "below both floors"


def test_a_modify_only_extends_and_an_append_names_the_new_total(counter: Counter) -> None:
    activity_id = counter.made()
    about = {"activity_id": activity_id}
    shorter = {**about, "out_biz_no": asks.number(), "publish_end_time": asks.moment(counter.now, 3)}
    assert counter.refused(asks.MODIFY_PAY, **shorter)[1] == "publish_end_time 只能延长"
    counter.say(asks.APPEND_PAY, **about, out_biz_no=asks.number(), voucher_quantity="150")

    assert counter.activity(activity_id)["quantity"] == 150
    less = {**about, "out_biz_no": asks.number(), "voucher_quantity": "150"}
    assert counter.refused(asks.APPEND_PAY, **less)[0] == "INVALID_PARAMETER"


def test_a_consult_tells_each_activity_what_a_send_would_say(counter: Counter) -> None:
    person = counter.person()
    limited, gone = counter.made(per_user=1), counter.made(quantity=1)
    counter.send(limited, person)
    counter.send(gone, counter.person())
    fresh, later, silent = counter.made(), counter.made(starts_in_days=2), counter.made(publish=False)
    asked = [fresh, limited, gone, later, silent, "2026"]

    told = counter.say(
        asks.CONSULT, open_id=person, consult_activity_info_list=[{"activity_id": one} for one in asked]
    )

    assert [one["consult_result_code"] for one in told["consult_result_info_list"]] == [
        *("SUCCESS", "COUNT_OVER_LIMIT", "BUDGET_NOT_ENOUGH", "ACTIVITY_NOT_START", "OTHER"),
        "ACTIVITY_NOT_PERMISSION",
    ]


def test_a_paused_activity_gives_none_until_it_goes_on(counter: Counter) -> None:
    activity_id, person = counter.made(), counter.person()
    body = {"app_id": counter.merchant.app_id, "activity_id": activity_id}
    counter.simulator.post("/sim/activities", {**body, "status": "PAUSE"})
    assert counter.refused_send(activity_id, person) == "ACTIVITY_NOT_ACTIVE"
    assert counter.say(asks.ACTIVITY, activity_id=activity_id)["activity_status"] == "PAUSE"
    counter.simulator.post("/sim/activities", {**body, "status": "ACTIVE"})

    assert counter.send(activity_id, person)


def test_a_deleted_coupon_is_told_to_nobody(counter: Counter) -> None:
    person = counter.person()
    voucher_id = counter.send(counter.made(), person)

    counter.act(person, "delete", voucher_id=voucher_id)

    assert counter.held(person) == []
    assert counter.refused(asks.ONE_HELD, open_id=person, voucher_id=voucher_id)[0] == "VOUCHER_NOT_EXIST"


def test_nobody_claims_in_a_booth_where_nothing_is_offered(counter: Counter) -> None:
    activity_id, person = counter.made(), counter.person()

    with pytest.raises(SimulatorError, match="is not offered at SERVICE_MESSAGE"):
        counter.act(person, "claim", activity_id=activity_id, booth="SERVICE_MESSAGE")

    told = counter.act(person, "claim", activity_id=activity_id, booth="VENUE")
    assert told["voucher"]["through"] == "VENUE"
