"""Claims and uses that pass a limit: told once a day, the same in whatever order pushes come."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

from coupons import alerting, uses
from coupons.alerting import most_of_an_hour
from coupons.models import ClaimPace, Coupon, CouponAlert
from merchants.models import Event, Notice
from tests import build_alerts, build_coupons, build_giving
from tests.coupons.giving_base import GivingCase

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)  # in Beijing
HOUR = timedelta(hours=1)
_vouchers = itertools.count(1)


class AlertCase(GivingCase):
    def claim(self, coupon: Coupon, open_id: str, at: datetime) -> Notice:
        notice = self.push(coupon, open_id, f"AL{next(_vouchers):06d}", at=at)
        Notice.objects.filter(pk=notice.pk).update(received_at=at)
        notice.refresh_from_db()
        self.assertTrue(self.take(notice))
        return notice

    def told(self, **which: Any) -> list[tuple[str, date, int, int]]:
        rows = CouponAlert.objects.filter(**which).order_by("day", "pk")
        return list(rows.values_list("kind", "day", "n", "most"))


class Claims(AlertCase):
    def setUp(self) -> None:
        super().setUp()
        build_alerts.limits(self.yunduo, claims=2)
        self.first, self.second = self.coupon(), self.coupon()
        [self.person] = self.people(1)
        self.name = self.person.open_id or ""

    def test_one_more_than_the_limit_over_all_coupons_is_an_alert(self) -> None:
        for coupon in (self.first, self.second):
            self.claim(coupon, self.name, NOON)
        self.assertEqual(self.told(), [])
        self.claim(self.first, self.name, NOON + HOUR)
        self.assertEqual(self.told(customer=self.person), [("claims", NOON.date(), 3, 2)])
        alert = CouponAlert.objects.get()
        self.assertEqual((alert.state, alert.last_at), ("open", NOON + HOUR))
        event = Event.objects.get(kind="coupon_alert.raised", subject_id=alert.pk)
        self.assertEqual((event.by, event.detail["counted"], event.detail["limit"]), (None, 3, 2))

    def test_the_figure_grows_and_there_is_one_alert_a_day(self) -> None:
        for n in range(5):
            self.claim(self.first, self.name, NOON + n * HOUR)
        self.assertEqual(self.told(), [("claims", NOON.date(), 5, 2)])
        self.assertEqual(Event.objects.filter(kind="coupon_alert.raised").count(), 1)

    def test_a_push_that_comes_again_changes_nothing(self) -> None:
        for n in range(3):
            notice = self.claim(self.first, self.name, NOON + n * HOUR)
        before = list(CouponAlert.objects.values())
        again = self.push(self.first, self.name, notice.fields["voucher_id"], at=NOON + 3 * HOUR)
        self.assertTrue(self.take(again))
        self.assertFalse(self.take(notice))
        self.assertEqual(list(CouponAlert.objects.values()), before)
        self.assertEqual(ClaimPace.objects.count(), 3)

    def test_in_whatever_order_they_come_the_alerts_are_the_same(self) -> None:
        moments = [NOON + n * timedelta(hours=9) for n in range(5)]  # two Beijing days and one more
        found = []
        for order in itertools.permutations(moments):
            CouponAlert.objects.all().delete()
            name = f"shuffled{next(_vouchers):06d}"
            for at in order:
                self.claim(self.first, name, at)
            found.append(self.told())
        self.assertEqual(
            found[0], [("claims", date(2026, 11, 26), 3, 2), ("claims", date(2026, 11, 27), 3, 2)]
        )
        self.assertEqual([one for one in found if one != found[0]], [])

    def test_claims_a_day_apart_are_not_together(self) -> None:
        for n in range(6):
            self.claim(self.first, self.name, NOON + n * timedelta(hours=13))
        self.assertEqual(self.told(), [])

    def test_what_we_gave_is_no_claim(self) -> None:
        for _n in range(2):
            self.claim(self.first, self.name, NOON)
            build_giving.gift(self.second, self.person, state="claimed", claimed_at=NOON, ends_at=NOON)
        self.assertEqual(self.told(), [])

    def test_other_people_and_other_merchants_are_not_counted_in(self) -> None:
        theirs = build_coupons.coupon(self.other_mini_program)
        for coupon, name in ((self.first, self.name), (self.first, "other00000001"), (theirs, self.name)):
            for _n in range(2):
                self.claim(coupon, name, NOON)
        self.assertEqual(self.told(), [])

    def test_turned_off_nothing_is_told(self) -> None:
        build_alerts.limits(self.yunduo, grants=1)
        for n in range(5):
            self.claim(self.first, self.name, NOON + n * HOUR)
        self.assertEqual(self.told(), [])

    def test_without_limits_of_its_own_the_usual_ones_hold(self) -> None:
        theirs = build_coupons.coupon(self.other_mini_program)
        for n in range(11):
            self.assertEqual(self.told(merchant=self.qingcha), [])
            self.claim(theirs, "often00000001", NOON + timedelta(minutes=n))
        self.assertEqual(self.told(merchant=self.qingcha), [("claims", NOON.date(), 11, 10)])

    def test_a_dismissed_alert_stays_so_that_day_and_a_new_day_is_a_new_one(self) -> None:
        for n in range(3):
            self.claim(self.first, self.name, NOON + n * HOUR)
        CouponAlert.objects.update(state="dismissed", settled_at=NOON)
        self.claim(self.first, self.name, NOON + 4 * HOUR)
        self.assertEqual(list(CouponAlert.objects.values_list("state", "n")), [("dismissed", 4)])
        self.claim(self.first, self.name, NOON + 20 * HOUR)
        self.assertEqual(
            sorted(CouponAlert.objects.values_list("state", "n")), [("dismissed", 4), ("open", 5)]
        )


class Bursts(AlertCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(self.few(4))
        build_alerts.limits(self.yunduo, hour_percent=10)

    def few(self, n: int) -> Any:
        return mock.patch.object(alerting, "FEW", n)

    def crowd(self, coupon: Coupon, n: int, *, at: datetime = NOON, every: timedelta = timedelta(0)) -> None:
        for place in range(n):
            self.claim(coupon, f"crowd{next(_vouchers):08d}", at + place * every)

    def test_more_than_the_share_within_an_hour_is_one_alert_of_the_coupon(self) -> None:
        coupon = self.coupon(stock=60)
        self.crowd(coupon, 6)
        self.assertEqual(self.told(), [])
        self.crowd(coupon, 2)
        self.assertEqual(self.told(coupon=coupon), [("burst", NOON.date(), 8, 6)])
        self.assertEqual(Event.objects.get(kind="coupon_alert.raised").detail["coupon"], coupon.name)

    def test_an_hour_is_any_hour_and_not_one_of_the_clock(self) -> None:
        coupon = self.coupon(stock=60)
        self.crowd(coupon, 8, at=NOON - timedelta(minutes=24), every=timedelta(minutes=7))
        self.assertEqual(len(self.told(coupon=coupon)), 1)

    def test_the_same_number_over_a_day_is_none(self) -> None:
        coupon = self.coupon(stock=60)
        self.crowd(coupon, 12, every=timedelta(minutes=30))
        self.assertEqual(self.told(), [])

    def test_a_few_are_never_too_fast(self) -> None:
        self.crowd(self.coupon(stock=10), 4)
        self.assertEqual(self.told(), [])

    def test_what_is_told_a_day_late_is_no_hour_of_now(self) -> None:
        coupon = self.coupon(stock=60)
        for _n in range(8):
            notice = self.push(coupon, f"late{next(_vouchers):09d}", f"LT{next(_vouchers)}", at=NOON)
            self.assertTrue(self.take(notice, at=NOON + timedelta(days=2)))
        self.assertEqual((self.told(), ClaimPace.objects.count()), ([], 0))

    def test_paces_of_a_day_ago_go_by_themselves(self) -> None:
        coupon = self.coupon(stock=60)
        self.crowd(coupon, 1)
        self.crowd(coupon, 1, at=NOON + timedelta(days=2))
        self.assertEqual(ClaimPace.objects.count(), 1)

    def test_turned_off_nothing_is_told(self) -> None:
        build_alerts.limits(self.yunduo, claims=100)
        self.crowd(self.coupon(stock=60), 12)
        self.assertEqual(self.told(), [])

    def test_what_counts_as_too_fast(self) -> None:
        with self.few(50):
            self.assertEqual(most_of_an_hour(1_000, 30), 300)
            self.assertEqual(most_of_an_hour(100, 30), 50)
        self.assertIsNone(most_of_an_hour(1_000, None))
        self.assertIsNone(most_of_an_hour(0, 30))


class Uses(AlertCase):
    """Pay coupons come off at the cashier: the push is all there is."""

    def used(self, grant: Any, at: datetime, event: str) -> Notice:
        notice = self.push(grant.coupon, grant.customer.open_id, grant.voucher_id, id=event, at=at)
        Notice.objects.filter(pk=notice.pk).update(kind=uses.USED, received_at=at)
        uses.take_end(notice.pk, merchant_id=notice.merchant_id, at=at)
        return notice

    def test_more_uses_a_day_than_the_limit_are_an_alert(self) -> None:
        build_alerts.limits(self.yunduo, uses=2)
        coupon, [person] = self.coupon(), self.people(1)
        held = [build_coupons.grant(coupon, person, at=NOON - HOUR) for _n in range(4)]
        for n, grant in enumerate(held[:2]):
            self.used(grant, NOON, f"U{n}")
        self.assertEqual(self.told(), [])
        notice = self.used(held[2], NOON, "U2")
        self.assertEqual(self.told(customer=person), [("uses", NOON.date(), 3, 2)])
        before = list(CouponAlert.objects.values())
        Notice.objects.filter(pk=notice.pk).update(handled_at=None)
        uses.take_end(notice.pk, merchant_id=notice.merchant_id, at=NOON)
        self.assertEqual(list(CouponAlert.objects.values()), before)
        self.used(held[3], NOON + timedelta(days=1), "U3")
        self.assertEqual(len(self.told()), 1)

    def test_turned_off_nothing_is_told(self) -> None:
        build_alerts.limits(self.yunduo)
        coupon, [person] = self.coupon(), self.people(1)
        for n in range(4):
            self.used(build_coupons.grant(coupon, person, at=NOON - HOUR), NOON, f"O{n}")
        self.assertEqual(self.told(), [])
