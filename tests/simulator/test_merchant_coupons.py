"""Merchant coupons: changes that are told later, codes of three origins, use and refund by code."""

import pytest

from tests.simulator import coupon_asks as asks
from tests.simulator.conftest import Gateway
from tests.simulator.coupon_counter import Counter, opened
from tests.simulator_process import SimulatorProcess

CREATED, USED = (f"{asks.NAMES}message.{one}" for one in ("created", "used"))


@pytest.fixture(scope="module")
def counter(simulator: SimulatorProcess) -> Counter:
    return opened(simulator)


@pytest.fixture(scope="module")
def slow(clocked_process: SimulatorProcess) -> Counter:
    """A platform that takes an hour for everything."""
    slow = opened(clocked_process)
    slow.merchant.configure(review_seconds=3_600)
    return slow


def _told(counter: Counter, activity_id: str) -> tuple[str | None, str | None]:
    node = counter.say(asks.ORDER_QUERY, activity_id=activity_id)
    return node.get("activity_status"), node.get("activity_operation_status")


def test_an_accepted_change_is_under_way_until_its_time_and_a_second_one_is_refused(slow: Counter) -> None:
    activity_id = slow.made_for_orders()
    steps = [_told(slow, activity_id)]
    slow.later(0.1)
    steps.append(_told(slow, activity_id))
    wish = {"activity_id": activity_id, "voucher_quantity": "300"}
    slow.say(asks.ORDER_APPEND, **wish, out_biz_no=asks.number())
    steps.append(_told(slow, activity_id))
    again = slow.refused(asks.ORDER_STOP, activity_id=activity_id, out_biz_no=asks.number())
    slow.later(0.1)
    assert slow.activity(activity_id)["quantity"] == 300
    slow.say(asks.ORDER_STOP, activity_id=activity_id, out_biz_no=asks.number())
    steps.append(_told(slow, activity_id))
    slow.later(0.1)
    steps.append(_told(slow, activity_id))

    assert steps == [
        (None, "CREATING"),
        ("ACTIVE", None),
        ("ACTIVE", "APPENDING"),
        ("ACTIVE", "FINISHEING"),
        ("FINISHED", None),
    ]
    assert again == ("BIZ_ERROR", "活动有处理中的操作，请稍后再试")


def test_a_rejected_activity_never_comes_to_be_and_says_why(simulator: SimulatorProcess) -> None:
    counter = opened(simulator, coupon_review="reject")

    activity_id = counter.made_for_orders()

    node = counter.say(asks.ORDER_QUERY, activity_id=activity_id)
    assert "activity_status" not in node
    assert node["audit_result_info"]["audit_result"] == "REJECT"
    assert node["audit_result_info"]["audit_reason"]


def test_uploaded_codes_are_given_out_in_their_order_and_each_failure_is_named(counter: Counter) -> None:
    activity_id = counter.made_for_orders(quantity=0, code_mode="MERCHANT_UPLOAD")
    about = {"activity_id": activity_id}
    codes = ["A-1", "B_2", "A-1", "中文", "x" * 65, "C=|+"]

    node = counter.say(asks.DEPOSIT, **about, out_biz_no=asks.number(), voucher_codes=codes)

    assert node["success_voucher_code_list"] == ["A-1", "B_2", "C=|+"]
    assert [(one["voucher_code"], one["error_msg"]) for one in node["fail_voucher_code_detail_list"]] == [
        ("A-1", "券码重复"),
        ("中文", "券码格式不合法"),
        ("x" * 65, "券码格式不合法"),
    ]
    assert counter.say(asks.COUNT, **about)["success_count"] == 3
    two = {**about, "out_biz_no": asks.number(), "voucher_quantity": "2"}
    assert counter.refused(asks.ORDER_APPEND, **two)[0] == "INVALID_PARAMETER"
    counter.say(asks.ORDER_APPEND, **about, out_biz_no=asks.number(), voucher_quantity="3")
    given = [counter.code(activity_id, counter.person()) for _ in range(3)]
    assert given == ["A-1", "B_2", "C=|+"]
    nothing = {**about, "open_id": counter.person(), "out_biz_no": asks.number()}
    assert counter.refused(asks.ORDER_SEND, **nothing) == ("BIZ_ERROR", "活动库存或预算不足")


def test_more_than_a_thousand_codes_are_refused_whole(counter: Counter) -> None:
    activity_id = counter.made_for_orders(quantity=0, code_mode="MERCHANT_UPLOAD")
    codes = [f"N{number}" for number in range(1_001)]
    about = {"activity_id": activity_id, "out_biz_no": asks.number()}

    assert counter.refused(asks.DEPOSIT, **about, voucher_codes=codes)[0] == "INVALID_PARAMETER"
    node = counter.say(asks.DEPOSIT, **about, voucher_codes=codes[:1_000])
    assert (node["success_count"], node["fail_count"]) == (1_000, 0)


def test_a_code_of_the_merchant_is_received_once_and_each_of_a_list_stands_for_itself(
    counter: Counter,
) -> None:
    activity_id, person = counter.made_for_orders(code_mode="MERCHANT_API"), counter.person()
    wishes = [
        {"activity_id": activity_id, "out_biz_no": asks.number(), "voucher_code": code}
        for code in ("own-1", "own-1", "own-2")
    ]

    told = counter.say(asks.RECEIVE, user_open_id=person, receive_info_list=wishes)["receive_result_list"]
    again = counter.say(asks.RECEIVE, user_open_id=person, receive_info_list=wishes)["receive_result_list"]

    assert [(one["result"], one.get("error_code")) for one in told] == [
        ("SUCCESS", None),
        ("FAIL", "BIZ_ERROR"),
        ("SUCCESS", None),
    ]
    assert again == told
    assert [one["user_voucher_base_info"]["voucher_code"] for one in counter.held(person)] == [
        "own-2",
        "own-1",
    ]


