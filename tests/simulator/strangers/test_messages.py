"""Strangers send, ask and adopt; what came of it is seen by another method or on the phone."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.refused_messages import BATCH, BATCH_QUERY, SEND, SUBSCRIBED, TWO, data_of
from tests.simulator.strangers.refused_others import APPLY, LIBRARY, TEMPLATES
from tests.simulator.strangers.world import World

SUCCESS = {"code": "10000", "msg": "Success"}
# How one message stands in the list of the phone.
LISTED = "优惠券领取提醒：满 100 减 20"


@pytest.fixture(autouse=True)
def rested(world: World) -> Iterator[None]:
    """A day of its own for each test here: ten batches a day would not be enough for all."""
    world.later(86_400)
    yield


def _ended(stranger: Stranger, world: World, batch_msg_id: str) -> dict[str, object]:
    """The record once the batch is done; one piece of work takes milliseconds."""
    for _ in range(200):
        record = stranger(world.shop).call(BATCH_QUERY, {"batch_msg_id": batch_msg_id})["record"]
        if record["msg_send_status"] not in ("WAITING", "SENDING"):
            return record
        time.sleep(0.05)
    raise AssertionError(f"the batch never ended: {record}")


def test_a_message_reaches_the_phone_and_spends_one_unit(stranger: Stranger, world: World) -> None:
    person = world.subscriber(world.shop, world.coupon, units=2)
    biz = {
        "to_open_id": person,
        "user_template_id": world.coupon,
        "data": data_of("满 100 减 20", "到店出示"),
        "page": "pages/coupon?id%3D7",
    }

    assert stranger(world.shop).call(SEND, biz) == SUCCESS

    assert LISTED in world.phone(world.shop, person)
    assert world.units(world.shop, world.coupon)[person] == 1


def test_the_last_unit_spent_is_a_refusal_in_the_answer_about_consent(
    stranger: Stranger, world: World
) -> None:
    person = world.subscriber(world.shop, world.coupon)
    client = stranger(world.shop)
    asked = {"open_id": person, "template_id_list": [world.coupon]}

    before = client.call(SUBSCRIBED, asked)["subscribe_relations"]
    client.call(SEND, {"to_open_id": person, "user_template_id": world.coupon, "data": TWO})
    after = client.call(SUBSCRIBED, asked)["subscribe_relations"]

    assert before == [
        {
            "template_id": world.coupon,
            "subscribe_type": "onetime",
            "subscribe_state": "1",
            "show": True,
        }
    ]
    assert after == [{**before[0], "subscribe_state": "0"}]


def test_the_answer_about_consent_tells_which_choices_are_kept(stranger: Stranger, world: World) -> None:
    other = world.shop.adopt("TM0000002", ["预约项目", "预约时间"])
    template_ids = [world.coupon, other]
    client, person = stranger(world.shop), world.person(world.shop)
    asked = {"open_id": person, "template_id_list": template_ids}
    prompt = {"template_ids": template_ids, "accept": [world.coupon]}

    def states() -> tuple[bool, list[tuple[str, str | None, bool]]]:
        node = client.call(SUBSCRIBED, asked)
        told = [
            (one["subscribe_state"], one.get("keep_state"), one["show"])
            for one in node.get("subscribe_relations", [])
        ]
        return node["show_component"], told

    never_asked = states()
    world.shop.act(person, "prompt", **prompt)
    asked_once = states()
    world.shop.act(person, "prompt", **prompt, keep=True)
    kept = states()
    world.shop.act(person, "unsubscribe", template_id=world.coupon)
    changed = states()

    assert never_asked == (True, [])
    assert asked_once == (True, [("1", None, True)])
    assert kept == (False, [("1", "1", False), ("0", "0", False)])
    assert changed == (True, [("0", None, True), ("0", "0", False)])


def test_a_kept_accept_yields_a_unit_silently_and_a_kept_reject_none(
    stranger: Stranger, world: World
) -> None:
    person, rejecting = world.person(world.shop), world.person(world.shop)
    prompt = {"template_ids": [world.coupon]}
    biz = {"user_template_id": world.coupon, "data": TWO}
    client = stranger(world.shop)

    shown = world.shop.act(person, "prompt", **prompt, keep=True)
    assert client.call(SEND, {**biz, "to_open_id": person}) == SUCCESS
    assert client.call(SEND, {**biz, "to_open_id": person})["sub_code"] == "MSG_UNSUBSCRIBED"
    silent = world.shop.act(person, "prompt", **prompt, accept=[])
    sent = client.call(SEND, {**biz, "to_open_id": person})
    world.shop.act(rejecting, "prompt", **prompt, accept=[], keep=True)
    refusing = world.shop.act(rejecting, "prompt", **prompt)

    assert (shown["show"], silent["show"], sent) == (True, False, SUCCESS)
    assert silent["choices"] == {world.coupon: "accept"}
    assert (refusing["show"], refusing["choices"]) == (False, {world.coupon: "reject"})
    assert client.call(SEND, {**biz, "to_open_id": rejecting})["sub_code"] == "MSG_UNSUBSCRIBED"


def test_a_long_term_consent_pays_and_stands(stranger: Stranger, world: World) -> None:
    person = world.subscriber(world.shop, world.daily, kind="long_term")
    client = stranger(world.shop)
    biz = {"to_open_id": person, "user_template_id": world.daily, "data": data_of("5 积分", "3 天")}

    first = client.call(SEND, biz)
    world.later(86_400)
    second = client.call(SEND, biz)

    assert (first, second) == (SUCCESS, SUCCESS)
    asked = client.call(SUBSCRIBED, {"open_id": person, "template_id_list": [world.daily]})
    [relation] = asked["subscribe_relations"]
    assert (relation["subscribe_type"], relation["keep_state"], relation["show"]) == ("longterm", "1", False)
    assert asked["show_component"] is False
    assert world.phone(world.shop, person).count("每日签到提醒：5 积分") == 2


@pytest.mark.parametrize(
    ("kind", "times", "title"), [("form", 1, "预约登记成功通知"), ("trade", 3, "付款成功通知")]
)
def test_a_form_pays_once_and_a_trade_three_times(
    stranger: Stranger, world: World, kind: str, times: int, title: str
) -> None:
    person = world.person(world.shop)
    template = world.form_template if kind == "form" else world.trade_template
    form_id = world.form(world.shop, person, kind)
    biz = {"to_open_id": person, "user_template_id": template, "data": TWO, "form_id": form_id}

    answers = [stranger(world.shop).call(SEND, biz) for _ in range(times + 1)]

    assert answers[:times] == [SUCCESS] * times
    assert answers[times]["sub_code"] == "FORM_ID_SEND_LIMIT"
    assert world.phone(world.shop, person).count(f"{title}：满 100 减 20") == times


def test_who_ordered_is_reached_by_the_template_that_asks_for_it(stranger: Stranger, world: World) -> None:
    person = world.subscriber(world.retail, world.after_order)
    biz = {"to_open_id": person, "user_template_id": world.after_order, "data": TWO}
    client = stranger(world.retail)
    assert client.call(SEND, biz)["sub_code"] == "NO_PLACE_ORDER_RECORD"

    world.form(world.retail, person, "trade")

    assert client.call(SEND, biz) == SUCCESS
    assert "购后服务提醒" in world.phone(world.retail, person)


def test_a_template_is_found_adopted_and_then_listed(stranger: Stranger, world: World) -> None:
    client = stranger(world.tea)
    library = client.call(LIBRARY, {"scene_rule": "one_time_subscribe", "page_num": 1, "page_size": 3})
    entry = library["template_lib_list"][0]
    keywords = entry["keyword_desc"].split(",")[:2]

    adopted = client.call(
        APPLY,
        {
            "lib_code": entry["code"],
            "scene_rule": entry["scene_rule"],
            "keyword_list": [{"name": name} for name in keywords],
        },
    )

    assert (library["page_num"], library["page_size"], len(library["template_lib_list"])) == (1, 3, 3)
    listed = client.call(TEMPLATES, {"biz_type": "sub_msg", "page_num": "1", "page_size": "10"})
    [mine] = [one for one in listed["template_list"] if one["template_id"] == adopted["template_id"]]
    assert (mine["name"], mine["keyword_desc"], mine["status"]) == (
        entry["name"],
        ",".join(keywords),
        "ONLINE",
    )
    assert {name: mine[name] for name in ("scene_rule", "delivery_settings", "fatigue")} == {
        name: entry[name] for name in ("scene_rule", "delivery_settings", "fatigue")
    }
    assert (listed["page_num"], listed["page_size"]) == (1, "10")
    assert listed["total_count"] == len(listed["template_list"]) >= 1


def test_the_library_tells_what_may_be_adopted_and_why_the_rest_may_not(
    stranger: Stranger, world: World
) -> None:
    asked = {"industry_code": "XS1012", "industry_scenario": "订单服务", "has_push": True}

    node = stranger(world.shop).call(LIBRARY, asked)

    both = {
        "scene_rule": "one_time_subscribe",
        "industry_code": "XS1012",
        "industry_scenario": "订单服务",
        "has_push": True,
        "delivery_settings": "all",
        "fatigue": {"value": 2, "unit": "day", "total": 10},
        "status": "ONLINE",
    }
    assert (node["page_num"], node["page_size"], node["total_count"]) == (1, 10, 2)
    assert node["template_lib_list"] == [
        {
            **both,
            "code": "TM0010001",
            "name": "订单完成奖励领取通知",
            "keyword_desc": "奖励名称,订单商品,领取方式,有效期,温馨提示",
            "selectable": True,
        },
        {
            **both,
            "code": "TM0010009",
            "name": "租期到期提醒",
            "keyword_desc": "商品名称,到期日期,归还方式,温馨提示",
            "selectable": False,
            "not_selectable_reason": {
                "reason_text": "该模板需先开通「租赁订单」能力",
                "action_url": "https://b.alipay.com/page/message/access",
            },
        },
    ]
    weekly = stranger(world.shop).call(LIBRARY, {"scene_rule": "long_term_subscribe", "has_push": False})
    assert {"value": 1, "unit": "week", "total": 3} in [one["fatigue"] for one in weekly["template_lib_list"]]


def test_fans_alone_are_meant_where_the_library_says_so(stranger: Stranger, world: World) -> None:
    followers, client = world.followers, stranger(world.tea)

    mine = client.call(TEMPLATES, {"page_size": "10"})["template_list"]
    entries = client.call(LIBRARY, {"page_size": 10})["template_lib_list"]

    [adopted] = [one for one in mine if one["template_id"] == followers]
    [offered] = [one for one in entries if one["code"] == "TM0020005"]
    assert (adopted["delivery_settings"], offered["delivery_settings"]) == ("follower", "follower")


def test_a_batch_reaches_those_of_the_crowd_who_subscribed(stranger: Stranger, world: World) -> None:
    subscribers = [world.subscriber(world.shop, world.coupon) for _ in range(3)]
    outsider = world.person(world.shop)
    crowd = world.crowd(world.shop, [*subscribers[:2], outsider])
    biz = {"template_id": world.coupon, "data": TWO, "page": "pages/index", "crowd_code": crowd}

    batch_msg_id = stranger(world.shop).call(BATCH, biz)["batch_msg_id"]

    record = _ended(stranger, world, batch_msg_id)
    assert (record["msg_send_status"], record["msg_send_count"]) == ("SUCCESS", 2)
    assert (record["template_id"], record["crowd_code"]) == (world.coupon, crowd)
    assert record["msg_content"] == {
        "title": "优惠券领取提醒",
        "jump_url": f"alipays://platformapi/startapp?appId={world.shop.app_id}&page=pages%2Findex",
        "keyword_list": [
            {"name": "优惠内容", "value": "满 100 减 20"},
            {"name": "使用方法", "value": "到店出示"},
        ],
    }
    phones = [world.phone(world.shop, one).count(LISTED) for one in [*subscribers, outsider]]
    assert phones == [1, 1, 0, 0]
    units = world.units(world.shop, world.coupon)
    assert [units[one] for one in subscribers] == [0, 0, 1]


def test_a_batch_that_does_not_reach_everybody_is_partial(stranger: Stranger, world: World) -> None:
    willing, unwilling = (world.subscriber(world.shop, world.coupon) for _ in range(2))
    world.shop.act(unwilling, "reject_messages")
    crowd = world.crowd(world.shop, [willing, unwilling])

    biz = {"template_id": world.coupon, "data": TWO, "crowd_code": crowd}
    batch_msg_id = stranger(world.shop).call(BATCH, biz)["batch_msg_id"]

    record = _ended(stranger, world, batch_msg_id)
    assert (record["msg_send_status"], record["msg_send_count"]) == ("PARTIAL", 1)
    assert world.units(world.shop, world.coupon)[unwilling] == 1


def test_a_batch_waits_for_its_time_and_can_be_called_back(stranger: Stranger, world: World) -> None:
    person = world.subscriber(world.shop, world.coupon)
    crowd = world.crowd(world.shop, [person])
    now = datetime.fromisoformat(world.platform.get("/sim/clock")["now"])
    due = (now + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    biz = {"template_id": world.coupon, "data": TWO, "crowd_code": crowd, "schedule_send_time": due}
    client = stranger(world.shop)
    kept, called_back = (client.call(BATCH, biz)["batch_msg_id"] for _ in range(2))

    waiting = client.call(BATCH_QUERY, {"batch_msg_id": kept})["record"]
    body = {"app_id": world.shop.app_id, "batch_msg_id": called_back}
    assert world.platform.post("/sim/batches", body) == {"canceled": True}
    world.later(3600)

    assert (waiting["msg_send_status"], waiting["msg_send_time"], waiting["msg_send_count"]) == (
        "WAITING",
        due,
        0,
    )
    assert _ended(stranger, world, kept)["msg_send_status"] == "SUCCESS"
    assert _ended(stranger, world, called_back)["msg_send_status"] == "CANCELED"
    assert world.phone(world.shop, person).count(LISTED) == 1


def test_a_batch_to_nobody_fails(stranger: Stranger, world: World) -> None:
    crowd = world.crowd(world.shop, [world.person(world.shop)])

    biz = {"template_id": world.coupon, "data": TWO, "crowd_code": crowd}
    batch_msg_id = stranger(world.shop).call(BATCH, biz)["batch_msg_id"]

    record = _ended(stranger, world, batch_msg_id)
    assert (record["msg_send_status"], record["msg_send_count"]) == ("FAILED", 0)
