"""Every refusal of one message, of a batch, and of the question who subscribed."""

import json
from typing import Any

from tests.simulator.strangers.asks import Ask, Maker, Row, Table, broken
from tests.simulator.strangers.world import DAY, World

SEND = "alipay.open.app.mini.templatemessage.send"
BATCH = "alipay.open.app.mini.templatemessage.batchsend"
BATCH_QUERY = "alipay.open.app.mini.batchtemplatemsg.query"
SUBSCRIBED = "alipay.open.app.messagetemplate.subscribe.query"


def data_of(*values: str) -> str:
    return json.dumps({f"keyword{number}": {"value": value} for number, value in enumerate(values, 1)})


TWO = data_of("满 100 减 20", "到店出示")


def message(world: World, **changes: Any) -> Ask:
    """To somebody who subscribed to the coupon reminder, but for the changes."""
    biz = {
        "to_open_id": world.subscriber(world.shop, world.coupon),
        "user_template_id": world.coupon,
        "data": TWO,
        "page": "pages/index",
        **changes,
    }
    return Ask(
        world.shop, {name: value for name, value in biz.items() if value is not None}, {}, world.coupon
    )


def batch(world: World, **changes: Any) -> Ask:
    biz = {"template_id": world.coupon, "data": TWO, "page": "pages/index", **changes}
    return Ask(
        world.shop, {name: value for name, value in biz.items() if value is not None}, {}, world.coupon
    )


def _in_state(make: Maker, state: str) -> Row:
    def prepare(world: World) -> Ask:
        ask = make(world)  # it may adopt, which an app that is offline may not
        world.configure(world.shop, state=state)
        return ask

    return Row(prepare)


def _with(make: Maker, **changes: Any) -> Row:
    return Row(lambda world: make(world, **changes))


def _raw(make: Maker, biz: str) -> Row:
    def prepare(world: World) -> Ask:
        ask = make(world)
        ask.biz = biz
        return ask

    return Row(prepare)


def _broken_library(make: Maker) -> Row:
    def prepare(world: World) -> Ask:
        ask = make(world)
        world.take_from_library(world.shop, "TM0000001")
        return ask

    return Row(prepare)


def _forced(make: Maker) -> Row:
    def prepare(world: World) -> Ask:
        ask = make(world)
        world.force(world.shop, world.coupon, "AUDITING")
        return ask

    return Row(prepare)


def _app_template_and_content(make: Maker, template_field: str) -> Table:
    """What a message and a batch are refused for alike."""
    over_limit = json.dumps({"keyword1": {"value": "a", "color": "#" * 2048}, "keyword2": {"value": "b"}})
    return {
        "APP_NO_AVAIABLE": _in_state(make, "offline"),
        "MSG_UNAUTHORIZED": _in_state(make, "no_message_capability"),
        "MESSAGE_SEND_AUTH_ERROR": _in_state(make, "no_send_permission"),
        "APP_TYPE_ERROR": _in_state(make, "not_a_mini_program"),
        "BIZ_CONTENT_FORMAT_ERROR": _raw(make, "nonsense"),
        "MSG_TEMPLATE_ID_VALID": _with(make, **{template_field: "x" * 65}),
        "USER_TEMPLATE_ILLEGAL": _with(make, **{template_field: "0" * 32}),
        "TEMPLATE_ILLEGAL": _broken_library(make),
        "USER_TEMPLATE_STATUS_ILLEGAL": _forced(make),
        "DATA_IS_EMPTY": _with(make, data=None),
        "DATA_CONTENT_FORMAT_ERROR": _with(make, data="nonsense"),
        "USER_TEMPLATE_LACK_KEYWORD": _with(make, data=data_of("一个")),
        "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL": _with(make, data=data_of("甲", " ")),
        "USER_KEYWORD_LENGTH_ERROR": _with(make, data=data_of("汉" * 51, "乙")),
        "PAGE_OVER_LIMIT": _with(make, page="p" * 129),
        "ILLEGAL_ARGUMENT_PARAMS": _with(make, data=over_limit),
        "DATA_SENSITIVE": _with(make, data=data_of("网上赌博", "乙")),
    }


def _for_followers(world: World) -> Ask:
    person = world.subscriber(world.tea, world.followers)
    biz = {"to_open_id": person, "user_template_id": world.followers, "data": TWO}
    return Ask(world.tea, biz, {}, world.followers)


def _who_rejects(world: World) -> Ask:
    ask = message(world)
    world.shop.act(ask.biz["to_open_id"], "reject_messages")
    return ask


def _not_interested(world: World) -> Ask:
    ask = message(world)
    world.shop.act(ask.biz["to_open_id"], "not_interested", template_id=world.coupon)
    return ask


def _long_not_come(world: World) -> Ask:
    person = world.subscriber(world.retail, world.long_time)
    world.later(31 * DAY)
    biz = {"to_open_id": person, "user_template_id": world.long_time, "data": TWO}
    return Ask(world.retail, biz, {}, world.long_time)


def _without_order(world: World) -> Ask:
    person = world.subscriber(world.retail, world.after_order)
    biz = {"to_open_id": person, "user_template_id": world.after_order, "data": TWO}
    return Ask(world.retail, biz, {}, world.after_order)


def _tired(world: World) -> Ask:
    person = world.subscriber(world.shop, world.daily, kind="long_term")
    biz = {"to_open_id": person, "user_template_id": world.daily, "data": TWO}
    assert world.shop.call(SEND, biz).outcome == "10000"
    return Ask(world.shop, biz, {}, world.daily)


