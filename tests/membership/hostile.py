"""Files that are no lists, each made here: what they are called, their bytes, and the sentence they get."""

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterable
from typing import NamedTuple

from openpyxl import Workbook

from tests.membership.base import open_id

ONE, TWO = open_id(1), open_id(2)
DTD = b'<?xml version="1.0"?><!DOCTYPE lol [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


def book(rows: Iterable[list[object]] = (["open_id"], [ONE]), *, sheets: int = 1) -> bytes:
    made = Workbook(write_only=True)
    for number in range(sheets):
        sheet = made.create_sheet(f"s{number}")
        for row in rows if number == 0 else ():
            sheet.append(row)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def rebuilt(change: Callable[[str, bytes], bytes], *, more: dict[str, bytes] | None = None) -> bytes:
    """The usual workbook with its parts changed, and more of them."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book())) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return target.getvalue()


def archive(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return target.getvalue()


def same(_name: str, content: bytes) -> bytes:
    return content


def in_sheet(change: Callable[[bytes], bytes]) -> bytes:
    return rebuilt(lambda name, content: change(content) if "sheet1" in name else content)


def marked_encrypted() -> bytes:
    """The flag of the first local header and of the first entry of the directory."""
    content = bytearray(book())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(signature) + offset
        (flags,) = struct.unpack_from("<H", content, at)
        struct.pack_into("<H", content, at, flags | 1)
    return bytes(content)


def broken_inside() -> bytes:
    """The directory is whole, the packed bytes of the sheet are not."""
    content = bytearray(book([["open_id"], *([open_id(n)] for n in range(400))]))
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        part = next(one for one in whole.infolist() if "sheet1" in one.filename)
    start = part.header_offset + 30 + len(part.filename)
    content[start + 40 : start + 400] = b"\xff" * 360
    return bytes(content)


def wide(columns: int) -> list[str]:
    return ["open_id", *(f"c{number}" for number in range(columns - 1))]


class Hostile(NamedTuple):
    name: str
    content: Callable[[], bytes]
    sentence: str


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
UNCLOSED = f'open_id,name\n{ONE},"张三\n' + "".join(f"{open_id(n)},x\n" for n in range(9_000))

FILES = [
    Hostile("empty", lambda: b"", "The file is empty."),
    Hostile("blank lines", lambda: b"\n\r\n  \n", "The file has only blank lines."),
    Hostile("header only", lambda: b"\xef\xbb\xbfopen_id,name\n", "The file has a header and no rows."),
    Hostile(
        "picture", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "This is a picture, a PDF or an arch"
    ),
    Hostile(
        "neither encoding", lambda: b"open_id\n\xff\xfe\xfd\x81\xff\n", "neither in UTF-8 nor in GB18030"
    ),
    Hostile("UTF-16", lambda: f"open_id\n{ONE}\n".encode("utf-16"), "The file is text in UTF-16."),
    Hostile("NUL bytes", lambda: f"open_id\n{ONE}\nab\0c\n".encode(), "Line 3 holds a NUL byte"),
    Hostile("late NUL", lambda: f"open_id\n{ONE}\n".encode() * 20_000 + b"\0", "Line 40001 holds a NUL byte"),
    Hostile("endless line", lambda: b"open_id\n" + b"x" * 3_000_000, "Line 2 is longer than 20000 bytes"),
    Hostile("one endless line", lambda: b"x" * 3_000_000, "Line 1 is longer than 20000 bytes"),
    Hostile("unclosed quote", UNCLOSED.encode, "A quotation mark opened on line 2 is never closed."),
    Hostile("torn quote", lambda: f'open_id\n{ONE}\n"{TWO}"x\n'.encode(), "Line 3 is not proper CSV"),
    Hostile("no open_id", lambda: b"name,phone\nA,13800001111\n", "No column holds open_ids."),
    Hostile(
        "twin columns", lambda: f"open_id,City,city\n{ONE},a,b\n".encode(), "Two columns are called “city”."
    ),
    Hostile("wide CSV", lambda: (",".join(wide(300)) + f"\n{ONE}\n").encode(), "The file has 300 columns"),
    Hostile(
        "too large", lambda: b"open_id\n" + f"{ONE}\n".encode() * 70_000, "The file is larger than 1 MB."
    ),
    Hostile("old Excel", lambda: OLE + "Workbook".encode("utf-16-le"), "This is an old Excel file (.xls)."),
    Hostile("locked Office", lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "locked with a password"),
    Hostile("locked archive", marked_encrypted, "The archive asks for a password."),
    Hostile(
        "other archive", lambda: archive({"people.csv": b"open_id\n"}), "an archive and no XLSX workbook"
    ),
    Hostile(
        "xlsb", lambda: archive({"[Content_Types].xml": b"<T/>", "xl/workbook.bin": b""}), "binary workbook"
    ),
    Hostile("macros", lambda: rebuilt(same, more={"xl/vbaProject.bin": b"x"}), "The workbook holds macros."),
    Hostile(
        "bomb", lambda: rebuilt(same, more={"xl/media/a.xml": b" " * 9_000_000}), "Unpacked, the workbook"
    ),
    Hostile("entities", lambda: in_sheet(lambda xml: DTD + xml), "declares a document type"),
    Hostile(
        "many parts",
        lambda: rebuilt(same, more={f"x/{n}": b"" for n in range(1_001)}),
        "parts, which no table",
    ),
    Hostile("many sheets", lambda: book(sheets=51), "The workbook has 51 sheets"),
    Hostile("wide sheet", lambda: book([wide(201), [ONE]]), "The file has 201 columns"),
    Hostile("empty sheet", lambda: book([]), "The first sheet is empty."),
    Hostile("cut off", lambda: book()[:-40], "The workbook is damaged"),
    Hostile("broken inside", broken_inside, "The workbook is damaged"),
    Hostile("torn XML", lambda: in_sheet(lambda xml: xml[:-30]), "The workbook is damaged"),
    Hostile(
        "endless rows",
        lambda: in_sheet(lambda xml: re.sub(rb'<row r="2"', b'<row r="99999999999"', xml)),
        "The sheet has more than 200,000 rows.",
    ),
]
