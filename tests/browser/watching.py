"""What no page may do: break the content policy, report errors, scroll sideways, shut somebody out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, ConsoleMessage, Page, Response

from console.demo.environment import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
GOOD_PRACTICE = ["accesskeys", "aria-dialog-name", "aria-text", "aria-treeitem-name", "frame-tested"]
GOOD_PRACTICE += ["label-title-only", "scope-attr-valid", "tabindex"]
# htmx says these of a request that was given up for a newer one; a failed one is told as sendError
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")
# three words of English in a row, on a page that is Chinese
ENGLISH = re.compile(r"\b[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}")
COUNTED_VIOLATIONS = """
window.__violations = [];
addEventListener("securitypolicyviolation", (event) => {
  const where = `${event.sourceFile}:${event.lineNumber}`;
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${where}`);
});
"""


class Watch:
    """Collects what a page says wrong, over all addresses it goes to; `expected` is a status that is none."""

    def __init__(self, page: Page, *, expected: int = 200) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.expected = expected
        page.add_init_script(COUNTED_VIOLATIONS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        address = str(message.location.get("url", ""))
        if message.text.startswith("Failed to load resource"):
            return  # told with its status by _answered
        if message.text.startswith(GIVEN_UP):
            return
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{self.page.url}: {message.type} {message.text} ({address})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status != self.expected:
            self.wrong.append(f"{response.status} {response.request.method} {response.url}")

    def take(self) -> list[str]:
        taken, self.wrong = self.wrong, []
        return taken


def violations(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.__violations")
    return found


def sideways(page: Page) -> list[str]:
    """Whether the document scrolls sideways. Asked of the browser, so also of a page without script."""
    with closing_session(page) as session:
        told = session.send("Page.getLayoutMetrics")
    content, window = told["cssContentSize"]["width"], told["cssLayoutViewport"]["clientWidth"]
    return [f"{content} px wide in a window of {window}"] if content > window else []


@contextmanager
def closing_session(page: Page) -> Iterator[CDPSession]:
    session = page.context.new_cdp_session(page)
    try:
        yield session
    finally:
        session.detach()


def sticking_out(page: Page) -> list[str]:
    """Which parts reach beyond the window; needs script."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          return [...document.querySelectorAll("body *")]
            .filter((one) => one.getBoundingClientRect().right > width + 0.5)
            .slice(0, 4)
            .map((one) => `${one.tagName} .${one.className}`);
        }"""
    )
    return found


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page. The window has AXE as a script of its own."""
    result: dict[str, Any] = page.evaluate(
        """(good) => axe.run(document, {
          preload: false,  // it would write a style element, which the content policy refuses
          resultTypes: ["violations"],
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
          // of the rules called best practice those that can find something serious
          rules: Object.fromEntries(good.map((one) => [one, {enabled: true}])),
        })""",
        GOOD_PRACTICE,
    )
    return [
        f"{one['impact']} {one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in result["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"][:3]
    ]


def english(page: Page) -> list[str]:
    """English sentences that are seen on a Chinese page."""
    return ENGLISH.findall(page.locator("body").inner_text())


def picture(page: Page, path: Path) -> Path:
    page.evaluate("scrollTo(0, 0)")  # what stays in place while one scrolls belongs to the top
    page.screenshot(path=path, full_page=True)
    return path
