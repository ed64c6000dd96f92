"""What an export of one person's data is made of: each floor gives the tables of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

Cell = str | int | bool | datetime | None


@dataclass(frozen=True)
class Column:
    """`key` stays the same in every language."""

    key: str
    heading: str | Promise


@dataclass(frozen=True)
class Part:
    """One table: `name` names its file, `rows` have the order of `columns`, read once."""

    name: str
    title: str | Promise
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
