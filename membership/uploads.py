"""Uploaded files: kept under names of our own, read in constant memory, deleted when their time is over.

A file is read as CSV in UTF-8, with or without byte order mark. Its ids stand in a column named open_id, or,
without a header, in the first column. Lines with nothing at all on them are no rows.
"""

from __future__ import annotations

import codecs
import csv
import os
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol, TextIO

from django.conf import settings
from django.utils.translation import gettext as _

from membership.customers import is_open_id
from membership.models import PeopleList
from merchants.jobs import JobRefused

BLOCK_BYTES = 256 * 1024
MAX_LINE_CHARACTERS = 20_000
HEADERS = {"open_id", "openid"}
DELIMITERS = ",;\t"
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and other zips; xls
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class UploadRefused(Exception):
    """The file was not taken; the message tells the person what to do."""


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class Row(NamedTuple):
    """`line` as an editor counts, from 1; `value` stood in the id column, blanks around it removed."""

    line: int
    value: str


class _Layout(NamedTuple):
    delimiter: str
    column: int
    has_header: bool


def path_of(stored_name: str) -> Path:
    return Path(settings.MEDIA_ROOT) / stored_name


def new_name() -> str:
    return f"{uuid.uuid4().hex}.csv"


def create(stored_name: str) -> int:
    """A descriptor of the new file, which only we may read."""
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / stored_name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def store(file: Readable) -> str:
    """Writes the file to disk block by block; returns its name there. Raises UploadRefused when too large."""
    name, size = new_name(), 0
    with os.fdopen(create(name), "wb") as target:
        while block := file.read(BLOCK_BYTES):
            size += len(block)
            if size > settings.UPLOAD_MAX_BYTES:
                break
            target.write(block)
    if size > settings.UPLOAD_MAX_BYTES:
        delete(name)
        raise UploadRefused(
            _("The file is larger than %(megabytes)s MB. Split it and upload each part as a list.")
            % {"megabytes": settings.UPLOAD_MAX_BYTES // (1024 * 1024)}
        )
    return name


def delete(stored_name: str) -> None:
    if stored_name:
        path_of(stored_name).unlink(missing_ok=True)


def discard(people_list: PeopleList) -> None:
    """Deletes the files of a list, which stays. The row forgets first: a file without a row is litter."""
    names = (people_list.stored_file, people_list.problem_file)
    PeopleList.objects.filter(pk=people_list.pk).update(stored_file="", problem_file="")
    for name in names:
        delete(name)


def problem_path(people_list: PeopleList) -> Path | None:
    """Where the rows that were left out stand, or None: there are none, or their time is over."""
    path = path_of(people_list.problem_file) if people_list.problem_file else None
    return path if path is not None and path.is_file() else None


def prune(*, at: datetime) -> int:
    """Deletes files older than UPLOAD_KEEP_DAYS, also stray ones. Returns how many lists lost theirs."""
    oldest = at - timedelta(days=settings.UPLOAD_KEEP_DAYS)
    old = PeopleList.objects.filter(created_at__lt=oldest).exclude(stored_file="", problem_file="")
    lists = list(old.exclude(state__in=[PeopleList.State.CHECKING, PeopleList.State.IMPORTING])[:1000])
    for people_list in lists:
        discard(people_list)
    for path in Path(settings.MEDIA_ROOT).glob("*.csv"):
        if path.stat().st_mtime < (oldest - timedelta(days=1)).timestamp():
            path.unlink(missing_ok=True)
    return len(lists)


def count_lines(stored_name: str) -> int:
    """How many lines it has, in one pass. Raises JobRefused for what cannot be CSV in UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    lines, last = 0, b""
    with path_of(stored_name).open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            if not last:
                _refuse_other_kinds(block)
            if b"\0" in block:
                raise _not_utf8()
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                raise _not_utf8() from None
            lines, last = lines + block.count(b"\n"), block
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _not_utf8() from None
    if not last:
        raise JobRefused(_("The file is empty. Choose a file with one open_id on each line."))
    return lines + (not last.endswith(b"\n"))


def _refuse_other_kinds(first_block: bytes) -> None:
    if first_block.startswith(SPREADSHEETS):
        raise JobRefused(
            _(
                "This is a spreadsheet or an archive, not CSV. "
                "Open it, save it as CSV UTF-8, then upload that file."
            )
        )


def _not_utf8() -> JobRefused:
    return JobRefused(
        _(
            "The file is not text in UTF-8. "
            "Open it in a spreadsheet, save it as CSV UTF-8, then upload that file."
        )
    )


def read_rows(stored_name: str) -> Iterator[Row]:
    """The rows without the header, one at a time. Raises JobRefused: not CSV, or no column of ids."""
    with path_of(stored_name).open(encoding="utf-8-sig", newline="") as file:
        lines = _bounded_lines(file)
        head = _up_to_first_content(lines)
        layout = _find_column(head[-1] if head else "")
        reader = csv.reader(chain(head, lines), delimiter=layout.delimiter, strict=True)
        header_to_skip = layout.has_header
        try:
            for cells in reader:
                if not cells:
                    continue
                if header_to_skip:
                    header_to_skip = False
                    continue
                value = cells[layout.column].strip() if layout.column < len(cells) else ""
                yield Row(reader.line_num, value)
        except csv.Error as error:
            raise JobRefused(
                _("Line %(line)s is not proper CSV (%(error)s). Correct it, then upload the file again.")
                % {"line": reader.line_num, "error": error}
            ) from error


def _bounded_lines(file: TextIO) -> Iterator[str]:
    """Lines as they stand. Raises JobRefused for one so long that the file cannot be a list."""
    number = 0
    while line := file.readline(MAX_LINE_CHARACTERS + 1):
        number += 1
        if len(line) > MAX_LINE_CHARACTERS:
            raise JobRefused(
                _("Line %(line)s is longer than %(most)s characters. Put each open_id on a line of its own.")
                % {"line": number, "most": MAX_LINE_CHARACTERS}
            )
        yield line


def _up_to_first_content(lines: Iterator[str]) -> list[str]:
    head = []
    for line in lines:
        head.append(line)
        if line.strip():
            return head
    raise JobRefused(_("The file has only blank lines. Choose a file with one open_id on each line."))


def _find_column(first_line: str) -> _Layout:
    for delimiter in DELIMITERS:
        for column, name in enumerate(_cells(first_line, delimiter)):
            if name.lower() in HEADERS:
                return _Layout(delimiter, column, has_header=True)
    for delimiter in DELIMITERS:
        if looks_like_an_id(_cells(first_line, delimiter)[0]):
            return _Layout(delimiter, 0, has_header=False)
    raise JobRefused(
        _(
            "No column holds open_ids. "
            "Write open_id above the column in the first line, then upload the file again."
        )
    )


def _cells(line: str, delimiter: str) -> list[str]:
    cells = next(iter(csv.reader([line], delimiter=delimiter)), [])
    return [cell.strip() for cell in cells] or [""]


def looks_like_an_id(value: str) -> bool:
    """Without a header only a value with a digit passes: `customer_id` has the shape of an id and is none."""
    return is_open_id(value) and any(character.isdigit() for character in value)


def safe_against_formulas(value: str) -> str:
    """A spreadsheet that opens the file shows the text and runs nothing."""
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
