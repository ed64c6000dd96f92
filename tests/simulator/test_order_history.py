"""Orders of a past: judged by the same order centre, dated then, written once for each key."""

import time
from typing import Any

import pytest

from tests.simulator.documented import ORDER
from tests.simulator.merchant import Merchant
from tests.simulator.order_asks import LEASED, at, number, order
from tests.simulator_process import SimulatorError, SimulatorProcess

DAY = 86_400.0
HOUR = 3_600.0


def tell(merchant: Merchant, key: str, *returns: dict[str, Any]) -> list[dict[str, Any]]:
    body = {"app_id": merchant.app_id, "key": key, "returns": list(returns)}
    answers: list[dict[str, Any]] = merchant.simulator.post("/sim/orders", body)["answers"]
    return answers


def entries(merchant: Merchant, out_biz_no: str) -> list[dict[str, Any]]:
    path = f"/sim/log?app_id={merchant.app_id}&out_biz_no={out_biz_no}"
    found: list[dict[str, Any]] = merchant.simulator.get(path)["entries"]
    return found


def kept(merchant: Merchant, out_biz_no: str) -> dict[str, Any]:
    path = f"/sim/orders?app_id={merchant.app_id}&out_biz_no={out_biz_no}"
    [found] = merchant.simulator.get(path)["orders"]
    return dict(found)


def test_a_past_is_judged_in_the_order_of_its_times_and_then_goes_on(merchant: Merchant, person: str) -> None:
    name, then = number(), time.time() - 3 * DAY
    asked = [
        (order(person, "WAIT_PAY", after_ms=3, out_biz_no=name, info={"lease": "7"}), then + 2 * HOUR),
        (order(person, "APPROVAL", after_ms=1, out_biz_no=name, info=LEASED), then),
        (order(person, "TO_SEND_GOODS", after_ms=2, out_biz_no=name, info=LEASED), then + 3 * HOUR),
        (order(person, "PENDING", after_ms=4, out_biz_no=name, info={"thaw_deposit": "2"}), then + 4 * HOUR),
    ]
    refused = {"biz_content": order(person, "CLOSED", after_ms=5, out_biz_no=name), "at": then + 5 * HOUR}
    refused["refused"] = "TINY_APP_IS_NOT_ONLINE"

    said = tell(merchant, name, *({"biz_content": biz, "at": when} for biz, when in asked), refused)

    assert [(one["code"], one.get("sub_code"), one.get("sub_msg")) for one in said] == [
        ("10000", None, None),
        ("10000", None, None),
        ("10000", None, None),
        ("40004", "INVALID_PARAMETER", "business_info 中的 thaw_deposit 已设置不可更改"),
        ("40004", "TINY_APP_IS_NOT_ONLINE", "小程序未上线"),
    ]
    assert [one["not_distribute_reason"] for one in said[0]["distribute_result"]] == [
        "缺少必填属性 ext_info.business_info.total_rent"
    ]
    # by its time the third came last, and was older by its modified time
    assert [(one["order_status"], one["order_effect"]) for one in entries(merchant, name)] == [
        ("APPROVAL", "stored"),
        ("WAIT_PAY", "stored"),
        ("TO_SEND_GOODS", "older"),
        ("PENDING", None),
        ("CLOSED", None),
    ]
    assert all(one["history"] for one in entries(merchant, name))
    assert [one["status"] for one in kept(merchant, name)["syncs"]] == ["APPROVAL", "WAIT_PAY"]
    now = merchant.call(ORDER, order(person, "APPROVAL", after_ms=6, out_biz_no=name, info=LEASED)).node
    assert now["sub_msg"] == "订单状态乱序"
    message = kept(merchant, name)["syncs"][0]["message_id"]
    phone = merchant.simulator.get(f"/sim/phone/{person}?app_id={merchant.app_id}")
    assert message and name in phone


def test_the_same_key_again_writes_nothing_and_answers_the_same(merchant: Merchant, person: str) -> None:
    name, when = number(), time.time() - DAY
    first = tell(merchant, name, {"biz_content": order(person, "APPLYING", out_biz_no=name), "at": when})
    again = tell(merchant, name, {"biz_content": order(person, "CLOSED", out_biz_no=number()), "at": when})
    assert first == again
    assert [one["order_status"] for one in entries(merchant, name)] == ["APPLYING"]
    assert kept(merchant, name)["syncs"][0]["order_modified_time"] == at(1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"returns": {}},
        {"returns": [{"biz_content": "{}", "at": 1.0}]},
        {"returns": [{"biz_content": {}, "at": 1.0}]},
        {"returns": [{"biz_content": {}, "at": 4e9}]},
        {"returns": [{"biz_content": {}, "at": True}]},
        {"returns": [{"biz_content": {}, "at": time.time() - DAY, "refused": "NO_SUCH_CODE"}]},
        {"returns": [], "key": ""},
    ],
)
def test_what_cannot_be_a_past_is_named(
    simulator: SimulatorProcess, merchant: Merchant, wrong: dict[str, Any]
) -> None:
    with pytest.raises(SimulatorError, match=r"400.*(returns|key)"):
        simulator.post("/sim/orders", {"app_id": merchant.app_id, "key": "wrong", **wrong})
