"""The Job of the dry run: every row read and judged, no order touched. After a killed worker it begins anew.

Chunks are judged one after the other, and each sees what those before would have kept (see trial): the same
rows give the same answers as the import, unless orders change in between.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from membership import csv_files, customers, uploads
from membership.file_kinds import XLSX
from merchants import jobs
from merchants.models import Job
from orders.importing import files
from orders.importing.chunks import chunks_of, judged, language_of, orders_of
from orders.importing.columns import Layout, stored_layout
from orders.importing.problems import ProblemFile
from orders.importing.rows import Read
from orders.importing.tally import Tally
from orders.importing.trial import Trial
from orders.intake import preview_orders
from orders.models import NamedInImport, OrderImport, Source

State = OrderImport.State
SURVEY_LEASE_SECONDS = 120  # a file of the largest size is gone through in a few


def check_import(merchant_id: int, job_id: int) -> None:
    run(merchant_id, job_id, _work)


def run(merchant_id: int, job_id: int, work: Callable[[Job, OrderImport], None]) -> None:
    """One run of a Job of an import, in the language of who started it. Database trouble propagates: the
    lease runs out and the sweep starts it again."""
    job = jobs.claim(job_id, merchant_id=merchant_id)
    if job is None:
        files.close_abandoned()
        return
    of = OrderImport.objects.select_related("merchant", "mini_program").get(merchant_id=merchant_id, job=job)
    with translation.override(language_of(job)):
        try:
            work(job, of)
        except jobs.LostLease:
            files.close_abandoned()  # when a person cancelled it; another worker's job is left alone
        except jobs.JobRefused as refusal:
            give_up(job, of, str(refusal))
        except (ValueError, OSError):
            give_up(job, of, _("The file could not be read on our side. Upload it again."))
            raise


def give_up(job: Job, of: OrderImport, sentence: str) -> None:
    try:
        with transaction.atomic():
            jobs.fail(job, error=sentence)
            files.end(of, OrderImport.Ending.BROKEN)
    except jobs.LostLease:
        files.close_abandoned()


def _work(job: Job, of: OrderImport) -> None:
    layout, lines = _surveyed(job, of)
    problems, tally = ProblemFile(layout), Tally()
    try:
        size = problems.bytes
        with Trial(of.mini_program) as trial:
            for chunk in chunks_of(of, layout):
                answers = preview_orders(of.mini_program, orders_of(chunk), source=Source.FILE, earlier=trial)
                pairs = judged(chunk, answers)
                tally = tally.plus(pairs)
                size = problems.write(pairs, behind=size)
                _remember_who_is_named(of, chunk)
                jobs.advance(job, done_units=tally.rows, total_units=lines)
        problems.close()
        if not tally.rows:
            raise jobs.JobRefused(_("The file has a header and no rows. Add a row for each order."))
        _move_to_checked(job, of, layout, tally, problems)
    except BaseException:
        problems.discard()
        raise
    if size == problems.bytes:
        problems.discard()


def _surveyed(job: Job, of: OrderImport) -> tuple[Layout, int | None]:
    """The layout with the encoding all of the file has, and its rows as far as they can be told.

    Raises UploadRefused.
    """
    layout = stored_layout(of.layout)
    jobs.advance(job, done_units=0, lease_seconds=SURVEY_LEASE_SECONDS)
    if layout.kind == XLSX:
        return layout, None
    found = csv_files.survey(uploads.path_of(of.stored_file))
    return dataclasses.replace(layout, encoding=found.encoding), max(0, found.lines - 1)


def _remember_who_is_named(of: OrderImport, chunk: list[Read]) -> None:
    """Only the known: whoever becomes known later is told by the time of that."""
    known = customers.known(of.mini_program, {read.open_id for read in chunk if read.open_id})
    NamedInImport.objects.bulk_create(
        [NamedInImport(order_import=of, customer_id=pk) for pk in sorted(set(known.values()))],
        ignore_conflicts=True,
    )


def _move_to_checked(job: Job, of: OrderImport, layout: Layout, tally: Tally, problems: ProblemFile) -> None:
    has_problems = tally.refused or tally.lacking_rows
    with transaction.atomic():
        jobs.advance(job, done_units=tally.rows, total_units=tally.rows)
        checking = OrderImport.objects.filter(pk=of.pk, state=State.CHECKING)
        changes = {
            "layout": layout.stored(),
            "expected": tally.stored(),
            "problem_file": problems.name if has_problems else "",
        }
        if not checking.update(state=State.CHECKED, **changes):
            raise jobs.LostLease(f"{of!r} is over")
        jobs.finish(job, result={"rows": tally.rows})
        counts = ("rows", "created", "updated", "unchanged", "refused")
        files.record("orders.file_checked", of, by=job.by, **{name: getattr(tally, name) for name in counts})
