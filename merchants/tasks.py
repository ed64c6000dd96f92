"""Doors from the queue to the operations of this floor. Periodic ones take no argument."""

from celery import current_app, shared_task
from django.utils import timezone

from merchants import authorisation, calls, events, inbox, jobs, partitions, staff
from merchants.enqueue import MerchantTask


@shared_task(name="merchants.send_call", base=MerchantTask)
def send_call(merchant_id: int, call_id: int) -> None:
    calls.send_call(call_id, merchant_id=merchant_id, hand_over=_settle_here)


def _settle_here(task_name: str, merchant_id: int, call_id: int) -> None:
    """At once and in this process: a second turn of the queue would cost as much as the call."""
    current_app.tasks[task_name](merchant_id, call_id)


@shared_task(name="merchants.take_authorisation", base=MerchantTask)
def take_authorisation(merchant_id: int, notice_id: int) -> None:
    authorisation.take_notice(notice_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="merchants.refresh_authorisations")
def refresh_authorisations() -> None:
    authorisation.refresh_due(at=timezone.now())


@shared_task(name="merchants.sweep_calls")
def sweep_calls() -> None:
    calls.sweep_calls(at=timezone.now())


@shared_task(name="merchants.sweep_dispatches")
def sweep_dispatches() -> None:
    events.sweep_dispatches(at=timezone.now())


@shared_task(name="merchants.sweep_notices")
def sweep_notices() -> None:
    inbox.sweep_notices(at=timezone.now())


@shared_task(name="merchants.sweep_jobs")
def sweep_jobs() -> None:
    jobs.sweep_jobs(at=timezone.now())


@shared_task(name="merchants.make_partitions")
def make_partitions() -> None:
    partitions.ensure_all(at=timezone.now())


@shared_task(name="merchants.prune")
def prune() -> None:
    at = timezone.now()
    for old in (events.prune_dispatches, calls.prune_bodies, inbox.prune_notices, staff.prune_sessions):
        old(at=at)
