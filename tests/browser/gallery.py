"""The pictures of docs/screenshots: which there are, what they are called, and the page that lists them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from console.demo.environment import ROOT
from tests.browser.pages import COUPONS, FIGURES_AND_SETTINGS, SENDS, TABLE, TEMPLATES_AND_LISTS, Row

FOLDER = ROOT / "docs" / "screenshots"
INDEX = FOLDER / "README.md"
LARGEST_BYTES = 28_000  # of a picture, on average
SHORT = {"zh-hans": "zh", "en": "en"}
# A page is shown from its top, at most so far down: Chromium's WebP at a quality that keeps text clear.
HEIGHTS = {"1440": 1200, "390": 1300}
QUALITY = 35
PARTS = {
    "Sign-in, templates and lists of people": TEMPLATES_AND_LISTS,
    "Batch sends and home": SENDS,
    "Coupons and reminders": COUPONS,
    "Figures, settings, help": FIGURES_AND_SETTINGS,
}


@dataclass(frozen=True)
class Picture:
    row: Row
    language: str
    width: str

    @property
    def file(self) -> str:
        return f"{self.row.file}-{SHORT[self.language]}-{self.width}.webp"


def pictures_of(row: Row) -> list[Picture]:
    return [Picture(row, language, width) for language in SHORT for width in HEIGHTS]


def every_picture() -> list[Picture]:
    return [picture for row in TABLE for picture in pictures_of(row)]


def index() -> str:
    """docs/screenshots/README.md, whole."""
    return "\n".join(lines()) + "\n"


def lines() -> Iterator[str]:
    yield "# Every page, as it looks"
    yield ""
    yield "In both languages, 1440 and 390 pixels wide, on the data of `make demo`. A long page is cut off."
    yield "`make screenshots` takes all of them anew and writes this page."
    for heading, rows in PARTS.items():
        yield from part(heading, rows)


def part(heading: str, rows: Sequence[Row]) -> Iterator[str]:
    yield ""
    yield f"## {heading}"
    yield ""
    yield "| Page | 中文 | | English | |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows:
        links = [f"[{picture.width}]({picture.file})" for picture in pictures_of(row)]
        yield f"| {row.name} | {' | '.join(links)} |"
