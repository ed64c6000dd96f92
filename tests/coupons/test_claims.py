"""Pushes that somebody got a coupon: counted once, in any order with the answers of our own calls."""

import uuid
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from coupons import giving, terms
from coupons.models import Coupon, CouponGrant, GrantEntry
from membership.models import Customer
from merchants import calls
from merchants.models import GatewayCall
from tests import build_coupons, build_messaging
from tests.coupons.giving_base import SEND, SEND_CODE, GivingCase, code_of
from tests.gateway.platform import hang_up


class Claims(GivingCase):
    def give(self, coupon: Coupon, person: Customer) -> CouponGrant:
        return giving.give(coupon, person, by=self.operator, form_token=uuid.uuid4(), at=timezone.now())

    def only(self, coupon: Coupon) -> CouponGrant:
        found: CouponGrant = CouponGrant.objects.get(coupon=coupon)
        return found

    def test_a_claim_makes_the_person_the_grant_and_its_entry(self) -> None:
        coupon = self.coupon()
        at = timezone.now() - timedelta(minutes=3)
        self.assertTrue(self.take(self.push(coupon, "newcomer000001", "V1", at=at)))
        grant = self.only(coupon)
        self.assertEqual((grant.state, grant.source, grant.voucher_id), ("claimed", "claim", "V1"))
        self.assertEqual(grant.customer.open_id, "newcomer000001")
        self.assertLess(abs(grant.claimed_at - at), timedelta(milliseconds=1))
        entry = GrantEntry.objects.get(grant=grant)
        self.assertEqual((entry.kind, entry.by), ("claimed", "platform"))
        self.assert_books(coupon)

    def test_repeated_and_shuffled_it_is_counted_once(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        pushes = [
            self.push(coupon, person.open_id or "", voucher) for voucher in ("V1", "V2", "V1", "V2", "V1")
        ]
        for push in reversed(pushes):
            self.assertTrue(self.take(push))
        self.assertEqual([self.take(push) for push in pushes], [False] * 5)
        self.assertEqual((self.count(coupon).claimed, self.count(coupon).taken), (2, 2))
        self.assert_books(coupon)

    def test_a_claim_beyond_stock_and_limit_is_counted_all_the_same(self) -> None:
        coupon, [person] = self.coupon(stock=1, per_person=1), self.people(1)
        for voucher in ("V1", "V2", "V3"):
            self.assertTrue(self.take(self.push(coupon, person.open_id or "", voucher)))
        self.assertEqual(self.count(coupon).claimed, 3)
        self.assert_books(coupon)

    def test_a_push_after_the_answer_adds_what_the_answer_could_not_tell(self) -> None:
        coupon, [person] = self.coupon(family="merchant"), self.people(1)
        grant = self.give(coupon, person)
        with self.platform():
            self.send()
        push = self.push(coupon, person.open_id or "", "V9", voucher_code=code_of(grant.out_biz_no))
        self.assertTrue(self.take(push))
        grant.refresh_from_db()
        self.assertEqual((grant.voucher_id, grant.code), ("V9", code_of(grant.out_biz_no)))
        self.assertEqual(grant.source, "direct")
        self.assertEqual(self.count(coupon).claimed, 1)
        self.assert_books(coupon)

    def test_a_push_waits_for_the_answer_of_a_call_that_began(self) -> None:
        for family, method in (("pay", SEND), ("merchant", SEND_CODE)):
            coupon, [person] = self.coupon(family=family), self.people(1)
            grant = self.give(coupon, person)
            self.counter.plan[method] = [hang_up]
            with self.platform():
                self.send()
                code = code_of(grant.out_biz_no) if family == "merchant" else ""
                push = self.push(coupon, person.open_id or "", f"V:{grant.out_biz_no}", voucher_code=code)
                self.assertFalse(self.take(push))
                self.assertFalse(self.handled(push))
                self.counter.plan = {}
                self.send()
            self.assertTrue(self.take(push))
            grant.refresh_from_db()
            self.assertEqual((grant.state, grant.voucher_id), ("claimed", f"V:{grant.out_biz_no}"))
            self.assertEqual(self.count(coupon).claimed, 1)
            self.assert_books(coupon)

    def test_an_answer_that_is_there_is_taken_over_before_its_push(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        with self.platform():
            call = GatewayCall.objects.get()
            calls.send_call(call.pk, merchant_id=call.merchant_id)
        self.assertTrue(self.take(self.push(coupon, person.open_id or "", f"V:{grant.out_biz_no}")))
        grant.refresh_from_db()
        self.assertEqual((grant.state, grant.source), ("claimed", "direct"))
        self.settle()
        self.assertEqual((self.count(coupon).claimed, GrantEntry.objects.count()), (1, 1))
        self.assert_books(coupon)

    def test_a_claim_beside_an_answer_that_is_there_is_another(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        self.give(coupon, person)
        with self.platform():
            call = GatewayCall.objects.get()
            calls.send_call(call.pk, merchant_id=call.merchant_id)
        self.assertTrue(self.take(self.push(coupon, person.open_id or "", "CLAIMED")))
        sources = CouponGrant.objects.filter(state="claimed").values_list("source", flat=True)
        self.assertEqual(sorted(sources), ["claim", "direct"])
        self.assert_books(coupon)

    def test_one_that_had_not_begun_gave_nothing_so_the_person_claimed_another(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        self.assertTrue(self.take(self.push(coupon, person.open_id or "", "V1")))
        with self.platform():
            self.send()
        grant.refresh_from_db()
        self.assertEqual((grant.state, grant.voucher_id), ("claimed", f"V:{grant.out_biz_no}"))
        self.assertEqual(self.count(coupon).claimed, 2)
        self.assert_books(coupon)

    def test_the_same_voucher_answered_and_pushed_to_two_apps_is_one(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        with self.platform():
            self.send()
        for _push in range(2):
            push = self.push(coupon, person.open_id or "", f"V:{grant.out_biz_no}")
            self.assertTrue(self.take(push))
        self.assertEqual(self.count(coupon).claimed, 1)
        self.assert_books(coupon)

    def test_the_push_of_one_whose_outcome_nobody_knows_is_the_outcome(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        with self.platform():
            self.lose_answers()
        grant.refresh_from_db()
        self.assertEqual(grant.state, "unknown")
        self.assertTrue(self.take(self.push(coupon, person.open_id or "", "V7")))
        grant.refresh_from_db()
        self.assertEqual((grant.state, grant.voucher_id), ("claimed", "V7"))
        self.assertEqual(self.count(coupon).claimed, 1)
        self.assert_books(coupon)

    def test_a_late_answer_after_that_push_changes_nothing(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = self.give(coupon, person)
        with self.platform():
            self.lose_answers()
        voucher = f"V:{grant.out_biz_no}"
        self.take(self.push(coupon, person.open_id or "", voucher))
        GatewayCall.objects.filter(method=SEND).update(
            state="accepted", answer={"voucher_id": voucher}, settled_at=None
        )
        self.settle()
        self.assertEqual(CouponGrant.objects.filter(coupon=coupon).count(), 1)
        self.assert_books(coupon)

    def test_a_coupon_that_is_not_ours_is_waited_for_and_then_left(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        push = self.push(coupon, person.open_id or "", "V1", activity_id="nobody-knows-it")
        self.assertFalse(self.take(push))
        self.assertTrue(self.take(push, at=push.received_at + timedelta(hours=2)))
        self.assertEqual(CouponGrant.objects.count(), 0)
        self.assertTrue(self.handled(push))

    def test_a_push_that_names_nobody_or_no_coupon_is_done_at_once(self) -> None:
        coupon = self.coupon()
        for fields in ({"open_id": ""}, {"open_id": "x"}, {"voucher_id": ""}):
            push = self.push(coupon, "somebody00001", "V1")
            push.fields |= fields
            push.save(update_fields=["fields"])
            self.assertTrue(self.take(push))
        self.assertEqual(CouponGrant.objects.count(), 0)

    def test_one_merchants_push_touches_no_other_merchants_coupon(self) -> None:
        ours = self.coupon(activity_id="shared-number")
        theirs = self.other_coupon("shared-number")
        self.take(self.push(theirs, "somebody00001", "V1"))
        self.assertEqual(CouponGrant.objects.filter(coupon=ours).count(), 0)
        self.assertEqual(CouponGrant.objects.filter(coupon=theirs).count(), 1)

    def other_coupon(self, activity_id: str) -> Coupon:
        return build_coupons.coupon(self.other_mini_program, activity_id=activity_id)

    def test_a_time_that_cannot_be_read_is_when_it_came(self) -> None:
        coupon, [person] = self.coupon(), build_messaging.people(self.mini_program, 1)
        push = self.push(coupon, person.open_id or "", "V1", event_time="soon")
        self.take(push)
        self.assertEqual(self.only(coupon).claimed_at, push.received_at)

    def test_validity_counts_from_the_moment_of_the_push(self) -> None:
        coupon, [person] = self.coupon(valid_days=1), self.people(1)
        at = datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)  # the last second of the 20th in Beijing
        self.take(self.push(coupon, person.open_id or "", "V1", at=at))
        self.assertEqual(self.only(coupon).ends_at, at)

    def test_the_days_count_from_the_platforms_moment_not_from_our_answers(self) -> None:
        coupon, [person] = self.coupon(valid_days=1), self.people(1)
        grant = self.give(coupon, person)
        with self.platform():
            self.send()
        at = timezone.now() - timedelta(
            days=1
        )  # the first attempt gave it; its answer was lost till midnight
        self.take(self.push(coupon, person.open_id or "", f"V:{grant.out_biz_no}", at=at))
        grant.refresh_from_db()
        self.assertEqual(grant.ends_at, terms.validity(coupon, at)[1])
        self.assertEqual(self.count(coupon).claimed, 1)
        self.assert_books(coupon)

    def test_where_an_app_has_no_open_ids_the_person_is_known_by_the_other(self) -> None:
        coupon = self.coupon()
        for name, who in (("user_id", "2088000000000042"), ("receive_user_id", "2088000000000043")):
            push = self.push(coupon, "", f"V{who}", **{name: who})
            self.assertTrue(self.take(push))
            self.assertTrue(CouponGrant.objects.filter(customer__open_id=who).exists())
