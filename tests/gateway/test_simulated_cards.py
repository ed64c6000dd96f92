"""Member cards over HTTP to the simulated platform, by our own client: from the template to its end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from gateway import loop, notify, signing
from gateway.client import Client, Timeouts
from gateway.methods import Request, card_templates, cards
from gateway.outcomes import Accepted, Refused, Unknown
from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk, opened
from tests.simulator.conftest import Gateway
from tests.simulator_process import SimulatorProcess

COLUMNS = [{"code": "POINT", "title": "积分"}, {"code": "LEVEL", "title": "等级"}]
LEVELS = [{"level": "1", "level_show_name": "银卡"}, {"level": "2", "level_show_name": "金卡"}]


class Shop:
    """Our client's side of one app; `desk` is the platform's side of it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, texts = desk, desk.merchant.texts
        names = ("app_id", "app_private_key", "alipay_public_key", "gateway_url")
        self.client = Client(**{name: texts[name] for name in names}, timeouts=Timeouts(read_seconds=1.0))

    @property
    def now(self) -> str:
        return asks.moment(self.desk.now)

    def say(self, kind: type[Request[Any]], **fields: Any) -> Any:
        outcome = self.client.call(kind.model_validate(fields))
        assert isinstance(outcome, Accepted), outcome
        return outcome.response

    def refused(self, kind: type[Request[Any]], **fields: Any) -> Refused:
        outcome = self.client.call(kind.model_validate(fields))
        assert isinstance(outcome, Refused), outcome
        return outcome

    def template(self, **more: Any) -> str:
        made = self.say(card_templates.MarketingCardTemplateCreate, **template(**more))
        fields = card_templates.form_texts(("OPEN_FORM_FIELD_MOBILE",), ("OPEN_FORM_FIELD_CITY",))
        self.say(
            card_templates.MarketingCardFormtemplateSet,
            template_id=made.template_id,
            fields=fields.model_dump(exclude_none=True),
        )
        return str(made.template_id)

    def card(self, template_id: str = "") -> str:
        asked = self.desk.ask(template_id or self.template())
        told = self.say(cards.MarketingCardOpen, **wish(asked.open_id, asked.template_id, asked.token))
        return str(told.card_info.biz_card_no)


def template(**more: Any) -> dict[str, Any]:
    return {
        "request_id": asks.number(),
        "biz_no_prefix": "Q",
        "biz_no_suffix_len": "12",
        "write_off_type": "qrcode",
        "template_style_info": {"card_show_name": "青禾会员"},
        "column_info_list": COLUMNS,
        "card_level_conf": LEVELS,
        "card_action_list": [asks.action(code, "签到", on_list=True) for code in ("A", "B")],
        **more,
    }


def wish(person: str, template_id: str, token: str, **more: Any) -> dict[str, Any]:
    return {
        "out_serial_no": asks.number(),
        "card_template_id": template_id,
        "card_user_info": {"user_uni_id": person},
        "card_ext_info": {"external_card_no": asks.number(), "point": "100", "level": "1"},
        "auth_token": token,
        **more,
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("cards") / "store") as simulator:
        yield Shop(opened(simulator, card_limits={"templates": 1_000}))
    loop.close()


def test_a_template_is_made_changed_and_told_as_it_was_written(shop: Shop) -> None:
    rule = {"field_name": "ValidDate", "rule_name": "DATE_IN_FUTURE", "rule_value": "12m"}
    form = {"fields": {"required": ["OPEN_FORM_FIELD_NAME"], "optional": ["OPEN_FORM_FIELD_CITY"]}}
    template_id = shop.template(field_rule_list=[rule], template_form_config=form)
    shop.say(
        card_templates.MarketingCardTemplateModify,
        request_id=asks.number(),
        template_id=template_id,
        template_style_info={"card_show_name": "青禾金卡"},
        shop_ids=["S1"],
    )

    told = shop.say(card_templates.MarketingCardTemplateQuery, template_id=template_id)
    listed = shop.say(card_templates.MarketingCardTemplateBatchquery)

    assert told.template_style_info.card_show_name == "青禾金卡"
    assert [one.code for one in told.column_info_list] == ["POINT", "LEVEL"]
    assert [one.level for one in told.card_level_confs] == ["1", "2"]
    assert [one.mini_app_url.display_on_list for one in told.card_action_list] == ["true", "true"]
    assert (told.field_rule_list[0].rule_value, told.shop_ids) == ("12m", ("S1",))
    assert told.template_form_config.fields.required == ("OPEN_FORM_FIELD_NAME",)
    assert template_id in {one.template_id for one in listed.mcard_template}
    assert listed.template_total >= 1


