"""From the message list into the merchant's zone; one phone holds the messages of all merchants."""

import urllib.parse

import pytest

from tests.simulator.conftest import Console
from tests.simulator.merchant import Merchant
from tests.simulator.screen import Page, query_of, texts

ZONE = "商家消息"


@pytest.fixture(scope="module")
def cup_template(tea_shop: Merchant) -> str:
    """取餐提醒."""
    return tea_shop.adopt("TM0020002", ["取餐号", "门店名称"])


@pytest.fixture
def customer(merchant: Merchant, fresh_seed: int, coupon_template: str) -> str:
    [open_id] = merchant.people(1, seed=fresh_seed)
    merchant.consent(coupon_template, [open_id], units=3)
    return open_id


@pytest.fixture
def customer_at_tea_shop(tea_shop: Merchant, fresh_seed: int, cup_template: str) -> str:
    """The same person, to another merchant."""
    [open_id] = tea_shop.people(1, seed=fresh_seed)
    tea_shop.consent(cup_template, [open_id])
    return open_id


def test_the_zone_holds_all_messages_of_the_merchant_and_marks_the_chosen_one(
    merchant: Merchant, customer: str, coupon_template: str
) -> None:
    for value in ("一月", "二月", "三月"):
        merchant.send(coupon_template, customer, value, "到店", page=f"pages/{value}")
    page = Page.of(merchant, customer)

    newest, middle = page.follow("消息", "三月"), page.follow("消息", "二月")

    for zone, chosen in ((newest.screen(ZONE), "三月"), (middle.screen(ZONE), "二月")):
        cards = zone.all("article")
        assert [value for card in cards for value in texts(card.all("dd"))[:1]] == ["三月", "二月", "一月"]
        [marked] = zone.all("article", aria_current="true")
        assert chosen in marked.text and f"pages/{chosen}" in marked.text
        assert "云朵租机 小程序 3 条消息" in zone.text


def test_the_mini_program_is_entered_from_the_top_of_the_zone(
    merchant: Merchant, console: Console, customer: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    merchant.send(coupon_template, customer)

    entered = Page.of(merchant, customer).follow("消息", "优惠券").tap(ZONE, "进入")

    assert "回访已报给控制台，场景值 1014" in entered.screen("小程序").text
    [signal] = console.signals
    assert (signal["kind"], signal["scene"], signal["open_id"]) == ("visited", "1014", customer)
    assert "token" not in signal
    assert "从商家消息进入小程序" in entered.screen("这位顾客的动作").text


def test_each_message_of_the_zone_opens_its_own_page(
    merchant: Merchant, customer: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, customer, "一月", "到店", page="pages/first")
    merchant.send(coupon_template, customer, "二月", "到店", page="pages/second")

    zone = Page.of(merchant, customer).follow("消息", "二月")

    assert "pages/first" in zone.tap(ZONE, "查看详情").screen("小程序").text
    assert "pages/second" in zone.tap(ZONE, "进入小程序").screen("小程序").text


def test_every_link_of_the_phone_leads_somewhere(
    merchant: Merchant, customer: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, customer)
    page = Page.of(merchant, customer)

    for where, names in ((page, ("首页", "消息")), (page.follow("消息", "优惠券"), (ZONE, "消息"))):
        links = [link for name in names for link in where.screen(name).all("a")]
        assert len(links) >= 6
        for link in links:
            assert urllib.parse.urlsplit(Page(merchant, link.attrs["href"]).url).path.startswith(
                "/sim/phone/"
            )
        assert all(item.attrs["href"] for name in names for nav in where.screen(name).all("nav")
                   for item in nav.inside if not isinstance(item, str))  # fmt: skip


def test_a_message_too_old_for_the_list_still_stands_in_the_zone(
    merchant: Merchant, customer: str, coupon_template: str
) -> None:
    past = [{"open_id": customer, "days_ago": 60 - day} for day in range(45)]
    body = {"app_id": merchant.app_id, "template_id": coupon_template, "messages": past}
    merchant.send(coupon_template, customer)
    oldest = merchant.log_of(customer)[0]["message_id"] + 1
    merchant.simulator.post("/sim/history", body)

    zone = Page.of(merchant, customer, f"/m/{oldest}").screen(ZONE)

    assert len(zone.all("article")) == 41
    [marked] = zone.all("article", aria_current="true")
    assert marked.attrs["id"] == f"m{oldest}"


def test_one_phone_lists_the_messages_of_all_merchants(
    merchant: Merchant,
    tea_shop: Merchant,
    customer: str,
    customer_at_tea_shop: str,
    coupon_template: str,
    cup_template: str,
) -> None:
    merchant.send(coupon_template, customer, "满 100 减 20", "到店")
    tea_shop.send(cup_template, customer_at_tea_shop, "A 108", "湖滨店")

    page = Page.of(merchant, customer)
    zone = page.follow("消息", "取餐提醒：A 108")

    rows = texts(page.screen("消息").all("a"))[:2]
    assert ["青禾茶集" in rows[0], "云朵租机" in rows[1]] == [True, True]
    assert "A 108" in page.screen("首页").text and "A 108" in page.screen("锁屏").text
    assert query_of(zone)["app_id"] == tea_shop.app_id
    head = zone.screen(ZONE).text
    assert "青禾茶集" in head and "小程序 1 条消息" in head
    assert "满 100 减 20" not in zone.screen(ZONE).text
    assert "满 100 减 20" in zone.screen("消息").text
    assert zone.tap(ZONE, "进入小程序").has("小程序")


def test_who_is_nobody_at_another_merchant_hears_nothing_from_it(
    merchant: Merchant, tea_shop: Merchant, customer: str, cup_template: str, fresh_seed: int
) -> None:
    other = tea_shop.people(1, seed=fresh_seed + 100_000)[0]
    tea_shop.consent(cup_template, [other])
    tea_shop.send(cup_template, other, "A 109", "湖滨店")

    assert "A 109" not in Page.of(merchant, customer).top.text


def test_a_person_has_one_name_and_one_number_at_every_merchant(
    merchant: Merchant, tea_shop: Merchant, fresh_seed: int
) -> None:
    merchant.configure(user_ids=True)
    tea_shop.configure(user_ids=True)
    numbers = [shop.user_ids(3, seed=fresh_seed) for shop in (merchant, tea_shop)]
    tea_shop.configure(user_ids=False)

    names = []
    for shop in (merchant, tea_shop):
        page = Page.of(shop, shop.people(3, seed=fresh_seed)[2])
        names += texts(page.screen("选一位顾客").all("a", aria_current="page")[0].all("b"))

    assert numbers[0] == numbers[1] and len(set(numbers[0])) == 3
    assert names[0] == names[1]
