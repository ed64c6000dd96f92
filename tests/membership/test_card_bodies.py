"""A card in the platform's words, field by field, and never a word the contract does not have."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from membership import card_bodies
from membership.card_terms import Terms
from tests.build_cards import design

CONTRACT = json.loads((Path(__file__).parents[1] / "vectors" / "contract.json").read_text("utf-8"))
APP = "2021000000000001"
MORNING = datetime(2026, 12, 1, 0, 30, tzinfo=ZoneInfo("UTC"))
FULL: dict[str, Any] = {
    "mode": "paid",
    "write_off": "mdqrcode",
    "code_url": "https://example.com/code",
    "face": {
        "name": "云朵会员",
        "brand": "云朵",
        "logo_id": "A*logo",
        "background_id": "A*background",
        "text_color": "#1677Ff",
        "slogan": "租得放心",
        "slogan_image_id": "A*slogan",
        "banner_id": "A*banner",
        "banner_url": "https://example.com/banner",
        "features": ["免押", "包邮"],
        "layout": "grid",
        "has_lines": True,
        "has_picture": False,
    },
    "columns": [
        {"code": "POINT", "title": "积分", "icon_id": "A*1", "opens": "page", "url": "https://example.com/p"},
        {"code": "rules", "title": "规则", "icon_id": "A*2", "opens": "text", "lines": ["一", "二"]},
        {
            "code": "TELEPHONE",
            "title": "电话",
            "icon_id": "A*3",
            "value": "95188",
            "tag": "新",
            "group": "联系",
        },
    ],
    "actions": [
        {"code": "rent", "text": "去租", "page": "pages/rent", "query": "a=1", "is_quick": True},
        {"code": "orders", "text": "订单", "page": "pages/orders", "is_quick": True},
        {"code": "help", "text": "帮助", "url": "https://example.com/help"},
    ],
    "benefits": [
        {
            "title": "免押",
            "lines": ["首单免押"],
            "begins_at": MORNING.isoformat(),
            "ends_at": MORNING.replace(year=2027).isoformat(),
        }
    ],
    "form": {"required": ["OPEN_FORM_FIELD_MOBILE"], "optional": ["OPEN_FORM_FIELD_NAME"]},
    "levels": [
        {"code": "1", "name": "普通", "threshold": 0},
        {"code": "2", "name": "金牌", "threshold": 500_000, "description": "专属客服", "icon_id": "A*gold"},
    ],
    "numbers": {"prefix": "YD", "length": 20},
    "validity": {"kind": "days", "days": 365},
    "paid": {
        "price_fen": 9_905,
        "worth_fen": 20_000,
        "description": "全年免押",
        "selling_url": "https://example.com/buy",
        "cycles": ["year", "month"],
        "cycle_url": "https://example.com/cycle",
        "renew_url": "https://example.com/renew",
    },
    "open_url": "alipays://platformapi/startapp?appId=2021000000000001",
    "shop_ids": ["S1"],
    "in_shop_pages": True,
}


def created(*, is_provided: bool = False, **parts: Any) -> dict[str, Any]:
    terms = Terms.model_validate({**FULL, **parts})
    return card_bodies.create_body(terms, app_id=APP, is_provided=is_provided, request_id="card-1-1")


def modified(**parts: Any) -> dict[str, Any]:
    terms = Terms.model_validate({**FULL, **parts})
    return card_bodies.modify_body(
        terms, template_id="T1", app_id=APP, is_provided=False, request_id="card-1-2"
    )


def unknown_to(contract: Any, body: Any, path: str = "") -> list[str]:
    """Places of a body that the contract lacks, or that are no text where it has one."""
    if isinstance(contract, dict):
        if not isinstance(body, dict):
            return [path]
        strange = [f"{path}.{name}" for name in body.keys() - contract.keys()]
        known = body.keys() & contract.keys()
        return strange + [
            one for name in known for one in unknown_to(contract[name], body[name], f"{path}.{name}")
        ]
    if isinstance(contract, list):
        if not isinstance(body, list) or not body:
            return [path]
        return [one for part in body for one in unknown_to(contract[0], part, f"{path}[]")]
    return [] if isinstance(body, str) and body else [path]


def test_the_whole_of_a_card_is_said_in_words_of_the_contract() -> None:
    assert unknown_to(CONTRACT[card_bodies.CREATE]["biz_content"], created()) == []
    assert unknown_to(CONTRACT[card_bodies.MODIFY]["biz_content"], modified()) == []
    assert unknown_to({"a": ["string"]}, {"a": ["", 1], "b": "x"}) == [".b", ".a[]", ".a[]"]


def test_the_contract_is_covered_but_for_what_no_card_here_has() -> None:
    left_out = CONTRACT[card_bodies.CREATE]["biz_content"].keys() - created().keys()
    assert left_out == {"access_version", "card_spec_tag", "service_label_list", "spi_app_id"}


def test_kind_numbers_and_code() -> None:
    body = created()
    assert (body["card_type"], body["request_id"]) == ("OUT_MEMBER_CARD", "card-1-1")
    assert (body["biz_no_prefix"], body["biz_no_suffix_len"]) == ("YD", "20")
    assert body["write_off_type"] == "mdqrcode"
    assert body["mdcode_notify_conf"] == {"url": "https://example.com/code"}
    assert "biz_no_prefix" not in created(numbers={"prefix": "", "length": 20})


def test_the_face() -> None:
    assert created()["template_style_info"] == {
        "card_show_name": "云朵会员",
        "brand_name": "云朵",
        "logo_id": "A*logo",
        "background_id": "A*background",
        "bg_color": "rgb(22,119,255)",
        "slogan": "租得放心",
        "slogan_img_id": "A*slogan",
        "banner_img_id": "A*banner",
        "banner_url": "https://example.com/banner",
        "feature_descriptions": ["免押", "包邮"],
        "column_info_layout": "grid",
        "front_text_list_enable": "true",
        "front_image_enable": "false",
    }


def test_columns_open_a_page_a_text_or_nothing() -> None:
    page, text, plain = created()["column_info_list"]
    assert page["operate_type"] == "openWeb"
    assert page["more_info"] == {"title": "积分", "url": "https://example.com/p"}
    assert (text["operate_type"], text["more_info"]) == (
        "openNative",
        {"title": "规则", "descs": ["一", "二"]},
    )
    assert plain == {
        "code": "TELEPHONE",
        "title": "电话",
        "operate_type": "staticinfo",
        "value": "95188",
        "icon_id": "A*3",
        "tag": "新",
        "group_title": "联系",
    }


def test_buttons_lead_to_pages_or_addresses_and_two_are_quick() -> None:
    rent, orders, help_page = created()["card_action_list"]
    assert rent["url_type"] == "miniAppUrl"
    assert rent["mini_app_url"] == {
        "mini_app_id": APP,
        "mini_page_param": "pages/rent",
        "mini_query_param": "a=1",
        "display_on_list": "true",
    }
    assert "mini_query_param" not in orders["mini_app_url"]
    assert help_page == {"code": "help", "text": "帮助", "url_type": "url", "url": "https://example.com/help"}


def test_benefits_have_beijing_wall_time() -> None:
    assert created()["template_benefit_info"] == [
        {
            "title": "免押",
            "benefit_desc": ["首单免押"],
            "start_date": "2026-12-01 08:30:00",
            "end_date": "2027-12-01 08:30:00",
        }
    ]


def test_the_form_and_where_the_card_is_opened() -> None:
    assert created()["template_form_config"] == {
        "open_card_mini_app_id": APP,
        "fields": {"required": ["OPEN_FORM_FIELD_MOBILE"], "optional": ["OPEN_FORM_FIELD_NAME"]},
    }
    assert created()["open_card_conf"] == {
        "open_card_source_type": "MER",
        "source_app_id": APP,
        "open_card_url": "alipays://platformapi/startapp?appId=2021000000000001",
    }
    assert created(is_provided=True)["open_card_conf"]["open_card_source_type"] == "ISV"
    assert "open_card_conf" not in created(open_url="")


def test_levels_have_the_name_that_a_card_will_have() -> None:
    assert created()["card_level_conf"] == [
        {"level": "1", "level_show_name": "普通"},
        {"level": "2", "level_show_name": "金牌", "level_desc": "专属客服", "level_icon": "A*gold"},
    ]


@pytest.mark.parametrize(
    ("validity", "ends"), [({"kind": "days", "days": 365}, True), ({"kind": "unlimited"}, False)]
)
def test_rules_let_every_value_come_from_us(validity: dict[str, Any], ends: bool) -> None:
    rules = created(validity=validity)["field_rule_list"]
    names = [one["field_name"] for one in rules]
    assert names == ["Balance", "Point", "Level", "OpenDate", *(["ValidDate"] if ends else [])]
    assert {one["rule_name"] for one in rules} == {"ASSIGN_FROM_REQUEST"}
    assert all(one["rule_value"] == one["field_name"] for one in rules)


def test_a_card_that_is_bought_has_its_price_in_yuan() -> None:
    paid = created()["paid_outer_card_conf"]
    assert paid["open_selling_conf"] == {
        "selling_url": "https://example.com/buy",
        "price_detail": [{"price_type": "FIXED", "price": "99.05", "worth": "200.00", "desc": "全年免押"}],
    }
    assert paid["cycle_selling_conf"] == {
        "support_cycle_sell": "true",
        "cycle_type": ["YEAR", "MONTH"],
        "cycle_selling_url": "https://example.com/cycle",
    }
    assert paid["manage_url_conf"] == {"renew_url": "https://example.com/renew"}
    assert "paid_outer_card_conf" not in created(mode="free", paid=None)


def test_stores_and_shop_pages() -> None:
    assert (created()["shop_ids"], created()["pub_channels"]) == (["S1"], [{"pub_channel": "SHOP_DETAIL"}])
    bare = created(shop_ids=[], in_shop_pages=False)
    assert not {"shop_ids", "pub_channels"} & bare.keys()


def test_a_change_says_everything_but_what_cannot_change() -> None:
    body = modified()
    assert (body["template_id"], body["request_id"]) == ("T1", "card-1-2")
    assert created().keys() - body.keys() == {"card_type", "field_rule_list"}


def test_a_plain_card_says_no_empty_thing() -> None:
    form = {"required": ["OPEN_FORM_FIELD_MOBILE"]}
    terms = Terms.model_validate(design(columns=[], actions=[], benefits=[], levels=[], form=form))
    body = card_bodies.create_body(terms, app_id=APP, is_provided=False, request_id="r")
    assert unknown_to(CONTRACT[card_bodies.CREATE]["biz_content"], body) == []
    assert not {"column_info_list", "card_action_list", "card_level_conf"} & body.keys()
