"""Codes beyond the merchant's limit of uses a day are refused before the platform is asked."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from coupons import ledger, redeeming
from coupons.models import CouponGrant
from coupons.terms import beijing_day
from tests import build_alerts, build_coupons, build_uses
from tests.coupons.giving_base import refused
from tests.coupons.use_base import USE, UseCase


class UseLimits(UseCase):
    def setUp(self) -> None:
        super().setUp()
        build_alerts.limits(self.yunduo, uses=2)
        self.person = self.grant.customer

    def more(self, n: int = 1) -> list[CouponGrant]:
        return [self.of_person(f"MORE{number}") for number in range(n)]

    def of_person(self, code: str) -> CouponGrant:
        return build_coupons.grant(self.live(), self.person, code=f"{code}{self.grant.pk}")

    def refusal_of(self, grant: CouponGrant, no: str) -> str:
        try:
            self.redeem(grant, no=no, now=False)
        except redeeming.NotPossible as error:
            return error.code
        return ""

    def test_the_limit_counts_all_coupons_of_a_person(self) -> None:
        held = [self.grant, *self.more(3)]
        with self.platform() as counter:
            for n, grant in enumerate(held[:2]):
                self.assertEqual(self.redeem(grant, no=f"L{n}").state, "accepted")
            self.assertEqual(self.refusal_of(held[2], "L2"), "day_limit")
            self.assertEqual(counter.times(USE), 2)
            others = self.holding(self.made)
            self.assertEqual(self.redeem(others, no="L4").state, "accepted")

    def test_one_on_its_way_counts_and_one_that_was_refused_does_not(self) -> None:
        build_uses.unknown(self.fresh())
        self.counter.plan = {USE: [refused("BIZ_ERROR", method=USE), None]}
        second, third, fourth = self.more(3)
        with self.platform():
            self.assertEqual(self.redeem(second, no="W1").state, "refused")
            self.assertEqual(self.redeem(third, no="W2").state, "accepted")
        self.assertEqual(self.refusal_of(fourth, "W3"), "day_limit")

    def test_several_uses_at_once_count_each(self) -> None:
        card = build_coupons.grant(self.live(max_uses=5), self.person, code="CARD5")
        with self.platform():
            self.assertEqual(self.redeem(card, no="S1").state, "accepted")
        with self.assertRaises(redeeming.NotPossible) as raised:
            self.redeem(card, no="S2", times=2, now=False)
        self.assertEqual(raised.exception.code, "day_limit")

    def test_what_was_given_back_leaves_room(self) -> None:
        held = self.more(2)
        with self.platform():
            self.redeem(no="B1")
            use = self.redeem(held[0], no="B2")
            self.assertEqual(self.refusal_of(held[1], "B3"), "day_limit")
            self.give_back(use.entry)
            self.assertEqual(self.redeem(held[1], no="B3").state, "accepted")

    def test_yesterdays_uses_do_not_count(self) -> None:
        yesterday = timezone.now() - timedelta(days=1)
        for n in range(2):
            old = build_coupons.grant(
                self.live(), self.person, code=f"OLD{n}", at=yesterday - timedelta(hours=1)
            )
            with transaction.atomic():
                ledger.redeem(old, build_coupons.fact(yesterday))
        self.assertLess(beijing_day(yesterday), beijing_day(timezone.now()))
        self.assertEqual(self.refusal_of(self.grant, "Y1"), "")

    def test_the_same_request_is_answered_as_the_first_also_at_the_limit(self) -> None:
        build_alerts.limits(self.yunduo, uses=1)
        with self.platform():
            self.assertEqual([self.redeem(no="SAME").state for _time in range(2)], ["accepted"] * 2)

    def test_it_is_not_held_for_an_order_either(self) -> None:
        for n, grant in enumerate(self.more(2)):
            build_uses.redeemed(grant, order_no=f"H{n}")
        with self.assertRaises(redeeming.NotPossible) as raised:
            redeeming.reserve(self.fresh(), order_no="O9", minutes=5, at=timezone.now())
        self.assertEqual(raised.exception.code, "day_limit")

    def test_turned_off_there_is_none(self) -> None:
        build_alerts.limits(self.yunduo, grants=1)
        for grant in self.more(6):
            build_uses.redeemed(grant)
        self.assertEqual(self.refusal_of(self.grant, "T1"), "")
