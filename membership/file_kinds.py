"""What an uploaded file is, told by its bytes and never by its name.

Every kind that is no list gets a sentence of its own that says what to do.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from django.utils.translation import gettext as _

from membership.uploads import BLOCK_BYTES, UploadRefused

CSV, XLSX = "csv", "xlsx"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .xls, and of every encrypted Office file
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OTHER = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"RIFF", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BM6")
UTF_8, GB18030 = "utf-8", "gb18030"


def kind_of(path: Path) -> str:
    """CSV or XLSX. Raises UploadRefused for what is neither; a workbook itself is judged by workbooks."""
    with path.open("rb") as file:
        head = file.read(BLOCK_BYTES)
        if not head:
            raise UploadRefused(_("The file is empty. Choose one with rows in it."))
        if head.startswith(ZIP):
            return XLSX
        if head.startswith(OLE):
            raise _old_or_locked(head + file.read(64 * BLOCK_BYTES))
    if head.startswith(OTHER):
        raise UploadRefused(
            _("This is a picture, a PDF or an archive and no table. Choose a CSV or XLSX file.")
        )
    if head.startswith(UTF_16):
        raise UploadRefused(
            _("The file is text in UTF-16. Open it in a spreadsheet, save it as CSV UTF-8, then upload that.")
        )
    refuse_nul(head, line=head[: head.find(b"\0")].count(b"\n") + 1)
    return CSV


def _old_or_locked(content: bytes) -> UploadRefused:
    if ENCRYPTED_PACKAGE in content:
        return UploadRefused(
            _("The workbook is locked with a password. Save it without one, then upload it again.")
        )
    return UploadRefused(
        _("This is an old Excel file (.xls). Open it, save it as XLSX or CSV UTF-8, then upload that file.")
    )


def refuse_nul(block: bytes, *, line: int) -> None:
    if b"\0" in block:
        raise UploadRefused(
            _("Line %(line)s holds a NUL byte, so this is no text file. Export it again as CSV UTF-8.")
            % {"line": line}
        )


def encoding_of(head: bytes) -> str:
    """UTF-8 when the bytes allow it, else GB18030. `head` may end in the middle of a character."""
    for encoding in (UTF_8, GB18030):
        try:
            codecs.getincrementaldecoder(encoding)("strict").decode(head)
        except UnicodeDecodeError:
            continue
        return encoding
    raise not_text()


def not_text() -> UploadRefused:
    return UploadRefused(
        _(
            "The file is text neither in UTF-8 nor in GB18030. "
            "Open it in a spreadsheet, save it as CSV UTF-8, then upload that file."
        )
    )
