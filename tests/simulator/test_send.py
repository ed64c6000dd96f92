"""templatemessage.send: every refusal that can occur, in the order of the checks; a failed one is free."""

import json
from typing import Any

import pytest

from tests.simulator.merchant import SEND, Merchant
from tests.simulator_process import SimulatorProcess


def test_a_send_reaches_the_inbox_and_spends_one_unit(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    answers = [merchant.send(coupon_template, subscriber, "满 100 减 20", "到店出示") for _ in range(3)]

    assert [answer.outcome for answer in answers] == ["10000", "10000", "40004/MSG_UNSUBSCRIBED"]
    assert answers[0].node == {"code": "10000", "msg": "Success"}
    phone = merchant.simulator.get(f"/sim/phone/{subscriber}?app_id={merchant.app_id}")
    assert phone.count("优惠券领取提醒：满 100 减 20") == 2


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"user_template_id": None}, "MSG_TEMPLATE_ID_VALID"),
        ({"user_template_id": "x" * 65}, "MSG_TEMPLATE_ID_VALID"),
        ({"user_template_id": "0" * 32}, "USER_TEMPLATE_ILLEGAL"),
        ({"form_id": "2021112222001"}, "USER_TEMPLATE_ILLEGAL"),
        ({"data": None}, "DATA_IS_EMPTY"),
        ({"data": "{}"}, "DATA_IS_EMPTY"),
        ({"data": "not json"}, "DATA_CONTENT_FORMAT_ERROR"),
        ({"data": {"keyword1": {"value": "a"}}}, "DATA_CONTENT_FORMAT_ERROR"),
        ({"data": '{"keyword1":"a","keyword2":"b"}'}, "DATA_CONTENT_FORMAT_ERROR"),
        ({"data": '{"keyword1":{"value":"a"}}'}, "USER_TEMPLATE_LACK_KEYWORD"),
        ({"data": '{"keyword1":{"value":"a"},"keyword3":{"value":"b"}}'}, "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL"),
        ({"data": '{"keyword1":{"value":"a"},"keyword2":{"value":" "}}'}, "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL"),
        ({"page": "p" * 129}, "PAGE_OVER_LIMIT"),
        ({"page": 7}, "ILLEGAL_ARGUMENT_PARAMS"),
        ({"to_open_id": None}, "ILLEGAL_ARGUMENT_PARAMS"),
        ({"to_open_id": "074nobody"}, "USER_ID_INVALID"),
        ({"to_open_id": None, "to_user_id": "2088102122485786"}, "USER_ID_INVALID"),
    ],
)
def test_a_request_with_a_fault_is_refused_and_costs_nothing(
    merchant: Merchant, subscriber: str, coupon_template: str, change: dict[str, Any], sub_code: str
) -> None:
    biz = {**merchant.message(coupon_template, subscriber), **change}

    answer = merchant.call(SEND, {key: value for key, value in biz.items() if value is not None})

    assert answer.outcome == f"40004/{sub_code}"
    merchant.verify(answer)
    assert merchant.send(coupon_template, subscriber).outcome == "10000"
    assert merchant.send(coupon_template, subscriber).outcome == "10000"


def test_a_value_has_at_most_50_characters(merchant: Merchant, subscriber: str, coupon_template: str) -> None:
    assert (
        merchant.send(coupon_template, subscriber, "汉" * 51, "b").outcome
        == "40004/USER_KEYWORD_LENGTH_ERROR"
    )
    assert merchant.send(coupon_template, subscriber, "汉" * 50, "b").outcome == "10000"


