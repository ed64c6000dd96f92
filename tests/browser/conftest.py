"""One house and one Chromium for all tests of this folder; each test opens windows of its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.house import House, opened
from tests.browser.pages import Looking
from tests.browser.watching import Watch
from tests.browser.windows import ANSWER_MS, BACKGROUND, OPERATOR, WIDE, Windows, new_context, sign_in

# the first draws no window of its own and so costs less
PROGRAMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)
LONGEST = ("test_journey", "test_coupons_journey", "test_pages_of", "")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
    # the longest files first, so that no process is left alone with one at the end
    items.sort(key=lambda item: next(n for n, name in enumerate(LONGEST) if item.path.name.startswith(name)))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        missing = (
            "No Chromium is installed (on Debian and Ubuntu: apt install chromium), so no page was opened."
        )
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps a loop running in this thread, which Django takes for asynchronous code
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=ANSWER_MS)
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def house(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[House]:
    """Asked for after Chromium: without one nothing needs to start."""
    folder = Path(tmp_path_factory.mktemp("house"))
    folder.parent.chmod(0o755)
    with django_db_blocker.unblock(), opened(folder / "var") as running:
        yield running


@pytest.fixture
def windows(chromium: Browser, house: House) -> Iterator[Windows]:
    """`windows(login)` gives a signed-in page; what its console said wrong is asked for at the end."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def open_window(
        login: str = OPERATOR, *, script: bool = True, refused: bool = False, asleep: bool = False
    ) -> Page:
        """`refused`: acts may be answered with 422. `asleep`: in the background, where nothing polls."""
        context = new_context(chromium, script=script, size=WIDE)
        contexts.append(context)
        page = context.new_page()
        watches.append(Watch(page, expected=422 if refused else 200))
        if asleep:
            page.add_init_script(BACKGROUND)
        sign_in(page, house, login)
        return page

    yield open_window
    for context in contexts:
        context.close()
    wrong = [line for watch in watches for line in watch.wrong]
    assert wrong == []


@pytest.fixture(scope="module")
def looking(chromium: Browser, house: House) -> Iterator[Looking]:
    found = Looking(chromium, house)
    yield found
    found.close()
