"""Member cards on the phone: the form of an address, the cell in the card pack, the card, its messages."""

from urllib.parse import unquote, urlsplit

import pytest

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk
from tests.simulator.merchant import Merchant
from tests.simulator.screen import Page
from tests.simulator.test_card_opening import Callback

WALLET, CARD, FORM = "卡包", "会员卡", "领取会员卡"


@pytest.fixture
def desk(merchant: Merchant) -> Desk:
    merchant.configure(card_limits={"templates": 1_000_000})
    return Desk(merchant)


@pytest.fixture
def callback():
    listening = Callback()
    yield listening
    listening.close()


def _form(desk: Desk, person: str, url: str) -> Page:
    """The address on this person's phone."""
    apply_id = urlsplit(unquote(url)).path.rpartition("/")[2]
    return Page.of(desk.merchant, person, f"/apply/{apply_id}")


def test_a_person_sends_in_the_form_and_the_card_lies_in_the_card_pack(
    desk: Desk, person: str, callback: Callback
) -> None:
    rights = [{"title": "免押", "detail": "信用免押"}]
    conf = {"open_card_source_type": "MER", "source_app_id": "1", "open_card_url": "x", "card_rights": rights}
    template_id = desk.template(asks.MOBILE, asks.NAME, asks.GENDER, open_card_conf=conf)
    url = desk.address(template_id, callback.url)

    form = _form(desk, person, url)
    text = form.screen(FORM).text
    assert all(word in text for word in ("手机号", "姓名", "性别", "积分", "签到", "我的订单", "信用免押"))
    assert "客服" not in text, "only the quick services of the cell"
    assert all(one.attrs["value"] for one in form.screen(FORM).all("input")), "by one tap of authorisation"
    typed = {one.attrs["name"]: one.attrs["value"] for one in form.screen(FORM).all("input")}
    sent = form.press(form.screen(FORM), "同意并领取", **typed)
    assert "商家收到了领卡请求" in sent.screen(FORM).text

    [call] = callback.calls
    token = desk.token(call["auth_code"])
    asked = desk.ask(template_id, person)
    wish = desk.wish(asked, info={"point": "66", "level": "2"})
    desk.say(asks.OPEN, wish, auth_token=token)
    pack = Page.of(desk.merchant, person, "/coupons")
    cell = pack.screen(WALLET).text
    assert "云朵会员卡 云朵租机" in cell
    assert "积分 66 · 余额 ¥0.00 · 等级 金卡 · 电话 95188" in cell
    assert "签到" in cell and "我的订单" in cell and "客服" not in cell


def test_who_is_a_member_sees_the_card_until_the_form_is_set_again(desk: Desk, person: str) -> None:
    template_id = desk.template()
    url = desk.address(template_id)
    desk.card(template_id, person)

    member = _form(desk, person, url).screen(FORM)
    desk.say(asks.FORM, asks.form(template_id))
    again = _form(desk, person, url).screen(FORM)

    assert ("已是会员" in member.text, member.all("form")) == (True, [])
    assert ("已是会员" in again.text, len(again.all("form"))) == (False, 1)


def test_a_field_that_is_left_empty_is_refused_and_one_of_choice_is_not(desk: Desk, person: str) -> None:
    template_id = desk.say(asks.CREATE, asks.template())["template_id"]
    desk.say(asks.FORM, asks.form(template_id, asks.MOBILE, optional=(asks.CITY,)))
    page = _form(desk, person, desk.address(template_id))
    mobile, city = (f"field.{name}" for name in (asks.MOBILE, asks.CITY))

    assert [("required" in one.attrs) for one in page.screen(FORM).all("input")] == [True, False]
    with pytest.raises(Exception, match="400"):
        page.press(page.screen(FORM), "同意并领取", **{mobile: "", city: "杭州"})
    sent = page.press(page.screen(FORM), "同意并领取", **{mobile: "13900000000", city: ""})
    assert "没有答复" in sent.screen(FORM).text


