"""What stands on a page, read as a person reads it: its words, and figures by their labels."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext, override, pgettext
from playwright.sync_api import Locator, Page, expect

from console import states


@dataclass(frozen=True)
class Words:
    """How the pages of one language say it. The tests name the words as the code does."""

    language: str

    def __call__(self, words: str, context: str = "") -> str:
        with override(self.language):
            return pgettext(context, words) if context else gettext(words)

    def import_of(self, people: int) -> str:
        """What the button says that turns a checked file into a list."""
        with override(self.language):
            words = ngettext("Import %(shown)s person", "Import %(shown)s people", people)
        return words % {"shown": f"{people:,}"}

    def send(self, state: str) -> str:
        with override(self.language):
            return str(states.send_word(state).word)

    def person(self, state: str) -> str:
        """The word for one person of a send: accepted, refused, …"""
        with override(self.language):
            return str(states.word_of("delivery", state).word)


zh = Words("zh-hans")
import_words, send_word, person_word = zh.import_of, zh.send, zh.person


def number(text: str) -> int:
    found = re.search(r"\d[\d,]*", text)
    if found is None:
        raise AssertionError(f"no figure in {text!r}")
    return int(found.group().replace(",", ""))


def equation(part: Page | Locator) -> dict[str, int]:
    """The terms of the first equation in that part: figure by label."""
    return {
        term.locator(".equation-label").inner_text().strip(): number(
            term.locator(".equation-figure").inner_text()
        )
        for term in part.locator(".equation").first.locator(".equation-term").all()
    }


def fact(page: Page, label: str) -> int:
    """A figure of the strip below the equation."""
    cell = page.locator(".strip-cell").filter(has=page.locator("dt", has_text=label))
    return number(cell.locator("dd").first.inner_text())


def card(page: Page, heading: str) -> Locator:
    return page.locator("section").filter(has=page.get_by_role("heading", name=heading))


def follow(page: Page, words: str) -> None:
    """A link or a button, whichever carries these words."""
    link = page.get_by_role("link", name=words, exact=True)
    link.or_(page.get_by_role("button", name=words, exact=True)).first.click()


def settled(page: Page) -> None:
    """Until htmx has swapped in whatever is on its way."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def state_of(page: Page) -> Locator:
    """The mark beside the title of a send."""
    return page.locator("#send-state")
