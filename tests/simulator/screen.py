"""The phone pages as a finger meets them: what a screen says, its buttons and its links, without script."""

import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from tests.simulator.merchant import Merchant

VOID = ("meta", "link", "img", "input", "br")


@dataclass(eq=False)
class Element:
    tag: str
    attrs: dict[str, str]
    inside: list["Element | str"] = field(default_factory=list)
    parent: "Element | None" = None

    @property
    def text(self) -> str:
        parts = [one if isinstance(one, str) else one.text for one in self.inside]
        return " ".join(" ".join(parts).split())

    def all(self, tag: str, **attrs: str) -> list["Element"]:
        found: list[Element] = []
        for one in self.inside:
            if isinstance(one, Element):
                wanted = {name.replace("_", "-"): value for name, value in attrs.items()}
                if one.tag == tag and wanted.items() <= one.attrs.items():
                    found.append(one)
                found += one.all(tag, **attrs)
        return found

    def around(self, tag: str) -> "Element":
        element = self.parent
        while element is not None and element.tag != tag:
            element = element.parent
        assert element is not None, f"nothing of kind {tag} around {self.text}"
        return element


class Tree(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.top = self.here = Element("document", {})
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=self.here)
        self.here.inside.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag and self.here.parent is not None, f"{self.here.tag} closed by {tag}"
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.inside.append(data)


class Page:
    """One page; `screen` is one of its phones or panels by the name that a screen reader says."""

    def __init__(self, merchant: Merchant, url: str, form: dict[str, str] | None = None) -> None:
        self.merchant = merchant
        body = None if form is None else urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(merchant.simulator.url + url, body, timeout=10) as answer:
            self.url: str = answer.url
            self.top = Tree(answer.read().decode()).top

    @classmethod
    def of(cls, merchant: Merchant, open_id: str, tail: str = "") -> "Page":
        return cls(merchant, f"/sim/phone/{open_id}{tail}?app_id={merchant.app_id}")

    def screen(self, name: str) -> Element:
        for tag in ("section", "aside"):
            for one in self.top.all(tag, aria_label=name):
                return one
        raise LookupError(f"no screen {name} in {self.top.text}")

    def has(self, name: str) -> bool:
        return any(self.top.all(tag, aria_label=name) for tag in ("section", "aside"))

    def tap(self, screen: str, button: str, row: str = "") -> "Page":
        """Press the first button of this name, or that of the row that begins so; its form goes off."""
        where = self.screen(screen)
        if row:
            where = next(one for one in where.all("li") if one.text.startswith(row))
        return self.press(where, button)

    def press(self, where: Element, button: str, **typed: str) -> "Page":
        pressed = next(one for one in where.all("button") if button in one.text)
        form = pressed.around("form")
        sent = {one.attrs["name"]: one.attrs["value"] for one in form.all("input", type="hidden")}
        if "name" in pressed.attrs:
            sent[pressed.attrs["name"]] = pressed.attrs["value"]
        return Page(self.merchant, form.attrs["action"], {**sent, **typed})

    def follow(self, screen: str, link: str) -> "Page":
        """By what the link says, or is called where it shows a mark only."""
        for one in self.screen(screen).all("a"):
            if link in one.text or link == one.attrs.get("aria-label"):
                return Page(self.merchant, one.attrs["href"])
        raise LookupError(f"no link {link} in {self.screen(screen).text}")


def texts(elements: list[Element]) -> list[str]:
    return [one.text for one in elements]


def query_of(page: Page) -> dict[str, Any]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))
