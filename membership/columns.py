"""Which column holds the open_id and which others a list keeps: proposed by us, decided by a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from membership import csv_files, workbooks
from membership.customers import is_open_id
from membership.file_kinds import UTF_8, XLSX, kind_of
from membership.uploads import UploadRefused

MAX_KEPT = 20
NAME_CHARACTERS = 40
VALUE_CHARACTERS = 200
SAMPLE_ROWS = 20
NAMED_OPEN_ID = {"openid", "支付宝openid", "用户openid", "顾客openid", "alipayopenid"}
NAMED_LIKE_ONE = {"用户id", "userid", "用户标识", "用户编号", "顾客id", "客户id", "消费者id", "会员id", "id"}
NO_OPEN_ID = re.compile(r"\d{1,18}|\d{4}-\d{1,2}-\d{1,2}.*")  # phone, identity and 2088 numbers; dates
PRIVATE = re.compile(r"(?:\+?86)?1\d{10}|\d{17}[\dXx]")  # phone and identity numbers
Cells = Sequence[str]


class ColumnsRefused(Exception):
    """The choice of columns does not hold; the message tells the person what to change."""


@dataclass(frozen=True)
class Layout:
    """How one file is read. `kept`: places of the columns kept; `names`: what the list calls them."""

    kind: str
    encoding: str
    delimiter: str
    width: int
    has_header: bool
    open_id: int
    kept: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def stored_layout(value: Mapping[str, Any]) -> Layout:
    return Layout(**value)


@dataclass(frozen=True)
class Head:
    """The beginning of a file: `rows` with the header, if it has one, and what we make of it."""

    rows: list[list[str]]
    layout: Layout

    def name(self, column: int) -> str:
        """What stands above the column; a number where nothing does."""
        above = self.rows[0][column].strip() if column < len(self.rows[0]) else ""
        if self.layout.has_header and above:
            return above[:NAME_CHARACTERS]
        return _("Column %(number)s") % {"number": column + 1}

    def examples(self, column: int, *, most: int = 3) -> list[str]:
        below = self.rows[1:] if self.layout.has_header else self.rows
        return [row[column].strip() if column < len(row) else "" for row in below[:most]]


def look_at(path: Path) -> Head:
    """Reads the beginning. Raises UploadRefused for what is no list, each time with its own sentence."""
    kind = kind_of(path)
    if kind == XLSX:
        encoding, delimiter, rows = UTF_8, ",", workbooks.head_of(path, rows=SAMPLE_ROWS)
    else:
        encoding, delimiter, rows = csv_files.head_of(path, rows=SAMPLE_ROWS)
    width = max(map(len, rows))
    if width > workbooks.MAX_COLUMNS:
        raise workbooks.too_many_columns(width)
    column, has_header = _find(rows, width)
    if has_header:
        _refuse_twins(rows[0])
        if len(rows) == 1:
            raise UploadRefused(
                _("The file has a header and no rows. Choose a file with one open_id on each line.")
            )
    bare = Layout(kind, encoding, delimiter, width, has_header, column)
    head = Head(rows, bare)
    kept = [one for one in range(width) if one != column and has_header and _worth_keeping(head, one)]
    kept = kept[:MAX_KEPT]
    proposed = Layout(
        kind, encoding, delimiter, width, has_header, column, kept, [head.name(one) for one in kept]
    )
    return Head(rows, proposed)


def _find(rows: Sequence[Cells], width: int) -> tuple[int, bool]:
    """The open_id's column and whether the first row is a header: by name, else by what stands in it."""
    names = [_plain(name) for name in rows[0]]
    for column, name in enumerate(names):
        if name in NAMED_OPEN_ID:
            return column, True
    below = {column: _looks(rows[1:], column) for column in range(width)}
    above = {column: _looks(rows[:1], column) for column in range(width)}
    best = max(range(width), key=lambda column: (above[column] + below[column], -column))
    for column, name in enumerate(names):
        if name in NAMED_LIKE_ONE and (below[column] > 0 or len(rows) == 1) and not above[column]:
            return column, True
    if above[best]:
        return best, False
    if below[best]:
        return best, True
    raise UploadRefused(
        _(
            "No column holds open_ids. "
            "Write open_id above the column in the first line, then upload the file again."
        )
    )


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name).lower()


def _looks(rows: Sequence[Cells], column: int) -> float:
    """How many of these cells look like an open_id; a longer one counts more."""
    cells = [row[column].strip() for row in rows if column < len(row)]
    return sum(min(len(cell), 32) / 32 for cell in cells if looks_like_an_id(cell))


def looks_like_an_id(value: str) -> bool:
    """Without a header only a value with a digit passes: `customer_id` has the shape of an id and is none."""
    return is_open_id(value) and any(map(str.isdigit, value)) and not NO_OPEN_ID.fullmatch(value)


def _worth_keeping(head: Head, column: int) -> bool:
    """Proposed only where it has a name, something in it, and no phone or identity number."""
    named = column < len(head.rows[0]) and bool(head.rows[0][column].strip())
    filled = [cell for cell in head.examples(column, most=SAMPLE_ROWS) if cell]
    return named and bool(filled) and not any(PRIVATE.fullmatch(cell) for cell in filled)


def _refuse_twins(header: Cells) -> None:
    seen: set[str] = set()
    for name in map(str.strip, header):
        if name and name.lower() in seen:
            raise UploadRefused(
                _("Two columns are called “%(name)s”. Give each a name of its own, then upload again.")
                % {"name": name[:NAME_CHARACTERS]}
            )
        seen.add(name.lower())


def choose(
    proposed: Layout, *, has_header: bool, open_id: int, kept: Sequence[int], names: Sequence[str]
) -> Layout:
    """The layout with the person's choice. Raises ColumnsRefused."""
    names = [name.strip() for name in names]
    if not 0 <= open_id < proposed.width or open_id in kept:
        raise ColumnsRefused(_("Choose exactly one column that holds the open_id."))
    if any(not 0 <= column < proposed.width for column in kept) or len(names) != len(kept):
        raise ColumnsRefused(_("Load the page again: the file has other columns than the form."))
    if len(kept) > MAX_KEPT:
        raise ColumnsRefused(
            _("%(n)s columns are too many to keep; choose at most %(most)s.")
            % {"n": len(kept), "most": MAX_KEPT}
        )
    for name in names:
        if not name or len(name) > NAME_CHARACTERS:
            raise ColumnsRefused(
                _("Each column that is kept needs a name of at most %(most)s characters.")
                % {"most": NAME_CHARACTERS}
            )
    if len(set(names)) < len(names):
        raise ColumnsRefused(_("Two columns that are kept have the same name. Give each its own."))
    return Layout(
        proposed.kind,
        proposed.encoding,
        proposed.delimiter,
        proposed.width,
        has_header,
        open_id,
        list(kept),
        names,
    )