def test_a_callback_that_is_not_the_apps_own_shows_its_error(desk: Desk, person: str) -> None:
    page = _form(desk, person, desk.address(desk.template()))
    desk.merchant.configure(auth_callback="https://shop.example/cards")

    sent = page.press(
        page.screen(FORM), "同意并领取", **{f"field.{asks.MOBILE}": "1", f"field.{asks.NAME}": "甲"}
    )
    desk.merchant.configure(auth_callback="")

    assert "ERR010" in sent.screen(FORM).text


def test_the_address_itself_asks_whose_phone_it_is(desk: Desk, person: str) -> None:
    url = unquote(desk.address(desk.template()))

    page = Page(desk.merchant, f"{urlsplit(url).path}?q={person}")

    [link] = page.screen("谁来领取会员卡").all("a")
    assert (person in link.attrs["href"], "/apply/" in link.attrs["href"]) == (True, True)


def test_a_value_shows_only_where_the_card_holds_one(desk: Desk, person: str) -> None:
    asked = desk.ask(desk.template(), person)
    wish = desk.wish(asked)
    wish["card_ext_info"] = {"external_card_no": asks.number(), "level": "1"}
    desk.say(asks.OPEN, wish, auth_token=asked.token)

    cell = Page.of(desk.merchant, person, "/coupons").screen(WALLET).text

    assert "等级 银卡 · 电话 95188" in cell
    assert "积分" not in cell.partition("付款")[0]


def test_the_card_shows_number_benefits_of_today_and_services_and_can_be_thrown_away(
    desk: Desk, person: str
) -> None:
    template_id = desk.template()
    desk.say(asks.ADD_BENEFIT, asks.benefit(template_id, desk.now))
    over = {"start_date": "2020-01-01 00:00:00", "end_date": "2020-02-01 00:00:00", "title": "早就过期"}
    desk.say(asks.ADD_BENEFIT, asks.benefit(template_id, desk.now, **over))
    info = desk.opened(template_id, person)

    page = Page.of(desk.merchant, person, "/coupons").follow(WALLET, "云朵会员卡")
    text = page.screen(CARD).text
    assert all(
        word in text for word in (info["external_card_no"], "生日双倍积分", "每单双倍", "客服", "使用中")
    )
    assert "早就过期" not in text
    after = page.press(page.screen(CARD), "删除会员卡")

    assert "云朵会员卡" not in after.screen(WALLET).text
    assert [one["reason"] for one in desk.cards(open_id=person)] == ["USER_UNBUND"]


@pytest.mark.parametrize(
    ("way", "words"),
    [("none", "不显示卡号"), ("text", "卡号"), ("dqrcode", "动态码 28"), ("mdqrcode", "商户动态码 还没有")],
)
def test_the_code_is_shown_as_the_template_says(desk: Desk, person: str, way: str, words: str) -> None:
    conf = {"mdcode_notify_conf": {"url": "https://x.example"}} if way == "mdqrcode" else {}
    desk.card(desk.template(write_off_type=way, **conf), person)

    page = Page.of(desk.merchant, person, "/coupons").follow(WALLET, "云朵会员卡")

    assert words in page.screen(CARD).text


def test_opening_points_and_a_reminder_come_as_messages_of_the_merchant(desk: Desk, person: str) -> None:
    card_no = desk.card(desk.template(), person)
    desk.say(asks.UPDATE, desk.update(card_no, asks.moment(desk.now), point="80", points="-20"))
    desk.say(asks.NOTIFY, asks.reminder(card_no, desk.now))

    phone = Page.of(desk.merchant, person)
    listed = phone.screen("消息").text
    assert all(word in listed for word in ("会员卡开通：云朵会员卡", "会员资产变动：-20", "积分到期提醒：30"))
    assert "积分到期提醒" in phone.screen("首页").text
    zone = phone.follow("消息", "会员资产变动")
    assert all(word in zone.screen("商家消息").text for word in ("变动积分 -20", "现有积分 80", "云朵会员卡"))
    assert "提交开卡表单" in phone.top.text
    assert f"会员卡 {card_no[-4:]}" in phone.top.text