def _form(world: World, person: str, form_id: str, *, kind: str = "form") -> Ask:
    template = world.form_template if kind == "form" else world.trade_template
    biz = {"to_open_id": person, "user_template_id": template, "data": TWO, "form_id": form_id}
    return Ask(world.shop, biz)


def _form_of_another_app(world: World) -> Ask:
    form_id = world.form(world.tea, world.person(world.tea), "form")
    return _form(world, world.person(world.shop), form_id)


def _old_form(world: World) -> Ask:
    person = world.person(world.shop)
    form_id = world.form(world.shop, person, "form")
    world.later(7 * DAY + 1)
    return _form(world, person, form_id)


def _used_form(world: World) -> Ask:
    person = world.person(world.shop)
    ask = _form(world, person, world.form(world.shop, person, "form"))
    assert world.shop.call(SEND, ask.biz).outcome == "10000"
    return ask


def _unpaid_trade(world: World) -> Ask:
    person = world.person(world.shop)
    return _form(world, person, world.form(world.shop, person, "trade", paid=False), kind="trade")


SENDS: Table = {
    **_app_template_and_content(message, "user_template_id"),
    "NO_BIND_PUBLIC_APP": Row(_for_followers),
    "USER_ID_INVALID": _with(message, to_open_id="074nobody"),
    "MSG_REJECTED": Row(_who_rejects),
    "MSG_CONTENT_NOT_INTERESTED": Row(_not_interested),
    "NO_RECENT_VISIT_RECORD": Row(_long_not_come),
    "NO_PLACE_ORDER_RECORD": Row(_without_order),
    "MSG_UNSUBSCRIBED": Row(lambda world: message(world, to_open_id=world.person(world.shop))),
    "FORM_ID_INVALID": Row(lambda world: _form(world, world.person(world.shop), "MTYnothing")),
    "FORM_ID_NOT_MATCH_APPID": Row(_form_of_another_app),
    "FORM_ID_OVER_TIME": Row(_old_form),
    "FORM_ID_SEND_LIMIT": Row(_used_form),
    "TRADE_NO_NOT_MATCH_USERID": Row(_unpaid_trade),
    "MSG_SINGLE_SD_OVER": Row(_tired),
    "QUERY_CONSUMER_REQEUST_ERROR": broken(message, SEND, "QUERY_CONSUMER_REQEUST_ERROR"),
    "MSG_SEND_ERROR": broken(message, SEND, "MSG_SEND_ERROR"),
}
BATCHES: Table = {
    **_app_template_and_content(batch, "template_id"),
    "NO_BIND_PUBLIC_APP": Row(
        lambda world: Ask(world.tea, {"template_id": world.followers, "data": TWO}, {}, world.followers)
    ),
    "CROWD_CODE_INVALID": _with(batch, crowd_code="CROWD0"),
    "SCHEDULE_TIME_INVALID": _with(batch, schedule_send_time="2026-13-01 00:00:00"),
    "BATCH_SEND_QUOTA_OVER_LIMIT": Row(
        lambda world: Ask(world.full, {"template_id": next(iter(_templates_of(world))), "data": TWO})
    ),
    "QUERY_CONSUMER_REQEUST_ERROR": broken(batch, BATCH, "QUERY_CONSUMER_REQEUST_ERROR"),
    "MSG_SEND_ERROR": broken(batch, BATCH, "MSG_SEND_ERROR"),
}


def _templates_of(world: World) -> list[str]:
    listed = world.full.call("alipay.open.mini.message.template.batchquery", {}).node["template_list"]
    return [template["template_id"] for template in listed]


def _question(**changes: Any) -> Row:
    def prepare(world: World) -> Ask:
        biz = {"open_id": world.person(world.shop), "template_id_list": [world.coupon], **changes}
        return Ask(world.shop, biz)

    return Row(prepare)


def _about_a_template_in_review(world: World) -> Ask:
    ask = Ask(world.shop, {"open_id": world.person(world.shop), "template_id_list": [world.coupon]})
    world.force(world.shop, world.coupon, "AUDITING")
    return ask


def _about_a_subscriber(world: World) -> Ask:
    biz = {"open_id": world.subscriber(world.shop, world.coupon), "template_id_list": [world.coupon]}
    return Ask(world.shop, biz, {}, world.coupon)


QUESTIONS: Table = {
    "BIZ_CONTENT_IS_NULL": Row(lambda world: Ask(world.shop), only="official"),
    "ILLEGAL_ARGUMENT_PARAMS": Row(lambda world: Ask(world.shop, "nonsense")),
    "SUBSCRIBE_TEMPLATE_OVER_LIMIT": _question(template_id_list=["a", "b", "c", "d"]),
    "OPENID_INVALID": _question(open_id="074nobody"),
    "MSG_TEMPLATE_NOT_EXIST": _question(template_id_list=["0" * 32]),
    "MSG_TEMPLATE_INVALID": Row(_about_a_template_in_review),
    "SYSTEM_ERROR": broken(_about_a_subscriber, SUBSCRIBED, "SYSTEM_ERROR"),
}
BATCH_QUESTIONS: Table = {
    "isv.illegal-json": Row(lambda world: Ask(world.shop, "nonsense")),
    "ILLEGAL_ARGUMENT_PARAMS": Row(lambda world: Ask(world.shop, {"batch_msg_id": "0"})),
}
TABLES: dict[str, Table] = {
    SEND: SENDS,
    BATCH: BATCHES,
    SUBSCRIBED: QUESTIONS,
    BATCH_QUERY: BATCH_QUESTIONS,
}
