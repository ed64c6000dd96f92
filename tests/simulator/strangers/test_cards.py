"""Strangers run a member card from its template to its end; what came of it is seen on the phone."""

import json

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Asked, Desk
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.world import World


def test_a_card_is_designed_opened_changed_reminded_of_and_ended(stranger: Stranger, world: World) -> None:
    client, person = stranger(world.shop), world.person(world.shop)
    desk = Desk(world.shop)
    style = {"card_show_name": "租物金卡", "brand_name": "云朵租机"}
    template_id = client.call(asks.CREATE, asks.template(template_style_info=style))["template_id"]
    assert client.call(asks.FORM, asks.form(template_id)) == {"code": "10000", "msg": "Success"}
    address = {"template_id": template_id, "callback": asks.CALLBACK, "out_string": "湖滨店"}
    url = client.call(asks.APPLY, address)["apply_card_url"]

    sent = desk.act(person, "apply", apply_url=url, call=False)
    tokens = client.call(asks.USER_TOKEN, grant_type="authorization_code", code=sent["auth_code"])
    token = tokens["access_token"]
    asking = {"biz_type": "MEMBER_CARD", "template_id": template_id, "request_id": sent["request_id"]}
    infos = json.loads(client.call(asks.ANSWERS, asking, auth_token=token)["infos"])
    wish = desk.wish(Asked(person, template_id, sent["request_id"], token))
    card = client.call(asks.OPEN, wish, auth_token=token)["card_info"]
    about = asks.about(card["biz_card_no"])
    now = desk.now
    client.call(asks.UPDATE, desk.update(card["biz_card_no"], asks.moment(now), point="120", points="20"))
    client.call(asks.NOTIFY, asks.reminder(card["biz_card_no"], now))
    later = asks.moment(now, seconds=5)
    client.call(asks.CONSUME, asks.trade(card["biz_card_no"], later, card_info={"balance": "50.00"}))
    held = client.call(asks.QUERY, about)
    phone = world.phone(world.shop, person)
    pack = _card_pack(world, person)
    client.call(asks.DELETE, {**about, "out_serial_no": asks.number(), "reason_code": "USER_UNBUND"})

    assert tokens["open_id"] == person
    assert [next(iter(one)) for one in infos] == [asks.MOBILE, asks.NAME]
    assert (held["card_info"]["point"], held["card_info"]["balance"]) == ("120.00", "50.00")
    assert all(words in phone for words in ("会员卡开通", "会员资产变动", "积分到期提醒"))
    assert ("租物金卡" in pack, "积分 120" in pack, "签到" in pack) == (True, True, True)
    assert "租物金卡" not in _card_pack(world, person).partition("</section>")[0]
    assert "schema_url" not in client.call(asks.QUERY, about)


def test_a_template_is_changed_and_told_with_its_benefits(stranger: Stranger, world: World) -> None:
    client, now = stranger(world.shop), Desk(world.shop).now
    template_id = client.call(asks.CREATE, asks.template(shop_ids=["S1"]))["template_id"]
    change = {"request_id": asks.number(), "template_id": template_id, "shop_ids": ["S2"]}
    assert client.call(asks.MODIFY, change)["template_id"] == template_id
    benefit_id = client.call(asks.ADD_BENEFIT, asks.benefit(template_id, now))["benefit_id"]
    which = {"template_id": template_id, "benefit_id": benefit_id}

    told = client.call(asks.QUERY_TEMPLATE, {"template_id": template_id})
    [benefit] = client.call(asks.BENEFITS, which)["mcard_template_benefit_query"]
    gone = client.call(asks.DROP_BENEFIT, which)

    assert told["shop_ids"] == ["S1", "S2"]
    assert [one["text"] for one in told["card_action_list"]] == ["签到", "我的订单", "客服"]
    assert (benefit["benefit_id"], gone["result"]) == (benefit_id, "true")
    assert client.call(asks.BENEFITS, which)["sub_code"] == "BENEFIT_NOT_EXIST"


def test_a_provider_runs_a_card_for_its_merchant(stranger: Stranger, world: World) -> None:
    token, client = world.app_token(world.shop, world.provider), stranger(world.provider)
    desk = Desk(world.shop)

    made = client.call(asks.CREATE, asks.template(), app_auth_token=token)
    client.call(asks.FORM, asks.form(made["template_id"]), app_auth_token=token)
    asked = desk.ask(made["template_id"], world.person(world.shop))
    opened = client.call(asks.OPEN, desk.wish(asked), app_auth_token=token, auth_token=asked.token)

    assert desk.info(opened["card_info"]["biz_card_no"])["template_id"] == made["template_id"]


def _card_pack(world: World, person: str) -> str:
    return world.platform.get(f"/sim/phone/{person}/coupons?app_id={world.shop.app_id}")
