"""Doors to the work of this room; a queue entry is a hint."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from merchants.enqueue import MerchantTask, hint
from messaging.consent import adopting, audience, sampling

WATCH_EXPIRES_SECONDS = 15


@shared_task(name="messaging.settle_adoption", base=MerchantTask)
def settle_adoption(merchant_id: int, call_id: int) -> None:
    adopting.settle(call_id, merchant_id=merchant_id)


@shared_task(name="messaging.watch_templates")
def watch_templates() -> None:
    """Periodic: one task for each mini program that is due, so that a slow gateway holds up only its own."""
    for merchant_id, mini_program_id in adopting.due_for_watching(at=timezone.now()):
        hint(
            "messaging.watch_mini_program",
            merchant_id,
            mini_program_id,
            expires_seconds=WATCH_EXPIRES_SECONDS,
        )


@shared_task(name="messaging.watch_mini_program", base=MerchantTask)
def watch_mini_program(merchant_id: int, mini_program_id: int) -> None:
    adopting.watch_one(merchant_id, mini_program_id, at=timezone.now())


@shared_task(name="messaging.sample_consents")
def sample_consents() -> None:
    sampling.sample_consents(at=timezone.now())


@shared_task(name="messaging.write_consent_list", base=MerchantTask)
def write_consent_list(merchant_id: int, job_id: int) -> None:
    audience.write_list(merchant_id, job_id)
