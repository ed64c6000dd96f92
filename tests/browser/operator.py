"""An operator's whole job, step by step: with either pair of hands, in either language.

Where things stand on the pages is written here and nowhere else of the journey.
"""

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from messaging.models import BatchSend
from tests.browser.hands import Hands, pause
from tests.browser.house import House
from tests.browser.reading import Words, card, equation, settled, state_of

SENT_MS = 90_000
UNTIL_DUE_MS = 150_000
AHEAD = timedelta(seconds=75)
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass
class Operator:
    """`words` of the language the pages are in."""

    hands: Hands
    words: Words
    house: House

    @property
    def page(self) -> Page:
        return self.hands.page

    # --- where things stand -------------------------------------------------------------------------------
    def link(self, words: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("link", name=words, exact=True).first

    def button(self, words: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("button", name=words, exact=True).first

    def field(self, label: str) -> Locator:
        return self.named(self.words(label))

    def named(self, label: str) -> Locator:
        """A required field has a star before its label."""
        return self.page.get_by_label(re.compile(rf"^\*?{re.escape(label)}$"))

    def menu(self, words: str) -> Locator:
        return self.page.get_by_role("navigation").first.get_by_role("link", name=self.words(words))

    def ledger(self) -> dict[str, int]:
        return equation(self.page.locator(".send-ledger"))

    # --- templates ----------------------------------------------------------------------------------------
    def adopt(self, name: str, *, without: str) -> int:
        """Its key here."""
        self.hands.press(self.menu("Templates"))
        self.page.wait_for_url("**/templates/")
        self.hands.press(self.link(self.words("Library of the platform")))
        self.hands.press(self.link(name))
        self.hands.press(self.link(f"{self.words('Leave out')} {without}"))
        expect(self.link(self.words("Add %(keyword)s") % {"keyword": without})).to_be_visible()
        settled(self.page)
        self.hands.press(self.button(self.words("Adopt this template")))
        self.page.wait_for_url("**/templates/*/")
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)
        return int(self.page.url.rstrip("/").rpartition("/")[2])

    def see_it_online(self) -> None:
        mark = self.page.locator(".page-title .mark")
        expect(mark).to_have_text(self.words("Online", "template"), timeout=SENT_MS)

    # --- people -------------------------------------------------------------------------------------------
    def upload(self, path: Path, *, purpose: str) -> None:
        self.hands.press(self.menu("Audiences"))
        self.page.wait_for_url("**/lists/")
        self.hands.press(self.link(self.words("Upload a list")))
        self.page.wait_for_url("**/lists/new/")
        self.hands.hand_over(self.page.locator("input[type=file]"), path)
        self.hands.write(self.field("What it is for"), purpose)
        self.hands.press(self.button(self.words("Upload a list")))
        self.page.wait_for_url("**/lists/*/columns/")

    def check_the_file(self, *, left_out: str) -> None:
        """All columns but one are kept."""
        use = self.words("Use of %(name)s") % {"name": left_out}
        self.hands.choose(self.page.get_by_label(use), self.words("Leave out"))
        self.hands.press(self.button(self.words("Check the file")))
        self.page.wait_for_url("**/lists/*/")

    def take_in(self, people: int) -> None:
        wanted = self.button(self.words.import_of(people))
        expect(wanted).to_be_visible(timeout=SENT_MS)
        self.hands.press(wanted)
        ready = self.words("Ready", "list")
        expect(self.page.locator("#list-state")).to_have_text(ready, timeout=SENT_MS)

    def of_the_file(self) -> list[int]:
        return list(equation(card(self.page, self.words("What was in the file"))).values())

    # --- the message --------------------------------------------------------------------------------------
    def begin(self, template: str) -> None:
        self.hands.press(self.link(self.words("New batch send to this list")))
        self.page.wait_for_url("**/sends/new/**")
        self.hands.choose(self.field("Template"), template)

    def write(self, *, name: str, values: dict[str, str], page: str) -> None:
        self.hands.write(self.field("Name"), name)
        for keyword, value in values.items():
            self.hands.write(self.named(keyword), value)
        self.hands.write(self.field("Mini program page"), page)
        pause(self.page)

    def set_time(self, moment: datetime) -> None:
        self.hands.tick(self.field("At a time"))
        self.hands.set_moment(self.field("Day"), moment)
        self.hands.set_moment(self.field("Time"), moment)

    def review(self) -> None:
        settled(self.page)
        self.hands.press(self.button(self.words("Check before sending")))

    def is_told_to_change(self, keyword: str) -> None:
        field = self.named(keyword)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(self.page.locator(".field-bad .field-error")).to_have_count(1)
        settled(self.page)

    def correct(self, keyword: str, value: str) -> None:
        self.hands.write(self.named(keyword), value)
        pause(self.page)

    # --- launching ----------------------------------------------------------------------------------------
    def who_will_get_it(self) -> dict[str, int]:
        expect(self.button(self.words("Confirm and schedule"))).to_be_visible()
        return equation(card(self.page, self.words("How many people")))

    def confirm(self) -> BatchSend:
        self.hands.press(self.button(self.words("Confirm and schedule")))
        expect(state_of(self.page)).to_have_text(self.words.send("scheduled"))
        return BatchSend.objects.get(pk=int(self.page.url.rstrip("/").rpartition("/")[2]))

    def undo(self) -> None:
        self.hands.press(self.button(self.words("Undo")))
        self.page.wait_for_url("**/sends/*/edit/")
        said = self.words("Undone. Nothing was sent. Your draft is kept.")
        expect(self.page.get_by_text(said)).to_be_visible()

    def set_speed(self, per_second: int) -> None:
        self.hands.press(self.page.locator("#act-speed"))
        self.page.wait_for_url("**/speed/")
        self.hands.write(self.field("Messages a second, at most"), str(per_second))
        self.hands.press(self.button(self.words("Set speed")))
        self.page.wait_for_url("**/sends/*/")

    # --- watching -----------------------------------------------------------------------------------------
    def is_(self, state: str, *, timeout: float = SENT_MS) -> None:
        expect(state_of(self.page)).to_have_text(self.words.send(state), timeout=timeout)

    def pause(self) -> None:
        self.hands.press(self.button(self.words("Pause")))
        self.is_("paused")

    def resume(self) -> None:
        self.hands.press(self.button(self.words("Resume")))

    # --- afterwards ---------------------------------------------------------------------------------------
    def export_people(self) -> list[dict[str, str]]:
        with self.page.expect_download() as download:
            self.hands.press(self.link(self.words("Export people")))
        text = download.value.path().read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def visits_of_the_send(self, batch: BatchSend) -> str:
        """On the page that says who came back."""
        self.page.goto(self.house.at(f"sends/{batch.pk}/recall/"))
        cell = self.page.locator("#send-recall .strip-cell").filter(has_text=self.words("Visits"))
        return " ".join(cell.first.locator("dd").first.inner_text().split())
