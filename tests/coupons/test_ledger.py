"""The ledger of grants: each fact once, each use once, and figures that are the rows."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies
from hypothesis.extra.django import TestCase as HypothesisCase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from coupons import ledger, rollups
from coupons.models import Coupon, CouponCount, CouponDay, CouponGrant, GrantEntry
from coupons.models.grant import GrantState
from tests import build, build_coupons, build_messaging
from tests.base import CastCase
from tests.build_coupons import fact


def assert_books(coupon: Coupon) -> None:
    """Figures are what the rows say, and of every grant the last entry says how many uses are left."""
    coupon.refresh_from_db()
    grants = list(CouponGrant.objects.filter(coupon=coupon))
    entries = GrantEntry.objects.filter(grant__coupon=coupon)
    count = CouponCount.objects.get(coupon=coupon)
    in_state = {state: sum(one.state == state for one in grants) for state in GrantState}
    claimed = [one for one in grants if one.claimed_at]
    uses = -(entries.filter(kind="redeemed").aggregate(n=Sum("times"))["n"] or 0)
    back = entries.filter(kind="reverted").aggregate(n=Sum("times"))["n"] or 0
    assert count.claimed == len(claimed)
    assert count.taken == len(claimed) + in_state["sending"] + in_state["unknown"]
    assert (count.redeemed, count.expired) == (in_state["redeemed"], in_state["expired"])
    assert count.invalidated == in_state["invalidated"]
    assert count.redemptions == uses - back == sum(one.used_times for one in grants)
    days = CouponDay.objects.filter(coupon=coupon)
    sums = days.aggregate(
        **{name: Sum(name) for name in ("claimed", "redemptions", "reverted", "expired", "invalidated")}
    )
    wanted = (count.claimed, uses, back, count.expired, count.invalidated)
    assert tuple(sums[name] or 0 for name in sums) == wanted
    assert rollups.rebuild(repair=False, coupon=coupon) == []
    for one in grants:
        assert 0 <= one.used_times <= coupon.max_uses
        last = entries.filter(grant=one).order_by("-id").first()
        if last is not None:
            assert last.left == coupon.max_uses - one.used_times


class Ledger(CastCase):
    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program, max_uses=2)
        self.now = timezone.now()
        self.grant = build_coupons.grant(self.coupon, at=self.now - timedelta(hours=5))

    def fresh(self) -> CouponGrant:
        found: CouponGrant = CouponGrant.objects.select_related("coupon").get(pk=self.grant.pk)
        return found

    def at(self, **later: int) -> datetime:
        return self.now + timedelta(**later)

    def test_a_use_moves_grant_entry_and_figures_together(self) -> None:
        done = ledger.redeem(self.grant, fact(self.now, saved_fen=500, order_fen=1_200))
        self.assertTrue(done.is_new)
        self.assertEqual((self.fresh().state, done.entry.times, done.entry.left), ("partly_used", -1, 1))
        ledger.redeem(self.grant, fact(self.now, saved_fen=500))
        self.assertEqual(self.fresh().state, "redeemed")
        count = CouponCount.objects.get(coupon=self.coupon)
        self.assertEqual((count.redemptions, count.redeemed), (2, 1))
        self.assertEqual((count.saved_fen, count.order_fen), (1_000, 1_200))
        self.assertEqual(CouponDay.objects.aggregate(n=Sum("hours_to_use"))["n"], 5)
        assert_books(self.coupon)

    def test_the_same_fact_three_times_is_one(self) -> None:
        told = fact(self.now, key="push 17")
        made = [ledger.redeem(self.grant, told) for _n in range(3)]
        self.assertEqual([one.is_new for one in made], [True, False, False])
        self.assertEqual(len({one.entry.pk for one in made}), 1)
        assert_books(self.coupon)

    def test_a_key_of_another_grant_is_an_error_and_not_a_repetition(self) -> None:
        other = build_coupons.grant(self.coupon)
        ledger.redeem(self.grant, fact(self.now, key="push 17"))
        with self.assertRaises(ledger.KeyReused), transaction.atomic():
            ledger.redeem(other, fact(self.now, key="push 17"))

    def test_nobody_uses_it_more_often_than_it_can_be_used(self) -> None:
        for by in (ledger.By.API, ledger.By.PLATFORM):
            with self.assertRaises(ledger.NotPossible) as refused, transaction.atomic():
                ledger.redeem(self.grant, fact(self.now, by=by), times=3)
            self.assertEqual(refused.exception.code, "too_often")
        assert_books(self.coupon)

    def test_one_use_more_than_there_are_is_no_fact_whoever_tells(self) -> None:
        ledger.redeem(self.grant, fact(self.now), times=2)
        with self.assertRaises(ledger.NotPossible) as refused, transaction.atomic():
            ledger.redeem(self.grant, fact(self.now))
        self.assertEqual(refused.exception.code, "too_often")

    def test_what_we_refuse_ourselves_and_what_the_platform_tells_all_the_same(self) -> None:
        late = self.at(days=30)
        with self.assertRaises(ledger.NotPossible) as refused, transaction.atomic():
            ledger.redeem(self.grant, fact(late, by=ledger.By.API))
        self.assertEqual(refused.exception.code, "too_late")
        ledger.expire_due(at=late)
        self.assertEqual(self.fresh().state, "expired")
        ledger.redeem(self.grant, fact(self.at(days=1)))  # it happened before its last day, and is told late
        self.assertEqual(self.fresh().state, "partly_used")
        assert_books(self.coupon)

    def test_too_early_outside_its_hours_and_reserved_for_another_order(self) -> None:
        early = build_coupons.grant(build_coupons.coupon(self.mini_program, wait_days=3), at=self.now)
        self.assertEqual(ledger.why_not(early, at=self.now), "too_early")
        hours = [{"weekdays": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "until": "00:01"}]
        closed = build_coupons.grant(build_coupons.coupon(self.mini_program, use_hours=hours))
        noon = self.now.replace(hour=4, minute=30)
        self.assertIn(ledger.why_not(closed, at=noon), ("wrong_hours", "too_early"))
        ledger.reserve(self.grant, fact(self.now, order_no="A1", by=ledger.By.API), until=self.at(minutes=15))
        self.assertEqual(ledger.why_not(self.fresh(), at=self.now, order_no="B2"), "reserved")
        self.assertEqual(ledger.why_not(self.fresh(), at=self.now, order_no="A1"), "")
        self.assertEqual(ledger.why_not(self.fresh(), at=self.at(minutes=16), order_no="B2"), "")
        self.assertIsNone(ledger.release(self.grant, fact(self.now, order_no="B2")))
        released = ledger.release(self.grant, fact(self.now, order_no="A1"))
        assert released is not None
        self.assertEqual((self.fresh().reserved_for, self.fresh().state), ("", "claimed"))
        assert_books(self.coupon)

    def test_a_use_ends_the_reservation(self) -> None:
        until = self.at(minutes=15)
        ledger.reserve(self.grant, fact(self.now, order_no="A1", by=ledger.By.API), until=until)
        ledger.redeem(self.grant, fact(self.now, order_no="A1", by=ledger.By.API))
        self.assertEqual(self.fresh().reserved_for, "")

    def test_part_of_a_use_comes_back_and_no_more_than_was_used(self) -> None:
        used = ledger.redeem(self.grant, fact(self.now, saved_fen=800, order_fen=2_000), times=2).entry
        ledger.revert(self.grant, fact(self.now, saved_fen=400, order_fen=1_000), of=used)
        self.assertEqual((self.fresh().state, self.fresh().used_times), ("partly_used", 1))
        with self.assertRaises(ledger.NotPossible), transaction.atomic():
            ledger.revert(self.grant, fact(self.now), of=used, times=2)
        ledger.revert(self.grant, fact(self.now, saved_fen=400, order_fen=1_000), of=used)
        self.assertEqual((self.fresh().state, ledger.left_of(used)), ("reverted", 0))
        count = CouponCount.objects.get(coupon=self.coupon)
        self.assertEqual((count.redemptions, count.saved_fen, count.order_fen), (0, 0, 0))
        assert_books(self.coupon)

    def test_given_back_after_its_last_second_it_is_expired(self) -> None:
        used = ledger.redeem(self.grant, fact(self.now), times=2).entry
        ledger.revert(self.grant, fact(self.at(days=30)), of=used, times=2)
        self.assertEqual(self.fresh().state, "expired")
        assert_books(self.coupon)

    def test_expiry_takes_what_is_over_and_nothing_else(self) -> None:
        longer = build_coupons.grant(self.coupon, ends_at=self.at(days=40))
        self.assertEqual(ledger.expire_due(at=self.at(days=30)), 1)
        self.assertEqual(ledger.expire_due(at=self.at(days=30)), 0)
        longer.refresh_from_db()
        self.assertEqual((self.fresh().state, longer.state), ("expired", "claimed"))
        assert_books(self.coupon)

    def test_expiry_goes_on_over_more_than_one_statement(self) -> None:
        for _n in range(4):
            build_coupons.grant(self.coupon)
        self.assertEqual(ledger.expire_due(at=self.at(days=30), limit=2), 5)
        assert_books(self.coupon)

    def test_what_was_taken_back_stays_taken_back(self) -> None:
        self.assertIsNotNone(ledger.invalidated(self.grant, fact(self.now)))
        self.assertIsNone(ledger.invalidated(self.grant, fact(self.now)))
        with self.assertRaises(ledger.NotPossible), transaction.atomic():
            ledger.redeem(self.grant, fact(self.now))
        self.assertIsNone(ledger.expired(self.grant, fact(self.at(days=30))))
        assert_books(self.coupon)


NUMBERS = itertools.count(1)


class Machine(RuleBasedStateMachine):
    """Random claims, uses, returns and ends of a few coupons, each fact told up to three times."""

    def __init__(self) -> None:
        super().__init__()
        app = build.mini_program(build.merchant(), app_id=f"2021{next(NUMBERS):012d}")
        self.coupon = build_coupons.coupon(app, max_uses=3, stock=6)
        self.start = self.now = timezone.now()
        self.grants: list[int] = []
        self.uses: list[int] = []

    def one(self, data: Any) -> CouponGrant:
        pk = data.draw(strategies.sampled_from(self.grants))
        found: CouponGrant = CouponGrant.objects.select_related("coupon").get(pk=pk)
        return found

    def told(self, act: Any, times: int) -> None:
        """The very same fact, so many times; what is not possible changes nothing."""
        for _time in range(times):
            try:
                with transaction.atomic():
                    act()
            except ledger.NotPossible:
                pass

    @rule()
    def claim(self) -> None:
        grant = build_coupons.grant(self.coupon, at=self.now)
        self.grants.append(grant.pk)

    @rule(hours=strategies.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.grants)
    @rule(data=strategies.data(), times=strategies.integers(1, 3), repeats=strategies.integers(1, 3))
    def redeem(self, data: Any, times: int, repeats: int) -> None:
        grant = self.one(data)
        by = data.draw(strategies.sampled_from([ledger.By.API, ledger.By.PLATFORM]))
        what = fact(self.now, by=by, saved_fen=500 * times, order_fen=2_000 * times)

        def act() -> None:
            done = ledger.redeem(grant, what, times=times)
            if done.is_new:
                self.uses.append(done.entry.pk)

        self.told(act, repeats)

    @precondition(lambda self: self.uses)
    @rule(data=strategies.data(), times=strategies.integers(1, 3), repeats=strategies.integers(1, 3))
    def revert(self, data: Any, times: int, repeats: int) -> None:
        of = GrantEntry.objects.select_related("grant").get(pk=data.draw(strategies.sampled_from(self.uses)))
        what = fact(self.now, saved_fen=500 * times, order_fen=2_000 * times)
        self.told(lambda: ledger.revert(of.grant, what, of=of, times=times), repeats)

    @precondition(lambda self: self.grants)
    @rule(data=strategies.data(), order=strategies.sampled_from(["A", "B"]))
    def reserve(self, data: Any, order: str) -> None:
        grant, what = self.one(data), fact(self.now, by=ledger.By.API, order_no=order)
        self.told(lambda: ledger.reserve(grant, what, until=self.now + timedelta(minutes=15)), 2)

    @precondition(lambda self: self.grants)
    @rule(data=strategies.data(), order=strategies.sampled_from(["A", "B"]))
    def release(self, data: Any, order: str) -> None:
        grant, what = self.one(data), fact(self.now, by=ledger.By.API, order_no=order)
        self.told(lambda: ledger.release(grant, what), 2)

    @precondition(lambda self: self.grants)
    @rule(data=strategies.data(), repeats=strategies.integers(1, 3))
    def invalidate(self, data: Any, repeats: int) -> None:
        grant, what = self.one(data), fact(self.now)
        self.told(lambda: ledger.invalidated(grant, what), repeats)

    @precondition(lambda self: self.grants)
    @rule(data=strategies.data(), repeats=strategies.integers(1, 3))
    def expire_one(self, data: Any, repeats: int) -> None:
        grant, what = self.one(data), fact(self.now)
        self.told(lambda: ledger.expired(grant, what), repeats)

    @rule()
    def expire(self) -> None:
        ledger.expire_due(at=self.now, limit=2)

    @invariant()
    def books_balance(self) -> None:
        assert_books(self.coupon)


class Property(HypothesisCase):
    def test_any_sequence_of_facts_keeps_the_books(self) -> None:
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
        few = settings(max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=checks)
        run_state_machine_as_test(Machine, settings=few)


@pytest.mark.django_db
def test_a_person_gets_no_more_places_than_the_limit_allows() -> None:
    cast = build.cast()
    coupon = build_coupons.coupon(cast.mini_program, per_person=2, per_person_period="day")
    [person] = build_messaging.people(cast.mini_program, 1)
    now = timezone.now()
    places = []
    for _n in range(2):
        places.append(ledger.free_slot(coupon, person.pk, at=now))
        build_coupons.grant(coupon, person, at=now)
    assert len(set(places)) == 2 and None not in places
    assert ledger.free_slot(coupon, person.pk, at=now) is None
    assert ledger.free_slot(coupon, person.pk, at=now + timedelta(days=1))
