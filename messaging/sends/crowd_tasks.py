"""Doors to crowd sends. Every task is safe to run twice, and harmless when it is lost."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from merchants.enqueue import MerchantTask
from messaging.sends import crowd_submit


@shared_task(name="messaging.advance_crowds")
def advance_crowds() -> None:
    crowd_submit.advance(at=timezone.now())


@shared_task(name="messaging.settle_crowd", base=MerchantTask)
def settle_crowd(merchant_id: int, call_id: int) -> None:
    crowd_submit.settle(call_id, merchant_id=merchant_id)


@shared_task(name="messaging.ask_crowd_counts")
def ask_crowd_counts() -> None:
    crowd_submit.ask_counts(at=timezone.now())
