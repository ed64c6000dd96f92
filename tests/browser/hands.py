"""Two ways to work a page: with the mouse, and by the keyboard alone."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.browser.reading import settled

# longer than a draft waits before it saves itself: a choice made meanwhile would cut that off
PAUSE_MS = 1_800
MOST_STOPS = 150
MOST_CHOICES = 60
# what stands at the focus now, and whether a person sees that it is there
STOP = """(wanted) => {
  const here = document.activeElement;
  if (!here || here === document.body) return {there: false, resting: true};
  const look = getComputedStyle(here), box = here.getBoundingClientRect();
  const outlined = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
  const inWindow = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const sameChoice = here.type === "radio" && here.form === wanted.form && here.name === wanted.name;
  return {
    there: here === wanted || sameChoice,
    resting: here.id === "content",
    seen: outlined && inWindow && box.width > 0,
    what: here.outerHTML.slice(0, 160),
  };
}"""


class Hands(Protocol):
    page: Page

    def press(self, target: Locator) -> None: ...
    def write(self, target: Locator, text: str) -> None: ...
    def tick(self, target: Locator) -> None: ...
    def choose(self, target: Locator, label: str) -> None: ...
    def set_moment(self, target: Locator, moment: datetime) -> None: ...
    def hand_over(self, target: Locator, path: Path) -> None: ...


def pause(page: Page) -> None:
    """As one who has written something looks at it; what the page does then is done afterwards."""
    settled(page)
    page.wait_for_timeout(PAUSE_MS)
    settled(page)


class Mouse:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def tick(self, target: Locator) -> None:
        target.check()

    def choose(self, target: Locator, label: str) -> None:
        target.select_option(label=label)
        settled(self.page)

    def set_moment(self, target: Locator, moment: datetime) -> None:
        target.fill(as_value(target, moment))
        pause(self.page)

    def hand_over(self, target: Locator, path: Path) -> None:
        target.set_input_files(path)


class Keyboard:
    """Tab, Enter, Space, arrows and letters. Each stop on the way has to show that the focus is there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.unseen: list[str] = []
        page.add_init_script(
            "addEventListener('mousedown', () => console.error('a mouse was used'), {capture: true})"
        )

    def press(self, target: Locator) -> None:
        self.reach(target)
        self.page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self.reach(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        expect(target).to_have_value(text)

    def tick(self, target: Locator) -> None:
        self.reach(target)
        for _ in range(MOST_CHOICES):
            if target.is_checked():
                return
            radio = target.get_attribute("type") == "radio"
            self.page.keyboard.press("ArrowDown" if radio else "Space")
        raise AssertionError(f"not ticked by the keyboard: {target}")

    def choose(self, target: Locator, label: str) -> None:
        """Each step changes the choice, and the page may bring itself anew: the focus has to stay."""
        self.reach(target)
        self.page.keyboard.press("Home")
        for _ in range(MOST_CHOICES):
            settled(self.page)
            chosen = str(target.evaluate("(one) => one.selectedOptions[0].label"))
            if chosen == label:
                return
            expect(target).to_be_focused()
            self.page.keyboard.press("ArrowDown")
            expect(target.locator("option:checked")).not_to_have_text(chosen)
        raise AssertionError(f"{label!r} was not among the choices")

    def set_moment(self, target: Locator, moment: datetime) -> None:
        """In the order of parts that this browser shows."""
        wanted = as_value(target, moment)
        for parts in as_typed(target, moment):
            for place, typed in enumerate(parts):
                self.reach(target)
                self.to_the_part(place)
                before = target.input_value()
                self.page.keyboard.type(typed)
                if target.input_value() != before:
                    pause(self.page)
            if target.input_value() == wanted:
                return
        raise AssertionError(f"{wanted} could not be typed; there is {target.input_value()!r}")

    def to_the_part(self, place: int) -> None:
        """Of a day or a time: each arrow goes one part on, and none leaves the field."""
        for _ in range(3):
            self.page.keyboard.press("ArrowLeft")
        for _ in range(place):
            self.page.keyboard.press("ArrowRight")

    def hand_over(self, target: Locator, path: Path) -> None:
        """A browser that has shown many pages may leave the dialog out; that the key presses the field is
        seen all the same.
        """
        self.reach(target)
        target.evaluate("(one) => one.addEventListener('click', () => (one.dataset.pressed = 'yes'))")
        try:
            with self.page.expect_file_chooser(timeout=10_000) as chooser:
                self.page.keyboard.press("Enter")
        except TimeoutError:
            expect(target).to_have_attribute("data-pressed", "yes")
            target.set_input_files(path)
        else:
            chooser.value.set_files(path)

    def reach(self, target: Locator) -> None:
        """By Tab; from the top of a page over the link that skips what all pages have."""
        expect(target).to_be_visible()
        if self.at(target)["there"]:
            return
        inside = bool(target.evaluate("(one) => !!one.closest('main')"))
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            stop = self.at(target)
            if not stop["resting"] and not stop["seen"]:
                self.unseen.append(stop["what"])
            if stop["there"]:
                return
            if inside and "skip-link" in stop.get("what", ""):
                self.page.keyboard.press("Enter")
        raise AssertionError(f"Tab does not lead to {target}")

    def at(self, target: Locator) -> dict[str, Any]:
        found: dict[str, Any] = target.evaluate(STOP)
        return found


def as_value(target: Locator, moment: datetime) -> str:
    """What a field of that kind holds."""
    return f"{moment:%H:%M}" if target.get_attribute("type") == "time" else f"{moment:%Y-%m-%d}"


def as_typed(target: Locator, moment: datetime) -> Sequence[Sequence[str]]:
    """The parts in each order that browsers have."""
    hour, minute = f"{moment:%H}", f"{moment:%M}"
    year, month, day = f"{moment:%Y}", f"{moment:%m}", f"{moment:%d}"
    if target.get_attribute("type") == "time":
        return (f"{moment:%I}", minute, f"{moment:%p}"), (hour, minute)
    return (month, day, year), (year, month, day), (day, month, year)
