"""Pause, resume, cancel, undo: in two windows, by double click, and too late."""

import pytest
from playwright.sync_api import Page, expect

from messaging.models import BatchSend, SendState
from messaging.reports import send_figures
from tests.browser.house import House
from tests.browser.reading import equation, follow, number, person_word, send_word, state_of, zh
from tests.browser.scenes import Scenes
from tests.browser.windows import OPERATOR, OWNER, Windows

TOO_LATE = "This send is now “%(state)s”, so this is no longer possible. Nothing was changed."


@pytest.fixture(scope="module")
def scenes(house: House) -> Scenes:
    return Scenes(house)


def too_late(state: str) -> str:
    return zh(TOO_LATE) % {"state": send_word(state)}


def test_a_second_window_is_told_that_the_send_was_paused_resumed_or_cancelled_meanwhile(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.running()
    address = house.at(f"sends/{batch.pk}/")
    first = windows(OPERATOR, refused=True)
    second = windows(OWNER, refused=True, asleep=True)
    first.goto(address)
    second.goto(address)

    follow(first, zh("Pause"))
    expect(state_of(first)).to_have_text(send_word("paused"))
    follow(second, zh("Pause"))
    expect(second.get_by_role("alert")).to_contain_text(too_late("paused"))
    follow(second, zh("To the send"))
    expect(state_of(second)).to_have_text(send_word("paused"))

    follow(first, zh("Resume"))
    expect(state_of(first)).to_have_text(send_word("sending"))
    follow(second, zh("Resume"))
    expect(second.get_by_role("alert")).to_contain_text(too_late("sending"))

    cancel_form = f"{address}cancel/"
    second.goto(cancel_form)
    first.goto(cancel_form)
    cancel(first)
    expect(state_of(first)).to_have_text(send_word("cancelled"))
    cancel(second)
    expect(second.get_by_role("alert")).to_contain_text(too_late("cancelled"))
    those_who_went_and_those_who_were_stopped_are_all_of_them(first, batch)


def cancel(page: Page) -> None:
    page.get_by_label(zh("Why it is cancelled")).fill("价格写错了")
    page.locator("#cancel-form .btn-danger").click()


def those_who_went_and_those_who_were_stopped_are_all_of_them(page: Page, batch: BatchSend) -> None:
    found = equation(page.locator(".send-ledger"))
    went, stopped = found[person_word("accepted")], found[person_word("skipped")]
    assert went + stopped == found[zh("people frozen")] == 300
    assert 0 < stopped < 300
    batch.control.refresh_from_db()
    rows = send_figures(batch.control, at=batch.control.finished_at).skipped_rows
    assert [(row.reason, row.n) for row in rows] == [("cancelled", stopped)]


def test_a_double_click_on_the_confirmation_sends_once(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.draft(scenes.to(20, name="双击的一批"))
    before = house.ask("/sim/log/summary")["last_id"]
    page, other = windows(OPERATOR, refused=True), windows(OWNER, refused=True)
    for one in (page, other):
        one.goto(house.at(f"sends/{batch.pk}/launch/"))
    page.get_by_role("button", name=zh("Confirm and send")).dblclick()
    page.wait_for_url(f"**/sends/{batch.pk}/")
    follow(other, zh("Confirm and send"))
    expect(other.get_by_role("alert")).to_be_visible()
    expect(state_of(page)).to_have_text(send_word("finished"), timeout=60_000)
    found = equation(page.locator(".send-ledger"))
    assert found[person_word("accepted")] == found[zh("people frozen")] == 20
    asked = f"/sim/log/summary?app_id={house.app.app_id}&template_id={scenes.template.template_id}"
    assert house.ask(f"{asked}&since_id={before}")["repeated"] == {}


def test_within_ten_seconds_a_launched_send_becomes_a_draft_again_and_nothing_left(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    people = scenes.people(20)
    batch = scenes.draft(scenes.content(scenes.people_list(people), name="按早了的一批"))
    before = house.ask("/sim/log/summary")["last_id"]
    page = windows(OPERATOR)
    page.goto(house.at(f"sends/{batch.pk}/launch/"))
    follow(page, zh("Confirm and send"))
    expect(page.get_by_role("status").locator("[data-seconds-left]")).to_be_visible()
    assert 0 < number(page.locator("[data-seconds-left]").inner_text()) <= 10
    follow(page, zh("Undo"))
    page.wait_for_url(f"**/sends/{batch.pk}/edit/")
    expect(page.get_by_text(zh("Undone. Nothing was sent. Your draft is kept."))).to_be_visible()
    expect(page.get_by_label(zh("Name"), exact=True)).to_have_value("按早了的一批")
    batch.control.refresh_from_db()
    assert batch.control.state == SendState.DRAFT
    # others may go out meanwhile
    reached = house.ask(f"/sim/log/summary?since_id={before}&people=1")["accepted_open_ids"]
    assert not {person.open_id for person in people} & set(reached)
