"""The way back: to a confirmation already given, and to a draft that was saved, left or changed meanwhile."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, Request, Route, expect

from merchants.models import User
from messaging.models import BatchSend
from messaging.sends import batches
from messaging.sends.versions import content_of, versions_of
from tests.browser.house import House, wait_for
from tests.browser.reading import equation, follow, person_word, send_word, settled, state_of, zh
from tests.browser.scenes import Scenes
from tests.browser.windows import OPERATOR, OWNER, Windows

SAVED_SECONDS = 60
CONFIRMED_ALREADY = "You confirmed it already, at %(time)s. It goes out once."
KEPT_IN_MEMORY = "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"


@pytest.fixture(scope="module")
def scenes(house: House) -> Scenes:
    return Scenes(house, start=300)


def test_back_from_a_launched_send_leads_to_it_again_and_it_goes_out_once(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.draft(scenes.to(10, name="发完按了返回"))
    before = house.ask("/sim/log/summary")["last_id"]
    page = windows(OPERATOR)
    page.goto(house.at(f"sends/{batch.pk}/"))
    page.locator("#act-launch").click()
    follow(page, zh("Confirm and send"))
    page.wait_for_url(f"**/sends/{batch.pk}/")
    page.go_back()
    page.wait_for_url(f"**/sends/{batch.pk}/")
    expect(page.get_by_role("button", name=zh("Confirm and send"))).to_have_count(0)
    went_out_once(house, page, before, people=10)


def test_confirming_again_on_a_page_kept_in_memory_sends_once_and_tells_who_did_it_first(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    """The page stays as it was left: what a browser shows on the way back that did not throw it away."""
    batch = scenes.draft(scenes.to(10, name="两次确认"))
    before = house.ask("/sim/log/summary")["last_id"]
    page = windows(OPERATOR, refused=True)
    other = windows(OWNER, refused=True)
    for one in (page, other):
        one.goto(house.at(f"sends/{batch.pk}/launch/"))
    confirm = page.get_by_role("button", name=zh("Confirm and send"))
    stays_on_leaving(page, f"**/sends/{batch.pk}/", confirm.click)
    expect(confirm).to_be_enabled()
    confirm.click()
    page.wait_for_url(f"**/sends/{batch.pk}/")
    expect(page.locator("#toasts")).to_contain_text(first_part(zh(CONFIRMED_ALREADY)))
    follow(other, zh("Confirm and send"))
    lixiang = User.objects.get(username=OPERATOR)
    expect(other.get_by_role("alert")).to_contain_text(str(lixiang))
    went_out_once(house, page, before, people=10)


def stays_on_leaving(page: Page, address: str, act: Callable[[], None]) -> None:
    """The next page is answered with nothing, so this one stays with all its script has done to it."""
    page.route(address, lambda route: route.fulfill(status=204))
    with page.expect_response(lambda answer: answer.status == 204):
        act()
    page.unroute(address)
    page.evaluate(KEPT_IN_MEMORY)


def went_out_once(house: House, page: Page, before: int, *, people: int) -> None:
    expect(state_of(page)).to_have_text(send_word("finished"), timeout=60_000)
    found = equation(page.locator(".send-ledger"))
    assert found[person_word("accepted")] == found[zh("people frozen")] == people
    assert house.ask(f"/sim/log/summary?since_id={before}")["repeated"] == {}


def test_a_draft_that_saved_itself_is_gone_on_with_after_back_and_forward(
    house: House, windows: Windows
) -> None:
    page = windows(OPERATOR)
    page.goto(house.at("sends/new/"))
    write(page, "来回走的一批")
    batch = saved_as("来回走的一批")
    leave(page)
    page.go_back()
    expect(name_of(page)).to_have_value("来回走的一批")
    write(page, "来回走的一批，改过")
    saved_as("来回走的一批，改过")
    page.go_forward()
    page.wait_for_url("**/templates/")
    page.go_back()
    save(page)
    page.wait_for_url(f"**/sends/{batch.pk}/edit/")
    expect(page.locator("#toasts")).to_contain_text(zh("Draft saved. Nothing is sent until you confirm it."))
    expect(name_of(page)).to_have_value("来回走的一批，改过")
    assert BatchSend.objects.filter(name__startswith="来回走的一批").count() == 1


def test_a_new_draft_saved_again_after_back_is_the_same_draft(house: House, windows: Windows) -> None:
    page = windows(OPERATOR)
    page.goto(house.at("sends/new/"))
    name_of(page).fill("存过再返回")
    save(page)
    page.wait_for_url("**/sends/*/edit/")
    page.go_back()
    page.wait_for_url("**/sends/new/")
    expect(name_of(page)).to_have_value("存过再返回")
    name_of(page).fill("存过再返回，又改")
    save(page)
    page.wait_for_url("**/sends/*/edit/")
    saved_as("存过再返回，又改")
    assert BatchSend.objects.filter(name__startswith="存过再返回").count() == 1


def test_words_left_before_they_were_saved_come_back_and_save_themselves(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.complete_draft()
    page = windows(OPERATOR)
    page.goto(house.at(f"sends/{batch.pk}/edit/"))
    name_of(page).fill("没等保存就走")
    leave(page)
    page.go_back()
    expect(name_of(page)).to_have_value("没等保存就走")
    assert saved_as("没等保存就走").pk == batch.pk


def test_a_save_whose_answer_was_never_read_is_no_quarrel_with_oneself(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.complete_draft()
    page = windows(OPERATOR)
    page.goto(house.at(f"sends/{batch.pk}/edit/"))
    page.route("**/edit/", saved_without_an_answer)
    with page.expect_request(by_itself):
        name_of(page).fill("答复丢了")
    saved_as("答复丢了", meanwhile=lambda: page.wait_for_timeout(100))
    leave(page)
    page.unroute("**/edit/")
    page.go_back()
    name_of(page).fill("答复丢了，接着写")
    save(page)
    saved_as("答复丢了，接着写")
    expect(page.locator(".versus-row")).to_have_count(0)


def by_itself(request: Request) -> bool:
    return "action=keep" in (request.post_data or "")


def saved_without_an_answer(route: Route) -> None:
    if by_itself(route.request):
        route.fetch()
    else:
        route.continue_()


def test_what_a_colleague_saved_meanwhile_is_not_overwritten_by_the_words_that_come_back(
    house: House, windows: Windows, scenes: Scenes
) -> None:
    batch = scenes.complete_draft()
    page = windows(OPERATOR, refused=True)
    page.goto(house.at(f"sends/{batch.pk}/edit/"))
    write(page, "我改的名字")
    saved_as("我改的名字")
    leave(page)
    current = BatchSend.objects.get(pk=batch.pk)
    theirs = content_of(versions_of(current).latest("version"))
    theirs = replace(theirs, name="她改的名字", values=["她写的", *theirs.values[1:]])
    by = User.objects.get(username=OWNER)
    batches.save_draft(current, by=by, version=current.version, content=theirs, at=timezone.now())
    page.go_back()
    expect(name_of(page)).to_have_value("我改的名字")
    save(page)
    expect(page.locator(".versus-row").filter(has_text="她改的名字")).to_contain_text("我改的名字")
    current.refresh_from_db()
    assert (current.name, current.values[0]) == ("她改的名字", "她写的")


# --- In the composer ----------------------------------------------------------------------------------------
def name_of(page: Page) -> Locator:
    return page.locator("#id_name")


def write(page: Page, name: str) -> None:
    """And wait until the page says that it saved itself."""
    name_of(page).fill(name)
    expect(page.locator("#draft-saved")).to_contain_text(
        zh("%(time)s saved by itself").replace("%(time)s ", "")
    )
    settled(page)


def save(page: Page) -> None:
    settled(page)
    page.locator(".foot-buttons [value=save]").click()


def leave(page: Page) -> None:
    page.get_by_role("navigation").first.get_by_role("link", name=zh("Templates")).click()
    page.wait_for_url("**/templates/")


def saved_as(name: str, *, meanwhile: Callable[[], None] = lambda: None) -> BatchSend:
    """`meanwhile`: what the page needs us to do while we wait."""

    def found() -> BatchSend | None:
        meanwhile()
        return BatchSend.objects.filter(name=name).first()

    batch: BatchSend = wait_for(found, SAVED_SECONDS, "the draft to be saved")
    return batch


def first_part(words: str) -> str:
    return words.partition("%(")[0].strip()


def last_part(words: str) -> str:
    return words.rpartition(")s")[2].strip()
