"""消息管理, in the phone: a person ends a subscription, marks a message, takes none of a merchant's."""

import pytest

from tests.simulator.conftest import Console
from tests.simulator.merchant import Merchant
from tests.simulator.screen import Page, texts

SETTINGS, ZONE = "消息管理", "商家消息"


@pytest.mark.parametrize("way", ["dots", "menu", "tab"])
def test_the_settings_are_reached_on_the_phone(
    merchant: Merchant, subscriber: str, coupon_template: str, way: str
) -> None:
    merchant.send(coupon_template, subscriber)
    page = Page.of(merchant, subscriber)
    if way == "tab":
        page = page.follow("首页", SETTINGS)
    else:
        zone = page.follow("消息", "优惠券")
        links = [
            one for one in zone.screen(ZONE).all("a") if SETTINGS in (one.text, one.attrs.get("aria-label"))
        ]
        page = Page(merchant, links[0 if way == "dots" else 1].attrs["href"])

    assert "优惠券领取提醒 还可接收 1 次" in page.screen(SETTINGS).text


def test_an_ended_subscription_is_told_to_the_console_and_the_next_send_refused(
    merchant: Merchant, console: Console, subscriber: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client", server_key="server")
    assert merchant.units_left(coupon_template, subscriber) == "1"

    settings = Page.of(merchant, subscriber).follow("首页", SETTINGS).tap(SETTINGS, "取消订阅")

    [(key, body)] = console.received
    assert key == "Bearer server"
    [signal] = body["signals"]
    told = (signal["kind"], signal["open_id"], signal["template_id"])
    assert told == ("revoked", subscriber, coupon_template)
    assert merchant.send(coupon_template, subscriber).outcome == "40004/MSG_UNSUBSCRIBED"
    assert merchant.units_left(coupon_template, subscriber) == "0"
    assert "优惠券领取提醒 未订阅" in settings.screen(SETTINGS).text
    assert "取消订阅" not in texts(settings.screen(SETTINGS).all("button"))


def test_a_long_term_consent_is_ended_the_same_way(
    merchant: Merchant, console: Console, person: str, signing_in_template: str
) -> None:
    merchant.configure(signals_url=console.url, server_key="server")
    merchant.consent(signing_in_template, [person], kind="long_term")
    console.received.clear()

    page = Page.of(merchant, person, "/settings")
    assert "每日签到提醒 已长期订阅" in page.screen(SETTINGS).text
    page.tap(SETTINGS, "取消订阅")

    assert [(one["kind"], one["subscription"]) for one in console.signals] == [("revoked", "long_term")]
    assert merchant.send(signing_in_template, person).outcome == "40004/MSG_UNSUBSCRIBED"
    assert merchant.units_left(signing_in_template, person) == "0"


def test_only_the_template_whose_button_was_tapped_ends(
    merchant: Merchant, subscriber: str, coupon_template: str, signing_in_template: str
) -> None:
    merchant.consent(signing_in_template, [subscriber], kind="long_term")

    page = Page.of(merchant, subscriber, "/settings")
    page.tap(SETTINGS, "取消订阅", row="每日签到提醒")

    assert merchant.units_left(signing_in_template, subscriber) == "0"
    assert merchant.units_left(coupon_template, subscriber) == "1"


def test_not_interested_is_tapped_at_the_message_and_ends_its_kind(
    merchant: Merchant, console: Console, subscriber: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client", server_key="server")
    merchant.send(coupon_template, subscriber)

    zone = Page.of(merchant, subscriber).follow("消息", "优惠券").tap(ZONE, "不感兴趣")

    assert "已标为不感兴趣" in zone.screen(ZONE).text
    assert "不感兴趣" not in texts(zone.screen(ZONE).all("button"))
    assert merchant.send(coupon_template, subscriber).outcome == "40004/MSG_CONTENT_NOT_INTERESTED"
    assert "不感兴趣 · 还可接收 1 次" in zone.follow(ZONE, SETTINGS).screen(SETTINGS).text
    assert console.received == []


def test_no_messages_of_a_merchant_at_all_and_then_again(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    page = Page.of(merchant, subscriber, "/settings").tap(SETTINGS, "不再接收")
    refused = merchant.send(coupon_template, subscriber).outcome
    again = page.tap(SETTINGS, "重新接收")

    assert "已不再接收它的消息" in page.screen(SETTINGS).text
    assert refused == "40004/MSG_REJECTED"
    assert "不再接收" in texts(again.screen(SETTINGS).all("button"))
    assert merchant.send(coupon_template, subscriber).outcome == "10000"


def test_the_testers_panel_only_stands_in_for_the_prompt_of_the_mini_program(
    merchant: Merchant, person: str, coupon_template: str
) -> None:
    page = Page.of(merchant, person)

    subscribed = page.tap("这位顾客的动作", "订阅", row="优惠券领取提醒")

    assert set(texts(page.screen("这位顾客的动作").all("button"))) == {"订阅"}
    assert "优惠券领取提醒 还可接收 1 次" in subscribed.screen("这位顾客的动作").text
    assert merchant.units_left(coupon_template, person) == "1"


def test_who_never_subscribed_finds_nothing_to_end(merchant: Merchant, person: str) -> None:
    screen = Page.of(merchant, person, "/settings").screen(SETTINGS)

    assert "还没有订阅过消息" in screen.text
    assert texts(screen.all("button")) == ["不再接收"]


def test_the_settings_lead_to_those_of_the_other_merchants(
    merchant: Merchant, tea_shop: Merchant, fresh_seed: int
) -> None:
    [here] = merchant.people(1, seed=fresh_seed)
    tea_shop.people(1, seed=fresh_seed)

    page = Page.of(merchant, here, "/settings")
    other = page.follow(SETTINGS, "青禾茶集")

    assert "青禾茶集" in other.screen(SETTINGS).text
    assert other.follow(SETTINGS, "云朵租机").url == page.url


def test_a_form_does_not_lead_away_from_the_phone(merchant: Merchant, person: str) -> None:
    form = {"action": "reject_messages", "back": "https://evil.example/"}

    page = Page(merchant, f"/sim/phone/{person}/act?app_id={merchant.app_id}", form)

    assert page.url.startswith(f"{merchant.simulator.url}/sim/phone/{person}?")
