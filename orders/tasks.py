"""Doors from the queue to the orders floor. Every task is safe to run twice, and harmless when it is lost."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from merchants.enqueue import MerchantTask
from orders import forgetting, rollups, settling, syncing


@shared_task(name="orders.sync_due")
def sync_due() -> None:
    syncing.sync_due()


@shared_task(name="orders.fold_moves")
def fold_moves() -> None:
    rollups.fold()


@shared_task(name="orders.sync_order", base=MerchantTask)
def sync_order(merchant_id: int, order_id: int) -> None:
    syncing.sync_due(order_id=order_id)


@shared_task(name="orders.settle_sync", base=MerchantTask)
def settle_sync(merchant_id: int, call_id: int) -> None:
    settling.settle_sync(call_id, merchant_id=merchant_id)


@shared_task(name="orders.forget_customer", base=MerchantTask)
def forget_customer(merchant_id: int, event_id: int) -> None:
    forgetting.forget(event_id, at=timezone.now())
