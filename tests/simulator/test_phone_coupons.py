"""The card pack on the phone, and the coupon that a message carries."""

import pytest

from tests.simulator import coupon_asks as asks
from tests.simulator.coupon_counter import Counter
from tests.simulator.merchant import Merchant
from tests.simulator.screen import Element, Page, texts

WALLET, ZONE = "卡包", "商家消息"


@pytest.fixture
def counter(merchant: Merchant) -> Counter:
    return Counter(merchant)


def _tickets(page: Page, screen: str) -> list[Element]:
    return [one for one in page.screen(screen).all("div") if one.attrs.get("class", "").startswith("ticket")]


def test_a_person_takes_a_coupon_on_the_phone_and_finds_it_in_the_card_pack(
    merchant: Merchant, counter: Counter, person: str
) -> None:
    activity_id = counter.made(per_user=1, activity_name="拿铁立减五元")

    pack = Page.of(merchant, person).follow("首页", WALLET)
    assert "卡包里还没有优惠券" in pack.screen(WALLET).text
    [offer] = [one for one in pack.screen(WALLET).all("li") if "拿铁立减五元" in one.text]
    assert "满 20 可用 · 还有 100 张" in offer.text
    after = pack.press(offer, "领取")

    text = after.screen(WALLET).text
    assert "¥5 满 20 可用 拿铁立减五元 云朵租机 · 可使用" in text
    assert "拿铁立减五元 已领过，不能再领" in text
    assert counter.vouchers(open_id=person)[0]["activity_id"] == activity_id


def test_what_is_used_and_what_is_deleted_is_seen(merchant: Merchant, counter: Counter, person: str) -> None:
    counter.send(counter.made(activity_name="用掉的券"), person)
    counter.act(person, "pay", total_fee=2_500)
    counter.send(counter.made(activity_name="不要的券"), person)

    pack = Page.of(merchant, person, "/coupons")
    tickets = _tickets(pack, WALLET)
    assert ["可使用" in texts(tickets)[0], "已使用" in texts(tickets)[1]] == [True, True]
    after = pack.press(tickets[0], "删除")

    assert "不要的券" not in after.screen(WALLET).text.partition("正在发的券")[0]
    assert [one["deleted"] for one in counter.vouchers(open_id=person)] == [False, True]


def test_a_message_carries_the_coupon_of_its_running_plan_and_no_other_does(
    merchant: Merchant, counter: Counter, subscriber: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, subscriber)
    activity_id = counter.made(per_user=1)
    wish = asks.plan(counter.now, activity_id, template_id=coupon_template)
    plan = counter.say(asks.PLAN, **wish)["delivery_id"]
    merchant.configure(delivery_stop_seconds=0)
    counter.settle()

    zone = Page.of(merchant, subscriber).follow("消息", "优惠券")
    assert _tickets(zone, ZONE) == [], "it was sent before the plan"
    merchant.send(coupon_template, subscriber)
    zone = Page.of(merchant, subscriber).follow("消息", "优惠券")
    [ticket] = _tickets(zone, ZONE)
    assert "随消息发的券" in ticket.text
    after = zone.press(ticket, "领取")

    assert "已领取" in after.screen(ZONE).text
    assert counter.vouchers(open_id=subscriber)[0]["through"] == "SERVICE_MESSAGE"
    counter.say(asks.PLAN_STOP, delivery_id=plan, out_biz_no=asks.number())
    counter.settle()
    assert "已领取" not in Page.of(merchant, subscriber).follow("消息", "优惠券").screen(ZONE).text


def test_a_bill_is_paid_on_the_phone_with_a_coupon_and_paid_back(
    merchant: Merchant, counter: Counter, person: str
) -> None:
    counter.send(counter.made(activity_name="付款用的券"), person)

    pack = Page.of(merchant, person, "/coupons")
    paid = pack.press(pack.screen(WALLET), "付款", yuan="25.50")
    [use] = counter.vouchers(open_id=person)[0]["uses"]
    after = paid.press(_tickets(paid, WALLET)[0], "退款")

    assert (use["fee"], use["saved"]) == (2_550, 500)
    assert "已使用" in _tickets(paid, WALLET)[0].text
    assert "可使用" in _tickets(after, WALLET)[0].text