def test_the_token_and_the_address_of_notices_stand_beside_biz_content(shop: Shop) -> None:
    made = card_templates.MarketingCardTemplateCreate.model_validate(
        {**template(), "notify_url": "https://shop.example/inbox"}
    )
    opening = cards.MarketingCardOpen.model_validate(wish("p", "t", "secret"))
    login = cards.SystemOauthToken(code="c")

    assert (made.beside(), "notify_url" in made.biz_content()) == (
        {"notify_url": "https://shop.example/inbox"},
        False,
    )
    assert (opening.beside(), "secret" in opening.biz_content()) == ({"auth_token": "secret"}, False)
    assert (login.beside(), login.biz_content()) == ({"grant_type": "authorization_code", "code": "c"}, "")
    told = shop.say(
        card_templates.MarketingCardTemplateCreate, **template(), notify_url="http://127.0.0.1:9/n"
    )
    listed = shop.desk.simulator.get(f"/sim/card-templates?app_id={shop.desk.merchant.app_id}")["templates"]
    [kept] = [one for one in listed if one["template_id"] == told.template_id]
    assert kept["notify_url"] == "http://127.0.0.1:9/n"


def test_a_person_opens_a_card_by_the_address_and_the_merchant_reads_the_form(shop: Shop) -> None:
    template_id, person = shop.template(), shop.desk.person()
    address = shop.say(
        card_templates.MarketingCardActivateurlApply, template_id=template_id, callback=asks.CALLBACK
    )
    assert address.url.startswith("http://127.0.0.1")
    sent = shop.desk.act(person, "apply", apply_url=address.url, call=False)

    token = shop.say(cards.SystemOauthToken, code=sent["auth_code"])
    form = {"template_id": template_id, "request_id": sent["request_id"], "auth_token": token.access_token}
    answers = shop.say(cards.MarketingCardActivateformQuery, **form).answers
    asked = wish(person, template_id, token.access_token)
    first, again = (shop.say(cards.MarketingCardOpen, **asked).card_info for _ in range(2))
    twice = shop.refused(cards.MarketingCardOpen, **wish(person, template_id, token.access_token))

    assert token.open_id == person
    assert list(answers) == ["OPEN_FORM_FIELD_MOBILE"]
    assert first == again
    assert (twice.sub_code, twice.scope, twice.listed) == ("CARD_HAS_OPENED", "recipient", True)
    renewed = shop.say(cards.SystemOauthToken, grant_type="refresh_token", refresh_token=token.refresh_token)
    assert renewed.access_token != token.access_token


def test_who_authorised_the_mini_program_is_known_and_the_forms_token_is_not_for_that(shop: Shop) -> None:
    person = shop.desk.person()
    body = {"app_id": shop.desk.merchant.app_id, "open_id": person, "scopes": ["auth_user"]}
    code = shop.desk.simulator.post("/sim/logins", body)["auth_code"]
    token = shop.say(cards.SystemOauthToken, code=code).access_token
    asked = shop.desk.ask(shop.template())

    known = shop.say(cards.UserInfoShare, auth_token=token)

    assert (known.open_id, bool(known.nick_name)) == (person, True)
    assert shop.refused(cards.UserInfoShare, auth_token=asked.token).sub_code == "aop.invalid-auth-token"
    assert shop.refused(cards.SystemOauthToken, code=code).sub_code == "isv.code-invalid"


