"""Library, adoption, review, the list of adopted templates, and who subscribed."""

import pytest

from tests.simulator.merchant import APPLY, LIBRARY, SUBSCRIBE_QUERY, TEMPLATES, Merchant
from tests.simulator_process import SimulatorProcess

RENTAL_SCENES = {
    "订单完成奖励领取通知",
    "奖品上新通知",
    "礼物领取提醒",
    "权益领取提醒",
    "权益使用提醒",
    "活动即将开始通知",
    "每日签到提醒",
    "抽奖活动通知",
}


def test_the_library_of_a_rental_merchant_has_the_eight_scenes_and_comes_in_pages(merchant: Merchant) -> None:
    first = merchant.call(LIBRARY, {"page_num": 1, "page_size": 10}).node
    second = merchant.call(LIBRARY, {"page_num": 2, "page_size": 10}).node

    names = {entry["name"] for entry in first["template_lib_list"] + second["template_lib_list"]}
    assert names >= RENTAL_SCENES | {"优惠券领取提醒"}
    assert first["total_count"] == len(first["template_lib_list"]) + len(second["template_lib_list"])
    assert "新品上市通知" not in names


def test_the_library_is_filtered(merchant: Merchant) -> None:
    long_term = merchant.call(LIBRARY, {"scene_rule": "long_term_subscribe"}).node["template_lib_list"]
    pushing = merchant.call(LIBRARY, {"has_push": True}).node["template_lib_list"]
    general = merchant.call(LIBRARY, {"industry_code": "XS1000"}).node["template_lib_list"]

    assert {entry["scene_rule"] for entry in long_term} == {"long_term_subscribe"}
    assert {entry["has_push"] for entry in pushing} == {True}
    assert "优惠券领取提醒" in {entry["name"] for entry in general}


def test_a_coupon_reminder_offers_the_keywords_of_the_back_office(merchant: Merchant) -> None:
    general = merchant.call(LIBRARY, {"industry_code": "XS1000"}).node["template_lib_list"]

    [coupon] = [entry for entry in general if entry["name"] == "优惠券领取提醒"]
    assert {"优惠内容", "使用方法", "商户名称", "领券时间"} <= set(coupon["keyword_desc"].split(","))
    assert coupon["fatigue"] == {"value": 2, "unit": "day", "total": 10}


def test_an_entry_that_cannot_be_adopted_says_why_and_is_refused(merchant: Merchant) -> None:
    entries = merchant.call(LIBRARY, {"industry_scenario": "订单服务"}).node["template_lib_list"]
    [entry] = [one for one in entries if not one["selectable"]]
    assert entry["not_selectable_reason"]["reason_text"]
    assert entry["not_selectable_reason"]["action_url"].startswith("https://")

    biz = {
        "lib_code": entry["code"],
        "scene_rule": entry["scene_rule"],
        "keyword_list": _names("商品名称", "到期日期"),
    }
    assert merchant.call(APPLY, biz).outcome == "40004/MESSAGE_LIBRARY_ILLEGAL"


@pytest.mark.parametrize("size", [0, 11, "ten"])
def test_a_page_has_at_most_ten_rows(merchant: Merchant, size: object) -> None:
    expected = "10000" if size == 0 else "40004/ILLEGAL_ARGUMENT_PARAMS"

    assert merchant.call(LIBRARY, {"page_size": size}).outcome == expected


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"lib_code": "TM9999999"}, "MESSAGE_LIBRARY_ILLEGAL"),
        ({"lib_code": "TM0020001"}, "MESSAGE_LIBRARY_ILLEGAL"),
        ({"scene_rule": "long_term_subscribe"}, "ILLEGAL_ARGUMENT_PARAMS"),
        ({"keyword_list": [{"name": "优惠内容"}]}, "KEYWORDS_NUMBER_INVALID"),
        ({"keyword_list": [{"name": str(number)} for number in range(6)]}, "KEYWORDS_NUMBER_INVALID"),
        ({"keyword_list": [{"name": "优惠内容"}, {"name": "天气"}]}, "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL"),
        ({"keyword_list": [{"name": "优惠内容"}, {"name": "优惠内容"}]}, "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL"),
        ({"keyword_list": ["优惠内容", "使用方法"]}, "ILLEGAL_ARGUMENT_PARAMS"),
        ({"keyword_list": "nonsense"}, "ILLEGAL_ARGUMENT_PARAMS"),
    ],
)
def test_a_wrong_adoption_is_refused(merchant: Merchant, change: dict[str, object], sub_code: str) -> None:
    biz = {
        "lib_code": "TM0000001",
        "scene_rule": "one_time_subscribe",
        "keyword_list": _names("优惠内容", "使用方法"),
    }

    assert merchant.call(APPLY, {**biz, **change}).outcome == f"40004/{sub_code}"


