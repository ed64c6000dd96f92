"""A file's rows in the database: copied into a temporary table, judged into a table that waits for the yes.

The temporary table dies with its connection, so a killed worker leaves nothing behind. The judged one (one
per list, unlogged: what a crash takes is judged again) is made in the transaction that moves the list.
Memory does not grow with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

import psycopg
from django.db import connection, transaction
from psycopg import sql

from membership import csv_files, workbooks
from membership.columns import VALUE_CHARACTERS, Layout
from membership.file_kinds import GB18030, UTF_8, XLSX

CHUNK_ROWS = 5_000
SEGMENT_BYTES = 2 * 1024 * 1024
SHOWN_CHARACTERS = 200  # of a malformed value
BLANKS = " \t\r\n\u00a0\u3000\ufeff"
MALFORMED = "[^A-Za-z0-9_-]"
STAGED = sql.Identifier("list_staged")
Progress = Callable[[int], None]

MAKE = """
DROP TABLE IF EXISTS {staged};
DROP SEQUENCE IF EXISTS list_staged_line;
CREATE TEMPORARY SEQUENCE list_staged_line CACHE 1000 MINVALUE 0 START {first_line};
CREATE TEMPORARY TABLE {staged} (line bigint DEFAULT nextval('list_staged_line'), {cells})
"""
AWAY = "DROP TABLE IF EXISTS {staged}; DROP SEQUENCE IF EXISTS list_staged_line"
# One pass and one sort: whoever is known meets their repeats beside themselves, and so does who is not. Of
# those who can be used the table holds the number, not the id.
JUDGE = """
CREATE UNLOGGED TABLE {judged} AS
SELECT line, customer_id, CASE WHEN problem <> '' THEN value END AS value,
    CASE WHEN problem IN ('', 'unknown') THEN kept END AS kept, problem
FROM (
    SELECT line, customer_id, value, kept,
        CASE WHEN customer_id IS NULL
                AND (octet_length(value) NOT BETWEEN 8 AND 64 OR value ~ {malformed}) THEN 'malformed'
            WHEN too_long THEN 'too_long' WHEN nth > 1 THEN 'repeated'
            WHEN customer_id IS NULL THEN 'unknown' ELSE '' END AS problem
    FROM (
    SELECT s.line, c.id AS customer_id, {open_id} AS value, {kept} AS kept, {too_long} AS too_long,
        row_number() OVER (
            PARTITION BY c.id, CASE WHEN c.id IS NULL THEN {open_id} END COLLATE "C" ORDER BY {first}line
        ) AS nth
    FROM {staged} s
    LEFT JOIN membership_customer c
        ON c.mini_program_id = {mini_program} AND c.open_id = {open_id} AND c.forgotten_at IS NULL
    {filled}
    ) joined
    OFFSET 0 -- so that each row is judged once
) judged
"""
COUNT = "SELECT problem, count(*) FROM {judged} GROUP BY problem"
PROBLEMS_OUT = """
COPY (
    SELECT line, left(value, {shown}), problem FROM {judged}
    WHERE problem <> '' AND (problem <> 'unknown' OR NOT {adding}) ORDER BY line
) TO STDOUT
"""
# In the order of the judged table: no sort of a million rows for five of them.
FIRST_JUDGED = """
SELECT c.open_id, j.kept FROM (SELECT * FROM {judged} WHERE problem = '' LIMIT {most}) j
JOIN membership_customer c ON c.id = j.customer_id
"""
JUDGED = "membership_judged_"
IS_THERE = "SELECT to_regclass(%s) IS NOT NULL"
ALL_JUDGED = r"""
SELECT relname FROM pg_class
WHERE relkind = 'r' AND pg_table_is_visible(oid) AND relname ~ '^membership_judged_\d+$'
"""


def judged_table(people_list_id: int) -> sql.Identifier:
    return sql.Identifier(f"{JUDGED}{int(people_list_id)}")


def compose(statement: str, **parts: sql.Composable) -> str:
    connection.ensure_connection()
    return sql.SQL(statement).format(staged=STAGED, **parts).as_string(connection.connection)


def run(statement: str, **parts: sql.Composable) -> int:
    """How many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(compose(statement, **parts))
        return int(cursor.rowcount)


