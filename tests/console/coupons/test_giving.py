"""Giving one coupon to one person, from the coupon and from the person; deciding what nobody knows."""

import uuid
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from coupons.models import CouponGrant
from membership import customers
from merchants.models import Event, GatewayCall
from tests import build, build_coupons, build_giving, build_messaging
from tests.base import CastCase


class GivingPages(CastCase):
    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program, per_person=1)
        [self.person] = build_messaging.people(self.mini_program, 1)
        self.sign_in(self.operator)

    def address(self, name: str, *args: Any) -> str:
        return reverse(name, args=["yunduo", *args])

    def assert_refused(self, response: Any, words: str) -> None:
        self.assertContains(response, words, status_code=422)
        self.assertEqual(CouponGrant.objects.filter(state="sending").count(), 0)


class FromTheCoupon(GivingPages):
    def give(self, who: str, **fields: Any) -> Any:
        data = {"who": who, "form_token": str(uuid.uuid4()), **fields}
        return self.client.post(self.address("coupon_give", self.coupon.pk), data)

    def test_the_page_says_what_is_left(self) -> None:
        page = self.client.get(self.address("coupon_give", self.coupon.pk))
        self.assertContains(page, "1,000 are left of the stock")

    def test_given_it_is_on_its_way_and_stands_with_the_person(self) -> None:
        response = self.give(self.person.open_id or "")
        self.assertRedirects(response, self.address("person", self.person.pk), status_code=303)
        grant = CouponGrant.objects.get()
        self.assertEqual((grant.state, grant.customer_id), ("sending", self.person.pk))
        page = self.client.get(self.address("person", self.person.pk))
        self.assertContains(page, self.coupon.name)
        self.assertContains(page, "Being issued")

    def test_the_same_form_twice_gives_one(self) -> None:
        token = str(uuid.uuid4())
        for _time in range(2):
            self.assertEqual(self.give(self.person.open_id or "", form_token=token).status_code, 303)
        self.assertEqual(CouponGrant.objects.count(), 1)
        self.assertEqual(GatewayCall.objects.count(), 1)

    def test_beyond_the_limit_it_says_why_and_what_to_do(self) -> None:
        build_coupons.grant(self.coupon, self.person)
        self.assert_refused(self.give(self.person.open_id or ""), "Has as many as one person may have")

    def test_nobody_known_by_that_id_is_told_at_the_field(self) -> None:
        self.assert_refused(self.give("nobody-here-0001"), "Nobody with this id is known")

    def test_a_coupon_that_is_over_cannot_be_given_and_says_so(self) -> None:
        self.coupon.state = "ended"
        self.coupon.save(update_fields=["state"])
        page = self.client.get(self.address("coupon_give", self.coupon.pk))
        self.assertContains(page, "The coupon is not live")
        self.assert_refused(self.give(self.person.open_id or ""), "It cannot be given now")

    def test_where_the_merchant_asks_for_a_second_factor_nothing_goes_without(self) -> None:
        self.yunduo.asks_second_factor = True
        self.yunduo.save(update_fields=["asks_second_factor"])
        self.assert_refused(self.give(self.person.open_id or ""), "Set up the second factor")
        build.second_factor(self.operator, at=timezone.now() - timedelta(hours=1))
        self.assert_refused(self.give(self.person.open_id or "", code="000000"), "code")

    def test_htmx_gets_the_form_alone(self) -> None:
        address = self.address("coupon_give", self.coupon.pk)
        response = self.client.post(address, {"who": ""}, headers={"HX-Request": "true"})
        self.assertEqual(response.status_code, 422)
        self.assertNotContains(response, "<html", status_code=422)
        self.assertContains(response, 'id="give-form"', status_code=422)

    def test_another_merchants_coupon_is_not_there(self) -> None:
        foreign = build_coupons.coupon(self.other_mini_program)
        self.assertEqual(self.client.get(self.address("coupon_give", foreign.pk)).status_code, 404)


class FromThePerson(GivingPages):
    def give(self, coupon_id: int) -> Any:
        data = {"coupon": coupon_id, "form_token": str(uuid.uuid4())}
        return self.client.post(self.address("person_give", self.person.pk), data)

    def test_the_page_offers_what_is_live_and_nothing_else(self) -> None:
        build_coupons.coupon(self.mini_program, name="还没发布", state="created")
        build_coupons.coupon(self.other_mini_program, name="别家的券")
        page = self.client.get(self.address("person_give", self.person.pk))
        self.assertContains(page, self.coupon.name)
        self.assertNotContains(page, "还没发布")
        self.assertNotContains(page, "别家的券")
        self.assertNotContains(page, self.person.open_id)

    def test_chosen_it_is_on_its_way(self) -> None:
        self.assertEqual(self.give(self.coupon.pk).status_code, 303)
        self.assertEqual(CouponGrant.objects.get().coupon, self.coupon)
        self.assertEqual(Event.objects.get(kind="coupon.given").by, self.operator)

    def test_what_is_not_offered_is_not_given(self) -> None:
        foreign = build_coupons.coupon(self.other_mini_program)
        self.assert_refused(self.give(foreign.pk), "This coupon cannot be given any more")

    def test_an_erased_person_gets_none(self) -> None:
        customers.forget(self.person, by=self.owner, at=timezone.now())
        page = self.client.get(self.address("person_give", self.person.pk))
        self.assertContains(page, "This person was erased")
        self.assertEqual(self.give(self.coupon.pk).status_code, 422)
        self.assertEqual(CouponGrant.objects.count(), 0)

    def test_who_may_not_give_sees_no_way_to(self) -> None:
        self.sign_in(self.analyst)
        page = self.client.get(self.address("person", self.person.pk))
        self.assertNotContains(page, self.address("person_give", self.person.pk))


class Deciding(GivingPages):
    def setUp(self) -> None:
        super().setUp()
        self.grant = build_giving.gift(self.coupon, self.person)

    def decide(self, choice: str) -> Any:
        address = self.address("coupon_grant_decide", self.grant.pk)
        response = self.client.post(address, {"choice": choice})
        self.grant.refresh_from_db()
        return response

    def test_the_person_page_offers_both_choices(self) -> None:
        page = self.client.get(self.address("person", self.person.pk))
        self.assertContains(page, "Give again under the same number")
        self.assertContains(page, "Write off")

    def test_written_off_the_stock_is_free(self) -> None:
        self.assertEqual(self.decide("write_off").status_code, 303)
        self.assertEqual((self.grant.state, self.grant.refusal), ("refused", "written_off"))
        self.decide("write_off")
        self.assertEqual(Event.objects.filter(kind="grant.written_off").count(), 1)
        page = self.client.get(self.address("person", self.person.pk))
        self.assertContains(page, "Written off by a person")

    def test_given_again_it_has_the_same_number(self) -> None:
        number = self.grant.out_biz_no
        self.decide("again")
        self.decide("again")
        call = GatewayCall.objects.get()
        self.assertEqual(call.body["out_biz_no"], number)
        self.assertEqual(self.grant.state, "unknown")

    def test_any_other_choice_is_none(self) -> None:
        self.assertEqual(self.decide("sell").status_code, 400)
        self.assertEqual(self.grant.state, "unknown")

    def test_a_grant_of_another_merchant_is_not_there(self) -> None:
        self.grant = build_giving.gift(build_coupons.coupon(self.other_mini_program))
        self.assertEqual(self.decide("write_off").status_code, 404)
        self.assertEqual(self.grant.state, "unknown")
