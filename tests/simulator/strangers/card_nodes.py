"""What the methods of cards give, over as many calls as it takes to see every field once."""

from collections.abc import Callable
from typing import Any

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk
from tests.simulator.strangers.coupon_nodes import merged
from tests.simulator.strangers.world import World

Node = dict[str, Any]
_PAID_CONF = {
    "cycle_selling_conf": {
        "cycle_selling_url": "https://x.example/c",
        "cycle_type": ["YEAR"],
        "support_cycle_sell": "true",
    },
    "manage_url_conf": {
        "cycle_manage_url": "https://x.example/m",
        "downgrade_url": "https://x.example/d",
        "refund_url": "https://x.example/r",
        "renew_url": "https://x.example/n",
        "upgrade_url": "https://x.example/u",
    },
    "open_selling_conf": {
        "start_date": "2026-01-01 00:00:00",
        "end_date": "2036-01-01 00:00:00",
        "price_detail": [{"desc": "一年", "price": "99.00", "price_type": "FIXED", "worth": "300"}],
        "selling_url": "https://x.example/s",
    },
}
_PAID = {
    "action": "OPEN",
    "cycle_info": {
        "alipay_deduct_agreement": "2026",
        "alipay_deduct_product_code": "GENERAL_WITHHOLDING",
        "alipay_deduct_scene": "INDUSTRY|CARD",
        "close_reason": "CLOSE",
        "cycle_type": "YEAR",
        "open_status": "OPEN",
    },
    "purchase_info": {
        "action_date": "2026-11-01 10:00:00",
        "alipay_trade_no": "2026T1",
        "out_trade_no": "T1",
        "price": "99.00",
        "source": "MINI",
    },
}


def whole(desk: Desk) -> dict[str, Any]:
    """A template with everything that can be set."""
    logo, background = desk.upload(500, 500), desk.upload(1_020, 643)
    more_info = {"descs": ["说明"], "params": "{}", "title": "积分明细", "url": "https://x.example/p"}
    mini_app = {"mini_page_param": "pages/sign", "mini_query_param": "a=1"}
    actions = [asks.action(code, "签到", on_list=True) for code in ("A", "B")]
    for one in actions:
        one["mini_app_url"] |= mini_app
    return asks.template(
        access_version="v1",
        card_spec_tag="NONE",
        spi_app_id=desk.merchant.app_id,
        service_label_list=["HUABEI_FUWU"],
        shop_ids=["2026111100077"],
        write_off_type="mdqrcode",
        mdcode_notify_conf={"url": "https://x.example/code", "ext_params": "{}"},
        template_style_info={
            "card_show_name": "云朵会员卡",
            "brand_name": "云朵租机",
            "logo_id": logo,
            "background_id": background,
            "slogan_img_id": logo,
            "banner_img_id": logo,
            "banner_url": "https://x.example",
            "bg_color": "rgb(1,2,3)",
            "color": "rgb(1,2,3)",
            "column_info_layout": "grid",
            "feature_descriptions": ["免押"],
            "front_image_enable": "true",
            "front_text_list_enable": "true",
            "slogan": "租物省心",
        },
        column_info_list=[
            {
                "code": "POINT",
                "title": "积分",
                "value": "0",
                "group_title": "资产",
                "icon_id": logo,
                "tag": "新",
                "operate_type": "openWeb",
                "more_info": more_info,
            }
        ],
        card_level_conf=[
            {"level": "1", "level_show_name": "银卡", "level_desc": "入会即得", "level_icon": logo}
        ],
        card_action_list=[
            *actions,
            {"code": "C", "text": "客服", "url_type": "url", "url": "https://x.example"},
        ],
        field_rule_list=[{"field_name": "ValidDate", "rule_name": "DATE_IN_FUTURE", "rule_value": "12m"}],
        open_card_conf={
            "open_card_source_type": "MER",
            "source_app_id": desk.merchant.app_id,
            "open_card_url": "https://x.example/open",
            "conf": "{}",
            "card_rights": [{"title": "免押", "detail": "信用免押", "logo_id": logo}],
        },
        paid_outer_card_conf=_PAID_CONF,
        pub_channels=[{"pub_channel": "SHOP_DETAIL", "ext_info": "{}"}],
        template_benefit_info=[
            {
                "title": "生日礼",
                "benefit_desc": ["双倍积分"],
                "start_date": "2026-01-01 00:00:00",
                "end_date": "2036-01-01 00:00:00",
            }
        ],
        template_form_config={
            "open_card_mini_app_id": desk.merchant.app_id,
            "fields": {"required": [asks.MOBILE], "optional": [asks.CITY]},
        },
    )


def _made(desk: Desk) -> str:
    return str(desk.say(asks.CREATE, whole(desk))["template_id"])


