"""Many tills at once: one code is used once, one number asks once, never more comes back than was used."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from coupons import ledger, redeeming, returning, use_answers, use_calls, uses
from coupons.models import CouponUse, GrantEntry
from coupons.redeeming import Bill
from gateway import loop
from merchants import calls, rate
from merchants.models import Notice
from tests import build, build_coupons
from tests.coupons.test_ledger import assert_books
from tests.coupons.test_ledger_races import at_once
from tests.coupons.use_base import REFUND, USE, Till
from tests.gateway.platform import Platform

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def till(settings: Any) -> Iterator[Till]:
    counter = Till()
    platform = Platform(counter)
    settings.GATEWAY_URLS = {"simulated": platform.url}
    rate.connection().flushdb()
    yield counter
    loop.close()
    platform.close()


def held(**columns: Any) -> Any:
    cast = build.cast()
    cast.mini_program.rate_per_second = 100_000
    cast.mini_program.save(update_fields=["rate_per_second"])
    coupon = build_coupons.coupon(cast.mini_program, family="merchant", **columns)
    return build_coupons.grant(coupon, code="CODE1")


def outcomes(threads: int, work: Callable[[int], CouponUse]) -> list[str]:
    found: list[str] = []

    def run(number: int) -> None:
        try:
            found.append(use_calls.make_now(work(number), seconds=10).state)
        except ledger.NotPossible as error:
            found.append(error.code)

    assert at_once(threads, run) == []
    return sorted(found)


def test_of_16_tills_with_one_code_one_uses_it(till: Till) -> None:
    grant = held()

    def work(number: int) -> CouponUse:
        bill = Bill(2_500, f"O{number}")
        return redeeming.redeem(grant, bill, request_no=f"R{number}", by=None, at=timezone.now())

    found = outcomes(16, work)
    assert found.count("accepted") == 1
    assert set(found) <= {"accepted", "being_used", "used_up"}
    assert till.times(USE) == 1
    assert_books(grant.coupon)


def test_16_with_the_same_number_are_one_use(till: Till) -> None:
    grant = held(max_uses=5)

    def work(number: int) -> CouponUse:
        return redeeming.redeem(grant, Bill(2_500), request_no="R1", by=None, at=timezone.now())

    assert set(outcomes(16, work)) == {"accepted"}
    assert (CouponUse.objects.count(), till.times(USE)) == (1, 1)
    assert GrantEntry.objects.filter(kind="redeemed").count() == 1


def test_one_number_for_many_coupons_at_once_uses_one_of_them(till: Till) -> None:
    first = held()
    grants = [first, *(build_coupons.grant(first.coupon, code=f"MORE{n}") for n in range(7))]
    reused: list[int] = []

    def work(number: int) -> None:
        try:
            redeeming.redeem(grants[number], Bill(2_500), request_no="R1", by=None, at=timezone.now())
        except ledger.KeyReused:
            reused.append(number)

    assert at_once(8, work) == []
    assert (CouponUse.objects.count(), len(reused)) == (1, 7)


def test_the_answer_and_the_push_of_one_use_at_once_count_once(till: Till) -> None:
    grant = held(max_uses=5)
    for round_of in range(5):
        number = f"R{round_of}"
        use = redeeming.redeem(grant, Bill(2_500), request_no=number, by=None, at=timezone.now())
        calls.send_call(use.call_id or 0, merchant_id=use.merchant_id)
        of_push = {"activity_id": grant.coupon.activity_id, "voucher_id": grant.voucher_id, "id": number}
        notices = [
            Notice.objects.create(
                merchant=grant.merchant,
                mini_program=grant.mini_program,
                app_id=grant.mini_program.app_id,
                notify_id=f"{number}-{copy}",
                kind=uses.USED,
                fields={**of_push, "open_id": grant.customer.open_id},
            )
            for copy in range(4)
        ]

        def work(thread: int, use: CouponUse = use, notices: list[Notice] = notices) -> None:
            if thread % 2:
                use_answers.settle_use(use.call_id or 0, merchant_id=use.merchant_id)
            else:
                notice = notices[thread // 2]
                uses.take_end(notice.pk, merchant_id=notice.merchant_id, at=timezone.now())

        assert at_once(8, work) == []
    assert CouponUse.objects.filter(kind="redeem", state="accepted").count() == 5
    assert GrantEntry.objects.filter(kind="redeemed").count() == 5
    assert_books(grant.coupon)


def test_of_many_returns_of_one_use_as_much_comes_back_as_was_used(till: Till) -> None:
    grant = held(max_uses=4)
    use = redeeming.redeem(grant, Bill(9_000, times=4), request_no="R1", by=None, at=timezone.now())
    of = use_calls.make_now(use, seconds=0).entry
    assert of is not None

    def work(number: int) -> CouponUse:
        return returning.give_back(of, request_no=f"B{number}", times=1, by=None, at=timezone.now())

    found = outcomes(12, work)
    assert (found.count("accepted"), found.count("nothing_to_return")) == (4, 8)
    assert till.times(REFUND) == 4
    assert_books(grant.coupon)
