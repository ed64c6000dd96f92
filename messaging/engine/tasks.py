"""Doors from the queue into the engine. Every task is safe to run twice, and harmless when it is lost."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from merchants.enqueue import MerchantTask, hint
from messaging.engine import months, reap, reconcile, retry, schedule, slot, start

HINT_SECONDS = 5


@shared_task(name="engine.slot")
def run_slot() -> None:
    """Works a few seconds and asks for another turn; a hint that found no work is not repeated."""
    if slot.work(seconds=settings.ENGINE_SLOT_SECONDS):
        hint("engine.slot", expires_seconds=HINT_SECONDS)


@shared_task(name="messaging.hint_engine")
def hint_engine() -> None:
    if slot.has_work():
        hint("engine.slot", expires_seconds=HINT_SECONDS)


@shared_task(name="messaging.start_due_sends")
def start_due_sends() -> None:
    start.start_due()


@shared_task(name="messaging.advance_sends")
def advance_sends() -> None:
    schedule.advance()


@shared_task(name="messaging.prepare_send", base=MerchantTask)
def prepare_send(merchant_id: int, control_id: int) -> None:
    schedule.prepare(merchant_id, control_id)


@shared_task(name="messaging.reap_deliveries")
def reap_deliveries() -> None:
    reap.reap()


@shared_task(name="messaging.reconcile_sends")
def reconcile_sends() -> None:
    reconcile.reconcile()
    schedule.close_books()


@shared_task(name="messaging.decide_failures", base=MerchantTask)
def decide_failures(merchant_id: int, job_id: int) -> None:
    retry.run(merchant_id, job_id)


@shared_task(name="messaging.compute_month_books")
def compute_month_books() -> None:
    months.compute_due(at=timezone.now())
