"""Pushes, gifts and tills at once: one alert with the whole figure, never more than the limits allow."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from coupons import alerts, claims, giving, redeeming
from coupons.limits import Limits, LimitsChanged, save
from coupons.models import CouponAlert, CouponGrant, CouponUse
from coupons.redeeming import Bill
from membership import customers
from merchants.models import Event, Notice
from tests import build, build_alerts, build_coupons, build_messaging
from tests.coupons.test_ledger_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
THREADS = 12


def test_pushes_at_once_of_several_coupons_make_one_alert_that_counts_them_all() -> None:
    cast = build.cast()
    app = cast.mini_program
    build_alerts.limits(cast.yunduo, claims=2)
    customers.remember(app, ["often00000001"], source="coupon")
    coupons = [build_coupons.coupon(app) for _n in range(THREADS)]
    notices = [
        Notice.objects.create(
            merchant=cast.yunduo,
            mini_program=app,
            app_id=app.app_id,
            notify_id=f"R{n}",
            kind=claims.RECEIVED,
            received_at=NOON,
            fields={
                "activity_id": coupons[n].activity_id,
                "voucher_id": f"RACE{n:04d}",
                "open_id": "often00000001",
                "event_time": str(round((NOON + timedelta(minutes=n)).timestamp() * 1000)),
            },
        )
        for n in range(THREADS)
    ]

    def work(number: int) -> None:
        claims.take_received(notices[number].pk, merchant_id=cast.yunduo.pk, at=NOON)

    assert at_once(THREADS, work) == []
    assert CouponGrant.objects.count() == THREADS
    assert list(CouponAlert.objects.values_list("kind", "n", "most")) == [("claims", THREADS, 2)]
    assert Event.objects.filter(kind="coupon_alert.raised").count() == 1


def test_gifts_at_once_of_several_coupons_stop_at_the_limit() -> None:
    cast = build.cast()
    build_alerts.limits(cast.yunduo, grants=3)
    coupons = [build_coupons.coupon(cast.mini_program) for _n in range(4)]
    [person] = build_messaging.people(cast.mini_program, 1)
    why: list[str] = []

    def work(number: int) -> None:
        try:
            giving.give(
                coupons[number % 4], person, by=cast.operator, form_token=uuid.uuid4(), at=timezone.now()
            )
        except giving.NotPossible as refused:
            why.append(refused.why)

    assert at_once(THREADS, work) == []
    assert CouponGrant.objects.filter(customer=person).count() == 3
    assert why == ["day_limit"] * (THREADS - 3)


def test_tills_at_once_stop_at_the_limit() -> None:
    cast = build.cast()
    build_alerts.limits(cast.yunduo, uses=3)
    coupon = build_coupons.coupon(cast.mini_program, family="merchant")
    [person] = build_messaging.people(cast.mini_program, 1)
    held = [build_coupons.grant(coupon, person, code=f"TILL{n}") for n in range(THREADS)]
    why: list[str] = []

    def work(number: int) -> None:
        try:
            redeeming.redeem(held[number], Bill(2_500), request_no=f"T{number}", by=None, at=timezone.now())
        except redeeming.NotPossible as refused:
            why.append(refused.code)

    assert at_once(THREADS, work) == []
    assert CouponUse.objects.count() == 3
    assert why == ["day_limit"] * (THREADS - 3)


def test_of_many_who_decide_one_does() -> None:
    cast = build.cast()
    alert = build_alerts.alert(cast.mini_program)
    late: list[int] = []

    def work(number: int) -> None:
        seen = CouponAlert.objects.get(pk=alert.pk)
        seen.state = "open"
        try:
            if number % 2:
                until = timezone.now().date() + timedelta(days=9)
                alerts.keep(seen, until=until, reason="a", by=cast.operator, at=timezone.now())
            else:
                alerts.dismiss(seen, reason="b", by=cast.operator, at=timezone.now())
        except alerts.AlertMoved:
            late.append(number)

    assert at_once(8, work) == []
    assert len(late) == 7
    assert Event.objects.filter(subject_kind="couponalert").count() == 1


def test_of_many_who_save_limits_one_does() -> None:
    cast = build.cast()
    late: list[int] = []

    def work(number: int) -> None:
        try:
            save(cast.yunduo, Limits(claims=number + 1), version=0, by=cast.owner)
        except LimitsChanged:
            late.append(number)

    assert at_once(8, work) == []
    assert len(late) == 7
    assert Event.objects.filter(kind="coupon_limits.changed").count() == 1