def test_data_over_2048_characters_is_refused(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    data = {"keyword1": {"value": "a", "color": "#" * 2048}, "keyword2": {"value": "b"}}
    biz = merchant.message(coupon_template, subscriber, data=json.dumps(data))

    assert merchant.call(SEND, biz).outcome == "40004/ILLEGAL_ARGUMENT_PARAMS"


@pytest.mark.parametrize("biz", [None, "", "nonsense", "[]"])
def test_biz_content_must_be_an_object(merchant: Merchant, biz: str | None) -> None:
    assert merchant.call(SEND, biz).outcome == "40004/BIZ_CONTENT_FORMAT_ERROR"


@pytest.mark.parametrize(
    ("state", "sub_code"),
    [
        ("offline", "APP_NO_AVAIABLE"),
        ("no_message_capability", "MSG_UNAUTHORIZED"),
        ("no_send_permission", "MESSAGE_SEND_AUTH_ERROR"),
        ("not_a_mini_program", "APP_TYPE_ERROR"),
    ],
)
def test_an_app_in_a_wrong_state_sends_nothing(
    merchant: Merchant, subscriber: str, coupon_template: str, state: str, sub_code: str
) -> None:
    merchant.configure(state=state)

    assert merchant.send(coupon_template, subscriber).outcome == f"40004/{sub_code}"


@pytest.mark.parametrize("status", ["AUDITING", "REJECTED", "OFFLINE"])
def test_a_template_that_is_not_online_sends_nothing(merchant: Merchant, person: str, status: str) -> None:
    template = merchant.adopt("TM0010003", ["礼物名称", "截止时间"])
    merchant.consent(template, [person])
    body = {"app_id": merchant.app_id, "template_id": template, "status": status}
    merchant.simulator.post("/sim/templates", body)

    assert merchant.send(template, person).outcome == "40004/USER_TEMPLATE_STATUS_ILLEGAL"

    merchant.simulator.post("/sim/templates", {**body, "status": "ONLINE"})
    assert merchant.send(template, person).outcome == "10000"


def test_a_template_whose_library_entry_is_gone_is_broken(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    body = {"app_id": merchant.app_id, "lib_code": "TM0000001"}
    merchant.simulator.post("/sim/templates", {**body, "status": "OFFLINE"})

    refused = merchant.send(coupon_template, subscriber)
    merchant.simulator.post("/sim/templates", {**body, "status": "ONLINE"})

    assert refused.outcome == "40004/TEMPLATE_ILLEGAL"
    assert merchant.send(coupon_template, subscriber).outcome == "10000"


def test_nobody_is_reached_without_consent(merchant: Merchant, person: str, coupon_template: str) -> None:
    assert merchant.send(coupon_template, person).outcome == "40004/MSG_UNSUBSCRIBED"


def test_a_long_term_consent_pays_until_it_is_ended(
    merchant: Merchant, person: str, signing_in_template: str
) -> None:
    merchant.consent(signing_in_template, [person], kind="long_term")

    assert merchant.send(signing_in_template, person).outcome == "10000"
    merchant.act(person, "unsubscribe", template_id=signing_in_template)
    assert merchant.send(signing_in_template, person).outcome == "40004/MSG_UNSUBSCRIBED"


def test_who_takes_no_messages_gets_none(merchant: Merchant, subscriber: str, coupon_template: str) -> None:
    merchant.act(subscriber, "reject_messages")
    assert merchant.send(coupon_template, subscriber).outcome == "40004/MSG_REJECTED"

    merchant.act(subscriber, "allow_messages")
    assert merchant.send(coupon_template, subscriber).outcome == "10000"


def test_who_is_not_interested_gets_none_of_that_template(
    merchant: Merchant, subscriber: str, coupon_template: str, signing_in_template: str
) -> None:
    merchant.consent(signing_in_template, [subscriber], kind="long_term")
    merchant.act(subscriber, "not_interested", template_id=coupon_template)

    assert merchant.send(coupon_template, subscriber).outcome == "40004/MSG_CONTENT_NOT_INTERESTED"
    assert merchant.send(signing_in_template, subscriber).outcome == "10000"


def test_sensitive_words_are_refused_and_cost_nothing(
    merchant: Merchant, person: str, coupon_template: str
) -> None:
    merchant.consent(coupon_template, [person], units=1)

    assert merchant.send(coupon_template, person, "网上赌博", "b").outcome == "40004/DATA_SENSITIVE"
    escaped = json.dumps({"keyword1": {"value": "网上赌博"}, "keyword2": {"value": "b"}})
    assert merchant.send(coupon_template, person, data=escaped).outcome == "40004/DATA_SENSITIVE"
    assert merchant.send(coupon_template, person).outcome == "10000"


def test_fatigue_refuses_the_message_over_the_rule_and_keeps_the_unit(
    merchant: Merchant, person: str, coupon_template: str, signing_in_template: str
) -> None:
    merchant.consent(coupon_template, [person], units=11)

    outcomes = [merchant.send(coupon_template, person).outcome for _ in range(11)]

    assert outcomes == ["10000"] * 10 + ["40004/MSG_SINGLE_SD_OVER"]
    assert merchant.units_left(coupon_template, person) == "1"


def test_fatigue_counts_beijing_days(clocked: SimulatorProcess) -> None:
    shop = Merchant.create(clocked, industry="rental", review_seconds=0)
    daily = shop.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")
    weekly = shop.adopt("TM0010002", ["奖品名称", "上新时间"], scene_rule="long_term_subscribe")
    [person] = shop.people(1, seed=1)
    for template in (daily, weekly):
        shop.consent(template, [person], kind="long_term")

    outcomes = []
    for _ in range(8):
        outcomes.append((shop.send(daily, person).outcome, shop.send(daily, person).outcome))
        weekly_outcome = shop.send(weekly, person).outcome
        outcomes[-1] += (weekly_outcome,)
        clocked.post("/sim/clock", {"advance_seconds": 86_400})

    assert [day[:2] for day in outcomes] == [("10000", "40004/MSG_SINGLE_SD_OVER")] * 8
    weekly_accepted = [day[2] == "10000" for day in outcomes]
    assert weekly_accepted[0]
    # Eight days in a row touch two Monday weeks at least: three a week, and the second week opens again.
    assert 4 <= sum(weekly_accepted) <= 6


def test_who_has_not_come_lately_is_not_reached_by_a_template_that_asks_for_it(
    clocked: SimulatorProcess,
) -> None:
    shop = Merchant.create(clocked, industry="retail", review_seconds=0)
    template = shop.adopt("TM0030005", ["优惠内容", "使用方法"])
    [person] = shop.people(1, seed=1)
    shop.consent(template, [person], units=3)
    assert shop.send(template, person).outcome == "10000"

    clocked.post("/sim/clock", {"advance_seconds": 31 * 86_400})
    assert shop.send(template, person).outcome == "40004/NO_RECENT_VISIT_RECORD"

    shop.act(person, "visit")
    assert shop.send(template, person).outcome == "10000"


def test_a_template_for_followers_needs_a_bound_public_account(tea_shop: Merchant, fresh_seed: int) -> None:
    template = tea_shop.adopt("TM0020005", ["奖励名称", "使用方法"])
    [person] = tea_shop.people(1, seed=fresh_seed)
    tea_shop.consent(template, [person])
    assert tea_shop.send(template, person).outcome == "40004/NO_BIND_PUBLIC_APP"

    tea_shop.configure(public_app_bound=True)
    assert tea_shop.send(template, person).outcome == "10000"


def test_the_order_of_the_checks_is_app_template_data_user_consent_fatigue_words(
    clocked: SimulatorProcess,
) -> None:
    """Everything is wrong at first; whatever is put right shows the next thing that is wrong."""
    merchant = Merchant.create(clocked, industry="rental", review_seconds=0)
    daily = merchant.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")
    merchant.configure(state="offline")
    [person] = merchant.people(1, seed=1)
    biz = merchant.message("0" * 32, "nobody", data="{}")
    assert merchant.post({**merchant.params(SEND, biz), "sign": "x"}).outcome == "40002/isv.invalid-signature"
    assert merchant.call(SEND, biz).outcome == "40004/APP_NO_AVAIABLE"
    merchant.configure(state="online")
    assert merchant.call(SEND, biz).outcome == "40004/USER_TEMPLATE_ILLEGAL"
    biz["user_template_id"] = daily
    assert merchant.call(SEND, biz).outcome == "40004/DATA_IS_EMPTY"
    biz["data"] = '{"keyword1":{"value":"赌博"},"keyword2":{"value":"b"}}'
    assert merchant.call(SEND, biz).outcome == "40004/USER_ID_INVALID"
    biz["to_open_id"] = person
    merchant.act(person, "reject_messages")
    assert merchant.call(SEND, biz).outcome == "40004/MSG_REJECTED"
    merchant.act(person, "allow_messages")
    assert merchant.call(SEND, biz).outcome == "40004/MSG_UNSUBSCRIBED"
    merchant.consent(daily, [person], kind="long_term")
    assert merchant.send(daily, person).outcome == "10000"
    assert merchant.call(SEND, biz).outcome == "40004/MSG_SINGLE_SD_OVER"
    clocked.post("/sim/clock", {"advance_seconds": 86_400})
    assert merchant.call(SEND, biz).outcome == "40004/DATA_SENSITIVE"
    assert merchant.send(daily, person).outcome == "10000"
