"""Takes the pictures of docs/screenshots on a house of its own. `make screenshots` names this file."""

import base64
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.gallery import FOLDER, HEIGHTS, INDEX, QUALITY, Picture, every_picture, index, pictures_of
from tests.browser.house import House, opened
from tests.browser.pages import SIZES, TABLE, Looking, Row
from tests.browser.reading import settled
from tests.browser.scenes import Scenes, once
from tests.browser.watching import closing_session


@pytest.fixture(scope="module")
def house(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[House]:
    """With the whole thirty days of both shops, as `make demo` has them."""
    folder = Path(tmp_path_factory.mktemp("house"))
    folder.parent.chmod(0o755)
    with django_db_blocker.unblock(), opened(folder / "var", story="full") as running:
        yield running


@pytest.fixture(scope="module")
def scenes(house: House) -> Scenes:
    found = Scenes(house, start=700)
    once(found, "finished")
    return found


@pytest.fixture(scope="module", autouse=True)
def cleared() -> None:
    FOLDER.mkdir(exist_ok=True)
    wanted = {picture.file for picture in every_picture()}
    for old in FOLDER.iterdir():
        if old.name not in wanted:
            old.unlink()
    INDEX.write_text(index(), "utf-8")


@pytest.mark.parametrize("row", TABLE, ids=attrgetter("name"))
def test_pictures_are_taken(row: Row, scenes: Scenes, looking: Looking) -> None:
    for picture in pictures_of(row):
        if picture.width == "1440":
            address = row.address(scenes)
            page, watch = looking.window(row, language=picture.language, script=True)
            page.emulate_media(reduced_motion="reduce")
            assert row.bring(page, address, scenes) == ""
        take(page, picture)
    looking.leave(page, watch, script=True)


def take(page: Page, picture: Picture) -> None:
    """In a window so high that what stays at its foot is at the foot of the picture."""
    window = SIZES[picture.width]
    page.set_viewport_size(window)
    settled(page)
    with closing_session(page) as session:
        whole = session.send("Page.getLayoutMetrics")["cssContentSize"]["height"]
        height = min(max(int(whole), window["height"]), HEIGHTS[picture.width])
        page.set_viewport_size({"width": window["width"], "height": height})
        told = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (FOLDER / picture.file).write_bytes(base64.b64decode(told["data"]))
