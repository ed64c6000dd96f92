"""The composer in a real browser: tabs on a phone, a sign-in elsewhere while writing, two editors."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from messaging.models import BatchSend
from messaging.sends import batches
from tests.browser.house import House, wait_for
from tests.browser.reading import zh
from tests.browser.scenes import Scenes
from tests.browser.windows import ANSWER_MS, NARROW, OPERATOR, OWNER, WIDE, Windows, sign_in

SAVED_SECONDS = 60


@pytest.fixture(scope="module")
def scenes(house: House) -> Scenes:
    return Scenes(house)


def opened(page: Page, house: House, batch: BatchSend) -> str:
    address = house.at(f"sends/{batch.pk}/edit/")
    page.goto(address)
    return address


def shown(page: Page) -> list[str]:
    parts = ("panel-write", "panel-preview", "panel-reach")
    return [part for part in parts if page.locator(f"#{part}").is_visible()]


def test_on_a_phone_the_parts_are_tabs_that_arrows_move_between(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    page = windows(OPERATOR, refused=True)
    page.set_viewport_size(NARROW)
    opened(page, house, scenes.complete_draft())
    tabs = page.get_by_role("tab")
    assert shown(page) == ["panel-write"]
    tabs.nth(0).focus()
    for key, at in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 0), ("End", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(tabs.nth(at)).to_be_focused()
        expect(tabs.nth(at)).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tab", selected=True)).to_have_count(1)
    expect(page.get_by_role("tabpanel", name=zh("Preview"))).to_be_visible()
    assert shown(page) == ["panel-preview"]

    page.locator("#tab-write").click()
    page.locator("#id_page").fill("")
    page.locator("#tab-reach").click()
    page.get_by_role("button", name=zh("Check before sending")).click()
    expect(page.locator("#id_page")).to_be_focused()
    assert shown(page) == ["panel-write"], "what is wrong is shown"
    expect(page.locator("#tab-write svg")).to_be_visible()
    page.locator("#tab-preview").click()
    page.locator(".foot-problems a").first.click()
    expect(page.locator("#id_page")).to_be_focused()

    page.set_viewport_size(WIDE)
    expect(page.get_by_role("tabpanel")).to_have_count(0)
    assert len(shown(page)) == 3


def test_a_press_while_the_form_is_on_its_way_with_another_list_is_not_lost(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    page = windows(OPERATOR)
    other = scenes.people_list(scenes.people(20))
    opened(page, house, scenes.complete_draft())

    def late(route: Route) -> None:
        if "refresh" in (route.request.post_data or ""):
            page.wait_for_timeout(1_500)
        route.continue_()

    page.route("**/edit/", late)
    page.locator("#id_people_list").select_option(str(other.pk))
    page.locator(".foot-buttons [value=review]").click()
    page.wait_for_url("**/launch/")


def test_without_script_all_parts_stand_there_and_links_jump_to_them(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    page = windows(OPERATOR, script=False)
    page.set_viewport_size(NARROW)
    opened(page, house, scenes.complete_draft())
    assert len(shown(page)) == 3
    page.locator("#tab-reach").click()
    expect(page.locator("#panel-reach")).to_be_in_viewport()


def test_signing_in_elsewhere_in_the_middle_of_writing_loses_no_word(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.complete_draft()
    page = windows(OPERATOR, refused=True)
    opened(page, house, batch)
    page.locator("#id_name").fill("换过登录之后")
    saved_as(batch, "换过登录之后")
    signs_in_again(page, house)
    page.locator("#id_name").press_sequentially("还在写")
    saved_as(batch, "换过登录之后还在写")
    expect(page.locator("#id_name")).to_have_value("换过登录之后还在写")


def saved_as(batch: BatchSend, name: str) -> None:
    wait_for(lambda: BatchSend.objects.get(pk=batch.pk).name == name, SAVED_SECONDS, "the draft to be saved")


def signs_in_again(page: Page, house: House) -> None:
    other = page.context.new_page()
    other.goto(house.at(""))
    other.locator(".switcher-person > summary").click()
    other.locator(".switcher-person").get_by_role("button", name=zh("Sign out")).click()
    sign_in(other, house, OPERATOR)
    other.close()


def test_two_editors_choose_field_by_field(house: House, windows: Windows, scenes: Scenes) -> None:
    batch = scenes.complete_draft()
    first, second = windows(OPERATOR, refused=True), windows(OWNER, refused=True, asleep=True)
    for page in (first, second):
        opened(page, house, batch)
    first.locator("#id_name").fill("她改的名字")
    first.get_by_role("button", name=zh("Save draft")).click()
    saved_as(batch, "她改的名字")
    second.locator("#id_value_0").fill("我写的第一项")
    second.get_by_role("button", name=zh("Save draft")).click()
    expect(second.locator(".versus-row")).to_have_count(2, timeout=ANSWER_MS)
    second.get_by_role("button", name=zh("Save what is chosen"), exact=True).click()
    wait_for(lambda: both_are_in(batch), SAVED_SECONDS, "what was chosen to be saved")


def test_a_colleague_launches_it_meanwhile_and_no_word_is_lost(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.complete_draft()
    page = windows(OWNER, refused=True)
    opened(page, house, batch)
    batches.launch(batch, by=scenes.by, version=batch.version, at=timezone.now())
    page.locator("#id_name").fill("写在发起之后")
    expect(page.locator("#draft-saved.is-not")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#id_name")).to_have_value("写在发起之后")
    page.get_by_role("button", name=zh("Save draft")).click()
    expect(page.locator("#send-form > .notice")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#id_name")).to_have_value("写在发起之后")
    wait_for(
        lambda: BatchSend.objects.exclude(pk=batch.pk).filter(name="写在发起之后").exists(),
        SAVED_SECONDS,
        "the words to be kept as a new draft",
    )
    assert BatchSend.objects.get(pk=batch.pk).name == batch.name


def test_a_new_send_leads_to_its_test_and_its_versions_before_it_was_saved_by_hand(
    house: House, windows: Windows
) -> None:
    page = windows(OPERATOR)
    page.goto(house.at("sends/new/"))
    test = page.get_by_role("button", name=zh("Test send"))
    expect(test).to_be_visible()
    expect(page.locator("#compose-actions a")).to_have_count(0)
    page.locator("#id_name").fill("先试发一条")
    expect(page.locator("#compose-actions a")).to_be_visible(timeout=ANSWER_MS)
    test.click()
    page.wait_for_url("**/test/")


def test_of_two_quick_changes_to_a_missed_time_the_latest_is_counted(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    page = windows(OPERATOR, refused=True)
    page.goto(house.at(f"sends/{scenes.missed().pk}/missed/"))
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    page.locator("input[name=when][value=at]").check()
    page.locator("#id_scheduled_on").fill(tomorrow)
    page.locator("#id_scheduled_time").fill("09:30")
    page.locator("#id_scheduled_time").blur()
    expect(page.locator("[name=counted_for]")).to_have_value(f"{tomorrow} 09:30:00")
    expect(page.locator("#missed-reach .equation-total")).to_be_visible()
    expect(page.locator("#id_scheduled_time")).to_have_value("09:30")


def both_are_in(batch: BatchSend) -> bool:
    saved = BatchSend.objects.get(pk=batch.pk)
    return (saved.name, saved.values[0]) == ("她改的名字", "我写的第一项")
