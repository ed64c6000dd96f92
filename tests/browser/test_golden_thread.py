"""The whole way, by the words on the page: a file of people, a message, a schedule, a result that is true."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from console.demo.people_file import Rows
from console.demo.story import FULL
from messaging.models import SubscriptionTemplate
from tests.browser.house import House, wait_for
from tests.browser.reading import (
    card,
    equation,
    fact,
    follow,
    import_words,
    person_word,
    send_word,
    settled,
    state_of,
    zh,
)
from tests.browser.scenes import SEND_METHOD
from tests.browser.watching import picture
from tests.browser.windows import OPERATOR, Windows

NAME = "iPhone 17 首月立减 · 老客"
PAGE = "pages/goods/detail?goods_id=17-256"
VALUES = {
    "权益名称": "iPhone 17 首月立减 100 元",
    "权益说明": "月租 299 元，首月仅 199 元",
    "领取时间": "本周日 24:00 前",
    "商户名称": "云朵租机",
}
TEMPLATE = "权益领取提醒"
AHEAD = timedelta(seconds=75)
ROWS = Rows()
# The file passes over the first people of the story, and the last of its people never gave consent.
WITH_CONSENT = FULL.with_consent - ROWS.first
WITHOUT_CONSENT = ROWS.good - WITH_CONSENT
UNTIL_IT_ENDS_MS = 240_000


def test_from_a_file_of_people_to_a_result_that_agrees_with_the_platform(
    house: House, windows: Windows
) -> None:
    page = windows(OPERATOR)
    upload(page, house)
    the_figures_of_the_list_are_those_of_the_file(page)
    compose(page, house)
    review(page, house)
    before = summary(house)["last_id"]
    follow(page, zh("Confirm and schedule"))
    watch(page, house)
    the_figures_of_the_send_are_those_of_the_platform(page, house, after=before)
    a_tap_on_a_phone_is_a_visit_on_the_page(page, house, after=before)
    print(f"\nPictures of the golden thread: {house.pictures}")


def upload(page: Page, house: House) -> None:
    page.get_by_role("navigation").first.get_by_role("link", name=zh("Audiences")).click()
    follow(page, zh("Upload a list"))
    page.get_by_role("button", name=zh("File")).set_input_files(house.people_file)
    page.get_by_label(zh("What it is for")).fill("把还了手机的老客请回来")
    page.get_by_role("button", name=zh("Upload a list")).click()
    page.wait_for_url("**/lists/*/columns/")
    picture(page, house.pictures / "1-columns.png")
    page.get_by_role("button", name=zh("Check the file")).click()
    page.wait_for_url("**/lists/*/")
    expect(page.get_by_role("button", name=import_words(ROWS.good))).to_be_visible(timeout=60_000)
    picture(page, house.pictures / "1-dry-run.png")
    follow(page, import_words(ROWS.good))
    expect(page.locator("#list-state")).to_have_text(zh("Ready", "list"), timeout=60_000)
    picture(page, house.pictures / "1-list.png")


def the_figures_of_the_list_are_those_of_the_file(page: Page) -> None:
    found = equation(card(page, zh("What was in the file")))
    assert list(found.values()) == [5_000, ROWS.good, ROWS.malformed, ROWS.repeated, ROWS.unknown], found
    with page.expect_download() as download:
        follow(page, zh("Download the problem rows"))
    problems = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(problems) - 1 == ROWS.malformed + ROWS.repeated + ROWS.unknown


def compose(page: Page, house: House) -> None:
    follow(page, zh("New batch send to this list"))
    page.get_by_label(zh("Template"), exact=True).select_option(TEMPLATE)
    expect(page.get_by_label("权益名称")).to_be_visible()
    settled(page)
    page.get_by_label(zh("At a time")).check()
    due = datetime.now(ZoneInfo("Asia/Shanghai")) + AHEAD
    for label, value in ((zh("Day"), f"{due:%Y-%m-%d}"), (zh("Time"), f"{due:%H:%M}")):
        page.get_by_label(label, exact=True).fill(value)
        settled(page)
    page.get_by_label(zh("Name"), exact=True).fill(NAME)
    for keyword, value in VALUES.items():
        page.get_by_label(keyword).fill(value)
    page.get_by_label(zh("Mini program page")).fill(PAGE)
    picture(page, house.pictures / "2-composer.png")
    follow(page, zh("Check before sending"))


def review(page: Page, house: House) -> None:
    expect(page.get_by_role("button", name=zh("Confirm and schedule"))).to_be_visible()
    found = list(equation(card(page, zh("How many people"))).values())
    assert found[0] == ROWS.good
    assert found[-1] == WITH_CONSENT
    assert sum(found[1:-1]) == WITHOUT_CONSENT
    assert equation(card(page, zh("How many people")))[zh("No consent left")] == WITHOUT_CONSENT
    picture(page, house.pictures / "3-review.png")


def watch(page: Page, house: House) -> None:
    """To its end, on one page that is never loaded again."""
    expect(state_of(page)).to_have_text(send_word("scheduled"))
    picture(page, house.pictures / "4-scheduled.png")
    page.evaluate("window.stayed = true")
    expect(state_of(page)).to_have_text(send_word("sending"), timeout=UNTIL_IT_ENDS_MS)
    picture(page, house.pictures / "5-sending.png")
    expect(state_of(page)).to_have_text(send_word("finished"), timeout=UNTIL_IT_ENDS_MS)
    expect(page.locator(".send-ledger .seal")).to_contain_text(zh("Books balance"), timeout=30_000)


def the_figures_of_the_send_are_those_of_the_platform(page: Page, house: House, *, after: int) -> None:
    log = summary(house, after=after)
    found = equation(page.locator(".send-ledger"))
    sent = {person_word(state): found[person_word(state)] for state in ("accepted", "refused", "unknown")}
    assert found[zh("people frozen")] == ROWS.good
    assert found[person_word("skipped")] == WITHOUT_CONSENT
    assert sum(sent.values()) == WITH_CONSENT
    assert (found[person_word("queued")], found[person_word("sending")]) == (0, 0)
    assert log["repeated"] == {}
    assert log["accepted_messages"] == log["accepted_people"] == sent[person_word("accepted")]
    assert log["calls"] == {SEND_METHOD: {"10000": WITH_CONSENT}}
    assert fact(page, zh("Consent used")) == log["accepted_people"]
    # the check that came after the last message
    expect(card(page, zh("Reconciliation")).locator("tbody")).to_contain_text(
        f"{WITH_CONSENT:,}", timeout=30_000
    )
    for row in card(page, zh("Reconciliation")).locator("tbody tr").all():
        assert row.locator("td").nth(2).inner_text() == "0", row.inner_text()
    assert page.evaluate("window.stayed") is True
    picture(page, house.pictures / "6-finished.png")


def a_tap_on_a_phone_is_a_visit_on_the_page(page: Page, house: House, *, after: int) -> None:
    visits = zh("Visits so far")
    assert fact(page, visits) == 0
    somebody = summary(house, after=after, people=1)["accepted_open_ids"][0]
    phone = page.context.new_page()
    phone.goto(f"{house.platform}/sim/phone/{somebody}?app_id={house.app.app_id}")
    phone.get_by_role("region", name="消息", exact=True).get_by_role("link").first.click()
    phone.get_by_role("button", name="进入小程序").click()
    expect(phone.get_by_text("回访已报给控制台")).to_be_visible()
    picture(phone, house.pictures / "7-phone.png")
    phone.close()
    wait_for(lambda: page.reload() and fact(page, visits) == 1, 20, "the visit to be counted")
    picture(page, house.pictures / "8-visited.png")


def summary(house: House, *, after: int = 0, people: int = 0) -> dict[str, Any]:
    """Of the messages of this template: others may go out meanwhile."""
    template = SubscriptionTemplate.objects.get(merchant=house.merchant, name=TEMPLATE)
    asked = f"/sim/log/summary?app_id={house.app.app_id}&since_id={after}&people={people}"
    asked += f"&method={SEND_METHOD}&template_id={template.template_id}"
    return house.ask(asked)
