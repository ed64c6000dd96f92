"""The order centre: what is stored, what is dropped, what is refused, and which message comes of it."""

from typing import Any

import pytest

from tests.simulator.documented import ORDER
from tests.simulator.merchant import Merchant, answers_nothing
from tests.simulator.order_asks import LEASED, LINK, at, number, order
from tests.simulator.screen import Tree
from tests.simulator_process import SimulatorError, SimulatorProcess

BEFORE = "该节点已发送过消息"


def say(merchant: Merchant, asked: dict[str, Any]) -> tuple[str, list[str]]:
    """The outcome, and the reasons why nobody was told."""
    node = merchant.call(ORDER, asked).node
    told = [one["not_distribute_reason"] for one in node.get("distribute_result", [])]
    return node.get("sub_msg") or node["code"], told


def kept(merchant: Merchant, out_biz_no: str) -> dict[str, Any]:
    path = f"/sim/orders?app_id={merchant.app_id}&out_biz_no={out_biz_no}"
    [found] = merchant.simulator.get(path)["orders"]
    return found


def entries(merchant: Merchant, out_biz_no: str) -> list[dict[str, Any]]:
    path = f"/sim/log?app_id={merchant.app_id}&out_biz_no={out_biz_no}"
    return merchant.simulator.get(path)["entries"]


def listed(merchant: Merchant, person: str) -> str:
    return merchant.simulator.get(f"/sim/phone/{person}?app_id={merchant.app_id}")


def test_a_newer_time_overwrites_the_same_is_a_repetition_and_an_older_one_changes_nothing(
    merchant: Merchant, person: str
) -> None:
    name = number()
    steps = [(5, "APPLYING"), (7, "TO_SEND_GOODS"), (7, "CLOSED"), (6, "PENDING"), (8, "IN_DELIVERY")]

    said = [
        say(merchant, order(person, status, after_ms=ms, out_biz_no=name, info=LEASED))
        for ms, status in steps
    ]

    assert said == [
        *(("10000", []), ("10000", [])),
        ("短时间内重复请求，幂等拦截", []),
        *(("10000", []), ("10000", [])),
    ]
    order_centre = kept(merchant, name)
    assert order_centre["status"] == "IN_DELIVERY"
    assert [one["order_modified_time"] for one in order_centre["syncs"]] == [at(ms) for ms in (5, 7, 8)]
    assert [
        (one["order_modified_time"], one["order_status"], one["order_effect"], one["to"])
        for one in entries(merchant, name)
    ] == [
        (at(5), "APPLYING", "stored", person),
        (at(7), "TO_SEND_GOODS", "stored", person),
        (at(7), "CLOSED", None, person),
        (at(6), "PENDING", "older", person),
        (at(8), "IN_DELIVERY", "stored", person),
    ]


def test_a_message_goes_out_once_for_each_node_and_is_made_good_when_its_fields_come(
    merchant: Merchant, person: str
) -> None:
    name = number()
    bare = {**LEASED, "receiving_time": " "}
    reason = "缺少必填属性 ext_info.business_info.receiving_time"

    said = [
        say(merchant, order(person, "IN_THE_LEASE", after_ms=step, out_biz_no=name, info=info))
        for step, info in enumerate((bare, LEASED, LEASED), 1)
    ]

    assert said == [("10000", [reason]), ("10000", []), ("10000", [BEFORE])]
    made = [one["message_id"] is not None for one in kept(merchant, name)["syncs"]]
    assert made == [False, True, False]
    assert [one["message_id"] is not None for one in entries(merchant, name)] == made


def test_who_turned_messages_off_has_the_order_stored_and_no_message(merchant: Merchant, person: str) -> None:
    name = number()
    merchant.act(person, "reject_messages")
    off = say(merchant, order(person, "REJECT", out_biz_no=name, info=LEASED))
    merchant.act(person, "allow_messages")
    on = say(merchant, order(person, "REJECT", after_ms=2, out_biz_no=name, info=LEASED))

    assert (off, on) == (("10000", ["用户已关闭该商家的消息"]), ("10000", []))
    assert listed(merchant, person).count("订单消息：审核拒绝") == 1


