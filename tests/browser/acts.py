"""What is done on a page before one looks at it, with what somebody else did meanwhile.

Each act can be done again: what it begins with is put in order by the address of its row, asked anew.
"""

from collections.abc import Callable
from dataclasses import replace

from django.conf import global_settings
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Page, Response, expect

from merchants import saved_views
from merchants.models import SavedView, User
from merchants.staff import add_person, open_merchant
from messaging.models import BatchSend, SendState
from messaging.sends import batches
from messaging.sends.content import Content
from messaging.sends.versions import content_of, versions_of
from tests.browser.scenes import Scenes, once
from tests.browser.windows import OWNER

Act = Callable[[Page, Scenes], None]
NEWCOMER, WITHOUT_A_SEAT = "sunqi", "zhouba"
NEW_MERCHANT = "qinghe"
# the tests' own hashing is quick, and unknown to the house
AS_THE_HOUSE_HASHES = override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS)
TAKEN, TO_RENAME = "送完的", "没赶上的"


def answers_to(act: Act, page: Page, scenes: Scenes) -> list[int]:
    """The status of each answer to a form meanwhile. An act ends when what it brings about is seen."""
    told: list[int] = []

    def hear(response: Response) -> None:
        if response.request.method == "POST":
            told.append(response.status)

    page.on("response", hear)
    try:
        act(page, scenes)
    finally:
        page.remove_listener("response", hear)
    return told


# --- Two editors --------------------------------------------------------------------------------------------
def contested(scenes: Scenes) -> str:
    """A draft of two, as it was before either of them wrote."""
    batch = once(scenes, "complete_draft", of="two editors")
    first = versions_of(batch).earliest("version")
    save_as_another(scenes, batch.pk, content_of(first))
    return f"sends/{batch.pk}/edit/"


def write_beside_another(page: Page, scenes: Scenes) -> None:
    """Each changes a field of their own, and both the name."""
    batch = once(scenes, "complete_draft", of="two editors")
    before = content_of(versions_of(batch).earliest("version"))
    values = [*before.values[:-1], "下周日 24:00"]
    save_as_another(scenes, batch.pk, replace(before, name="十月老客，周三发", values=values))
    page.locator("#id_name").fill("十月老客，周五发")
    page.locator("#id_value_0").fill("免押金升级")
    page.locator(".foot-buttons [value=save]").click()
    expect(page.locator(".versus-row").first).to_be_visible()


def save_as_another(scenes: Scenes, pk: int, content: Content) -> None:
    batch = BatchSend.objects.get(pk=pk)
    batches.save_draft(batch, by=scenes.by, version=batch.version, content=content, at=timezone.now())


# --- Too late -----------------------------------------------------------------------------------------------
def to_take_back(scenes: Scenes) -> str:
    """A scheduled send, scheduled again where it was taken back before."""
    batch = BatchSend.objects.select_related("control").get(pk=once(scenes, "scheduled", of="too late").pk)
    if batch.control.state == SendState.DRAFT:
        batches.launch(batch, by=scenes.by, version=batch.version, at=timezone.now())
    return f"sends/{batch.pk}/edit/"


def take_back_after_another(page: Page, scenes: Scenes) -> None:
    batches.take_back(once(scenes, "scheduled", of="too late"), by=scenes.by)
    page.locator("main form .btn-primary").click()
    expect(page.get_by_role("alert")).to_be_visible()


# --- Several sends ------------------------------------------------------------------------------------------
def to_cancel(scenes: Scenes) -> str:
    """One that can be cancelled, made for this once, and one that went out."""
    audience = once(scenes, "scheduled").people_list
    made = scenes.launched(scenes.tomorrow(audience, name="明天的另一批"))
    return f"sends/cancel/?send={made.pk}&send={once(scenes, 'finished').pk}"


def cancel_them(page: Page, _scenes: Scenes) -> None:
    page.locator("#id_why").fill("价格写错了")
    page.locator("#several .btn-danger").click()
    expect(page.locator("div#several")).to_be_visible()


def to_copy(scenes: Scenes) -> str:
    ids = [once(scenes, made).pk for made in ("finished", "complete_draft", "missed")]
    return f"sends/copy/?{'&'.join(f'send={pk}' for pk in ids)}"


def copy_them(page: Page, _scenes: Scenes) -> None:
    page.locator("#several button.btn-primary").click()
    expect(page.locator("div#several")).to_be_visible()


# --- Views, people, forms -----------------------------------------------------------------------------------
def view_to_rename(scenes: Scenes) -> str:
    owner = User.objects.get(username=OWNER)
    for name, query in ((TAKEN, "state=finished"), (TO_RENAME, "state=missed")):
        if not SavedView.objects.filter(owner=owner, name=name).exists():
            saved_views.keep(merchant=scenes.house.merchant, by=owner, page="sends", name=name, query=query)
    return f"views/{SavedView.objects.get(owner=owner, name=TO_RENAME).pk}/"


def choose_a_taken_name(page: Page, _scenes: Scenes) -> None:
    page.locator("#id_name").fill(TAKEN)
    page.locator("[form=view-keep]").click()
    expect(page.locator(".field-error")).to_be_visible()


def show_ids(page: Page, _scenes: Scenes) -> None:
    button = page.locator("form[action*='/people/reveal/'] button")
    button.click()
    expect(button).to_have_count(0)
    expect(page.locator("#people-table")).to_be_visible()


def send_a_stale_form(page: Page, _scenes: Scenes) -> None:
    page.context.clear_cookies(name="csrftoken")
    for field in page.locator("input[type=password]").all():
        field.fill("irrelevant-here")
    page.locator("main .btn-primary").click()
    expect(page.locator("main input[type=password]")).to_have_count(0)


# --- Who has nothing yet ------------------------------------------------------------------------------------
def without_a_mini_program(scenes: Scenes) -> str:
    if NEWCOMER not in scenes.house.logins:
        with AS_THE_HOUSE_HASHES:
            _merchant, _owner, password = open_merchant(
                name="青禾租车", slug=NEW_MERCHANT, owner_username=NEWCOMER
            )
        scenes.house.logins[NEWCOMER] = password
    return f"/m/{NEW_MERCHANT}/sends/new/"


def without_a_seat(scenes: Scenes) -> str:
    if WITHOUT_A_SEAT not in scenes.house.logins:
        with AS_THE_HOUSE_HASHES:
            _person, scenes.house.logins[WITHOUT_A_SEAT] = add_person(username=WITHOUT_A_SEAT)
    return "/"
