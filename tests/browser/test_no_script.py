"""The essential steps with script switched off: every form is a form, every live page loads itself again."""

from pathlib import Path

from playwright.sync_api import Page, expect

from messaging.models import Consent, SubscriptionTemplate
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
