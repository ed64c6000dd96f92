"""What we give stops at the merchant's limit of a day, and at whom somebody keeps from coupons."""

import uuid
from datetime import timedelta

from django.utils import timezone

from coupons import giving, runs
from coupons.models import Coupon, CouponGrant
from coupons.run_reports import figures_of
from coupons.terms import beijing_day
from membership.models import Customer
from tests import build_alerts, build_coupons, build_giving
from tests.coupons.giving_base import GivingCase


class GivingLimits(GivingCase):
    def setUp(self) -> None:
        super().setUp()
        build_alerts.limits(self.yunduo, grants=2)
        self.live = self.coupon()
        self.person, self.other = self.people(2)

    def give(self, person: Customer, coupon: Coupon | None = None) -> str:
        """Why it was not given."""
        token = uuid.uuid4()
        try:
            giving.give(coupon or self.live, person, by=self.operator, form_token=token, at=timezone.now())
        except giving.NotPossible as refused:
            return refused.why
        return ""

    def test_the_limit_counts_all_coupons_and_one_person(self) -> None:
        found = [self.give(self.person, coupon) for coupon in (self.live, self.coupon(), self.live)]
        self.assertEqual(found, ["", "", "day_limit"])
        self.assertEqual(CouponGrant.objects.filter(customer=self.person).count(), 2)
        self.assertEqual(self.count(self.live).taken, 1)
        self.assertEqual(self.give(self.other), "")

    def test_the_same_form_is_the_first_gift_also_at_the_limit(self) -> None:
        build_alerts.limits(self.yunduo, grants=1)
        token, at = uuid.uuid4(), timezone.now()
        made = [
            giving.give(self.live, self.person, by=self.operator, form_token=token, at=at)
            for _time in range(2)
        ]
        self.assertEqual(made[0], made[1])

    def test_what_was_refused_or_claimed_or_given_yesterday_does_not_count(self) -> None:
        build_giving.gift(self.live, self.person, state="refused")
        build_coupons.grant(self.live, self.person)
        old = build_giving.gift(self.live, self.person)
        CouponGrant.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1))
        self.assertEqual([self.give(self.person) for _n in range(3)], ["", "", "day_limit"])

    def test_turned_off_there_is_none(self) -> None:
        build_alerts.limits(self.yunduo, claims=1)
        self.assertEqual({self.give(self.person) for _n in range(8)}, {""})

    def test_who_is_kept_gets_none_until_that_day(self) -> None:
        alert = build_alerts.kept(self.mini_program, self.person)
        self.assertEqual((self.give(self.person), self.give(self.other)), ("kept", ""))
        type(alert).objects.update(kept_until=beijing_day(timezone.now()))
        self.assertEqual(self.give(self.person), "")

    def test_a_batch_issue_leaves_out_those_at_the_limit_and_those_kept(self) -> None:
        [third] = self.people(1)
        for _n in range(2):
            build_giving.gift(self.coupon(), self.person)
        build_alerts.kept(self.mini_program, self.other)
        run = self.run_for(self.live, [self.person, self.other, third])
        with self.platform():
            self.drain()
        self.assertEqual(self.states(run), {"refused:day_limit": 1, "refused:kept": 1, "claimed": 1})
        self.assertEqual((figures_of(run).left_out, figures_of(run).refused), (2, 0))
        self.assert_books(self.live)

    def test_a_batch_issue_of_several_a_person_gives_one_and_counts_it(self) -> None:
        coupon = self.coupon(per_person=3)
        for expected in ("claimed", "claimed", "refused:day_limit"):
            run = self.run_for(coupon, [self.person])
            with self.platform():
                self.drain()
            self.assertEqual(self.states(run), {expected: 1})

    def test_turned_off_a_batch_issue_leaves_nobody_out(self) -> None:
        build_alerts.limits(self.yunduo)
        for _n in range(7):
            build_giving.gift(self.coupon(), self.person)
        run = self.run_for(self.live, [self.person])
        with self.platform():
            self.drain()
        self.assertEqual(self.states(run), {"claimed": 1})

    def test_who_is_kept_while_a_run_waits_gets_none(self) -> None:
        run = self.run_for(self.live, [self.person])
        with self.settings(COUPON_CALLS_IN_FLIGHT=0):
            runs.issue_due(at=timezone.now())
        self.assertEqual(self.states(run), {"sending": 1})
        build_alerts.kept(self.mini_program, self.person)
        with self.platform():
            self.drain()
        self.assertEqual(self.states(run), {"refused:kept": 1})
        self.assert_books(self.live)