def test_a_card_is_changed_reminded_of_used_asked_about_and_ended(shop: Shop) -> None:
    card_no = shop.card()
    about = {"target_card_no": card_no}
    change = {**about, "occur_time": shop.now, "card_info": {"point": "120", "level": "2"}}
    change["merchant_card_msg_info"] = {"changed_point": "+20"}
    for _ in range(3):
        shop.say(cards.MarketingCardUpdate, **change)
    info = cards.point_reminder("30", asks.moment(shop.desk.now, 7))
    shop.say(
        cards.MarketingCardMessageNotify,
        **about,
        notify_no=asks.number(),
        notify_info=info,
        occur_time=shop.now,
    )
    shop.say(
        cards.MarketingCardConsumeSync,
        **about,
        trade_type="TRADE",
        swipe_cert_type="ALIPAY",
        trade_no=asks.number(),
        trade_time=asks.moment(shop.desk.now, seconds=5),
        trade_amount="25.00",
        card_info={"point": "145"},
    )
    held = shop.say(cards.MarketingCardQuery, **about)
    ending = {**about, "out_serial_no": asks.number(), "reason_code": "USER_UNBUND"}
    serial = shop.say(cards.MarketingCardDelete, **ending).biz_serial_no
    ended = shop.say(cards.MarketingCardQuery, **about)

    assert (held.card_info.point, held.card_info.level, held.in_card_pack) == ("145.00", "2", True)
    assert (bool(serial), ended.in_card_pack) == (True, False)
    effects = [one for one in shop.desk.effects(card_no) if one]
    assert effects == ["done", "done", "repeated", "repeated", "done", "done", "done"]
    again = shop.refused(cards.MarketingCardDelete, **{**ending, "out_serial_no": asks.number()})
    assert (again.sub_code, again.scope) == ("CARD_IS_DELETED_ALREADY", "recipient")


def test_an_opening_whose_answer_was_lost_is_asked_again_by_its_number(shop: Shop) -> None:
    asked = shop.desk.ask(shop.template())
    opening = cards.MarketingCardOpen.model_validate(wish(asked.open_id, asked.template_id, asked.token))
    shop.desk.merchant.fault("timeout_after_success", value=0, count=1)

    lost, told = shop.client.call(opening), shop.client.call(opening)

    assert isinstance(lost, Unknown)
    assert isinstance(told, Accepted)
    [card] = shop.desk.cards(open_id=asked.open_id)
    assert card["card_no"] == told.response.card_info.biz_card_no


def test_opening_and_end_are_told_at_the_templates_address_and_can_be_read(shop: Shop) -> None:
    inbox = Gateway()
    made = shop.say(card_templates.MarketingCardTemplateCreate, **template(), notify_url=inbox.url)
    shop.desk.say(asks.FORM, asks.form(made.template_id))
    card_no = shop.card(made.template_id)
    ending = {"target_card_no": card_no, "out_serial_no": asks.number(), "reason_code": "CANCEL"}
    shop.say(cards.MarketingCardDelete, **ending)
    shop.desk.settle()
    inbox.close()

    key = signing.load_public_key(shop.desk.merchant.texts["alipay_public_key"])
    told = {one.kind: one for one in (notify.read(post, key) for post in inbox.posts)}
    assert set(told) == {"alipay.marketing.card.open", "alipay.marketing.card.delete"}
    assert {one.content["biz_card_no"] for one in told.values()} == {card_no}
    ended = told["alipay.marketing.card.delete"]
    assert (ended.content["reason_code"], ended.content["template_id"]) == ("CANCEL", made.template_id)
    assert ended.app_id == ended.auth_app_id == shop.desk.merchant.app_id
    with pytest.raises(notify.BadNotification):
        notify.read({**inbox.posts[0], "biz_card_no": "another"}, key)


