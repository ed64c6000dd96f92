"""What the tests of order files share: a folder of their own, chosen scenes, a file through its Jobs."""

import csv
import io
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import override_settings
from openpyxl import Workbook

from membership import uploads
from merchants.models import Job
from orders.importing import checking, files, running
from orders.importing.tally import Tally, stored_tally
from orders.models import ChosenScene, OrderImport
from tests.base import CastCase, CommittedCastCase

HEADER = ("out_biz_no", "open_id", "page", "order_created_at", "status", "order_modified_time", "total_rent")
PAGE, CREATED = "pages/order/detail", "2026-03-01 09:00:00"


def row(
    number: str = "R1", status: str = "", at: str = "", rent: str = "897.00", **changes: str
) -> list[str]:
    """One line below HEADER."""
    cells = {
        "out_biz_no": number,
        "open_id": f"buyer-{number:0>8}",
        "page": PAGE,
        "order_created_at": CREATED,
        "status": status,
        "order_modified_time": f"2026-03-01 {at}" if at else "",
        "total_rent": rent,
        **changes,
    }
    return [cells[name] for name in HEADER]


def as_csv(rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def as_xlsx(rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER) -> bytes:
    book, content = Workbook(), io.BytesIO()
    for cells in [header, *rows]:
        book.active.append(list(cells))
    book.save(content)
    return content.getvalue()


class _Files:
    """Beside CastCase or CommittedCastCase."""

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        folder = tempfile.TemporaryDirectory(prefix="uploads-")
        self.addCleanup(folder.cleanup)  # type: ignore[attr-defined]
        self.uploads = Path(folder.name)
        chosen = override_settings(MEDIA_ROOT=self.uploads)
        chosen.enable()
        self.addCleanup(chosen.disable)  # type: ignore[attr-defined]
        for scene in ("online_rental", "recycling"):
            ChosenScene.objects.create(merchant=self.yunduo, mini_program=self.mini_program, scene=scene)  # type: ignore[attr-defined]

    def receive(self, content: bytes, **changes: Any) -> OrderImport:
        given = {
            "mini_program": self.mini_program,  # type: ignore[attr-defined]
            "scene": "online_rental",
            "file": io.BytesIO(content),
            "file_name": "orders.csv",
            "by": self.operator,  # type: ignore[attr-defined]
            "form_token": uuid.uuid4(),
            **changes,
        }
        return files.receive(**given)

    def check(self, content: bytes, **changes: Any) -> OrderImport:
        """Received and gone through by its dry run."""
        made = self.receive(content, **changes)
        checking.check_import(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        return made

    def run_import(self, made: OrderImport) -> OrderImport:
        assert files.start_import(made, by=self.operator)  # type: ignore[attr-defined]
        running.import_orders(made.merchant_id, made.job_id or 0)
        made.refresh_from_db()
        return made

    def take(self, content: bytes, **changes: Any) -> OrderImport:
        return self.run_import(self.check(content, **changes))

    def problems(self, made: OrderImport) -> list[list[str]]:
        """Below their header."""
        text = uploads.path_of(made.problem_file).read_text("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))[1:]


class FileCase(_Files, CastCase):
    pass


class CommittedFileCase(_Files, CommittedCastCase):
    pass


def expected(made: OrderImport) -> Tally:
    return stored_tally(made.expected)


def outcome(made: OrderImport) -> Tally:
    return stored_tally(made.outcome)


def counts(tally: Tally, **wanted: int) -> Mapping[str, int]:
    """Of those that are wanted."""
    return {name: getattr(tally, name) for name in wanted}


BLOW = """
CREATE OR REPLACE FUNCTION blow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does} RETURN NEW; END $$;
CREATE TRIGGER blow BEFORE INSERT ON {table} FOR EACH ROW {when} EXECUTE FUNCTION blow()
"""
STEAL = "UPDATE merchants_job SET token = gen_random_uuid(), lease_until = now() - interval '1 minute';"
BREAK = "RAISE EXCEPTION 'the server went away';"


@contextmanager
def blow(table: str, does: str, *, when: str = "") -> Iterator[None]:
    """The database itself strikes when such a row comes: a worker dies there, or its lease is gone."""
    with connection.cursor() as cursor:
        cursor.execute(BLOW.format(table=table, does=does, when=when and f"WHEN ({when})"))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER blow ON {table}")


def job_of(made: OrderImport) -> Job:
    assert made.job is not None
    return made.job
