"""A name without a drawing is an empty place on the page, and nobody is told."""

import re

from console.navigation import SECTIONS
from tests.source_tree import ROOT

IN_A_TEMPLATE = re.compile(r"""\{% icon ["']([a-z0-9-]+)["']""")
IN_THE_CODE = re.compile(r"""\bicon=["']([a-z0-9-]+)["']""")


def named(folder: str, suffix: str, pattern: re.Pattern[str]) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / folder).rglob(f"*{suffix}"):
        found |= set(pattern.findall(path.read_text("utf-8")))
    return found


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    drawn = set((ROOT / "static" / "icons.txt").read_text("utf-8").split())
    menu = {item.icon for section in SECTIONS for item in section.items}
    used = menu | named("templates", ".html", IN_A_TEMPLATE) | named("console", ".py", IN_THE_CODE)
    assert len(used) > 30
    assert used - drawn == set()
