"""What the shops' own system works with, in the demo's folder: where it hands orders in, and what is open.

No Django here: the process that reads it has none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from console.demo.order_paths import Stage

SHOPS_FILE, OPEN_FILE = "shops.json", "open-orders.json"


@dataclass(frozen=True)
class ShopAccount:
    """`people`: open_ids of those who order."""

    app_id: str
    server_key: str
    people: Sequence[str]


@dataclass(frozen=True)
class Shops:
    """`seconds`: from one return to the next. `accounts` by the merchant's slug."""

    api_url: str
    seconds: float
    seed: int
    accounts: Mapping[str, ShopAccount]


@dataclass
class Due:
    """A request that was decided upon and perhaps made already: the same again changes nothing."""

    slug: str
    path: str
    body: dict[str, Any]


@dataclass
class OpenOrder:
    """`coming`: (status, its new fields) in their order."""

    number: str
    coming: list[tuple[str, dict[str, str]]]


@dataclass
class Till:
    """`acts` and `made` count for ever: chances and numbers follow from them."""

    acts: int = 0
    made: int = 0
    open: dict[str, list[OpenOrder]] = field(default_factory=dict)
    due: Due | None = None


def coming(stages: Iterable[Stage]) -> list[tuple[str, dict[str, str]]]:
    return [(stage.status, dict(stage.fields)) for stage in stages]


def write_shops(var: Path, shops: Shops | None) -> None:
    """None: the shops return nothing more."""
    if shops is None:
        (var / "demo" / SHOPS_FILE).unlink(missing_ok=True)
    else:
        _write(var / "demo" / SHOPS_FILE, asdict(shops))


def read_shops(var: Path) -> Shops | None:
    found = _read(var / "demo" / SHOPS_FILE)
    if found is None:
        return None
    accounts = {slug: ShopAccount(**one) for slug, one in found.pop("accounts").items()}
    return Shops(**found, accounts=accounts)


def begin_till(var: Path, till: Till) -> None:
    """Only where there is none: what came in since is not begun again."""
    if not (var / "demo" / OPEN_FILE).exists():
        write_till(var, till)


def write_till(var: Path, till: Till) -> None:
    _write(var / "demo" / OPEN_FILE, asdict(till))


def read_till(var: Path) -> Till | None:
    found = _read(var / "demo" / OPEN_FILE)
    if found is None:
        return None
    orders = {
        slug: [
            OpenOrder(one["number"], [(status, fields) for status, fields in one["coming"]]) for one in rows
        ]
        for slug, rows in found["open"].items()
    }
    return Till(found["acts"], found["made"], orders, Due(**found["due"]) if found["due"] else None)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _write(path: Path, content: Any) -> None:
    """Whole or not at all; there are keys in it, so nobody else may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)
    made.replace(path)
