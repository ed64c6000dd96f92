"""CSV in UTF-8 or GB18030, read in constant memory. Lines with nothing at all on them are no rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils import translation
from django.utils.translation import gettext as _

from membership.file_kinds import GB18030, UTF_8, encoding_of, not_text, refuse_nul
from membership.uploads import BLOCK_BYTES, UploadRefused

MAX_LINE_BYTES = 20_000
DELIMITERS = ",;\t"
# A space beside a separator or a line's end.
SPACE_AT_EDGE = re.compile(rb" (?:[,;\n\r]|(?<=[,;\n\r] ))")
# Anywhere: tab, no-break space, ideographic space, byte order mark.
OTHER_BLANKS = (b"\t", b"\xc2\xa0", b"\xe3\x80\x80", codecs.BOM_UTF8)
Cells = list[str]


@dataclass(frozen=True)
class Survey:
    """What one pass over the bytes tells.

    `plain`: no quotation mark, so every line is one row. `trimmed`: no value has blanks around it.
    """

    lines: int
    encoding: str
    plain: bool
    trimmed: bool


def survey(path: Path) -> Survey:
    """Raises UploadRefused for what cannot be CSV: NUL bytes, neither encoding, a line without end."""
    for encoding in (UTF_8, GB18030):
        try:
            return _survey(path, encoding)
        except UnicodeDecodeError:
            continue
    raise not_text()


@contextmanager
def surveying(path: Path) -> Iterator[Future[Survey]]:
    """Goes through the file in a thread; what it raises comes with the result, in the language of now."""
    language = translation.get_language()

    def work() -> Survey:
        with translation.override(language):
            return survey(path)

    with ThreadPoolExecutor(1, thread_name_prefix="survey") as pool:
        yield pool.submit(work)


def _survey(path: Path, encoding: str) -> Survey:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines, plain, trimmed, rest, last = 0, True, True, 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            decoder.decode(block)
            if b"\0" in block:
                refuse_nul(block, line=lines + 1 + block[: block.find(b"\0")].count(b"\n"))
            plain = plain and b'"' not in block and b"\\" not in block
            # the very first line has its edge where the file begins
            before = last[-3:] if last else b"\n"
            trimmed = trimmed and not _has_blank_edge(before + (block if last else _without_mark(block)))
            _refuse_long_line(block, rest, lines_before=lines)
            newest = block.rfind(b"\n")
            rest = len(block) - newest - 1 if newest >= 0 else rest + len(block)
            lines, last = lines + block.count(b"\n"), block
    decoder.decode(b"", final=True)
    trimmed = trimmed and encoding == UTF_8 and not last.endswith(b" ")
    return Survey(lines + (not last.endswith(b"\n")), encoding, plain, trimmed)


def _without_mark(block: bytes) -> bytes:
    return block.removeprefix(codecs.BOM_UTF8)


def _has_blank_edge(block: bytes) -> bool:
    # a single byte is found at once, and most files hold none of the four
    if any(blank[:1] in block and blank in block for blank in OTHER_BLANKS):
        return True
    return SPACE_AT_EDGE.search(block) is not None


def _refuse_long_line(block: bytes, rest: int, *, lines_before: int) -> None:
    """`rest` bytes of its first line stand before the block. In steps of the longest line allowed."""
    start = -rest
    while len(block) - start > MAX_LINE_BYTES:
        inside = max(start, 0)
        end = block.rfind(b"\n", inside, start + MAX_LINE_BYTES + 1)
        if end < 0:
            raise UploadRefused(
                _("Line %(line)s is longer than %(most)s bytes. Put each row on a line of its own.")
                % {"line": lines_before + block.count(b"\n", 0, inside) + 1, "most": MAX_LINE_BYTES}
            )
        start = end + 1


def head_of(path: Path, *, rows: int) -> tuple[str, str, list[Cells]]:
    """Encoding as far as the head tells, delimiter, and the first rows with something on them."""
    with path.open("rb") as file:
        content = file.read(BLOCK_BYTES)
    encoding = encoding_of(content)
    text = codecs.getincrementaldecoder(encoding)("strict").decode(content).removeprefix("\ufeff")
    _refuse_long_line(content, 0, lines_before=0)
    if len(content) == BLOCK_BYTES:
        text = text[: text.rfind("\n") + 1]
    filled = [line for line in text.splitlines() if line.strip()][:rows]
    if not filled:
        raise UploadRefused(_("The file has only blank lines. Choose one with rows in it."))
    delimiter = _delimiter(filled)
    # not strict: the Job reads the whole file and names the line that is wrong
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[Cells] = []
    ended = 0
    try:
        while len(found) < rows and (cells := next(reader, None)) is not None:
            ended = reader.line_num
            found += [cells] if cells else []
    except csv.Error as error:
        raise unclosed(ended + 1) from error
    return encoding, delimiter, found


def _delimiter(lines: list[str]) -> str:
    """The one that parts the first line into most columns, as it does with the others; else the comma."""

    def columns(delimiter: str, line: str) -> int:
        return len(next(csv.reader([line], delimiter=delimiter), []))

    def fits(delimiter: str) -> tuple[int, int]:
        first = columns(delimiter, lines[0])
        return (sum(columns(delimiter, line) == first for line in lines) if first > 1 else 0, first)

    return max(DELIMITERS, key=fits)


def read(path: Path, *, encoding: str, delimiter: str) -> Iterator[tuple[int, Cells]]:
    """Each row with the line it ends on, as an editor counts, from 1. Raises UploadRefused."""
    with path.open(encoding="utf-8-sig" if encoding == UTF_8 else encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        ended = 0
        try:
            for cells in reader:
                ended = reader.line_num
                if cells:
                    yield ended, cells
        except csv.Error as error:
            if "field larger than" in str(error) or "unexpected end" in str(error):
                raise unclosed(ended + 1) from error
            raise UploadRefused(
                _("Line %(line)s is not proper CSV (%(error)s). Correct it, then upload the file again.")
                % {"line": reader.line_num, "error": error}
            ) from error


def unclosed(line: int) -> UploadRefused:
    return UploadRefused(
        _("A quotation mark opened on line %(line)s is never closed. Close or remove it, then upload again.")
        % {"line": line}
    )