def test_a_benefit_is_added_changed_told_and_deleted(shop: Shop) -> None:
    template_id = shop.template()
    facts = asks.benefit(template_id, shop.desk.now)["mcard_template_benefit"]
    made = shop.say(card_templates.MarketingCardBenefitCreate, mcard_template_benefit=facts)
    which = {"template_id": template_id, "benefit_id": made.benefit_id}
    changed = {**facts, "title": "会员日九折"}
    shop.say(
        card_templates.MarketingCardBenefitModify,
        benefit_id=made.benefit_id,
        mcard_template_benefit=changed,
    )

    told = shop.say(card_templates.MarketingCardBenefitQuery, **which).mcard_template_benefit_query
    shop.say(card_templates.MarketingCardBenefitDelete, **which)

    assert [(one.title, json.loads(one.benefit_desc)) for one in told] == [
        ("会员日九折", ["生日当月", "每单双倍"])
    ]
    gone = shop.refused(card_templates.MarketingCardBenefitDelete, **which)
    assert (gone.sub_code, gone.scope) == ("BENEFIT_NOT_EXIST", "batch")


@pytest.mark.parametrize(
    "changes",
    [
        {"request_id": "R" * 33},
        {"biz_no_suffix_len": "7"},
        {"biz_no_suffix_len": "33"},
        {"biz_no_prefix": "M" * 10, "biz_no_suffix_len": "23"},
        {"biz_no_prefix": "M" * 11},
        {"write_off_type": "paper"},
        {"write_off_type": "mdqrcode"},
        {"write_off_type": "mdqrcode", "mdcode_notify_conf": {"url": "http://x.example"}},
        {"column_info_list": COLUMNS * 2},
        {"column_info_list": [{"code": "A", "title": "甲", "operate_type": "openWeb"}]},
        {"column_info_list": [{"code": "A", "title": "甲", "operate_type": "openNative"}]},
        {"column_info_list": [{"code": "TELEPHONE", "title": "甲", "operate_type": "openNative"}]},
        {"field_rule_list": [{"field_name": "Point", "rule_name": "DATE_IN_FUTURE", "rule_value": "1d"}]},
        {"card_action_list": [asks.action(code, "签到") for code in "ABCD"]},
        {"card_action_list": [asks.action("A", "签到", on_list=True)]},
        {"card_action_list": [asks.action("A", "一二三四五六七")]},
        {"card_action_list": [asks.action("A" * 33, "签到")]},
        {"card_action_list": [{"code": "A", "text": "签到", "url_type": "url"}]},
        {"template_form_config": {"fields": {"required": []}}},
        {"pub_channels": [{"pub_channel": "HOME"}]},
    ],
    ids=str,
)
def test_what_our_side_does_not_send_the_platform_refuses_alike(shop: Shop, changes: dict[str, Any]) -> None:
    biz = {"card_type": "OUT_MEMBER_CARD", **template(**changes)}

    with pytest.raises(ValidationError):
        card_templates.MarketingCardTemplateCreate.model_validate(template(**changes))
    assert shop.desk.refused(asks.CREATE, biz)[0] == "INVALID_PARAMETER"


@pytest.mark.parametrize(
    "required", [(), ("OPEN_FORM_FIELD_CITY", "OPEN_FORM_FIELD_CITY")], ids=["none", "twice"]
)
def test_a_form_asks_for_something_and_for_nothing_twice(required: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"[Ff]orm"):
        card_templates.form_texts(required)


@pytest.mark.parametrize(
    ("infos", "answers"),
    [
        ('[{"A":"1"},{"B":"2"}]', {"A": "1", "B": "2"}),
        ('{"A":"1","B":"2"}', {"A": "1", "B": "2"}),
        ("", {}),
    ],
)
def test_the_answers_of_a_form_are_read_in_either_way_of_writing_them(
    infos: str, answers: dict[str, str]
) -> None:
    told = cards.MarketingCardActivateformQueryResponse.model_validate({"infos": infos})

    assert told.answers == answers
