"""The rows of a file that were refused or send no message: line, order, column, sentence, as a CSV."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from membership import uploads
from orders.importing.columns import Layout
from orders.importing.rows import Read
from orders.intake import Received


class ProblemFile:
    """Written chunk by chunk; a chunk that is written again stands there once.

    Each writer has a file of its own, which begins as a copy of what its forerunner finished: a worker that
    was thought dead spoils nothing.
    """

    def __init__(self, layout: Layout, *, go_on: str = "", finished_bytes: int = 0) -> None:
        self.layout, self.name = layout, uploads.new_name()
        self._file = os.fdopen(uploads.create(self.name), "wb")
        before = uploads.path_of(go_on) if go_on else None
        if before is not None and before.is_file():
            with before.open("rb") as old:
                while finished_bytes > 0 and (block := old.read(min(finished_bytes, uploads.BLOCK_BYTES))):
                    self._file.write(block)
                    finished_bytes -= len(block)
        else:
            head = [_("Line"), _("Order number"), _("Column"), _("What happens"), _("What is wrong")]
            self._file.write(_lines([head]).encode("utf-8-sig"))
        self.bytes = self._file.tell()

    def write(self, judged: Iterable[tuple[Read, Received]], *, behind: int) -> int:
        """Puts them behind that many bytes, on disk when this returns. Returns the bytes there are then."""
        self._file.seek(behind)
        self._file.truncate()
        for read, answer in judged:
            self._file.write(_lines(self._rows(read, answer)).encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        self._file.close()

    def discard(self) -> None:
        self.close()
        uploads.delete(self.name)

    def _rows(self, read: Read, answer: Received) -> Iterator[list[str]]:
        if answer.outcome == "refused":
            for target, sentence in answer.fields.items():
                yield [str(read.line), read.number, self._column(target), _("Refused"), sentence]
        elif answer.lacking:
            names = ", ".join(self.layout.header_of(f"fields.{key}") for key in answer.lacking)
            sentence = _("The message of this status needs it: without it none is sent.")
            yield [str(read.line), read.number, names, _("Taken, but no message is sent"), sentence]

    def _column(self, target: str) -> str:
        """As the file calls it: the intake knows amounts in fen only."""
        if target in self.layout.targets:
            return self.layout.header_of(target)
        return self.layout.header_of(target.replace("_fen", "_yuan")) if target.endswith("_fen") else target


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([uploads.safe_against_formulas(cell) for cell in row])
    return text.getvalue()
