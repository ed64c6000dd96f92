"""The Job that takes the rows of a file over, chunk by chunk, each of them once.

The orders of a chunk, the counts, the place in the file and the lease of the Job are one transaction. A
worker that was killed leaves whole chunks behind, and the next one goes on after them; one that only slept
finds its lease gone and keeps nothing. So no row is handed in twice, and no repeat is counted that the file
does not hold. The numbers of repeats that stand on a change are written right after that transaction, as the
intake does: a worker killed in between leaves them too low, never too high.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from membership import uploads
from merchants import jobs
from merchants.models import Job
from orders.importing import files
from orders.importing.checking import run
from orders.importing.chunks import chunks_of, judged, orders_of
from orders.importing.columns import stored_layout
from orders.importing.problems import ProblemFile
from orders.importing.rows import Read
from orders.importing.tally import Tally, stored_tally
from orders.intake import Received, receive_orders
from orders.models import NamedInImport, OrderImport, Source

State = OrderImport.State
SKIP_LEASE_SECONDS = 120  # for going over the rows that were taken before


def import_orders(merchant_id: int, job_id: int) -> None:
    run(merchant_id, job_id, _work)


def _work(job: Job, of: OrderImport) -> None:
    layout = stored_layout(of.layout)
    jobs.advance(job, done_units=of.taken_rows, lease_seconds=SKIP_LEASE_SECONDS)
    problems = ProblemFile(layout, go_on=of.problem_file, finished_bytes=of.problem_bytes)
    before = of.problem_file
    try:
        taking = _Taking(job, of, problems)
        for chunk in chunks_of(of, layout, behind=of.taken_rows):
            taking.take(chunk)
        taking.finish()
    finally:
        problems.close()
        kept = OrderImport.objects.filter(pk=of.pk).values_list("problem_file", flat=True).first()
        for name in {before, problems.name} - {kept}:
            uploads.delete(name)


class _Taking:
    """`tally`: of the rows whose transactions are through."""

    def __init__(self, job: Job, of: OrderImport, problems: ProblemFile) -> None:
        self.job, self.of, self.problems = job, of, problems
        self.tally = stored_tally(of.outcome) if of.outcome else Tally()
        self.size = problems.bytes

    def take(self, chunk: list[Read]) -> None:
        done = (self.tally, self.size)

        def also(answers: list[Received]) -> None:
            nonlocal done
            pairs = judged(chunk, answers)
            done = (self.tally.plus(pairs), self.problems.write(pairs, behind=self.size))
            self._keep(*done)

        receive_orders(self.of.mini_program, orders_of(chunk), source=Source.FILE, also=also)
        self.tally, self.size = done

    def _keep(self, tally: Tally, size: int) -> None:
        """In the transaction of the chunk. Raises LostLease."""
        jobs.advance(self.job, done_units=tally.rows)
        here = OrderImport.objects.filter(pk=self.of.pk, state=State.IMPORTING, taken_rows=self.tally.rows)
        if not here.update(
            taken_rows=tally.rows,
            outcome=tally.stored(),
            problem_file=self.problems.name,
            problem_bytes=size,
        ):
            raise jobs.LostLease(f"{self.of!r} is over")

    def finish(self) -> None:
        """The file goes: whatever it says of people stands in the orders now."""
        tally = self.tally
        with transaction.atomic():
            jobs.advance(self.job, done_units=tally.rows, total_units=tally.rows)
            importing = OrderImport.objects.filter(
                pk=self.of.pk, state=State.IMPORTING, taken_rows=tally.rows
            )
            changes = {} if tally.refused or tally.lacking_rows else {"problem_file": ""}
            if not importing.update(
                state=State.DONE, outcome=tally.stored(), stored_file="", ended_at=Now(), **changes
            ):
                raise jobs.LostLease(f"{self.of!r} is over")
            NamedInImport.objects.filter(order_import=self.of).delete()
            jobs.finish(self.job, result={"rows": tally.rows})
            self.of.outcome = tally.stored()
            files.record("orders.imported", self.of, by=self.job.by, **files.counts_of(self.of))
        uploads.delete(self.of.stored_file)
