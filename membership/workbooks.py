"""XLSX, read row by row. The archive is judged before any of it is unpacked: a workbook can be a bomb."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any
from xml.parsers import expat

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from membership.uploads import UploadRefused

MEGABYTE = 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_SHEETS = 50
MAX_PARTS = 1_000
MAX_UNPACKED_BYTES = 400 * MEGABYTE
MAX_RATIO = 300  # of a part above a megabyte; real sheets stay below a hundred
MAX_PHYSICAL_ROWS = 1_048_576  # the format's own; a row may claim any number
PROLOG_BYTES = 64 * 1024
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    SyntaxError,  # what ElementTree's ParseError is
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    EOFError,
)
Cells = list[str]


def guard(path: Path) -> None:
    """Raises UploadRefused, each with its own sentence, for all that must not be opened."""
    with _damage_told(), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS:
            raise UploadRefused(
                _("The workbook has %(n)s parts, which no table needs. Copy the rows to a new one.")
                % {"n": len(parts)}
            )
        if any(part.flag_bits & 1 for part in parts):
            raise UploadRefused(_("The archive asks for a password. Save the workbook without one."))
        _refuse_bombs(parts)
        _refuse_other_archives(archive, {part.filename for part in parts})
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                _refuse_entities(archive, part)


def _refuse_bombs(parts: list[zipfile.ZipInfo]) -> None:
    dense = any(
        part.file_size > MEGABYTE and part.file_size > MAX_RATIO * max(1, part.compress_size)
        for part in parts
    )
    if dense or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise UploadRefused(
            _("Unpacked, the workbook would be larger than %(megabytes)s MB. Save the sheet as CSV UTF-8.")
            % {"megabytes": MAX_UNPACKED_BYTES // MEGABYTE}
        )


def _refuse_other_archives(archive: zipfile.ZipFile, names: set[str]) -> None:
    if "xl/workbook.bin" in names:
        raise UploadRefused(_("This is a binary workbook (.xlsb). Save it as XLSX or CSV UTF-8."))
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise UploadRefused(
            _("This is an archive and no XLSX workbook. Unpack it and upload the CSV or XLSX file inside.")
        )
    macros = b"macroEnabled" in archive.read("[Content_Types].xml")[:MEGABYTE]
    if macros or any(name.endswith("vbaProject.bin") for name in names):
        raise UploadRefused(_("The workbook holds macros. Save it as XLSX without macros, or as CSV UTF-8."))


def _refuse_entities(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Parses up to the first element: a document type can only stand before it."""
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_declared: found.append("doctype")
    parser.StartElementHandler = lambda *_element: found.append("element")
    with archive.open(part) as file:
        while not found and (block := file.read(PROLOG_BYTES)):
            parser.Parse(block, False)
    if "doctype" in found:
        raise UploadRefused(
            _("The workbook declares a document type, as attacks do. Copy the rows to a new workbook.")
        )


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except UploadRefused:
        raise
    except DAMAGED as error:
        raise UploadRefused(
            _("The workbook is damaged and cannot be read. Open it, save it again, then upload that file.")
        ) from error


def head_of(path: Path, *, rows: int) -> list[Cells]:
    """The first rows with something in them. Raises UploadRefused."""
    guard(path)
    found = [cells for _line, cells in islice(read(path), rows)]
    if not found:
        raise UploadRefused(_("The first sheet is empty. Put the sheet with the rows first, then save it."))
    return found


def read(path: Path, *, exact: bool = False) -> Iterator[tuple[int, Cells]]:
    """Rows of the first sheet with their number; rows without any value are none. Raises UploadRefused.

    `exact`: day and time to the millisecond; else as a person reads the cell, to the minute.
    """
    with _damage_told(), path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            if len(book.sheetnames) > MAX_SHEETS:
                raise UploadRefused(
                    _("The workbook has %(n)s sheets, at most %(most)s are read. Save the sheet on its own.")
                    % {"n": len(book.sheetnames), "most": MAX_SHEETS}
                )
            yield from _rows(book.worksheets[0], exact)
        finally:
            book.close()


def _rows(sheet: Any, exact: bool) -> Iterator[tuple[int, Cells]]:
    sheet.reset_dimensions()  # what the file says of its own size is not believed
    filled = 0
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MAX_PHYSICAL_ROWS:
            raise _too_many_rows()
        if len(values) > MAX_COLUMNS:
            raise too_many_columns(len(values))
        cells = [_text(value, exact) for value in values]
        if not any(cells):
            continue
        filled += 1
        if filled > MAX_ROWS + 1:  # one may be the header
            raise _too_many_rows()
        yield number, cells


def _too_many_rows() -> UploadRefused:
    return UploadRefused(
        _("The sheet has more than %(most)s rows. Save it as CSV UTF-8, then upload that file.")
        % {"most": f"{MAX_ROWS:,}"}
    )


def too_many_columns(found: int) -> UploadRefused:
    return UploadRefused(
        _("The file has %(found)s columns, at most %(most)s are read. Delete those that are not needed.")
        % {"found": found, "most": MAX_COLUMNS}
    )


def _text(value: object, exact: bool) -> str:
    """As a person reads it in the cell, as far as a file tells."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\0", "").strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and exact:
        return value.isoformat(" ", "milliseconds")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, date | time) else str(value)
