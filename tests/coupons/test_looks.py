"""A look at the books of a coupon: in slices, bounded in calls, resumed, overtaken, away, asked for again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from coupons import differences, ledger, reconciling
from coupons.models import CouponCheck, CouponDifference, CouponGrant, CouponUse
from gateway import loop
from membership.models import Customer
from merchants.models import MiniProgram
from orders import coupon_uses
from tests import build_coupons, build_uses
from tests.coupons.books import Books, later, look, open_kinds, used_there
from tests.simulator import coupon_asks as asks

pytestmark = pytest.mark.django_db(transaction=True)
HELD = "alipay.marketing.activity.user.batchqueryvoucher"


def test_a_grant_that_moved_while_the_platform_was_asked_is_left_alone(books: Books) -> None:
    coupon = books.coupon()
    grant = books.held(coupon)
    answer = reconciling.ask_person(coupon, grant.customer, whose=reconciling.ask_whose(coupon))
    books.pays(grant)
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact())
        assert reconciling.keep(coupon, grant.customer, answer, at=later()) == 0
    assert open_kinds(coupon) == []


def test_a_look_goes_on_where_it_stopped_and_asks_nobody_twice(books: Books, monkeypatch: Any) -> None:
    coupon = books.coupon()
    for _n in range(4):
        used_there(books, coupon)
    monkeypatch.setattr(reconciling, "SLICE_PEOPLE", 2)
    check = reconciling.start(coupon)
    assert check is not None
    coupon_uses.go_on(at=later())
    reconciling.go_on(at=later())
    check.refresh_from_db()
    assert (check.stage, check.looked_at, check.finished_at) == ("holders", 1, None)
    assert reconciling.start(coupon) is None
    for _slice in range(4):
        reconciling.go_on(at=later())
    check.refresh_from_db()
    assert (check.looked_at, check.calls) == (4, 6)
    assert check.finished_at is not None
    assert open_kinds(coupon).count("used_there") == 4


def test_another_worker_takes_over_only_after_the_lease(books: Books) -> None:
    coupon = books.coupon()
    books.held(coupon)
    check = reconciling.start(coupon)
    assert check is not None
    CouponCheck.objects.filter(pk=check.pk).update(worked_at=later())
    assert reconciling.go_on(at=later()) == 0
    assert reconciling.go_on(at=later() + reconciling.LEASE * 2) == 1


def test_a_slice_that_was_overtaken_writes_nothing(books: Books) -> None:
    coupon = books.coupon()
    used_there(books, coupon)
    check = reconciling.start(coupon)
    assert check is not None
    reconciling._step(reconciling._fresh(check.pk), at=later())
    stale = reconciling._fresh(check.pk)
    assert reconciling._step(reconciling._fresh(check.pk), at=later())
    assert not reconciling._step(stale, at=later())
    check.refresh_from_db()
    assert (check.looked_at, check.found) == (1, 2)


def test_calls_are_bounded_and_the_next_look_begins_behind_them(books: Books, settings: Any) -> None:
    coupon = books.coupon()
    grants = [books.held(coupon) for _n in range(4)]
    settings.COUPON_CHECK_CALLS = 4
    check = look(coupon)
    assert (check.looked_at, check.cut_in, check.cursor) == (2, "holders", grants[1].pk)
    used_there(books, coupon)
    books.pays(grants[0])
    settings.COUPON_CHECK_CALLS = 100
    second = look(coupon)
    assert (second.looked_at, second.cut_in) == (3, "")


def test_whom_the_platform_does_not_tell_about_is_counted(books: Books) -> None:
    coupon = books.coupon()
    grant, other = books.held(coupon), books.held(coupon)
    Customer.objects.filter(pk=grant.customer_id).update(open_id=None, forgotten_at=timezone.now())
    fault = {"method": HELD, "kind": "sub_code", "value": "INVALID_PARAMETER", "app_id": books.app.app_id}
    books.counter.simulator.post("/sim/faults", fault)
    check = look(coupon)
    assert (check.looked_at, check.not_asked, check.cut_in) == (0, 2, "")
    assert (open_kinds(coupon), other.state) == ([], "claimed")


def test_with_the_platform_away_a_look_stumbles_and_ends_without_inventing_anything(
    books: Books, settings: Any
) -> None:
    coupon = books.coupon()
    used_there(books, coupon)
    settings.GATEWAY_URLS = {"simulated": "http://127.0.0.1:9/gateway.do"}
    loop.close()
    check = reconciling.start(coupon)
    assert check is not None
    coupon_uses.go_on(at=later())
    for _slice in range(reconciling.MOST_STUMBLES):
        reconciling.go_on(at=later())
    check.refresh_from_db()
    assert (check.looked_at, check.found, check.cut_in) == (0, 0, "counts")
    assert check.finished_at is not None


def test_due_looks_begin_once_a_day_for_what_somebody_may_hold(books: Books) -> None:
    coupon, now = books.coupon(), timezone.now()
    build_coupons.coupon(books.app, state="draft", activity_id="")
    long_over = {"publish_from": now - timedelta(days=200), "publish_until": now - timedelta(days=100)}
    build_coupons.coupon(books.app, state="ended", **long_over)
    assert reconciling.start_due(at=now) == 1
    assert reconciling.start_due(at=now) == 0
    CouponCheck.objects.update(
        stage="done", uses_at=now, finished_at=now, started_at=now - timedelta(hours=25)
    )
    assert reconciling.start_due(at=now) == 1
    assert CouponCheck.objects.filter(coupon=coupon).count() == 2


def test_a_look_that_was_asked_for_comes_also_where_its_hint_was_lost(books: Books) -> None:
    coupon = books.coupon()
    grant = books.held(coupon)
    books.pays(grant)
    look(coupon)
    difference = CouponDifference.objects.get(coupon=coupon, kind="used_there")
    with transaction.atomic():
        ledger.redeem(grant, build_coupons.fact())
    differences.ask_again(difference, task=differences.LOOK_TASK, at=later())
    reconciling.go_on(at=later())
    difference.refresh_from_db()
    assert difference.how == ""
    reconciling.go_on(at=later() + timedelta(minutes=1))
    difference.refresh_from_db()
    assert difference.how == "gone"


def test_a_stopped_mini_program_is_asked_nothing_and_given_up_after_a_day(
    books: Books, monkeypatch: Any
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(reconciling, "_call", lambda *request: asked.append(request))
    coupon = books.coupon()
    used_there(books, coupon)
    check = reconciling.start(coupon)
    assert check is not None
    coupon_uses.go_on(at=later())
    MiniProgram.objects.filter(pk=books.app.pk).update(stopped_at=timezone.now())
    reconciling.go_on(at=later())
    check.refresh_from_db()
    assert (check.calls, check.finished_at) == (0, None)
    reconciling.go_on(at=later() + reconciling.GIVEN_UP_AFTER)
    check.refresh_from_db()
    assert (check.calls, check.cut_in, asked) == (0, "counts", [])
    assert check.finished_at is not None


def test_a_use_that_the_platform_has_not_answered_is_left_alone(books: Books) -> None:
    activity_id = books.counter.made_for_orders(quantity=50)
    coupon = build_coupons.coupon(books.app, activity_id=activity_id, stock=50, family="merchant")
    grant = books.held(coupon)
    [voucher] = books.counter.vouchers(open_id=grant.customer.open_id or "")
    CouponGrant.objects.filter(pk=grant.pk).update(code=voucher["code"])
    grant.refresh_from_db()
    use = build_uses.unknown(grant)
    books.counter.say(asks.USE, **books.counter.use(activity_id, voucher["code"]))
    look(coupon)
    assert open_kinds(coupon) == ["total_used"]
    CouponUse.objects.filter(pk=use.pk).update(state="refused", refusal="BIZ_ERROR")
    look(coupon)
    assert open_kinds(coupon) == ["total_used", "used_there"]
    CouponUse.objects.filter(pk=use.pk).update(state="unknown", refusal="")
    difference = CouponDifference.objects.get(coupon=coupon, kind="used_there")
    with pytest.raises(differences.Settled):
        differences.take(difference, by=books.by, at=later())
