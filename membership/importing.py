"""The Job that fills a list from its file: read, judge, then everything in one transaction.

Rows go by COPY into temporary tables of this connection, so a killed worker leaves nothing behind and the
next one starts from the beginning. Entries, counts, hash, state and the end of the Job are one transaction:
a list is empty or complete. Memory does not grow with the file.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from membership import lists, uploads
from membership.customers import is_open_id
from membership.models import PeopleList
from merchants import events, jobs
from merchants.models import Job

CHUNK_ROWS = 5_000
SHOWN_CHARACTERS = 200  # of a malformed value

AWAY = "DROP TABLE IF EXISTS list_import_row, list_import_judged"
MAKE = "CREATE TEMPORARY TABLE list_import_row (line bigint, value text, well_formed boolean)"
COPY_IN = "COPY list_import_row (line, value, well_formed) FROM STDIN"
JUDGE = """
CREATE TEMPORARY TABLE list_import_judged AS
SELECT r.line, r.value, c.id AS customer_id,
    CASE WHEN NOT r.well_formed THEN 'malformed'
        WHEN row_number() OVER (PARTITION BY r.well_formed, r.value ORDER BY r.line) > 1 THEN 'repeated'
        WHEN c.id IS NULL THEN 'unknown'
        ELSE '' END AS problem
FROM list_import_row r
LEFT JOIN membership_customer c
    ON r.well_formed AND c.mini_program_id = %(mini_program)s AND c.open_id = r.value
        AND c.forgotten_at IS NULL
"""
COUNT = "SELECT problem, count(*) FROM list_import_judged GROUP BY problem"
PROBLEMS_OUT = """
COPY (SELECT line, value, problem FROM list_import_judged
    WHERE problem <> '' AND (problem <> 'unknown' OR NOT {adding}) ORDER BY line) TO STDOUT
"""
ADD_CUSTOMERS = """
INSERT INTO membership_customer (merchant_id, mini_program_id, open_id, source)
SELECT %(merchant)s, %(mini_program)s, value, 'upload' FROM list_import_judged
WHERE problem = 'unknown' ORDER BY value
ON CONFLICT DO NOTHING
"""
LEARN_CUSTOMERS = """
UPDATE list_import_judged j SET problem = '', customer_id = c.id
FROM membership_customer c
WHERE j.problem = 'unknown' AND c.mini_program_id = %(mini_program)s AND c.open_id = j.value
"""
ADD_ENTRIES = """
INSERT INTO membership_peoplelistentry (people_list_id, customer_id)
SELECT %(people_list)s, customer_id FROM list_import_judged WHERE problem = ''
"""
IDS_OUT = """
COPY (SELECT customer_id FROM membership_peoplelistentry
    WHERE people_list_id = {people_list} ORDER BY customer_id) TO STDOUT
"""


def import_list(merchant_id: int, job_id: int) -> None:
    """One run of the Job. Database trouble propagates: the lease runs out and the sweep starts it again."""
    job = jobs.claim(job_id, merchant_id=merchant_id)
    if job is None:
        lists.close_abandoned()
        return
    language = (job.by.language if job.by else "") or settings.LANGUAGE_CODE
    with translation.override(language):
        try:
            _work(job, PeopleList.objects.get(merchant_id=merchant_id, job=job))
        except jobs.LostLease:
            lists.close_abandoned()  # when a person cancelled it; another worker's job is left alone
        except jobs.JobRefused as refusal:
            _give_up(job, str(refusal))
        except (ValueError, OSError):
            _give_up(job, _("The file could not be read on our side. Upload it again."))
            raise


def _give_up(job: Job, sentence: str) -> None:
    try:
        with transaction.atomic():
            jobs.fail(job, error=sentence)
            lists.mark_failed(PeopleList.objects.get(job=job))
    except jobs.LostLease:
        return


def _work(job: Job, people_list: PeopleList) -> None:
    total = uploads.count_lines(people_list.stored_file)
    jobs.advance(job, done_units=0, total_units=total)
    _run(AWAY)
    try:
        _run(MAKE)
        rows = _stage(job, uploads.read_rows(people_list.stored_file))
        if not rows:
            raise jobs.JobRefused(
                _("The file has a header and no rows. Choose a file with one open_id on each line.")
            )
        _run("ANALYZE list_import_row")
        _run(JUDGE, {"mini_program": people_list.mini_program_id})
        jobs.advance(job, done_units=rows, total_units=rows)
        _move_to_importing(people_list)
        problem_file = _write_problems(people_list)
        _complete(job, people_list, rows=rows, problem_file=problem_file)
        _run(AWAY)
    except (jobs.LostLease, jobs.JobRefused, ValueError, OSError):
        _run(AWAY)
        raise


def _stage(job: Job, rows: Iterator[uploads.Row]) -> int:
    """Copies the rows in by chunks; each tells progress and renews the lease. Returns how many."""
    staged = 0
    while chunk := list(islice(rows, CHUNK_ROWS)):
        with connection.cursor() as cursor, cursor.copy(COPY_IN) as copy:
            copy.write("".join(map(_staged_line, chunk)))
        staged += len(chunk)
        jobs.advance(job, done_units=staged)
    return staged


def _staged_line(row: uploads.Row) -> str:
    """One line of COPY's text format. A well-formed id holds nothing that needs escaping there."""
    if is_open_id(row.value):
        return f"{row.line}\t{row.value}\tt\n"
    shown = row.value[:SHOWN_CHARACTERS].replace("\\", "\\\\")
    return "{}\t{}\tf\n".format(
        row.line, shown.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    )


