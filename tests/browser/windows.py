"""How a window is opened: its sizes, who signs in, and where."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.house import House

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
OPERATOR, OWNER, ANALYST = "lixiang", "wangmin", "zhaoyu"
ANSWER_MS = 30_000

Windows = Callable[..., Page]
BACKGROUND = "Object.defineProperty(document, 'hidden', {get: () => true})"


def new_context(chromium: Browser, *, script: bool, size: Any) -> BrowserContext:
    context = chromium.new_context(
        viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai", java_script_enabled=script
    )
    context.set_default_timeout(ANSWER_MS)
    return context


def sign_in(page: Page, house: House, login: str) -> None:
    page.goto(house.url)
    page.get_by_label("用户名").fill(login)
    page.get_by_label("密码").fill(house.logins[login])
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)  # also where somebody has no merchant yet
