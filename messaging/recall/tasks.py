"""Doors to the work of this room; a queue entry is a hint."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from merchants.enqueue import MerchantTask
from messaging.recall import forgetting, hours


@shared_task(name="messaging.forget_customer", base=MerchantTask)
def forget_customer(merchant_id: int, event_id: int) -> None:
    forgetting.forget(event_id, at=timezone.now())


@shared_task(name="messaging.prune_signals")
def prune_signals() -> None:
    forgetting.prune_signals(at=timezone.now())


@shared_task(name="messaging.roll_up_recall")
def roll_up_recall() -> None:
    hours.roll_up()
