"""The third place of a message: over the lock screen, where its template has a push."""

import pytest

from tests.simulator.conftest import Console
from tests.simulator.merchant import Merchant
from tests.simulator.screen import Page
from tests.simulator.test_phone import LINK
from tests.simulator_process import SimulatorError


@pytest.fixture
def reader(merchant: Merchant, subscriber: str, signing_in_template: str) -> str:
    """With units for 优惠券领取提醒, which has a push, and a consent to 每日签到提醒, which has none."""
    merchant.consent(signing_in_template, [subscriber], kind="long_term")
    return subscriber


def test_a_push_on_the_lock_screen_opens_the_mini_program_as_1305(
    merchant: Merchant, console: Console, reader: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    merchant.send(coupon_template, reader, "首月立减 100 元", "限时三天", page=LINK)

    page = Page.of(merchant, reader)
    [banner] = page.screen("锁屏").all("button")
    opened = page.tap("锁屏", "优惠券领取提醒")

    assert "云朵租机" in banner.text and "首月立减 100 元" in banner.text
    assert "回访已报给控制台，场景值 1305" in opened.screen("小程序").text
    [(key, body)] = console.received
    assert key == "Bearer client"
    [signal] = body["signals"]
    told = (signal["kind"], signal["scene"], signal["open_id"], signal["token"])
    assert told == ("visited", "1305", reader, "Abc-123_x")
    assert "点开 PUSH 记一次真实回访，场景值 1305" in opened.screen("这位顾客的动作").text


def test_the_same_message_opened_from_the_list_is_1014(
    merchant: Merchant, console: Console, reader: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    merchant.send(coupon_template, reader, page=LINK)
    page = Page.of(merchant, reader)
    page.tap("锁屏", "优惠券领取提醒")

    opened = page.follow("消息", "优惠券领取提醒").tap("商家消息", "进入小程序")

    assert "场景值 1014" in opened.screen("小程序").text
    assert [signal["scene"] for signal in console.signals] == ["1305", "1014"]


def test_a_template_without_push_says_so_on_the_lock_screen(
    merchant: Merchant, reader: str, coupon_template: str, signing_in_template: str
) -> None:
    merchant.send(coupon_template, reader)
    merchant.send(signing_in_template, reader, "5 积分", "3 天")

    lock = Page.of(merchant, reader).screen("锁屏")

    assert "此模板不支持 PUSH" in lock.text
    assert lock.all("button") == [] and "优惠券领取提醒" not in lock.text


def test_a_lock_screen_without_messages_is_calm(merchant: Merchant, person: str) -> None:
    page = Page.of(merchant, person)

    assert "没有新通知" in page.screen("锁屏").text
    assert "暂无提醒" in page.screen("首页").text


@pytest.mark.parametrize("via", ["push", "letter", ["push"], None])
def test_nobody_comes_through_a_push_that_there_is_not(
    merchant: Merchant, console: Console, reader: str, signing_in_template: str, via: object
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    merchant.send(signing_in_template, reader, page=LINK)

    with pytest.raises(SimulatorError, match="via") as refusal:
        merchant.act(reader, "visit", via=via)

    assert refusal.value.status == 400
    assert console.received == []


def test_a_test_may_come_through_a_push_too(
    merchant: Merchant, console: Console, reader: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    merchant.send(coupon_template, reader, page=LINK)

    answer = merchant.act(reader, "visit", via="push")

    assert (answer["scene"], console.signals[0]["scene"]) == ("1305", "1305")
