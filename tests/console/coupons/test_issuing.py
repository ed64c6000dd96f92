"""Issuing a coupon to an audience: chosen, restated with its cost, confirmed, and undone in time."""

import uuid
from typing import Any
from unittest import mock

from django.urls import reverse

from console.messaging.sends import forms
from coupons.models import CouponCount, CouponRun
from membership.models import PeopleList
from merchants.models import Event
from tests import build_coupons, build_messaging
from tests.base import CastCase


class IssuePages(CastCase):
    def setUp(self) -> None:
        self.coupon = build_coupons.coupon(self.mini_program, per_person=2, stock=10)
        self.people = build_messaging.people(self.mini_program, 4)
        self.people_list = build_messaging.people_list(self.mini_program, self.people)
        self.sign_in(self.operator)

    def address(self, name: str, *args: Any) -> str:
        return reverse(name, args=["yunduo", *args])

    @property
    def confirm_address(self) -> str:
        return self.address("coupon_issue_confirm", self.coupon.pk, self.people_list.pk)

    def confirm(self, **fields: Any) -> Any:
        return self.client.post(self.confirm_address, {"form_token": str(uuid.uuid4()), **fields})

    def test_audiences_of_this_mini_program_are_offered(self) -> None:
        build_messaging.people_list(self.mini_program, [], name="还在检查", state=PeopleList.State.CHECKING)
        build_messaging.people_list(self.other_mini_program, [], name="别家的名单")
        page = self.client.get(self.address("coupon_issue", self.coupon.pk))
        self.assertContains(page, f"{self.people_list.name}, 4 people")
        self.assertNotContains(page, "还在检查")
        self.assertNotContains(page, "别家的名单")

    def test_without_an_audience_it_says_what_to_do_first(self) -> None:
        PeopleList.objects.filter(pk=self.people_list.pk).update(state=PeopleList.State.FAILED)
        page = self.client.get(self.address("coupon_issue", self.coupon.pk))
        self.assertContains(page, "No audience yet")
        self.assertContains(page, self.address("list_new"))

    def test_choosing_leads_to_the_check(self) -> None:
        address = self.address("coupon_issue", self.coupon.pk)
        response = self.client.get(address, {"people_list": self.people_list.pk})
        self.assertRedirects(response, self.confirm_address)
        nobody = self.client.get(address, {"people_list": "x"})
        self.assertEqual(nobody.status_code, 200)
        self.assertContains(nobody, "Select a valid choice")

    def test_the_check_restates_whom_how_many_and_the_most_it_costs(self) -> None:
        page = self.client.get(self.confirm_address)
        self.assertContains(page, "Confirmed, 4 people get the coupon")
        self.assertContains(page, "¥20.00")
        self.assertContains(page, "2 · In all")
        self.assertContains(page, "you can undo for 10 seconds")

    def test_a_discount_without_a_ceiling_has_no_most(self) -> None:
        self.coupon = build_coupons.coupon(
            self.mini_program, kind="discount", amount_fen=None, discount_tenths=65
        )
        self.assertContains(self.client.get(self.confirm_address), "The discount has no ceiling")

    def test_confirmed_it_begins_and_can_be_undone(self) -> None:
        response = self.confirm()
        run = CouponRun.objects.get()
        self.assertRedirects(response, self.address("coupon_run", run.pk), status_code=303)
        self.assertEqual((run.state, run.people, run.author), ("preparing", 4, self.operator))
        page = self.client.get(self.address("coupon_run", run.pk))
        self.assertContains(page, "Seconds left to undo")
        self.client.post(self.address("coupon_run_move", run.pk), {"to": "undo"})
        run.refresh_from_db()
        self.assertEqual(run.state, "cancelled")
        self.assertEqual(Event.objects.filter(kind="coupon_run.undone").count(), 1)

    def test_the_same_confirmation_twice_is_one_run(self) -> None:
        token = str(uuid.uuid4())
        for _time in range(2):
            self.confirm(form_token=token)
        self.assertEqual(CouponRun.objects.count(), 1)

    def test_with_too_little_stock_it_cannot_be_confirmed(self) -> None:
        CouponCount.objects.filter(coupon=self.coupon).update(taken=self.coupon.stock - 3)
        self.assertContains(self.client.get(self.confirm_address), "Stock is short by 1")
        self.assertContains(self.confirm(), "Stock is short by 1", status_code=422)
        self.assertEqual(CouponRun.objects.count(), 0)

    def test_a_coupon_that_is_stopped_cannot_be_issued(self) -> None:
        self.coupon.state = "stopped"
        self.coupon.save(update_fields=["state"])
        self.assertContains(self.client.get(self.confirm_address), "The coupon is not live")
        self.assertEqual(self.confirm().status_code, 422)
        self.assertEqual(CouponRun.objects.count(), 0)

    def test_many_people_are_typed(self) -> None:
        with mock.patch.object(forms, "TYPE_COUNT_ABOVE", 3):
            self.assertContains(self.client.get(self.confirm_address), "type the number")
            self.assertContains(self.confirm(people="5"), "Type 4", status_code=422)
            self.assertEqual(CouponRun.objects.count(), 0)
            self.assertEqual(self.confirm(people="4").status_code, 303)

    def test_where_the_merchant_asks_for_a_second_factor_nothing_goes_without(self) -> None:
        self.yunduo.asks_second_factor = True
        self.yunduo.save(update_fields=["asks_second_factor"])
        self.assertContains(self.confirm(), "Set up the second factor", status_code=422)
        self.assertEqual(CouponRun.objects.count(), 0)

    def test_htmx_gets_the_refusal_alone(self) -> None:
        response = self.client.post(self.confirm_address, {}, headers={"HX-Request": "true"})
        self.assertContains(response, 'id="issue"', status_code=422)
        self.assertNotContains(response, "<html", status_code=422)

    def test_a_list_or_a_coupon_of_another_merchant_is_not_there(self) -> None:
        foreign = build_messaging.people_list(self.other_mini_program, [])
        address = self.address("coupon_issue_confirm", self.coupon.pk, foreign.pk)
        self.assertEqual(self.client.get(address).status_code, 404)
        theirs = build_coupons.coupon(self.other_mini_program)
        address = self.address("coupon_issue_confirm", theirs.pk, self.people_list.pk)
        self.assertEqual(self.client.get(address).status_code, 404)
