"""One coupon to one person: once for a form, within stock and limits, one outcome whatever the answer."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from coupons import giving
from coupons.models import Coupon, CouponDay, CouponGrant
from membership import customers
from membership.models import Customer
from merchants.models import Event, GatewayCall
from tests.coupons.giving_base import SEND, SEND_CODE, GivingCase, code_of, refused
from tests.gateway.platform import hang_up


class Giving(GivingCase):
    def give(self, coupon: Coupon, person: Customer, **fields: Any) -> CouponGrant:
        token = fields.pop("form_token", uuid.uuid4())
        return giving.give(
            coupon, person, by=self.operator, form_token=token, at=fields.pop("at", timezone.now())
        )

    def assert_not_given(self, why: str, coupon: Coupon, person: Customer, **fields: Any) -> None:
        grants = CouponGrant.objects.count()
        with self.assertRaises(giving.NotPossible) as raised:
            self.give(coupon, person, **fields)
        self.assertEqual(raised.exception.why, why)
        self.assertEqual(CouponGrant.objects.count(), grants)

    def test_a_pay_coupon_is_given_and_counted(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        self.assertEqual(grant.state, "sending")
        self.assertEqual(self.count(coupon).taken, 1)
        with self.platform() as counter:
            self.send()
        grant.refresh_from_db()
        self.assertEqual((grant.state, grant.source), ("claimed", "direct"))
        self.assertEqual(grant.voucher_id, f"V:{grant.out_biz_no}")
        sent = {
            "activity_id": coupon.activity_id,
            "open_id": person.open_id,
            "out_biz_no": grant.out_biz_no,
            "merchant_access_mode": "SELF_MODE",
        }
        self.assertEqual(counter.asked, [(SEND, sent)])
        self.assert_books(coupon)
        self.assertEqual(CouponDay.objects.get(coupon=coupon).source, "direct")
        self.assertEqual(Event.objects.filter(kind="coupon.given").count(), 1)

    def test_a_merchant_coupon_comes_with_its_code(self) -> None:
        coupon, [person] = self.coupon(family="merchant"), self.people(1)
        grant = self.give(coupon, person)
        with self.platform() as counter:
            self.send()
        grant.refresh_from_db()
        self.assertEqual((grant.state, grant.voucher_id), ("claimed", ""))
        self.assertEqual(grant.code, code_of(grant.out_biz_no))
        self.assertEqual(counter.times(SEND_CODE), 1)
        self.assert_books(coupon)

    def test_the_same_form_gives_once(self) -> None:
        coupon, [person], token = self.coupon(), self.people(1), uuid.uuid4()
        made = [self.give(coupon, person, form_token=token) for _time in range(3)]
        self.assertEqual(len({grant.pk for grant in made}), 1)
        self.assertEqual(self.count(coupon).taken, 1)
        self.assertEqual(GatewayCall.objects.count(), 1)

    def test_settling_again_changes_nothing(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        self.give(coupon, person)
        with self.platform():
            self.send()
        GatewayCall.objects.update(settled_at=None)
        self.settle()
        self.assert_books(coupon)
        self.assertEqual(self.count(coupon).claimed, 1)

    def test_a_refusal_frees_stock_and_place(self) -> None:
        coupon, [person] = self.coupon(stock=1, per_person=1), self.people(1)
        grant = self.give(coupon, person)
        self.counter.plan[SEND] = [refused("COUNT_OVER_LIMIT", "超过限制")]
        with self.platform():
            self.send()
        grant.refresh_from_db()
        self.assertEqual((grant.state, grant.refusal), ("refused", "COUNT_OVER_LIMIT"))
        self.assertEqual((grant.words, grant.slot), ("超过限制", ""))
        self.assert_books(coupon)
        self.give(coupon, person)

    def test_an_answer_that_was_lost_is_asked_for_under_the_same_number(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        self.counter.plan[SEND] = [hang_up, None]
        with self.platform() as counter:
            self.send(tries=2)
        grant.refresh_from_db()
        self.assertEqual(grant.state, "claimed")
        self.assertEqual([biz["out_biz_no"] for _one, biz in counter.asked], [grant.out_biz_no] * 2)
        self.assert_books(coupon)

    def test_where_the_platform_cannot_be_reached_nothing_was_given(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        GatewayCall.objects.update(attempts=11)
        with self.settings(GATEWAY_URLS={"simulated": "http://127.0.0.1:9/gateway.do"}):
            self.send()
        grant.refresh_from_db()
        self.assertEqual((grant.state, grant.refusal), ("refused", "not_reached"))
        self.assert_books(coupon)

    def test_nobody_gets_more_than_the_limit_and_nothing_beyond_the_stock(self) -> None:
        coupon, (first, second, third) = self.coupon(stock=2, per_person=1), self.people(3)
        self.give(coupon, first)
        self.assert_not_given("limit_reached", coupon, first)
        self.give(coupon, second)
        self.assert_not_given("stock_gone", coupon, third)
        self.assertEqual(self.count(coupon).taken, 2)

    def test_only_a_live_coupon_is_given(self) -> None:
        [person], at = self.people(1), timezone.now()
        for state in ("draft", "creating", "created", "stopping", "stopped", "ended", "rejected"):
            self.assert_not_given("not_live", self.coupon(state=state), person)
        coupon = self.coupon()
        self.assert_not_given("not_begun", coupon, person, at=at - timedelta(days=2))
        self.assert_not_given("over", coupon, person, at=at + timedelta(days=40))

    def test_nobody_forgotten_and_nobody_of_another_mini_program_gets_one(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        customers.forget(person, by=self.owner, at=timezone.now())
        person.refresh_from_db()
        self.assert_not_given("not_known", coupon, person)
        stranger = self.people(1)[0]
        stranger.mini_program = self.other_mini_program
        self.assert_not_given("not_known", coupon, stranger)