def _write_problems(people_list: PeopleList) -> str:
    """The rows left out, in the order of the file. Returns the name of what it wrote, "" for none."""
    words = {
        "malformed": _("Malformed: an open_id has 8 to 64 letters, digits, - or _"),
        "repeated": _("Repeated: it stands further up in the file"),
        "unknown": _("Unknown to this mini program"),
    }
    statement = PROBLEMS_OUT.format(adding="true" if people_list.add_unknown else "false")
    name, written = uploads.new_name(), 0
    with os.fdopen(uploads.create(name), "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_("Line"), "open_id", _("Reason")])
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for line, value, problem in copy.rows():
                writer.writerow([line, uploads.safe_against_formulas(value or ""), words[problem]])
                written += 1
    if written:
        return name
    uploads.delete(name)
    return ""


def _complete(job: Job, people_list: PeopleList, *, rows: int, problem_file: str) -> None:
    """All that the Job changes, at once. The first statement locks the Job: nobody can take it over now."""
    try:
        with transaction.atomic():
            jobs.advance(job, done_units=rows)
            added = _add_unknown(people_list) if people_list.add_unknown else 0
            found = _counts()
            _run(ADD_ENTRIES, {"people_list": people_list.pk})
            result = {**found, "added": added}
            _move_to_ready(people_list, found, problem_file)
            jobs.finish(job, result=result)
            events.record(
                "list.ready",
                merchant=people_list.merchant,
                by=job.by,
                mini_program=people_list.mini_program,
                subject=people_list,
                detail={"name": people_list.name, **result},
            )
    except BaseException:
        uploads.delete(problem_file)
        raise


def _add_unknown(people_list: PeopleList) -> int:
    whose = {"merchant": people_list.merchant_id, "mini_program": people_list.mini_program_id}
    added = _run(ADD_CUSTOMERS, whose)
    _run(LEARN_CUSTOMERS, whose)
    return added


def _move_to_importing(people_list: PeopleList) -> None:
    rows = PeopleList.objects.filter(pk=people_list.pk, state__in=lists.OPEN_STATES)
    if not rows.update(state=PeopleList.State.IMPORTING):
        raise jobs.LostLease(f"list {people_list.pk} is over")


def _move_to_ready(people_list: PeopleList, found: dict[str, int], problem_file: str) -> None:
    importing = PeopleList.objects.filter(pk=people_list.pk, state=PeopleList.State.IMPORTING)
    if not importing.update(
        state=PeopleList.State.READY, problem_file=problem_file, hash=_hash(people_list.pk), **found
    ):
        raise jobs.LostLease(f"list {people_list.pk} is over")


def _counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        by_problem: Counter[str] = Counter(dict(cursor.fetchall()))
    return {
        "rows": by_problem.total(),
        "malformed": by_problem["malformed"],
        "repeated": by_problem["repeated"],
        "unknown": by_problem["unknown"],
        "count": by_problem[""],
    }


def _hash(people_list_id: int) -> str:
    """SHA-256 over the customer ids in ascending order, each in decimal and followed by a line feed."""
    digest = hashlib.sha256()
    statement = IDS_OUT.format(people_list=int(people_list_id))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            digest.update(block)
    return digest.hexdigest()


def _run(statement: str, parameters: dict[str, Any] | Sequence[Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
