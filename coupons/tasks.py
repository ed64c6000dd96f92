"""Doors from the queue to the coupons floor. Every task is safe to run twice, and harmless when lost."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from coupons import ledger, settling
from merchants.enqueue import MerchantTask


@shared_task(name="coupons.settle_operation", base=MerchantTask)
def settle_operation(merchant_id: int, call_id: int) -> None:
    settling.settle_operation(call_id, merchant_id=merchant_id)


@shared_task(name="coupons.take_notice", base=MerchantTask)
def take_notice(merchant_id: int, notice_id: int) -> None:
    settling.take_notice(notice_id, merchant_id=merchant_id)


@shared_task(name="coupons.ask", base=MerchantTask)
def ask(merchant_id: int, coupon_id: int) -> None:
    settling.ask_one(coupon_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.ask_due")
def ask_due() -> None:
    settling.ask_due(at=timezone.now())


@shared_task(name="coupons.end_due")
def end_due() -> None:
    settling.end_due(at=timezone.now())
    ledger.expire_due(at=timezone.now())