def _info(desk: Desk) -> dict[str, Any]:
    code = {"code_status": "SUCCESS", "code_value": "6901", "expire_time": "2036-01-01 00:00:00"}
    return {
        "valid_date": "2035-01-01 00:00:00",
        "front_text_list": [{"label": "门店", "value": "湖滨"}],
        "front_image_id": desk.upload(600, 600),
        "custom_assets": "{}",
        "mdcode_info": {**code, "time_stamp": "2026-01-01 00:00:00"},
    }


def _card(desk: Desk, template_id: str) -> Node:
    asked = desk.ask(template_id)
    wish = desk.wish(asked, info=_info(desk), paid_outer_card_info=_PAID)
    wish |= {"open_card_channel": "QR_1", "open_card_channel_id": "2026"}
    return desk.merchant.call(asks.OPEN, wish, auth_token=asked.token).node


def _created(desk: Desk) -> Node:
    return desk.merchant.call(asks.CREATE, whole(desk)).node


def _modified(desk: Desk) -> Node:
    biz = {"request_id": asks.number(), "template_id": _made(desk), "shop_ids": ["2"]}
    return desk.merchant.call(asks.MODIFY, biz).node


def _told(desk: Desk) -> Node:
    return desk.merchant.call(asks.QUERY_TEMPLATE, {"template_id": _made(desk)}).node


def _listed(desk: Desk) -> Node:
    _made(desk)
    pages = [desk.say(asks.TEMPLATES, {"page_no": str(page)}) for page in range(1, 20)]
    return merged(pages)


def _answers(desk: Desk) -> Node:
    asked = desk.ask(_made(desk))
    biz = {"biz_type": "MEMBER_CARD", "template_id": asked.template_id, "request_id": asked.request_id}
    return desk.merchant.call(asks.ANSWERS, biz, auth_token=asked.token).node


def _held(desk: Desk) -> Node:
    card_no = _card(desk, _made(desk))["card_info"]["biz_card_no"]
    return desk.merchant.call(asks.QUERY, asks.about(card_no)).node


def _benefit(desk: Desk) -> dict[str, Any]:
    return asks.benefit(desk.template(), desk.now, ext_info='{"openUrl":"https://x.example"}')


def _which(desk: Desk) -> dict[str, Any]:
    biz = _benefit(desk)
    benefit_id = desk.say(asks.ADD_BENEFIT, biz)["benefit_id"]
    return {"template_id": biz["mcard_template_benefit"]["template_id"], "benefit_id": benefit_id}


def _changed_benefit(desk: Desk) -> Node:
    which = _which(desk)
    return desk.merchant.call(
        asks.CHANGE_BENEFIT, {**asks.benefit(which["template_id"], desk.now), **which}
    ).node


def _said(method: str, words: Callable[[Desk], dict[str, Any]]) -> Callable[[Desk], Node]:
    return lambda desk: desk.merchant.call(method, words(desk)).node


_MAKERS: dict[str, Callable[[Desk], Node]] = {
    asks.CREATE: _created,
    asks.MODIFY: _modified,
    asks.QUERY_TEMPLATE: _told,
    asks.TEMPLATES: _listed,
    asks.FORM: _said(asks.FORM, lambda desk: asks.form(desk.template())),
    asks.APPLY: _said(asks.APPLY, lambda desk: {"template_id": desk.template(), "callback": asks.CALLBACK}),
    asks.ANSWERS: _answers,
    asks.OPEN: lambda desk: _card(desk, _made(desk)),
    asks.UPDATE: _said(asks.UPDATE, lambda desk: desk.update(desk.card(), asks.moment(desk.now), point="1")),
    asks.QUERY: _held,
    asks.DELETE: _said(
        asks.DELETE,
        lambda desk: asks.about(desk.card(), out_serial_no=asks.number(), reason_code="CANCEL"),
    ),
    asks.NOTIFY: _said(asks.NOTIFY, lambda desk: asks.reminder(desk.card(), desk.now)),
    asks.CONSUME: _said(asks.CONSUME, lambda desk: asks.trade(desk.card(), asks.moment(desk.now))),
    asks.ADD_BENEFIT: _said(asks.ADD_BENEFIT, _benefit),
    asks.CHANGE_BENEFIT: _changed_benefit,
    asks.BENEFITS: _said(asks.BENEFITS, _which),
    asks.DROP_BENEFIT: _said(asks.DROP_BENEFIT, _which),
}


def _in_the_world(make: Callable[[Desk], Node]) -> Callable[[World], Node]:
    return lambda world: make(Desk(world.shop))


CALLS = {method: _in_the_world(make) for method, make in _MAKERS.items()}
