"""The essential steps with script switched off: every form is a form, every live page loads itself again."""

from pathlib import Path

from django.utils.translation import override
from playwright.sync_api import Page, expect

from console.states import word_of
from membership.models import Customer
from messaging.models import Consent, SubscriptionTemplate
from orders.models import StatusChange
from tests.browser.house import House, wait_for
from tests.browser.reading import (
    card,
    equation,
    follow,
    import_words,
    person_word,
    send_word,
    state_of,
    zh,
)
from tests.browser.windows import OPERATOR, Windows

PEOPLE = 40
LIBRARY_TEMPLATE = "礼物领取提醒"
ADOPTED = "TM0010003"
REVIEWED_MS = 90_000
SENT_MS = 60_000
ORDER_NUMBER = "R20261122-NO-SCRIPT"


def test_upload_adopt_write_launch_and_pause_go_by_plain_forms(
    house: House, windows: Windows, tmp_path: Path
) -> None:
    page = windows(OPERATOR, script=False)
    people = house.people_file.read_text("utf-8-sig").splitlines()[1:]
    known = [one for one in people if len(one) == 31 and not one.startswith("999")][:PEOPLE]
    adopt(page, house)
    upload(page, house, tmp_path, known)
    found = equation(card(page, zh("What was in the file")))
    assert list(found.values()) == [PEOPLE, PEOPLE, 0, 0, 0]
    address = page.url
    they_consent(page, house, known)
    page.goto(address)
    follow(page, zh("New batch send to this list"))
    write(page)
    follow(page, zh("Confirm and send"))
    slow_down(page)
    expect(state_of(page)).to_have_text(send_word("sending"), timeout=SENT_MS)
    follow(page, zh("Pause"))
    expect(state_of(page)).to_have_text(send_word("paused"))
    follow(page, zh("Resume"))
    expect(state_of(page)).to_have_text(send_word("finished"), timeout=SENT_MS)
    found = equation(page.locator(".send-ledger"))
    assert found[zh("people frozen")] == found[person_word("accepted")] == PEOPLE


def adopt(page: Page, house: House) -> None:
    page.goto(house.at("templates/library/"))
    follow(page, LIBRARY_TEMPLATE)
    follow(page, f"{zh('Leave out')} 商户名称")
    follow(page, zh("Adopt this template"))
    page.wait_for_url("**/templates/*/")


def upload(page: Page, house: House, folder: Path, people: list[str]) -> None:
    file = folder / "small.csv"
    file.write_text("\n".join(people), encoding="utf-8")
    page.goto(house.at("lists/new/"))
    page.get_by_role("button", name=zh("File")).set_input_files(file)
    page.get_by_label(zh("What it is for")).fill("不用脚本也能发")
    follow(page, zh("Upload a list"))
    page.wait_for_url("**/lists/*/columns/")
    expect(page.locator("table.column-table tbody tr")).to_have_count(1)
    follow(page, zh("Check the file"))
    page.wait_for_url("**/lists/*/")
    follow(page, import_words(len(people)))
    expect(page.locator("#list-state")).to_have_text(zh("Ready", "list"), timeout=SENT_MS)


def they_consent(page: Page, house: House, people: list[str]) -> None:
    """Once the platform has reviewed the template; each phone reports it to the console."""
    of_this_kind = SubscriptionTemplate.objects.filter(merchant=house.merchant, library_code=ADOPTED)
    adopted = of_this_kind.latest("pk")  # the demo's own was taken offline
    wait_for(lambda: adopted.refresh_from_db() or adopted.template_id, 60, "the platform to take it")
    whose = {"app_id": house.app.app_id, "template_id": adopted.template_id}
    house.tell("/sim/templates", {**whose, "status": "ONLINE"})
    page.goto(house.at(f"templates/{adopted.pk}/"))
    with_mark = page.locator(".page-title .mark")
    with_word = zh("Online", "template")
    expect(with_mark).to_have_text(with_word, timeout=REVIEWED_MS)
    house.tell("/sim/consents", {**whose, "open_ids": people, "kind": adopted.kind, "units": 1})
    told = Consent.objects.filter(template=adopted, units=1)
    wait_for(lambda: told.count() == len(people), 30, "the phones to report their consent")


