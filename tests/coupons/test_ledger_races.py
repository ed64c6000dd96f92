"""Many at once: never more than the stock, never two for one person, never a use too many."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from coupons import counting, ledger
from coupons.models import CouponCount, CouponGrant, GrantEntry
from tests import build, build_coupons, build_messaging
from tests.coupons.test_ledger import assert_books
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_many_takers_of_a_small_stock_get_exactly_what_there_is() -> None:
    cast = build.cast()
    coupon = build_coupons.coupon(cast.mini_program, stock=100, per_person=1)
    people = build_messaging.people(cast.mini_program, 160)
    got: list[int] = []

    def work(number: int) -> None:
        for person in people[number::16]:
            with transaction.atomic():
                slot = ledger.free_slot(coupon, person.pk, at=timezone.now())
                if slot is None or not counting.take_stock(coupon.pk):
                    continue
                grant = CouponGrant.objects.create(
                    merchant=coupon.merchant,
                    mini_program=coupon.mini_program,
                    coupon=coupon,
                    customer=person,
                    state="sending",
                    source="direct",
                    slot=slot,
                    out_biz_no=f"gift-{person.pk}",
                )
                ledger.claimed(grant, build_coupons.fact(), voucher_id=f"v{person.pk}")
                got.append(person.pk)

    assert at_once(16, work) == []
    assert (len(got), len(set(got))) == (100, 100)
    assert CouponCount.objects.get(coupon=coupon).taken == 100
    assert_books(coupon)


def test_two_places_for_one_person_meet_at_the_key() -> None:
    cast = build.cast()
    coupon = build_coupons.coupon(cast.mini_program, per_person=1)
    [person] = build_messaging.people(cast.mini_program, 1)
    lost: list[int] = []

    def work(number: int) -> None:
        try:
            with transaction.atomic():
                slot = ledger.free_slot(coupon, person.pk, at=timezone.now())
                if slot is None:
                    lost.append(number)
                    return
                CouponGrant.objects.create(
                    merchant=coupon.merchant,
                    mini_program=coupon.mini_program,
                    coupon=coupon,
                    customer=person,
                    state="sending",
                    source="direct",
                    slot=slot,
                    out_biz_no=f"gift-{number}",
                )
        except IntegrityError:
            lost.append(number)

    assert at_once(8, work) == []
    assert (CouponGrant.objects.count(), len(lost)) == (1, 7)


def test_of_many_who_use_one_coupon_at_once_as_many_succeed_as_it_has_uses() -> None:
    cast = build.cast()
    coupon = build_coupons.coupon(cast.mini_program, max_uses=5)
    grant = build_coupons.grant(coupon)
    refused: list[str] = []

    def work(number: int) -> None:
        try:
            with transaction.atomic():
                ledger.redeem(grant, build_coupons.fact(key=f"till {number}", by=ledger.By.API))
        except ledger.NotPossible as error:
            refused.append(error.code)

    assert at_once(32, work) == []
    grant.refresh_from_db()
    assert (grant.used_times, grant.state, len(refused)) == (5, "redeemed", 27)
    assert set(refused) <= {"too_often", "not_usable"}
    assert_books(coupon)


def test_the_same_push_at_once_and_expiry_beside_it_count_once() -> None:
    cast = build.cast()
    coupon = build_coupons.coupon(cast.mini_program)
    grants = [build_coupons.grant(coupon) for _n in range(10)]
    later = timezone.now().replace(year=2030)

    def work(number: int) -> None:
        if number % 4 == 0:
            ledger.expire_due(at=later, limit=3)
            return
        for grant in grants if number % 2 else reversed(grants):
            with transaction.atomic():
                ledger.redeem(grant, build_coupons.fact(key=f"push {grant.pk}"))

    assert at_once(12, work) == []
    ledger.expire_due(at=later)
    assert GrantEntry.objects.filter(kind="redeemed").count() == 10
    assert set(CouponGrant.objects.values_list("state", flat=True)) == {"redeemed"}
    assert_books(coupon)
