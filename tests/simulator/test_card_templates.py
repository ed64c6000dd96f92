"""Card templates: what may stand in them, what may change, their forms, addresses and benefits."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk, opened
from tests.simulator.merchant import Merchant
from tests.simulator.strangers.card_nodes import whole
from tests.simulator.strangers.world import World
from tests.simulator_process import SimulatorProcess

INVALID = "INVALID_PARAMETER"
STYLE = {"card_show_name": "云朵会员卡"}


@pytest.fixture(scope="module")
def desk(simulator: SimulatorProcess) -> Desk:
    return opened(simulator, card_limits={"templates": 1_000_000})


def _columns(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"code": f"OWN{place}", "title": "会员", **more} for place in range(count)]


def _actions(*on_list: bool) -> list[dict[str, Any]]:
    return [asks.action(f"A{place}", "签到", on_list=shown) for place, shown in enumerate(on_list)]


WRONG: dict[str, dict[str, Any]] = {
    "request_id over 32": {"request_id": "R" * 33},
    "prefix over 10": {"biz_no_prefix": "M" * 11},
    "suffix under 8": {"biz_no_suffix_len": "7"},
    "suffix over 32": {"biz_no_suffix_len": "33"},
    "number over 32": {"biz_no_prefix": "M" * 9, "biz_no_suffix_len": "24"},
    "no such way to show the number": {"write_off_type": "paper"},
    "merchant's code without an address": {"write_off_type": "mdqrcode"},
    "merchant's code by http": {
        "write_off_type": "mdbarcode",
        "mdcode_notify_conf": {"url": "http://x.example"},
    },
    "no name": {"template_style_info": {"brand_name": "云朵"}},
    "no such layout": {"template_style_info": {**STYLE, "column_info_layout": "table"}},
    "a picture nobody uploaded": {"template_style_info": {**STYLE, "logo_id": "x"}},
    "two columns of a code": {"column_info_list": [*asks.COLUMNS, asks.COLUMNS[0]]},
    "eleven columns": {"column_info_list": _columns(11)},
    "a long title": {"column_info_list": _columns(1, title="长" * 17)},
    "a long value": {"column_info_list": _columns(1, value="长" * 33)},
    "a native column without lines": {"column_info_list": _columns(1, operate_type="openNative")},
    "a web column without an address": {"column_info_list": _columns(1, operate_type="openWeb")},
    "a telephone that opens": {
        "column_info_list": [
            {"code": "TELEPHONE", "title": "电话", "operate_type": "openWeb", "more_info": {"url": "x"}}
        ]
    },
    "a grid without icons": {"template_style_info": {**STYLE, "column_info_layout": "grid"}},
    "a rule of no field": {
        "field_rule_list": [{"field_name": "Name", "rule_name": "CONST", "rule_value": "1"}]
    },
    "points in the future": {
        "field_rule_list": [{"field_name": "Point", "rule_name": "DATE_IN_FUTURE", "rule_value": "1d"}]
    },
    "ten years ahead": {
        "field_rule_list": [{"field_name": "ValidDate", "rule_name": "DATE_IN_FUTURE", "rule_value": "10y"}]
    },
    "a level twice": {"card_level_conf": asks.LEVELS * 2},
    "a level without a name": {"card_level_conf": [{"level": "1"}]},
    "four actions": {"card_action_list": _actions(False, False, False, False)},
    "one quick service": {"card_action_list": _actions(True, False)},
    "three quick services": {"card_action_list": _actions(True, True, True)},
    "a long word": {"card_action_list": [asks.action("A", "一二三四五六七")]},
    "a long code": {"card_action_list": [asks.action("A" * 33, "签到")]},
    "an action that leads nowhere": {"card_action_list": [{"code": "A", "text": "签到", "url_type": "url"}]},
    "another channel": {"pub_channels": [{"pub_channel": "HOME"}]},
    "another source": {
        "open_card_conf": {"open_card_source_type": "BANK", "source_app_id": "1", "open_card_url": "x"}
    },
    "a form without a required field": {"template_form_config": {"fields": {"optional": [asks.CITY]}}},
    "a form that asks for nothing": {"template_form_config": {"fields": {"required": []}}},
    "a form that asks twice": {
        "template_form_config": {"fields": {"required": [asks.CITY], "optional": [asks.CITY]}}
    },
    "a benefit that ends before it starts": {
        "template_benefit_info": [
            {"title": "礼", "start_date": "2026-02-01 00:00:00", "end_date": "2026-01-01 00:00:00"}
        ]
    },
    "a price by the day": {
        "paid_outer_card_conf": {"open_selling_conf": {"price_detail": [{"price_type": "DAY", "price": "1"}]}}
    },
    "a cycle of a day": {"paid_outer_card_conf": {"cycle_selling_conf": {"cycle_type": ["DAY"]}}},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_template_that_breaks_a_rule_is_refused_and_none_comes_to_be(desk: Desk, case: str) -> None:
    before = desk.say(asks.TEMPLATES, {})["template_total"]

    sub_code, words = desk.refused(asks.CREATE, asks.template(**WRONG[case]))

    assert sub_code == INVALID
    assert words
    assert desk.say(asks.TEMPLATES, {})["template_total"] == before


def test_the_limits_themselves_are_taken(desk: Desk) -> None:
    template_id = desk.template(
        request_id=("R" * 20 + asks.number()).ljust(32, "R"),
        biz_no_prefix="M" * 10,
        biz_no_suffix_len="22",
        column_info_list=_columns(10, title="长" * 16, value="长" * 32),
        card_action_list=[asks.action("A" * 32, "一二三四五六"), *_actions(True, True)],
    )

    assert len(desk.card(template_id)) == 32


def test_all_that_is_written_is_told_again(desk: Desk) -> None:
    wish = whole(desk)
    template_id = desk.say(asks.CREATE, wish)["template_id"]
    told = desk.told(template_id)

    wish["card_level_confs"] = wish.pop("card_level_conf")
    for name in ("request_id", "write_off_type"):
        wish.pop(name)
    assert {name: told[name] for name in wish} == wish


@pytest.mark.parametrize(
    ("name", "width", "height", "padding", "words"),
    [
        ("logo_id", 499, 499, 0, "500×500"),
        ("logo_id", 600, 500, 0, "正方形"),
        ("logo_id", 500, 500, 1024 * 1024, "1 MB"),
        ("background_id", 1_020, 642, 0, "1020×643"),
        ("background_id", 1_020, 643, 2 * 1024 * 1024, "2 MB"),
    ],
)
def test_a_picture_of_the_wrong_size_is_refused(
    desk: Desk, name: str, width: int, height: int, padding: int, words: str
) -> None:
    style = {**STYLE, name: desk.upload(width, height, padding=padding)}

    sub_code, said = desk.refused(asks.CREATE, asks.template(template_style_info=style))

    assert (sub_code, words in said) == (INVALID, True)


def test_the_same_request_three_times_is_one_template_and_with_other_words_none(desk: Desk) -> None:
    wish = asks.template()
    before = int(desk.say(asks.TEMPLATES, {})["template_total"])

    made = {desk.say(asks.CREATE, wish)["template_id"] for _ in range(3)}

    assert len(made) == 1
    assert int(desk.say(asks.TEMPLATES, {})["template_total"]) == before + 1
    assert desk.refused(asks.CREATE, {**wish, "biz_no_prefix": "X"})[0] == INVALID


def test_what_is_changed_is_told_and_what_is_not_named_stays(desk: Desk) -> None:
    template_id = desk.template(shop_ids=["1"])
    style = {"card_show_name": "新名字"}
    change = {"request_id": asks.number(), "template_id": template_id, "template_style_info": style}
    for _ in range(3):
        desk.say(asks.MODIFY, {**change, "shop_ids": ["2", "1"], "card_action_list": _actions(False)})

    told = desk.told(template_id)
    assert (told["template_style_info"], told["shop_ids"]) == (style, ["1", "2"])
    assert (len(told["card_action_list"]), told["column_info_list"]) == (1, asks.COLUMNS)


def test_a_rule_of_a_field_and_a_broken_change_are_refused(desk: Desk) -> None:
    rule = {"field_name": "Point", "rule_name": "CONST", "rule_value": "8"}
    template_id = desk.template(field_rule_list=[rule])
    change = {"template_id": template_id}

    other = [{**rule, "rule_value": "9"}]
    refused = desk.refused(asks.MODIFY, {**change, "request_id": asks.number(), "field_rule_list": other})
    one_quick = desk.refused(
        asks.MODIFY, {**change, "request_id": asks.number(), "card_action_list": _actions(True)}
    )
    same = {**change, "request_id": asks.number(), "field_rule_list": [rule]}

    assert (refused[0], "不能修改" in refused[1], one_quick[0]) == (INVALID, True, INVALID)
    assert desk.say(asks.MODIFY, same)["template_id"] == template_id
    assert desk.told(template_id)["field_rule_list"] == [rule]


def test_templates_are_listed_by_twenty_in_the_order_in_which_they_were_made(
    simulator: SimulatorProcess,
) -> None:
    desk = opened(simulator, card_limits={"templates": 22})
    made = [desk.say(asks.CREATE, asks.template())["template_id"] for _ in range(22)]

    pages = [desk.say(asks.TEMPLATES, {"page_no": page, "page_size": "20"}) for page in ("1", "2", "3")]

    assert [one["template_id"] for page in pages for one in page["mcard_template"]] == made
    assert {page["template_total"] for page in pages} == {"22"}
    assert desk.refused(asks.CREATE, asks.template())[0] == "TEMPLATE_OVER_LIMIT"


def test_a_template_of_another_merchant_is_none(desk: Desk, tea_shop: Merchant) -> None:
    template_id = desk.template()

    assert Desk(tea_shop).refused(asks.QUERY_TEMPLATE, {"template_id": template_id})[0] == "TEMPLATE_NOT_EXIT"


def test_the_address_is_encoded_and_the_same_words_lead_to_the_same(desk: Desk) -> None:
    template_id = desk.template()

    urls = {desk.address(template_id, out_string="门店一") for _ in range(3)}
    other = desk.address(template_id, out_string="门店二")

    [url] = urls
    assert (url != other, "://" in url) == (True, False)
    assert unquote(url).startswith(desk.simulator.url)


@pytest.mark.parametrize(
    "given", [{"required": "{"}, {"required": "[]"}, {"required": '{"common_fields": 1}'}]
)
def test_a_form_that_cannot_be_read_is_refused(desk: Desk, given: dict[str, str]) -> None:
    biz = {"template_id": desk.template(), "fields": given}

    assert desk.refused(asks.FORM, biz)[0] == INVALID


def test_a_benefit_is_changed_told_and_gone_and_the_same_one_is_made_once(desk: Desk) -> None:
    template_id = desk.template()
    wish = asks.benefit(template_id, desk.now)
    [benefit_id] = {desk.say(asks.ADD_BENEFIT, wish)["benefit_id"] for _ in range(3)}
    which = {"template_id": template_id, "benefit_id": benefit_id}
    desk.say(asks.CHANGE_BENEFIT, {**asks.benefit(template_id, desk.now, title="换个名字"), **which})

    [told] = desk.say(asks.BENEFITS, {"template_id": template_id})["mcard_template_benefit_query"]
    desk.say(asks.DROP_BENEFIT, which)

    assert (told["title"], json.loads(told["benefit_desc"])) == ("换个名字", ["生日当月", "每单双倍"])
    assert desk.say(asks.BENEFITS, {"template_id": template_id})["mcard_template_benefit_query"] == []
    assert desk.refused(asks.DROP_BENEFIT, which)[0] == "BENEFIT_NOT_EXIST"


def test_a_provider_makes_a_template_for_its_merchant(simulator: SimulatorProcess) -> None:
    world = World(simulator)
    token = world.app_token(world.shop, world.provider)

    made = world.provider.call(asks.CREATE, asks.template(), app_auth_token=token).node

    assert Desk(world.shop).told(made["template_id"])["card_type"] == "OUT_MEMBER_CARD"