def stage(path: Path, layout: Layout, *, survey: csv_files.Survey | None, progress: Progress) -> Layout:
    """Copies every row in; returns the layout of the staged columns. Raises UploadRefused.

    The server reads the plain CSV that most files are by itself. What it refuses (rows of different
    length, quotation marks, line ends of two kinds) is read by us, who can name the line.
    """
    if survey is not None and survey.plain:
        try:
            _stage_plain(path, layout, encoding=survey.encoding, progress=progress)
        except psycopg.DataError:
            pass
        else:
            return layout
    if layout.kind == XLSX:
        rows = workbooks.read(path)
    else:
        encoding = survey.encoding if survey else layout.encoding
        rows = csv_files.read(path, encoding=encoding, delimiter=layout.delimiter)
    _stage_read(rows, layout, progress=progress)
    return Layout(
        layout.kind,
        layout.encoding,
        layout.delimiter,
        1 + len(layout.kept),
        layout.has_header,
        0,
        list(range(1, 1 + len(layout.kept))),
        layout.names,
    )


def _make(width: int, *, first_line: int) -> None:
    cells = sql.SQL(", ").join(sql.SQL("{} text").format(_cell(number)) for number in range(width))
    run(MAKE, cells=cells, first_line=sql.Literal(first_line))


def _cell(number: int) -> sql.Identifier:
    return sql.Identifier(f"c{number}")


def _stage_plain(path: Path, layout: Layout, *, encoding: str, progress: Progress) -> None:
    """Whole lines go to the server as they stand, some megabytes at a time. Raises psycopg.DataError."""
    _make(layout.width, first_line=2 if layout.has_header else 1)
    statement = compose(
        "COPY {staged} ({cells}) FROM STDIN (FORMAT csv, DELIMITER {delimiter}, ENCODING {encoding})",
        cells=sql.SQL(", ").join(map(_cell, range(layout.width))),
        delimiter=sql.Literal(layout.delimiter),
        encoding=sql.Literal("GB18030" if encoding == GB18030 else "UTF8"),
    )
    lines = 0
    with path.open("rb") as file:
        if encoding == UTF_8 and file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        if layout.has_header:
            while not file.readline().strip():  # blank lines above the header
                raise psycopg.DataError("a blank first line")
        while segment := file.read(SEGMENT_BYTES):
            segment += file.readline()
            with transaction.atomic(), connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(segment)
            lines += segment.count(b"\n") + (not segment.endswith(b"\n"))
            progress(lines)


def _stage_read(rows: Iterator[tuple[int, list[str]]], layout: Layout, *, progress: Progress) -> None:
    wanted = [layout.open_id, *layout.kept]
    _make(len(wanted), first_line=1)
    statement = compose("COPY {staged} FROM STDIN")
    if layout.has_header:
        next(rows, None)
    staged = 0
    while chunk := list(islice(rows, CHUNK_ROWS)):
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for line, cells in chunk:
                copy.write_row([line, *(cells[at] if at < len(cells) else "" for at in wanted)])
        staged += len(chunk)
        progress(staged)


