"""An order on its way to the order centre, and what the answer says of its message."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.methods.orders import MerchantOrderSync, MerchantOrderSyncResponse

ORDER = {
    "out_biz_no": "R20261122001",
    "buyer_open_id": "secret-person",
    "order_create_time": "2026-11-22 09:00:00",
    "order_modified_time": "2026-11-22 09:00:01.250",
    "amount": "100.00",
    "ext_info": [{"ext_key": "merchant_order_status", "ext_value": "IN_DELIVERY"}],
}


def test_an_order_is_written_with_its_facts_as_a_list_of_keys_and_values() -> None:
    items = [{"item_name": "Phone", "quantity": 1, "ext_info": [{"ext_key": "k", "ext_value": "v"}]}]
    written = json.loads(MerchantOrderSync.model_validate({**ORDER, "item_order_list": items}).biz_content())

    assert written == {
        **ORDER,
        "order_type": "SERVICE_ORDER",
        "item_order_list": items,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"out_biz_no": ""},
        {"buyer_open_id": None},
        {"buyer_id": "2088000000000000"},
        {"order_type": "TRADE_ORDER"},
        {"order_modified_time": "2026-11-22 09:00:01"},
        {"order_create_time": "2026-11-22T09:00:00"},
        {"amount": "1e3"},
        {"ext_info": []},
        {"ext_info": '{"merchant_order_status": "IN_DELIVERY"}'},
        {"ext_info": [{"ext_key": "business_info", "ext_value": {"lease": "12"}}]},
        {"item_order_list": [{"item_name": ""}]},
        {"logistics_info_list": [{"tracking_no": "SF1", "phone_no": "13800000000"}]},
        {"send_msg": "Y"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_order_that_the_platform_cannot_take_is_not_built_and_the_error_names_nobody(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError) as caught:
        MerchantOrderSync.model_validate({**ORDER, **changes})
    assert "secret-person" not in str(caught.value)


def test_an_answer_tells_why_the_message_was_not_sent() -> None:
    node = {
        "order_id": 2026,
        "order_status": "",
        "distribute_result": [
            {"scene_code": "SERVICE_MSG", "scene_name": "订单消息", "not_distribute_reason": "缺少必填属性"},
            {"scene_code": "ORDER_CENTER", "not_distribute_reason": ""},
        ],
    }
    answer = MerchantOrderSyncResponse.model_validate(node)
    assert (answer.order_id, answer.order_status) == ("2026", None)
    assert answer.not_distributed == ("缺少必填属性",)


def test_an_answer_without_a_distribution_says_nothing_against_the_message() -> None:
    assert MerchantOrderSyncResponse.model_validate({"order_id": "1"}).not_distributed == ()
