"""Nobody knows whether it was given: the platform is asked what the person holds before anybody decides."""

import uuid
from datetime import timedelta

from django.utils import timezone

from coupons import giving, held_answers, held_questions
from coupons.models import Coupon, CouponGrant
from membership import customers
from membership.models import Customer
from merchants.models import Event, GatewayCall
from tests import build_coupons
from tests.coupons.giving_base import PID, SEND, GivingCase, holding, refused
from tests.gateway.platform import hang_up


class Asked(GivingCase):
    def unknown(self, coupon: Coupon, person: Customer | None = None) -> CouponGrant:
        person = person or self.people(1)[0]
        grant = giving.give(coupon, person, by=self.operator, form_token=uuid.uuid4(), at=timezone.now())
        with self.platform():
            self.lose_answers()
        grant.refresh_from_db()
        self.assertEqual(grant.state, "unknown")
        return grant

    def ask(self) -> None:
        with self.platform():
            for _question in range(4):
                self.send()

    def state(self, grant: CouponGrant) -> str:
        grant.refresh_from_db()
        return str(grant.state)

    def test_it_keeps_its_stock_and_place_and_the_question_waits_a_little(self) -> None:
        coupon = self.coupon(per_person=1)
        grant = self.unknown(coupon)
        self.assert_books(coupon)
        self.assertEqual(grant.slot, "L.1")
        [question] = held_questions.questions_of(grant)
        self.assertGreater(question.due_at, timezone.now() + timedelta(seconds=20))

    def test_found_on_the_list_it_is_claimed_from_that_moment(self) -> None:
        coupon = self.coupon()
        grant = self.unknown(coupon)
        at = timezone.now().replace(microsecond=0)
        self.counter.held = [holding("V5", at=at)]
        self.ask()
        self.assertEqual(self.state(grant), "claimed")
        self.assertEqual((grant.voucher_id, grant.claimed_at), ("V5", at))
        asked_for = [biz for method, biz in self.counter.asked if method == held_questions.HELD]
        self.assertEqual({biz["belong_merchant_id"] for biz in asked_for}, {PID})
        self.assertEqual({biz["activity_id"] for biz in asked_for}, {coupon.activity_id})
        self.assert_books(coupon)

    def test_a_merchant_coupon_is_found_with_its_code(self) -> None:
        coupon = self.coupon(family="merchant")
        grant = self.unknown(coupon)
        self.counter.held = [holding("V5", at=timezone.now(), code="000000000042")]
        self.ask()
        self.assertEqual((self.state(grant), grant.code), ("claimed", "000000000042"))

    def test_what_stands_with_other_grants_is_not_ours(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        other = build_coupons.grant(coupon, person)
        grant = self.unknown(coupon, person)
        self.counter.held = [holding(other.voucher_id, at=timezone.now())]
        self.ask()
        self.assertEqual(self.state(grant), "unknown")
        self.assertTrue(held_answers.may_decide(grant))

    def test_what_was_got_before_or_long_after_is_not_ours(self) -> None:
        grant = self.unknown(self.coupon())
        moments = (timezone.now() - timedelta(days=2), timezone.now() + timedelta(hours=1))
        self.counter.held = [holding(f"V{n}", at=at) for n, at in enumerate(moments)]
        self.ask()
        self.assertEqual(self.state(grant), "unknown")

    def test_the_list_is_read_to_its_end(self) -> None:
        grant = self.unknown(self.coupon())
        old = [holding(f"OLD{n}", at=timezone.now() - timedelta(days=9)) for n in range(45)]
        self.counter.held = [*old, holding("OURS", at=timezone.now())]
        self.ask()
        self.assertEqual((self.state(grant), grant.voucher_id), ("claimed", "OURS"))
        self.assertEqual(self.counter.times(held_questions.HELD), 3)

    def test_a_refusal_after_a_lost_answer_is_believed_with_the_list(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = giving.give(coupon, person, by=None, form_token=uuid.uuid4(), at=timezone.now())
        self.counter.plan[SEND] = [hang_up, refused("ACTIVITY_IS_END", "活动已结束")]
        with self.platform():
            self.send(tries=2)
        self.assertEqual((self.state(grant), grant.refusal), ("unknown", "ACTIVITY_IS_END"))
        self.ask()
        self.assertEqual((self.state(grant), grant.refusal), ("refused", "ACTIVITY_IS_END"))
        self.assert_books(coupon)

    def test_somebody_the_platform_knows_neither_to_give_to_nor_to_list_got_nothing(self) -> None:
        for said, state in (("INVALID_PARAMETER", "refused"), ("SYSTEM_ERROR", "unknown")):
            coupon, [person] = self.coupon(), self.people(1)
            grant = giving.give(coupon, person, by=None, form_token=uuid.uuid4(), at=timezone.now())
            self.counter.plan[SEND] = [hang_up, refused("INVALID_PARAMETER")]
            self.counter.plan[held_questions.HELD] = [refused(said, method=held_questions.HELD)]
            with self.platform():
                self.send(tries=2)
            self.ask()
            self.assertEqual(self.state(grant), state, said)
            self.assert_books(coupon)

    def test_a_refusal_after_a_lost_answer_gives_way_to_the_list(self) -> None:
        coupon, [person] = self.coupon(), self.people(1)
        grant = giving.give(coupon, person, by=None, form_token=uuid.uuid4(), at=timezone.now())
        self.counter.plan[SEND] = [hang_up, refused("ACTIVITY_IS_END")]
        with self.platform():
            self.send(tries=2)
        self.counter.held = [holding("V1", at=timezone.now())]
        self.ask()
        self.assertEqual((self.state(grant), grant.refusal), ("claimed", ""))
        self.assert_books(coupon)

    def test_nobody_decides_while_it_is_being_asked(self) -> None:
        grant = self.unknown(self.coupon())
        self.assertFalse(held_answers.may_decide(grant))
        self.assertFalse(held_answers.give_again(grant, by=self.operator))
        self.assertFalse(held_answers.write_off(grant, by=self.operator))
        self.assertEqual(self.state(grant), "unknown")

    def test_given_again_under_the_same_number_the_platform_gives_no_second_one(self) -> None:
        coupon = self.coupon()
        grant = self.unknown(coupon)
        self.ask()
        self.assertTrue(held_answers.give_again(grant, by=self.operator))
        self.assertFalse(held_answers.give_again(grant, by=self.operator))
        with self.platform():
            self.send()
        self.assertEqual((self.state(grant), grant.voucher_id), ("claimed", f"V:{grant.out_biz_no}"))
        numbers = {biz["out_biz_no"] for method, biz in self.counter.asked if method == SEND}
        self.assertEqual(numbers, {grant.out_biz_no})
        self.assert_books(coupon)
        self.assertEqual(Event.objects.filter(kind="grant.given_again").count(), 1)

    def test_lost_once_more_it_is_asked_for_once_more(self) -> None:
        grant = self.unknown(self.coupon())
        self.ask()
        held_answers.give_again(grant, by=self.operator)
        with self.platform():
            self.lose_answers()
        self.assertEqual(self.state(grant), "unknown")
        self.assertTrue(held_questions.is_being_asked(grant))
        self.counter.held = [holding("V6", at=timezone.now())]
        self.ask()
        self.assertEqual((self.state(grant), grant.voucher_id), ("claimed", "V6"))

    def test_written_off_its_stock_and_place_are_free(self) -> None:
        coupon = self.coupon(stock=1, per_person=1)
        grant = self.unknown(coupon)
        self.ask()
        self.assertTrue(held_answers.write_off(grant, by=self.operator))
        self.assertFalse(held_answers.write_off(grant, by=self.operator))
        self.assertEqual((self.state(grant), grant.refusal, grant.slot), ("refused", "written_off", ""))
        self.assertEqual(self.count(coupon).taken, 0)
        self.assert_books(coupon)
        self.assertEqual(Event.objects.filter(kind="grant.written_off").count(), 1)

    def test_what_arrives_after_it_was_written_off_is_counted_too(self) -> None:
        coupon = self.coupon()
        grant = self.unknown(coupon)
        self.ask()
        held_answers.write_off(grant, by=self.operator)
        GatewayCall.objects.filter(method=SEND).update(
            state="accepted", answer={"voucher_id": "V1"}, settled_at=None
        )
        self.settle()
        self.assertEqual(self.state(grant), "refused")
        got = CouponGrant.objects.get(coupon=coupon, state="claimed")
        self.assertEqual((got.voucher_id, got.customer_id), ("V1", grant.customer_id))
        self.assert_books(coupon)

    def test_a_question_without_an_answer_leaves_it_to_a_person(self) -> None:
        grant = self.unknown(self.coupon())
        self.counter.plan[held_questions.WHOSE] = [refused("INVALID_PARAMETER", method=held_questions.WHOSE)]
        self.ask()
        self.assertEqual(self.state(grant), "unknown")
        self.assertTrue(held_answers.may_decide(grant))

    def test_a_person_forgotten_meanwhile_is_not_asked_about(self) -> None:
        coupon = self.coupon()
        grant = self.unknown(coupon)
        customers.forget(grant.customer, by=self.owner, at=timezone.now())
        self.ask()
        self.assertEqual(self.counter.times(held_questions.HELD), 0)
        self.assertTrue(held_answers.give_again(grant, by=self.operator))
        self.assertEqual((self.state(grant), grant.refusal), ("refused", "not_known"))
        self.assert_books(coupon)