def write(page: Page) -> None:
    page.get_by_label(zh("Template"), exact=True).select_option(LIBRARY_TEMPLATE)
    follow(page, zh("Use this template"))
    for keyword, value in {"礼物名称": "贴膜一张", "领取条件": "到店出示", "截止时间": "本周日"}.items():
        page.get_by_label(keyword).fill(value)
    page.get_by_label(zh("Name"), exact=True).fill("不用脚本的一批")
    page.get_by_label(zh("Mini program page")).fill("pages/gift/index")
    page.get_by_label(zh("Right away")).check()
    follow(page, zh("Check before sending"))


def slow_down(page: Page) -> None:
    page.get_by_role("link", name=zh("Speed")).click()
    page.get_by_label(zh("Messages a second, at most")).fill("2")
    page.locator("#speed-form .btn-primary").click()


def test_an_order_is_entered_explained_and_synced_again_by_plain_forms(
    house: House, windows: Windows
) -> None:
    page = windows(OPERATOR, script=False, refused=True)
    buyer = Customer.objects.filter(mini_program=house.app, forgotten_at=None).order_by("pk")[7]
    enter(page, house, buyer)
    expect(page.locator(".answer h2")).to_contain_text(zh("Total rent", "order field"))
    return_what_was_missing(page)
    one_cause_is_synced_again(page, house)


def enter(page: Page, house: House, buyer: Customer) -> None:
    """With a status whose message lacks its fields: saved only when that is meant."""
    page.goto(house.at("orders/new/"))
    follow(page, zh("Online rental", "order scene"))
    given = {"out_biz_no": ORDER_NUMBER, "open_id": buyer.open_id, "page": "pages/order/detail"}
    for name, text in given.items():
        page.locator(f"#order-form [name={name}]").fill(text)
    page.locator("input[name=status][value=APPROVAL]").check()
    follow(page, zh("Save order"))
    expect(page.get_by_text(zh("The customer would get no message."))).to_be_visible()
    page.locator("[name=anyway]").check()
    follow(page, zh("Save order"))
    page.wait_for_url("**/orders/*/")
    stands(page, "not_notified")


def return_what_was_missing(page: Page) -> None:
    follow(page, zh("Status by hand"))
    page.locator("input[name=status][value=WAIT_PAY]").check()
    for name in ("total_rent", "lease"):
        page.locator(f"[name=f_{name}]").fill("1")
    follow(page, zh("Save status"))
    page.wait_for_url(lambda url: "/status/" not in url)
    stands(page, "synced")
    expect(page.locator(".steps-got").first).to_have_text(zh("Message", "notified"))


def stands(page: Page, state: str) -> None:
    """The newest status, as soon as the platform has answered."""
    with override("zh-hans"):
        word = str(word_of("order_sync", state).word)
    line = page.locator(".steps-table tbody tr").first
    wait_for(lambda: page.reload() and word in line.inner_text(), 20, f"the newest status to be {word}")


def one_cause_is_synced_again(page: Page, house: House) -> None:
    """What the demo's mini program could not return while it was offline."""
    page.goto(house.at("orders/fixing/"))
    row = page.locator("tr").filter(has_text="TINY_APP_IS_NOT_ONLINE")
    row.get_by_role("link").first.click()
    dead = StatusChange.objects.filter(merchant=house.merchant, sub_code="TINY_APP_IS_NOT_ONLINE")
    ids = list(dead.values_list("pk", flat=True))
    assert ids
    page.locator(".choice-line a.btn").click()
    page.locator("main form .btn-primary").click()
    page.wait_for_url(lambda url: "/retry/" not in url)
    again = StatusChange.objects.filter(pk__in=ids)
    wait_for(lambda: not again.exclude(state="synced").exists(), 20, "them to be taken by the platform")
    page.goto(house.at("orders/fixing/"))
    expect(page.get_by_text("TINY_APP_IS_NOT_ONLINE")).to_have_count(0)
