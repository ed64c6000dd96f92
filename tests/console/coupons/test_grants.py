"""Who has a coupon; one of them with its ledger; a use given back, confirmed, once."""

import uuid
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from coupons.models import CouponGrant, GrantEntry
from tests import build_coupons, build_giving, build_uses
from tests.coupons.use_base import REFUND, UseCase


class GrantPages(UseCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.operator)

    def address(self, name: str, *args: Any) -> str:
        return reverse(name, args=["yunduo", *args])

    def page(self, grant: CouponGrant | None = None) -> Any:
        return self.client.get(self.address("coupon_grant", (grant or self.grant).pk))


class WhoHasIt(GrantPages):
    def test_everybody_newest_first_with_a_way_to_each_ledger(self) -> None:
        used = self.holding(self.made)
        build_uses.redeemed(used)
        page = self.client.get(self.address("coupon_grants", self.made.pk))
        self.assertEqual([grant.pk for grant, _words in page.context["rows"]], [used.pk, self.grant.pk])
        self.assertContains(page, self.address("coupon_grant", used.pk))
        only = self.client.get(self.address("coupon_grants", self.made.pk), {"state": "redeemed"})
        self.assertEqual([grant.pk for grant, _words in only.context["rows"]], [used.pk])

    def test_a_page_costs_the_same_whatever_the_number(self) -> None:
        for _n in range(60):
            build_coupons.grant(self.made)
        address = self.address("coupon_grants", self.made.pk)
        self.client.get(address)
        with self.assertNumQueries(13):  # with the plans and the stores to choose from
            page = self.client.get(address)
        self.assertEqual(len(page.context["rows"]), 50)
        self.assertContains(page, f"before={page.context['keyset'].next_before}")

    def test_the_coupons_page_the_run_and_the_person_lead_there(self) -> None:
        self.assertContains(
            self.client.get(self.address("coupon", self.made.pk)), self.address("coupon_grants", self.made.pk)
        )
        mine = self.address("coupon_grant", self.grant.pk)
        self.assertContains(self.client.get(self.address("person", self.grant.customer_id)), mine)
        run = build_giving.run(self.made, by=self.operator)
        gift = build_giving.gift(self.made, run=run, source="batch")
        people = self.client.get(self.address("coupon_run_people", run.pk))
        self.assertContains(people, self.address("coupon_grant", gift.pk))


class OneOfThem(GrantPages):
    def test_every_movement_with_who_order_and_money(self) -> None:
        build_uses.redeemed(self.grant, by=self.operator, order_no="ORDER77")
        page = self.page()
        for words in ("Redeemed", "ORDER77", "25.00", "5.00", str(self.operator), "Claimed"):
            self.assertContains(page, words)
        self.assertNotContains(page, self.grant.customer.open_id)
        self.assertContains(page, "Give back")

    def test_who_may_not_redeem_sees_neither_code_nor_buttons(self) -> None:
        build_uses.redeemed(self.grant)
        self.sign_in(self.analyst)
        page = self.page()
        self.assertNotContains(page, self.grant.code)
        self.assertContains(page, f"****{self.grant.code[-4:]}")
        self.assertNotContains(page, "Give back")

    def test_a_reservation_says_for_which_order_and_until_when(self) -> None:
        until = timezone.now() + timedelta(minutes=5)
        CouponGrant.objects.filter(pk=self.grant.pk).update(reserved_for="O7", reserved_until=until)
        self.assertContains(self.page(), "Order O7 holds it until")

    def test_a_use_nobody_knows_of_stands_apart_with_the_way_to_ask(self) -> None:
        use = build_uses.unknown(self.grant)
        page = self.page()
        self.assertContains(page, "Asked of the platform")
        self.assertContains(page, self.address("coupon_use_ask", use.pk))

    def test_one_that_came_back_after_its_last_day_says_so(self) -> None:
        entry = build_uses.redeemed(self.grant)
        with self.platform():
            self.give_back(entry, at=timezone.now() + timedelta(days=30))
        self.assertContains(self.page(), "Returned, expired")

    def test_the_number_of_statements_does_not_grow_with_the_ledger(self) -> None:
        self.grant = self.holding(self.live(max_uses=20))
        build_uses.redeemed(self.grant)
        self.page()
        with self.assertNumQueries(14):
            self.page()
        for _n in range(10):
            build_uses.redeemed(self.fresh(self.grant), by=self.operator)
        with self.assertNumQueries(14):
            self.page()


class GivingBack(GrantPages):
    def post(self, entry: GrantEntry, **fields: Any) -> Any:
        data = {"form_token": str(uuid.uuid4()), **fields}
        return self.client.post(self.address("coupon_use_revert", entry.pk), data)

    def test_it_is_confirmed_and_the_same_form_three_times_gives_back_once(self) -> None:
        entry, token = build_uses.redeemed(self.grant), str(uuid.uuid4())
        self.assertContains(self.client.get(self.address("coupon_use_revert", entry.pk)), "can use it again")
        with self.platform():
            for _time in range(3):
                response = self.post(entry, form_token=token)
                self.assertRedirects(response, self.address("coupon_grant", self.grant.pk), status_code=303)
        self.assertEqual((len(self.entries(kind="reverted")), self.counter.times(REFUND)), (1, 1))
        self.assertContains(self.page(), "Returned, usable")

    def test_a_part_of_several_and_never_more(self) -> None:
        self.grant = self.holding(self.live(max_uses=5))
        entry = build_uses.redeemed(self.grant, times=3)
        self.assertContains(self.post(entry, times="4"), "At most 3 can come back", status_code=422)
        self.assertContains(self.post(entry, times="0"), "Write 1 at least", status_code=422)
        wrong = self.post(entry, times="2", paid_back="20.01")
        self.assertContains(wrong, "That is more than was paid", status_code=422)
        with self.platform():
            self.assertEqual(self.post(entry, times="2", paid_back="10").status_code, 303)
        [back] = self.entries(kind="reverted")
        self.assertEqual((back.times, back.user, back.by), (2, self.operator, "hand"))

    def test_after_the_last_day_it_says_that_it_comes_back_expired(self) -> None:
        entry = build_uses.redeemed(self.grant)
        CouponGrant.objects.filter(pk=self.grant.pk).update(ends_at=timezone.now() - timedelta(days=1))
        page = self.client.get(self.address("coupon_use_revert", entry.pk))
        self.assertContains(page, "it comes back expired")

    def test_what_came_back_before_cannot_come_back_again(self) -> None:
        entry = build_uses.redeemed(self.grant)
        with self.platform():
            self.give_back(entry)
        page = self.client.get(self.address("coupon_use_revert", entry.pk))
        self.assertContains(page, "All of it was given back")
        self.assertContains(self.post(entry), "Nothing of it can be given back", status_code=422)