@pytest.mark.parametrize(
    ("changes", "sub_msg"),
    [
        ({"status": None}, "服务订单订单状态不可空"),
        ({"status": "CREATE"}, "订单状态不合法"),
        ({"status": "applying"}, "订单状态不合法"),
        ({"biz_type": None}, "缺少必填属性：ext_info.merchant_biz_type"),
        ({"biz_type": "HOTEL_BOOKING"}, "订单状态不合法"),
        ({"biz_type": "NOTHING"}, "merchant_biz_type 不合法"),
        ({"amount": "10.00", "pay_amount": "9.00"}, "订单金额不等于支付金额加优惠金额"),
        (
            {"amount": "10", "pay_amount": "9.00", "discount_amount": "2.00"},
            "订单金额不等于支付金额加优惠金额",
        ),
        ({"after_ms": 0}, "业务修改时间不能早于业务创建时间"),
        ({"order_create_time": None}, "缺少必填属性：order_create_time"),
        ({"order_modified_time": "2026-11-20T09:00:00"}, "order_modified_time 格式错误"),
        ({"buyer_open_id": None}, "买家信息不能为空"),
        ({"item_order_list": [{"item_name": "", "quantity": 1}]}, "商品名称不能为空"),
        ({"out_biz_no": None, "more": {"out_biz_no": ""}}, "业务订单号不能为空"),
        ({"ext_info": '{"merchant_order_status":"APPLYING"}'}, "ext_info 需为 ext_key 与 ext_value 的列表"),
        ({"info": {"lease": 12}}, "business_info 需为 JSON 字符串，且值均为字符串"),
    ],
)
def test_what_is_wrong_in_an_order_is_refused_in_the_platforms_words(
    merchant: Merchant, person: str, changes: dict[str, Any], sub_msg: str
) -> None:
    changes = {"status": "APPLYING", **changes}
    more = changes.pop("more", {})
    asked = {**order(person, changes.pop("status"), **changes), **more}

    node = merchant.call(ORDER, asked).node

    assert (node["sub_code"], node["sub_msg"]) == ("INVALID_PARAMETER", sub_msg)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"status": "APPLYING"}, "订单状态乱序"),
        ({"biz_type": "RECYCLE", "status": "create"}, "幂等失败（存在不同 subBizType）"),
        ({"link": "pages/other"}, "商户链接已存在"),
        ({"info": {"thaw_deposit": "2"}}, "business_info 中的 thaw_deposit 已设置不可更改"),
    ],
)
def test_what_is_fixed_for_an_orders_life_cannot_change(
    merchant: Merchant, person: str, changes: dict[str, Any], refused: str
) -> None:
    name = number()
    assert say(merchant, order(person, "TO_SEND_GOODS", out_biz_no=name, info=LEASED))[0] == "10000"

    changes = {"status": "IN_DELIVERY", **changes}
    asked = order(person, changes.pop("status"), after_ms=2, out_biz_no=name, **changes)

    assert say(merchant, asked) == (refused, [])
    assert kept(merchant, name)["status"] == "TO_SEND_GOODS"


def test_a_trade_belongs_to_one_order_and_to_its_buyer(merchant: Merchant, person: str) -> None:
    body = {"app_id": merchant.app_id, "open_id": person, "kind": "trade"}
    trade = merchant.simulator.post("/sim/forms", body)["form_id"]
    other = merchant.people(2, seed=987_001)[1]

    assert say(merchant, order(other, "APPLYING", trade_no=trade))[0] == "订单买家与交易买家不一致"
    assert say(merchant, order(person, "APPLYING", trade_no=trade))[0] == "10000"
    assert say(merchant, order(person, "APPLYING", trade_no=trade))[0] == "交易号已存在于另外一笔订单中"


def test_a_move_that_the_scene_lists_is_taken_and_another_is_not(simulator: SimulatorProcess) -> None:
    scenes = {one["biz_type"]: one for one in simulator.get("/sim/scenes")["scenes"]}
    moves = {
        one["code"]: set(one["moves"])
        for scene in ("3C_RENT", "RESERVATION")
        for one in scenes[scene]["statuses"]
    }

    assert moves["CLOSED"] == {"CLOSED"}
    assert moves["IN_THE_BACK"] == {"FINISHED", "BUYOUT", "TO_BE_PAID"}
    assert "PENDING" not in moves["TO_SEND_GOODS"]
    assert moves["PENDING"] >= {"APPLYING", "PENDING"}
    assert moves["delivered"] == {"delivered", "paid", "wait_pay"}


def test_every_scene_tells_which_nodes_notify_as_the_documents_have_it(simulator: SimulatorProcess) -> None:
    told = {
        one["biz_type"]: {status["code"] for status in one["statuses"] if status["notifies"]}
        for one in simulator.get("/sim/scenes")["scenes"]
    }
    quiet = {
        one["biz_type"]: {status["code"] for status in one["statuses"] if not status["notifies"]}
        for one in simulator.get("/sim/scenes")["scenes"]
    }

    assert quiet["3C_RENT"] == {
        *("APPLYING", "PENDING", "DEPOSIT_WAIVER", "TO_SEND_GOODS", "ON_TRIAL", "IN_THE_BACK"),
        *("END_OF_LEASE", "CLOSED"),
    }
    assert quiet["RECYCLE"] == {"to_send", "come_to_door", "valuation", "taked_goods"}
    assert quiet["RESERVATION"] == {"pending", "delivered", "paid"}
    assert told["TAKE_OUT"] == {"MERCHANT_ACCEPTED", "DELIVERING", "DELIVERED", "CANCELED", "REFUNDED"}
    assert told["SCENIC_TICKET"] == {"ISSUED", "ISSUE_FAILED"}


