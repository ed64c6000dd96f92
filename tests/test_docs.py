"""What is written down holds: links lead somewhere, commands exist, every package has its reason."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.management import get_commands

from coupons.models.use import USE_TRANSITIONS
from membership.models.card_template import CARD_TEMPLATE_TRANSITIONS
from membership.models.member_card import CARD_TRANSITIONS
from messaging.consent import adopting
from messaging.models import TRANSITIONS, DeliveryState
from tests.source_tree import ROOT, files

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = ROOT / "docs" / "decisions"
README_LINES = 120
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def words_of_commands(page: Path) -> str:
    """Text in code spans and fences, where commands and paths stand."""
    text = page.read_text("utf-8")
    return "\n".join([*FENCE.findall(text), *CODE.findall(FENCE.sub("", text))])


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    wrong = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            wrong.append(target)
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = words_of_commands(page)
    assert set(re.findall(r"^(?:\S*\s)*?make ([a-z-]+)", named, re.MULTILINE)) - targets == set()
    assert set(re.findall(r"manage\.py ([a-z_]+)", named)) - get_commands().keys() == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_of_the_tree_named_exists(page: Path) -> None:
    folders = "gateway|merchants|membership|coupons|orders|messaging|console|simulator|tests|docs"
    path = re.compile(rf"(?<![\w./-])((?:{folders})/[\w./-]*\w\.(?:py|md|json|html))(?![\w.]*\()")
    wrong = [one for one in path.findall(page.read_text("utf-8")) if not (ROOT / one).exists()]
    assert wrong == []


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= README_LINES


def test_decision_pages_have_a_plain_name_a_title_and_a_date() -> None:
    wrong = []
    for page in DECISIONS.glob("*.md"):
        lines = page.read_text("utf-8").splitlines()
        dated = page.name == "README.md" or re.fullmatch(r"20\d\d-\d\d-\d\d", lines[2])
        named = page.name == "README.md" or re.fullmatch(r"[a-z]+(-[a-z]+)*\.md", page.name)
        if not (lines[0].startswith("# ") and dated and named):
            wrong.append(page.name)
    assert wrong == []


def test_the_index_of_decisions_lists_each_page_once() -> None:
    listed = re.findall(
        r"^\| \[[^\]]+\]\(([^)]+)\)", (DECISIONS / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(page.name for page in DECISIONS.glob("*.md") if page.name != "README.md")


def wanted_packages() -> set[str]:
    names = set()
    for file in (ROOT / "requirements").glob("*.in"):
        for line in file.read_text("utf-8").splitlines():
            found = re.match(r"[A-Za-z0-9._-]+", line.partition("#")[0].strip())
            if found and not line.startswith("-r"):
                names.add(found[0])
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    return names | set(package["dependencies"]) | set(package["devDependencies"])


def test_every_package_we_ask_for_has_a_decision() -> None:
    rows = [row.split("|") for row in (DECISIONS / "README.md").read_text("utf-8").splitlines()]
    decided = [package for row in rows if row[1:] for package in CODE.findall(row[3])]
    assert sorted(decided) == sorted(wanted_packages())


def test_the_changelog_knows_the_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


# --- docs/architecture.md against the code -----------------------------------------------------------------
ARCHITECTURE = ROOT / "docs" / "architecture.md"


def arrows_below(heading: str) -> dict[str, set[str]]:
    """The first picture below a heading: state → states; those that end have no entry."""
    text = ARCHITECTURE.read_text("utf-8").partition(f"## {heading}\n")[2]
    drawn: dict[str, set[str]] = {}
    for here, there in re.findall(r"^    (\w+) --> (\w+)", text.partition("\n## ")[0], re.MULTILINE):
        drawn.setdefault(here, set()).add(there)
    return drawn


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("States of a send", TRANSITIONS),
        ("States of an adopted template", adopting.TRANSITIONS),
        ("States of a use of a coupon", USE_TRANSITIONS),
        ("States of a member card", CARD_TRANSITIONS),
        ("States of a card's template", CARD_TEMPLATE_TRANSITIONS),
    ],
)
def test_the_picture_shows_the_moves_of_the_table(heading: str, table: Mapping[str, frozenset[str]]) -> None:
    moves = {str(here): {str(there) for there in targets} for here, targets in table.items() if targets}
    assert arrows_below(heading) == moves


def test_the_picture_of_a_delivery_has_all_its_states() -> None:
    drawn = arrows_below("States of a delivery")
    assert set(drawn) | set().union(*drawn.values()) == set(DeliveryState.values)


def test_every_file_below_the_console_is_on_the_page() -> None:
    named = set(CODE.findall(ARCHITECTURE.read_text("utf-8")))
    plain = {"__init__.py", "apps.py", "tasks.py"}
    missing = [
        path
        for file in files(".py")
        if (path := name_of(file)).startswith(
            ("gateway/", "merchants/", "membership/", "orders/", "messaging/")
        )
        and file.name not in plain
        and not {"migrations", "management"} & set(file.parts)
        and not path.startswith("messaging/models/")
        and path not in named
    ]
    assert missing == [], "add a line to docs/architecture.md"
