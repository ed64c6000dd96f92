"""The merchant's limits against abuse: usual ones until somebody sets others; who read last changes them."""

from django.db import IntegrityError, transaction

from coupons.limits import USUAL, Limits, LimitsChanged, limits_of, save
from coupons.models import CouponLimits
from merchants.models import Event
from tests.base import CastCase


class Saving(CastCase):
    def test_the_usual_ones_hold_until_somebody_sets_others(self) -> None:
        self.assertEqual(limits_of(self.yunduo.pk), (USUAL, 0))
        self.assertTrue(save(self.yunduo, Limits(claims=3), version=0, by=self.owner))
        self.assertEqual(limits_of(self.yunduo.pk), (Limits(claims=3), 1))
        self.assertEqual(limits_of(self.qingcha.pk), (USUAL, 0))

    def test_the_event_says_from_what_to_what(self) -> None:
        save(self.yunduo, Limits(claims=3), version=0, by=self.owner)
        detail = Event.objects.get(kind="coupon_limits.changed", by=self.owner).detail
        self.assertEqual((detail["claims_before"], detail["claims"]), (USUAL.claims, 3))
        self.assertEqual((detail["uses_before"], detail["uses"]), (USUAL.uses, None))

    def test_the_same_again_changes_nothing(self) -> None:
        save(self.yunduo, Limits(claims=3), version=0, by=self.owner)
        self.assertFalse(save(self.yunduo, Limits(claims=3), version=1, by=self.owner))
        self.assertFalse(save(self.qingcha, USUAL, version=0, by=self.other_owner))
        self.assertEqual(Event.objects.filter(kind="coupon_limits.changed").count(), 1)

    def test_who_read_an_older_version_changes_nothing(self) -> None:
        save(self.yunduo, Limits(claims=3), version=0, by=self.owner)
        for version in (0, 2, -1):
            with self.assertRaises(LimitsChanged):
                save(self.yunduo, Limits(claims=9), version=version, by=self.owner)
        self.assertEqual(limits_of(self.yunduo.pk)[0], Limits(claims=3))

    def test_the_table_takes_no_limit_that_is_none(self) -> None:
        for wrong in ({"claims": 0}, {"grants": 0}, {"uses": 0}, {"hour_percent": 0}, {"hour_percent": 101}):
            with self.subTest(wrong), self.assertRaises(IntegrityError), transaction.atomic():
                CouponLimits.objects.create(merchant=self.yunduo, **wrong)