def test_an_offline_mini_program_has_no_order_stored(merchant: Merchant, person: str) -> None:
    merchant.configure(state="offline")
    asked = order(person, "APPLYING")
    assert merchant.call(ORDER, asked).node["sub_code"] == "TINY_APP_IS_NOT_ONLINE"
    merchant.configure(state="online")
    assert say(merchant, asked)[0] == "10000"


def test_silent_after_success_the_order_is_stored_and_its_repetition_says_so(
    merchant: Merchant, person: str
) -> None:
    name = number()
    asked = order(person, "REJECT", out_biz_no=name, info=LEASED)
    merchant.fault("timeout_after_success", method=ORDER, value=0, count=1)

    assert answers_nothing(lambda: merchant.call(ORDER, asked))
    assert say(merchant, asked) == ("短时间内重复请求，幂等拦截", [])

    assert len(kept(merchant, name)["syncs"]) == 1
    assert listed(merchant, person).count("订单消息：审核拒绝") == 1
    assert [one["order_effect"] for one in entries(merchant, name)] == ["stored", None]


@pytest.mark.parametrize(("kind", "value"), [("drop_before", None), ("limit", None), ("http_500", "before")])
def test_a_fault_before_the_work_leaves_no_order(
    merchant: Merchant, person: str, kind: str, value: str | None
) -> None:
    name = number()
    asked = order(person, "APPLYING", out_biz_no=name)
    merchant.fault(kind, method=ORDER, count=1, **({"value": value} if value else {}))
    try:
        assert merchant.call(ORDER, asked).node["code"] == "40005"
    except OSError:
        assert kind != "limit"

    assert say(merchant, asked)[0] == "10000"
    assert [one["order_modified_time"] for one in kept(merchant, name)["syncs"]] == [at(1)]


def test_the_phone_shows_the_message_with_push_and_opens_the_orders_page(
    merchant: Merchant, person: str
) -> None:
    name = number()
    items = [{"item_name": "云台相机", "quantity": 1}]
    asked = order(person, "IN_DELIVERY", out_biz_no=name, info=LEASED, item_order_list=items)
    assert say(merchant, asked)[0] == "10000"
    message_id = kept(merchant, name)["syncs"][0]["message_id"]

    zone = merchant.simulator.get(f"/sim/phone/{person}/m/{message_id}?app_id={merchant.app_id}")

    [card] = Tree(zone).top.all("article", aria_current="true")
    assert all(word in card.text for word in ("订单消息", "订单状态", "已发货", "云台相机", name, LINK))
    assert 'class="push"' in listed(merchant, person)
    visit = merchant.act(person, "visit", message_id=message_id, via="push")
    assert visit["message_id"] == message_id


def test_a_node_without_push_shows_in_the_list_alone(merchant: Merchant, person: str) -> None:
    name = number()
    assert say(merchant, order(person, "APPROVAL", out_biz_no=name, info=LEASED)) == ("10000", [])

    page = listed(merchant, person)
    assert "订单消息：审批中" in page
    assert 'class="push"' not in page
    message_id = kept(merchant, name)["syncs"][0]["message_id"]
    with pytest.raises(SimulatorError, match="without a push"):
        merchant.act(person, "visit", message_id=message_id, via="push")


def test_orders_outlive_the_process_with_what_was_told(tmp_path: Any) -> None:
    store, name = tmp_path / "store.db", number()
    with SimulatorProcess.start(store=store) as process:
        shop = Merchant.create(process, industry="rental", name="云朵租机")
        person = shop.people(1, seed=1)[0]
        assert say(shop, order(person, "IN_THE_LEASE", out_biz_no=name, info=LEASED)) == ("10000", [])
        texts_of = {"app_id": shop.app_id, **shop.texts}
    with SimulatorProcess.start(store=store) as process:
        shop = Merchant(process, {**texts_of, "gateway_url": f"{process.url}/gateway.do"})
        again = order(person, "IN_THE_LEASE", after_ms=2, out_biz_no=name, info=LEASED)
        assert say(shop, again) == ("10000", [BEFORE])
        assert [one["status"] for one in kept(shop, name)["syncs"]] == ["IN_THE_LEASE"] * 2
        assert "订单消息：租赁中" in listed(shop, person)
