"""Doors from the queue to the coupons floor. Every task is safe to run twice, and harmless when lost."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from coupons import (
    answers,
    audiences,
    claims,
    codes,
    forgetting,
    held_answers,
    ledger,
    placement_settling,
    reconciling,
    redeeming,
    rollups,
    runs,
    settling,
    use_answers,
    uses,
)
from merchants.enqueue import MerchantTask


@shared_task(name="coupons.write_holder_list", base=MerchantTask)
def write_holder_list(merchant_id: int, job_id: int) -> None:
    audiences.write_list(merchant_id, job_id)


@shared_task(name="coupons.settle_gift", base=MerchantTask)
def settle_gift(merchant_id: int, call_id: int) -> None:
    answers.settle_gift(call_id, merchant_id=merchant_id)


@shared_task(name="coupons.settle_whose", base=MerchantTask)
def settle_whose(merchant_id: int, call_id: int) -> None:
    held_answers.settle_whose(call_id, merchant_id=merchant_id)


@shared_task(name="coupons.settle_held", base=MerchantTask)
def settle_held(merchant_id: int, call_id: int) -> None:
    held_answers.settle_held(call_id, merchant_id=merchant_id)


@shared_task(name="coupons.forget_customer", base=MerchantTask)
def forget_customer(merchant_id: int, event_id: int) -> None:
    forgetting.forget(event_id, at=timezone.now())


@shared_task(name="coupons.take_received", base=MerchantTask)
def take_received(merchant_id: int, notice_id: int) -> None:
    claims.take_received(notice_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.take_end", base=MerchantTask)
def take_end(merchant_id: int, notice_id: int) -> None:
    uses.take_end(notice_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.settle_use", base=MerchantTask)
def settle_use(merchant_id: int, call_id: int) -> None:
    use_answers.settle_use(call_id, merchant_id=merchant_id)


@shared_task(name="coupons.issue_runs")
def issue_runs() -> None:
    runs.issue_due(at=timezone.now())


@shared_task(name="coupons.watch_run", base=MerchantTask)
def watch_run(merchant_id: int, run_id: int, call_id: int) -> None:
    runs.watch(run_id, call_id)


@shared_task(name="coupons.settle_operation", base=MerchantTask)
def settle_operation(merchant_id: int, call_id: int) -> None:
    settling.settle_operation(call_id, merchant_id=merchant_id)


@shared_task(name="coupons.take_notice", base=MerchantTask)
def take_notice(merchant_id: int, notice_id: int) -> None:
    settling.take_notice(notice_id, merchant_id=merchant_id)


@shared_task(name="coupons.settle_placement", base=MerchantTask)
def settle_placement(merchant_id: int, call_id: int) -> None:
    placement_settling.settle_placement(call_id, merchant_id=merchant_id)


@shared_task(name="coupons.take_placed", base=MerchantTask)
def take_placed(merchant_id: int, notice_id: int) -> None:
    placement_settling.take_push(notice_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.ask", base=MerchantTask)
def ask(merchant_id: int, coupon_id: int) -> None:
    settling.ask_one(coupon_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.settle_codes", base=MerchantTask)
def settle_codes(merchant_id: int, call_id: int) -> None:
    codes.settle(call_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.fill_codes", base=MerchantTask)
def fill_codes(merchant_id: int, coupon_id: int) -> None:
    codes.fill(coupon_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.fill_codes_due")
def fill_codes_due() -> None:
    codes.fill_due(at=timezone.now())


@shared_task(name="coupons.ask_due")
def ask_due() -> None:
    settling.ask_due(at=timezone.now())
    placement_settling.ask_due(at=timezone.now())


@shared_task(name="coupons.end_due")
def end_due() -> None:
    settling.end_due(at=timezone.now())
    placement_settling.end_due(at=timezone.now())
    ledger.expire_due(at=timezone.now())
    redeeming.release_due(at=timezone.now())


@shared_task(name="coupons.start_checks")
def start_checks() -> None:
    reconciling.start_due(at=timezone.now())


@shared_task(name="coupons.go_on_checks")
def go_on_checks() -> None:
    reconciling.go_on(at=timezone.now())


@shared_task(name="coupons.look_again", base=MerchantTask)
def look_again(merchant_id: int, difference_id: int) -> None:
    reconciling.look_again(difference_id, merchant_id=merchant_id, at=timezone.now())


@shared_task(name="coupons.rebuild_figures")
def rebuild_figures() -> None:
    rollups.rebuild_recent(at=timezone.now())
