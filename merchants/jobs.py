"""Whatever a person waits for: a row they can watch, which survives reloads, lost queues and dead workers.

States: queued -> running -> done | failed | cancelled; running -> queued when its worker died (lease over).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from merchants.enqueue import enqueue
from merchants.models import Job

if TYPE_CHECKING:
    from merchants.models import Merchant, User

LEASE_SECONDS = 30
MAX_ATTEMPTS = 5


class LostLease(Exception):
    """Somebody else has this job now, or it was cancelled: stop and write nothing more."""


def start(
    kind: str,
    *,
    merchant: Merchant,
    by: User | None,
    title: str,
    arguments: dict[str, Any],
    total_units: int | None = None,
) -> Job:
    job: Job = Job.objects.create(
        merchant=merchant, kind=kind, title=title, by=by, arguments=arguments, total_units=total_units
    )
    enqueue(kind, merchant.pk, job.pk)
    return job


def claim(job_id: int, *, merchant_id: int) -> Job | None:
    """The job under a fresh token, or None if it is over or another worker holds it."""
    with transaction.atomic():
        rows = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id, merchant_id=merchant_id)
        free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=Now())
        job: Job | None = rows.filter(free).first()
        if job is None:
            return None
        job.token = uuid.uuid4()
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.RUNNING,
            token=job.token,
            lease_until=Now() + timedelta(seconds=LEASE_SECONDS),
            attempts=models.F("attempts") + 1,
            started_at=models.functions.Coalesce("started_at", Now()),
        )
    job.refresh_from_db()
    return job


def advance(
    job: Job, *, done_units: int, total_units: int | None = None, lease_seconds: int = LEASE_SECONDS
) -> None:
    """Tells progress and renews the lease. Raises LostLease when the job was cancelled or taken over.

    `lease_seconds` is longer before a statement that takes its time and cannot tell of itself.
    """
    changes: dict[str, Any] = {
        "done_units": done_units,
        "lease_until": Now() + timedelta(seconds=lease_seconds),
    }
    if total_units is not None:
        changes["total_units"] = total_units
    if not Job.objects.filter(pk=job.pk, token=job.token, state=Job.State.RUNNING).update(**changes):
        raise LostLease(f"job {job.pk}")


def finish(job: Job, *, result: dict[str, Any]) -> None:
    """In the caller's transaction, so that the result and the work are one. Raises LostLease."""
    _close(job, state=Job.State.DONE, result=result, error="")


def fail(job: Job, *, error: str) -> None:
    """`error` is a sentence for the person who started it."""
    _close(job, state=Job.State.FAILED, result=job.result, error=error[:400])


def _close(job: Job, *, state: str, result: dict[str, Any], error: str) -> None:
    open_row = Job.objects.filter(pk=job.pk, token=job.token, state=Job.State.RUNNING)
    if not open_row.update(state=state, result=result, error=error, finished_at=Now(), lease_until=None):
        raise LostLease(f"job {job.pk}")


def cancel(job: Job) -> bool:
    """False when it was already over."""
    open_row = Job.objects.filter(pk=job.pk, state__in=[Job.State.QUEUED, Job.State.RUNNING])
    return bool(open_row.update(state=Job.State.CANCELLED, finished_at=Now(), lease_until=None))


def run(merchant_id: int, job_id: int, work: Callable[[Job], dict[str, Any]], *, broken: str) -> None:
    """Claims, works, finishes. `work` returns the result; `broken` is the sentence shown if it raises.

    A lost lease ends quietly: the other holder goes on. Database trouble propagates; the sweep tries again.
    """
    job = claim(job_id, merchant_id=merchant_id)
    if job is None:
        return
    try:
        result = work(job)
        finish(job, result=result)
    except LostLease:
        return
    except JobRefused as refusal:
        fail(job, error=str(refusal))
    except (ValueError, OSError):
        fail(job, error=broken)
        raise


class JobRefused(Exception):
    """The work cannot be done; the message tells the person what to do."""


def sweep_jobs(*, at: datetime) -> int:
    """Hints again for jobs whose hint or worker was lost; gives up after MAX_ATTEMPTS. Returns how many."""
    lost = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=Now())
    stale = Job.objects.filter(lost, hinted_at__lt=at - timedelta(seconds=10))
    Job.objects.filter(lost, attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        error=str(
            _("It stopped five times without an answer. Start it again, or tell whoever runs this console.")
        ),
        finished_at=Now(),
        lease_until=None,
    )
    hinted = 0
    for job in stale.filter(attempts__lt=MAX_ATTEMPTS).order_by("hinted_at")[:200]:
        if Job.objects.filter(pk=job.pk, hinted_at=job.hinted_at).update(hinted_at=at):
            enqueue(job.kind, job.merchant_id, job.pk)
            hinted += 1
    return hinted
