"""Doors to the work of this floor; a queue entry is a hint."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from membership import cards, checking, importing, levels, lists, points, proof, uploads
from merchants.enqueue import MerchantTask


@shared_task(name="membership.check_list", base=MerchantTask)
def check_list(merchant_id: int, job_id: int) -> None:
    checking.check_list(merchant_id, job_id)


@shared_task(name="membership.import_list", base=MerchantTask)
def import_list(merchant_id: int, job_id: int) -> None:
    importing.import_list(merchant_id, job_id)


@shared_task(name="membership.forget_customer", base=MerchantTask)
def forget_customer(merchant_id: int, event_id: int) -> None:
    lists.erase_uploads_naming(event_id, at=timezone.now())


@shared_task(name="membership.tidy_lists")
def tidy_lists() -> None:
    """Periodic: lists whose Job ended without them, or nobody decided on; rows and files nobody needs."""
    at = timezone.now()
    lists.close_abandoned()
    lists.close_stale(at=at)
    lists.drop_leftovers()
    uploads.prune(at=at)


@shared_task(name="membership.end_due")
def end_due() -> None:
    at = timezone.now()
    points.expire_due(at=at)
    levels.judge_due(at=at)
    cards.expire_due(at=at)


@shared_task(name="membership.start_proof")
def start_proof() -> None:
    proof.start_due(at=timezone.now())


@shared_task(name="membership.go_on_proof")
def go_on_proof() -> None:
    """Periodic: as long as there is something to look at, at most a minute's worth."""
    proof.go_on_for(seconds=40, at=timezone.now())
