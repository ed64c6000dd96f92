"""Doors from the queue to the orders floor. Every task is safe to run twice, and harmless when it is lost."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from merchants.enqueue import MerchantTask
from orders import alike, coupon_uses, digests, forgetting, rollups, settling, syncing
from orders.importing import checking, files, running


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


@shared_task(name="orders.make_digests")
def make_digests() -> None:
    digests.make_digests(at=timezone.now())


@shared_task(name="orders.forget_customer", base=MerchantTask)
def forget_customer(merchant_id: int, event_id: int) -> None:
    forgetting.forget(event_id, at=timezone.now())


@shared_task(name="orders.check_import", base=MerchantTask)
def check_import(merchant_id: int, job_id: int) -> None:
    checking.check_import(merchant_id, job_id)


@shared_task(name="orders.import_orders", base=MerchantTask)
def import_orders(merchant_id: int, job_id: int) -> None:
    running.import_orders(merchant_id, job_id)


@shared_task(name="orders.erase_imports", base=MerchantTask)
def erase_imports(merchant_id: int, event_id: int) -> None:
    files.erase_naming(event_id, at=timezone.now())


@shared_task(name="orders.tidy_imports")
def tidy_imports() -> None:
    """Periodic: imports whose Job ended without them, or nobody decided on; files and rows nobody needs."""
    files.tidy(at=timezone.now())


@shared_task(name="orders.repair_alike", base=MerchantTask)
def repair_alike(merchant_id: int, job_id: int) -> None:
    alike.run(merchant_id, job_id)


@shared_task(name="orders.go_on_uses")
def go_on_uses() -> None:
    coupon_uses.go_on(at=timezone.now())


@shared_task(name="orders.look_again_at_use", base=MerchantTask)
def look_again_at_use(merchant_id: int, difference_id: int) -> None:
    coupon_uses.look_again(difference_id, merchant_id=merchant_id, at=timezone.now())
