"""Coupons given, claimed and settled by many at once, on connections of their own."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from coupons import answers, claims, giving, runs
from coupons.models import Coupon, CouponCount, CouponGrant, CouponRun, GrantEntry
from membership.models import Customer
from merchants.models import GatewayCall, Notice
from tests import build_coupons, build_messaging
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once

pytestmark = pytest.mark.race


@override_settings(COUPON_UNDO_SECONDS=0, COUPON_CALLS_IN_FLIGHT=1_000)
class GivingRaces(CommittedCastCase):
    def give(self, coupon: Coupon, person: Customer) -> bool:
        try:
            giving.give(coupon, person, by=None, form_token=uuid.uuid4(), at=timezone.now())
        except giving.NotPossible:
            return False
        return True

    def run_for(self, coupon: Coupon, people: list[Customer]) -> CouponRun:
        to = build_messaging.people_list(self.mini_program, people)
        return runs.start(coupon, to, by=self.operator, form_token=uuid.uuid4(), at=timezone.now())

    def look(self, _number: int = 0) -> int:
        return runs.issue_due(at=timezone.now())

    def assert_books(self, coupon: Coupon) -> None:
        rows = CouponGrant.objects.filter(coupon=coupon)
        self.assertEqual(CouponCount.objects.get(coupon=coupon).taken, rows.exclude(state="refused").count())

    def test_of_many_givers_as_many_give_as_there_are(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, stock=10, per_person=1)
        people = build_messaging.people(self.mini_program, 24)
        results = at_once(lambda number: self.give(coupon, people[number]), workers=24)
        self.assertEqual(results.count(True), 10, results)
        self.assertEqual(results.count(False), 14, results)
        self.assert_books(coupon)

    def test_64_givers_at_once_give_exactly_the_stock_and_nobody_gets_two(self) -> None:
        """Each person is asked for once, and 64 of them by two givers."""
        coupon = build_coupons.coupon(self.mini_program, stock=1_000, per_person=1)
        people = build_messaging.people(self.mini_program, 1_056)

        def give_all(number: int) -> int:
            mine = [*people[number::64], people[(number + 1) % 64]]
            return sum(self.give(coupon, person) for person in mine)

        results = at_once(give_all, workers=64)
        self.assertTrue(all(isinstance(one, int) for one in results), results)
        self.assertEqual(sum(results), 1_000)
        given = CouponGrant.objects.filter(coupon=coupon).exclude(state="refused")
        self.assertEqual((given.count(), given.values("customer").distinct().count()), (1_000, 1_000))
        self.assert_books(coupon)

    def test_of_many_who_give_to_one_person_as_many_give_as_the_limit_allows(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, per_person=2)
        [person] = build_messaging.people(self.mini_program, 1)
        results = at_once(lambda _number: self.give(coupon, person), workers=12)
        given = CouponGrant.objects.filter(coupon=coupon)
        self.assertTrue(all(isinstance(one, bool) for one in results), results)
        self.assertEqual((given.count(), results.count(True)), (2, 2))
        self.assertEqual(sorted(given.values_list("slot", flat=True)), ["L.1", "L.2"])
        self.assert_books(coupon)

    def test_the_same_form_sent_many_times_at_once_gives_one(self) -> None:
        coupon, token = build_coupons.coupon(self.mini_program), uuid.uuid4()
        [person] = build_messaging.people(self.mini_program, 1)
        results = at_once(
            lambda _number: giving.give(coupon, person, by=None, form_token=token, at=timezone.now()).pk,
            workers=8,
        )
        self.assertEqual(len(set(results)), 1, results)
        self.assertEqual(CouponGrant.objects.count(), 1)
        self.assert_books(coupon)

    def test_many_looks_at_a_run_write_everybody_once_and_ask_once_for_each(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, per_person=1)
        run = self.run_for(coupon, build_messaging.people(self.mini_program, 60))
        results = at_once(self.look, workers=6)
        self.assertTrue(all(isinstance(one, int) for one in results), results)
        self.look()
        grants = CouponGrant.objects.filter(run=run)
        self.assertEqual((grants.count(), grants.values("customer").distinct().count()), (60, 60))
        self.assertEqual(GatewayCall.objects.count(), 60)
        self.assertFalse(grants.filter(call=None).exists())
        self.assert_books(coupon)

    def test_a_run_beside_gifts_to_the_same_people_gives_nobody_two(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, per_person=1, stock=40)
        people = build_messaging.people(self.mini_program, 40)
        run = self.run_for(coupon, people)

        def work(number: int) -> Any:
            return self.look() if number == 0 else [self.give(coupon, one) for one in people[number::3]]

        results = at_once(work, workers=4)
        self.assertFalse([one for one in results if isinstance(one, Exception)], results)
        self.look()
        held = CouponGrant.objects.filter(coupon=coupon).exclude(state="refused")
        self.assertEqual(held.values("customer").distinct().count(), held.count())
        self.assertEqual(CouponGrant.objects.filter(run=run).count(), 40)
        self.assert_books(coupon)

    @override_settings(COUPON_CALLS_IN_FLIGHT=20)
    def test_cancelling_beside_looks_leaves_each_person_asked_for_or_stopped(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        run = self.run_for(coupon, build_messaging.people(self.mini_program, 60))
        self.look()

        def work(number: int) -> Any:
            return runs.cancel(run, by=self.operator) if number == 2 else self.look()

        results = at_once(work, workers=4)
        self.assertFalse([one for one in results if isinstance(one, Exception)], results)
        grants = CouponGrant.objects.filter(run=run)
        asked = grants.filter(state="sending", call__isnull=False).count()
        stopped = grants.filter(state="refused", refusal="run_cancelled", call=None).count()
        self.assertEqual(asked + stopped, 60)
        self.assertEqual(GatewayCall.objects.count(), asked)
        self.assert_books(coupon)

    def test_one_answer_settled_by_many_at_once_is_claimed_once(self) -> None:
        coupon = build_coupons.coupon(self.mini_program)
        [person] = build_messaging.people(self.mini_program, 1)
        self.give(coupon, person)
        call = GatewayCall.objects.get()
        GatewayCall.objects.update(
            state="accepted", finished_at=timezone.now(), attempts=1, answer={"voucher_id": "V1"}
        )
        pushes = [self.push(coupon, person, "V1") for _push in range(3)]

        def work(number: int) -> Any:
            if number < 3:
                return self.take(pushes[number])
            return answers.settle_gift(call.pk, merchant_id=self.yunduo.pk)

        results = at_once(work, workers=6)
        self.assertTrue(all(isinstance(one, bool) for one in results), results)
        for push in pushes:
            self.take(push)
        self.assertEqual((CouponGrant.objects.count(), GrantEntry.objects.count()), (1, 1))
        self.assertEqual(CouponCount.objects.get(coupon=coupon).claimed, 1)
        self.assertFalse(Notice.objects.filter(handled_at=None).exists())

    def test_one_claim_told_many_times_at_once_is_counted_once(self) -> None:
        coupon = build_coupons.coupon(self.mini_program, per_person=1)
        [person] = build_messaging.people(self.mini_program, 1)
        pushes = [self.push(coupon, person, f"V{number % 2}") for number in range(8)]
        results = at_once(lambda number: self.take(pushes[number]), workers=8)
        self.assertTrue(all(isinstance(one, bool) for one in results), results)
        for push in pushes:
            self.take(push)
        self.assertEqual((CouponGrant.objects.count(), GrantEntry.objects.count()), (2, 2))
        self.assertEqual(CouponCount.objects.get(coupon=coupon).claimed, 2)
        self.assertFalse(Notice.objects.filter(handled_at=None).exists())
        self.assert_books(coupon)

    def push(self, coupon: Coupon, person: Customer, voucher_id: str) -> Notice:
        made: Notice = Notice.objects.create(
            merchant=self.yunduo,
            mini_program=self.mini_program,
            app_id=self.mini_program.app_id,
            notify_id=uuid.uuid4().hex,
            kind=claims.RECEIVED,
            fields={
                "activity_id": coupon.activity_id, "voucher_id": voucher_id, "open_id": person.open_id
            },
        )  # fmt: skip
        return made

    def take(self, notice: Notice) -> bool:
        at = timezone.now() + timedelta(seconds=1)
        return claims.take_received(notice.pk, merchant_id=notice.merchant_id, at=at)
