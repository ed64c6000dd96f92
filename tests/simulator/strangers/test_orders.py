"""Strangers return orders; what came of it is seen in the order centre and on the phone."""

from typing import Any

from tests.simulator.documented import ORDER
from tests.simulator.merchant import Merchant
from tests.simulator.order_asks import LEASED, number, order
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.world import World


def _centre(merchant: Merchant, out_biz_no: str) -> dict[str, Any]:
    path = f"/sim/orders?app_id={merchant.app_id}&out_biz_no={out_biz_no}"
    [found] = merchant.simulator.get(path)["orders"]
    return found


def test_a_rental_is_returned_from_placed_to_overdue_and_the_phone_shows_each_node_that_notifies(
    stranger: Stranger, world: World
) -> None:
    person, client, name = world.person(world.shop), stranger(world.shop), number()
    item = {"item_name": "云台相机", "quantity": 1, "unit_price": "300.00", "unit": "台"}
    shop = {"name": "云朵租机", "address": "文三路 1 号", "phone_num": "0571-0000000"}
    amounts = {"amount": "300.00", "pay_amount": "280.00", "discount_amount": "20.00"}
    more = {**amounts, "item_order_list": [item], "shop_info": shop, "category_id": "C100845427"}
    chain = {
        "APPLYING": {},
        "TO_SEND_GOODS": {},
        "IN_DELIVERY": LEASED,
        "IN_THE_LEASE": LEASED,
        "OVERDUE": {**LEASED, "overdue_amount": "30.00"},
    }

    for step, (status, info) in enumerate(chain.items(), 1):
        asked = order(person, status, after_ms=step, out_biz_no=name, info=info, **more)
        node = client.call(ORDER, asked)
        assert node == {
            "code": "10000",
            "msg": "Success",
            "order_id": node["order_id"],
            "order_status": status,
        }

    kept = _centre(world.shop, name)
    assert [(one["status"], one["message_id"] is not None) for one in kept["syncs"]] == [
        ("APPLYING", False),
        ("TO_SEND_GOODS", False),
        ("IN_DELIVERY", True),
        ("IN_THE_LEASE", True),
        ("OVERDUE", True),
    ]
    page = world.phone(world.shop, person)
    assert [f"订单消息：{said}" in page for said in ("待发货", "已发货", "租赁中", "已逾期")] == [
        *(False, True, True, True)
    ]


def test_an_order_that_lacks_what_its_message_takes_is_stored_and_the_answer_names_each_field(
    stranger: Stranger, world: World
) -> None:
    person, name = world.person(world.shop), number()
    info = {key: value for key, value in LEASED.items() if key not in ("receiving_time", "lease")}

    node = stranger(world.shop).call(ORDER, order(person, "IN_THE_LEASE", out_biz_no=name, info=info))

    assert node["code"] == "10000"
    assert node["distribute_result"] == [
        {
            "scene_code": "SERVICE_MSG",
            "scene_name": "订单消息",
            "not_distribute_reason": f"缺少必填属性 ext_info.business_info.{field}",
        }
        for field in ("lease", "receiving_time")
    ]
    assert _centre(world.shop, name)["status"] == "IN_THE_LEASE"
    assert "订单消息" not in world.phone(world.shop, person)


def test_the_same_return_again_is_refused_in_the_words_that_tell_a_repetition(
    stranger: Stranger, world: World
) -> None:
    asked = order(world.person(world.shop), "APPLYING")
    client = stranger(world.shop)
    assert client.call(ORDER, asked)["code"] == "10000"

    node = client.call(ORDER, asked)

    assert (node["sub_code"], node["sub_msg"]) == ("INVALID_PARAMETER", "短时间内重复请求，幂等拦截")


def test_an_object_where_the_list_of_facts_belongs_is_refused(stranger: Stranger, world: World) -> None:
    asked = order(world.person(world.shop), "APPLYING")
    facts = '{"merchant_order_status":"APPLYING","merchant_biz_type":"3C_RENT"}'

    node = stranger(world.shop).call(ORDER, {**asked, "ext_info": facts})

    assert node["sub_code"] == "INVALID_PARAMETER"


def test_a_provider_returns_an_order_for_its_merchant(stranger: Stranger, world: World) -> None:
    token, name = world.app_token(world.shop, world.provider), number()
    asked = order(world.person(world.shop), "APPLYING", out_biz_no=name)

    node = stranger(world.provider).call(ORDER, asked, app_auth_token=token)

    assert node["code"] == "10000"
    assert _centre(world.shop, name)["status"] == "APPLYING"