def test_an_adopted_template_is_reviewed_then_online_or_rejected(clocked: SimulatorProcess) -> None:
    clocked.post("/sim/clock", {"speed": 0})
    shop = Merchant.create(clocked, industry="tea")
    good = shop.adopt("TM0020002", ["门店名称", "取餐号"])
    bad = shop.adopt("TM0020006", ["茶会名称", "开始时间"])
    assert {shop.template(one)["status"] for one in (good, bad)} == {"AUDITING"}
    assert shop.template(good)["keyword_desc"] == "门店名称,取餐号"

    clocked.post("/sim/clock", {"advance_seconds": 3})

    assert (shop.template(good)["status"], shop.template(bad)["status"]) == ("ONLINE", "REJECTED")
    online = shop.call(TEMPLATES, {"biz_type": "sub_msg", "status_list": ["ONLINE"]}).node
    assert [one["template_id"] for one in online["template_list"]] == [good]
    assert online["page_size"] == "10"


def test_an_app_adopts_at_most_fifty_templates(simulator: SimulatorProcess) -> None:
    shop = Merchant.create(simulator, industry="tea")
    for _ in range(50):
        shop.adopt("TM0020002", ["门店名称", "取餐号"])

    biz = {
        "lib_code": "TM0020002",
        "scene_rule": "one_time_subscribe",
        "keyword_list": _names("取餐号", "门店名称"),
    }
    assert shop.call(APPLY, biz).outcome == "40004/USER_TEMPLATE_OVER_LIMIT"


def test_only_subscription_messages_are_listed(merchant: Merchant) -> None:
    assert merchant.call(TEMPLATES, {"biz_type": "other"}).outcome == "40004/ILLEGAL_ARGUMENT_PARAMS"


def test_a_person_who_never_answered_has_no_relations(
    merchant: Merchant, person: str, coupon_template: str
) -> None:
    node = merchant.call(SUBSCRIBE_QUERY, {"open_id": person, "template_id_list": [coupon_template]}).node

    assert node == {"code": "10000", "msg": "Success", "show_component": True}


def test_relations_tell_kind_and_state(
    merchant: Merchant, person: str, coupon_template: str, signing_in_template: str
) -> None:
    merchant.consent(coupon_template, [person], units=1)
    merchant.consent(signing_in_template, [person], kind="long_term")
    asked = {"open_id": person, "template_id_list": [coupon_template, signing_in_template]}

    before = merchant.call(SUBSCRIBE_QUERY, asked).node["subscribe_relations"]
    merchant.send(coupon_template, person)
    merchant.act(person, "unsubscribe", template_id=signing_in_template)
    after = merchant.call(SUBSCRIBE_QUERY, asked).node["subscribe_relations"]

    assert [(one["subscribe_type"], one["subscribe_state"]) for one in before] == [
        ("onetime", "1"),
        ("longterm", "1"),
    ]
    assert [one["subscribe_state"] for one in after] == ["0", "0"]


@pytest.mark.parametrize(
    ("biz", "sub_code"),
    [
        (None, "BIZ_CONTENT_IS_NULL"),
        ("[]", "ILLEGAL_ARGUMENT_PARAMS"),
        ({"template_id_list": []}, "ILLEGAL_ARGUMENT_PARAMS"),
        ({"template_id_list": ["a", "b", "c", "d"]}, "SUBSCRIBE_TEMPLATE_OVER_LIMIT"),
        ({"template_id_list": ["a"], "open_id": "nobody"}, "OPENID_INVALID"),
    ],
)
def test_a_wrong_question_about_consent_is_refused(merchant: Merchant, biz: object, sub_code: str) -> None:
    assert merchant.call(SUBSCRIBE_QUERY, biz).outcome == f"40004/{sub_code}"


def test_a_question_about_an_unknown_or_unfit_template_is_refused(merchant: Merchant, person: str) -> None:
    unknown = merchant.call(SUBSCRIBE_QUERY, {"open_id": person, "template_id_list": ["0" * 32]})
    malformed = merchant.call(SUBSCRIBE_QUERY, {"open_id": person, "template_id_list": ["0" * 65]})

    assert unknown.outcome == "40004/MSG_TEMPLATE_NOT_EXIST"
    assert malformed.outcome == "40004/MSG_TEMPLATE_INVALID"


def _names(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]