@pytest.mark.parametrize(
    ("changes", "sub_code", "words"),
    [
        ({"total_fee": "19.99"}, "BIZ_ERROR", "订单金额未达到券的使用门槛"),
        ({"voucher_code": "0"}, "BIZ_ERROR", "券码不存在"),
        ({"trade_channel": "ZHIFUBAO_TRADE_CHANNEL"}, "INVALID_PARAMETER", "trade_no 不能为空"),
        ({"trade_channel": "CASH"}, "INVALID_PARAMETER", "trade_channel 不合法"),
        ({"total_fee": None}, "INVALID_PARAMETER", "total_fee 不能为空"),
        ({"store_id": "S9"}, "BIZ_ERROR", "门店不在券的可用范围内"),
        ({"voucher_use_detail_info": {"voucher_use_times": "2"}}, "BIZ_ERROR", "核销次数超过券的可用次数"),
    ],
)
def test_a_use_that_does_not_fit_is_refused_and_the_coupon_stays(
    counter: Counter, changes: dict[str, object], sub_code: str, words: str
) -> None:
    shops = {"available_geography_shop_info": {"available_shop_ids": ["S1"]}}
    scope = {"voucher_available_geography_scope_info": shops}
    activity_id, person = counter.made_for_orders(voucher_available_scope_info=scope), counter.person()
    asked = counter.use(activity_id, counter.code(activity_id, person), store_id="S1")

    refused = counter.refused(asks.USE, **{**asked, **changes})

    assert refused[0] == sub_code
    assert words in refused[1]
    assert counter.vouchers(open_id=person)[0]["status"] == "SENDED"
    assert counter.say(asks.USE, **asked)["activity_id"] == activity_id


def test_a_coupon_for_several_uses_is_used_up_by_the_last_and_given_back_in_parts(counter: Counter) -> None:
    activity_id, person = (
        counter.made_for_orders(voucher_use_rule_info={"voucher_max_use_times": "3"}),
        counter.person(),
    )
    code = counter.code(activity_id, person)
    states = []
    for _ in range(3):
        counter.say(asks.USE, **counter.use(activity_id, code))
        states.append(counter.vouchers(open_id=person)[0]["status"])
    back = {
        "activity_id": activity_id,
        "voucher_code": code,
        "voucher_refund_detail_info": {"voucher_refund_use_times": "2"},
    }
    left = counter.say(asks.REFUND, **back, out_biz_no=asks.number())["voucher_use_detail_result_info"]

    assert states == ["SENDED", "SENDED", "USED"]
    assert left == {"voucher_max_un_use_times": "1"}
    assert counter.refused(asks.REFUND, **back, out_biz_no=asks.number()) == (
        "BIZ_ERROR",
        "券未核销，不能退回",
    )


def test_a_refund_after_the_end_succeeds_and_leaves_the_coupon_unusable(
    clocked_process: SimulatorProcess,
) -> None:
    counter = opened(clocked_process)
    activity_id, person = counter.made_for_orders(), counter.person()
    code = counter.code(activity_id, person)
    counter.say(asks.USE, **counter.use(activity_id, code))
    counter.later(8)

    back = {"activity_id": activity_id, "voucher_code": code, "out_biz_no": asks.number()}
    counter.say(asks.REFUND, **back)

    assert counter.vouchers(open_id=person)[0]["status"] == "EXPIRED"
    assert counter.refused(asks.USE, **counter.use(activity_id, code)) == ("BIZ_ERROR", "券已过期")


def test_an_invalid_code_is_no_coupon_any_more_and_a_used_one_cannot_be_made_invalid(
    counter: Counter,
) -> None:
    activity_id = counter.made_for_orders()
    first, second = (counter.code(activity_id, counter.person()) for _ in range(2))
    about = {"activity_id": activity_id, "voucher_code": first, "out_biz_no": asks.number()}
    counter.say(asks.INVALID, **about)
    counter.say(asks.USE, **counter.use(activity_id, second))

    assert counter.refused(asks.USE, **counter.use(activity_id, first)) == ("BIZ_ERROR", "券已失效")
    used = {**about, "voucher_code": second, "out_biz_no": asks.number()}
    assert counter.refused(asks.INVALID, **used)[0] == "BIZ_ERROR"


def test_a_push_names_the_code_and_the_merchants_gateway_hears_it_once(
    simulator: SimulatorProcess, gateway: Gateway
) -> None:
    counter = opened(simulator)
    counter.listen(gateway.url, CREATED, USED)
    activity_id, person = counter.made_for_orders(), counter.person()
    code = counter.code(activity_id, person)
    counter.say(asks.USE, **counter.use(activity_id, code, trade_no="2026T9"))
    counter.settle()

    heard = [post["msg_method"] for post in gateway.posts]
    assert heard == [CREATED, USED]
    for word in (activity_id, code, person, "2026T9"):
        assert word in gateway.posts[1]["biz_content"]