def judge(people_list_id: int, *, mini_program_id: int, staged: Layout, trimmed: bool) -> Counter[str]:
    """In the caller's transaction. Rows by what is wrong with them, "" for those that can be used.

    `trimmed`: no value has blanks around it; looking for them would be most of the time.
    """
    judged = judged_table(people_list_id)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
    kept = [_value(at, trimmed=trimmed) for at in staged.kept]
    too_long = _too_long(kept)
    run("DROP TABLE IF EXISTS {judged}", judged=judged)
    run(
        JUDGE,
        judged=judged,
        kept=_kept(kept),
        open_id=_value(staged.open_id, trimmed=trimmed),
        malformed=sql.Literal(MALFORMED),
        too_long=too_long,
        first=sql.SQL("{}, ").format(too_long) if kept else sql.SQL(""),  # a row that can be used comes first
        mini_program=sql.Literal(mini_program_id),
        filled=sql.SQL("WHERE c0 IS NOT NULL" if staged.width == 1 else ""),
    )
    with connection.cursor() as cursor:
        cursor.execute(compose(COUNT, judged=judged))
        return Counter(dict(cursor.fetchall()))


def _value(at: int, *, trimmed: bool) -> sql.Composed:
    """A cell without the blanks around it; never NULL."""
    if trimmed:
        return sql.SQL("coalesce({}, '')").format(_cell(at))
    return sql.SQL("btrim(coalesce({}, ''), {})").format(_cell(at), sql.Literal(BLANKS))


def _too_long(cells: list[sql.Composed]) -> sql.Composable:
    """Bytes first: they are known without counting."""
    if not cells:
        return sql.SQL("false")
    most = sql.Literal(VALUE_CHARACTERS)
    each = [
        sql.SQL("octet_length({cell}) > {most} AND length({cell}) > {most}").format(cell=cell, most=most)
        for cell in cells
    ]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(each))


def _kept(cells: list[sql.Composed]) -> sql.Composable:
    if not cells:
        return sql.SQL("NULL::text[]")
    return sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(cells))


def problems(people_list_id: int, *, adding: bool) -> Iterator[tuple[str, str, str]]:
    """Line, value and problem of each row left out, in the order of the file."""
    statement = compose(
        PROBLEMS_OUT,
        judged=judged_table(people_list_id),
        shown=sql.Literal(SHOWN_CHARACTERS),
        adding=sql.Literal(adding),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line, value, problem in copy.rows():
            yield line, value or "", problem


def away() -> None:
    """Drops the temporary table. The judged one stays until the list moves on."""
    run(AWAY)


def drop_judged(people_list_id: int) -> None:
    run("DROP TABLE IF EXISTS {judged}", judged=judged_table(people_list_id))


def judged_rows(people_list_id: int) -> int:
    """0 when there is no table, or when a crash of the database emptied it."""
    with connection.cursor() as cursor:
        cursor.execute(IS_THERE, [f"{JUDGED}{int(people_list_id)}"])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(compose("SELECT count(*) FROM {judged}", judged=judged_table(people_list_id)))
        return int(cursor.fetchone()[0])


def first_judged(people_list_id: int, *, most: int) -> list[tuple[str | None, list[str] | None]]:
    """open_id and kept values of the first usable rows; none when the table is gone."""
    if not judged_rows(people_list_id):
        return []
    with connection.cursor() as cursor:
        cursor.execute(compose(FIRST_JUDGED, judged=judged_table(people_list_id), most=sql.Literal(most)))
        return cursor.fetchall()


def forget(people_list_id: int, customer_id: int) -> bool:
    """Erases what a judged table holds of a person beside their number. False when they are not in it."""
    if not judged_rows(people_list_id):
        return False
    statement = "UPDATE {judged} SET kept = NULL WHERE customer_id = {customer}"
    return bool(run(statement, judged=judged_table(people_list_id), customer=sql.Literal(customer_id)))


def drop_leftovers(still_needed: Collection[int]) -> int:
    """Drops the judged tables of all other lists. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(ALL_JUDGED)
        found = [int(name.removeprefix(JUDGED)) for (name,) in cursor.fetchall()]
    leftovers = [people_list_id for people_list_id in found if people_list_id not in still_needed]
    for people_list_id in leftovers:
        drop_judged(people_list_id)
    return len(leftovers)


def can_speak() -> bool:
    """False after database trouble: the connection, or the transaction around us, is lost."""
    raw = connection.connection
    return raw is not None and not raw.closed and not connection.needs_rollback
