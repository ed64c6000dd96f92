"""The Job of the dry run: read, judge and count a file. Nobody becomes part of the list yet.

The judged rows, the counts, the state and the end of the Job are one transaction. A killed worker's next one
starts from the beginning.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from contextlib import nullcontext

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from membership import csv_files, lists, staging, uploads
from membership.columns import VALUE_CHARACTERS, Layout, stored_layout
from membership.file_kinds import XLSX
from membership.models import PeopleList
from merchants import events, jobs
from merchants.models import Job

State = PeopleList.State


def check_list(merchant_id: int, job_id: int) -> None:
    """One run of the Job. Database trouble propagates: the lease runs out and the sweep starts it again."""
    job = jobs.claim(job_id, merchant_id=merchant_id)
    if job is None:
        lists.close_abandoned()
        return
    with translation.override(language_of(job)):
        try:
            _work(job, PeopleList.objects.get(merchant_id=merchant_id, job=job))
        except jobs.LostLease:
            lists.close_abandoned()  # when a person cancelled it; another worker's job is left alone
        except jobs.JobRefused as refusal:
            give_up(job, str(refusal))
        except (ValueError, OSError):
            give_up(job, _("The file could not be read on our side. Upload it again."))
            raise


def language_of(job: Job) -> str:
    return (job.by.language if job.by else "") or settings.LANGUAGE_CODE


def give_up(job: Job, sentence: str) -> None:
    """The file goes with it: what cannot become a list is not kept."""
    people_list = PeopleList.objects.get(job=job)
    try:
        with transaction.atomic():
            jobs.fail(job, error=sentence)
            lists.mark_failed(people_list)
    except jobs.LostLease:
        return
    people_list.refresh_from_db()
    uploads.discard(people_list)


def _work(job: Job, people_list: PeopleList) -> None:
    try:
        staged, total, trimmed = stage(job, people_list)
        problem_file = ""
        try:
            with transaction.atomic():
                found = judge(people_list, staged, trimmed=trimmed)
                problem_file = _write_problems(people_list)
                # the first write to the Job: a person who cancels meanwhile waits for nothing
                jobs.advance(job, done_units=total, total_units=total)
                _move_to_checked(people_list, found, problem_file)
                jobs.finish(job, result=found)
                events.record(
                    "list.checked",
                    merchant=people_list.merchant,
                    by=job.by,
                    mini_program=people_list.mini_program,
                    subject=people_list,
                    detail={"name": people_list.name, **found},
                )
        except BaseException:
            uploads.delete(problem_file)
            raise
    finally:
        _drop_staged()


def stage(job: Job, people_list: PeopleList) -> tuple[Layout, int, bool]:
    """Copies the file in. Returns the staged columns, the number of rows, and whether all are trimmed.

    Raises UploadRefused.
    """
    layout = stored_layout(people_list.layout)
    path = uploads.path_of(people_list.stored_file)
    jobs.advance(job, done_units=0, total_units=None)
    done = 0
    surveying = nullcontext() if layout.kind == XLSX else csv_files.surveying(path)
    with surveying as survey:

        def progress(rows: int) -> None:
            nonlocal done
            done = rows
            known = survey is not None and survey.done() and survey.exception() is None
            total = survey.result().lines - layout.has_header if survey and known else None
            jobs.advance(job, done_units=rows, total_units=total)

        staged = staging.stage(path, layout, survey=survey, progress=progress)
        found = survey.result() if survey else None
    if not done:
        raise jobs.JobRefused(
            _("The file has a header and no rows. Choose a file with one open_id on each line.")
        )
    jobs.advance(job, done_units=done, total_units=done, lease_seconds=30 + done // 10_000)
    return staged, done, found is not None and found.plain and found.trimmed


def judge(people_list: PeopleList, staged: Layout, *, trimmed: bool) -> dict[str, int]:
    """rows = count + malformed + repeated + unknown, and those who would be added stand in `count`."""
    found: Counter[str] = staging.judge(
        people_list.pk, mini_program_id=people_list.mini_program_id, staged=staged, trimmed=trimmed
    )
    added = found["unknown"] if people_list.add_unknown else 0
    return {
        "rows": found.total(),
        "malformed": found["malformed"] + found["too_long"],
        "repeated": found["repeated"],
        "unknown": found["unknown"] - added,
        "count": found[""] + added,
        "added": added,
    }


def _move_to_checked(people_list: PeopleList, found: dict[str, int], problem_file: str) -> None:
    checking = PeopleList.objects.filter(pk=people_list.pk, state=State.CHECKING)
    counts = {name: found[name] for name in ("rows", "malformed", "repeated", "unknown", "count")}
    if not checking.update(state=State.CHECKED, problem_file=problem_file, **counts):
        raise jobs.LostLease(f"list {people_list.pk} is over")


def _write_problems(people_list: PeopleList) -> str:
    """The rows left out, in the order of the file. Returns the name of what it wrote, "" for none."""
    words = {
        "malformed": _("Malformed: an open_id has 8 to 64 letters, digits, - or _"),
        "too_long": _("Malformed: a column that is kept holds more than %(most)s characters")
        % {"most": VALUE_CHARACTERS},
        "repeated": _("Repeated: it stands further up in the file"),
        "unknown": _("Unknown to this mini program"),
    }
    name, written = uploads.new_name(), 0
    header = io.StringIO()
    csv.writer(header).writerow([_("Line"), "open_id", _("Reason")])
    with os.fdopen(uploads.create(name), "wb") as file:
        file.write(header.getvalue().encode("utf-8-sig"))
        for line in staging.problems(adding=people_list.add_unknown, reasons=words):
            file.write(line)
            written += 1
    if written:
        return name
    uploads.delete(name)
    return ""


def _drop_staged() -> None:
    """After database trouble the connection may be gone, and the table with it."""
    if staging.can_speak():
        staging.away()
