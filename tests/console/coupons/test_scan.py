"""The page at the till: a code of ours, the bill, done once, and the field is ready for the next one."""

import uuid
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from coupons import ledger
from coupons.models import CouponGrant, CouponUse
from merchants.models import GatewayCall, Store
from tests import build, build_alerts, build_coupons, build_uses
from tests.coupons.giving_base import hang_up, refused
from tests.coupons.use_base import USE, UseCase


class ScanPages(UseCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.operator)

    def address(self, name: str, *args: Any) -> str:
        return reverse(name, args=["yunduo", *args])

    def scan(self, code: str = "", **query: Any) -> Any:
        return self.client.get(self.address("coupon_scan"), {"code": code or self.grant.code, **query})

    def send(self, grant: CouponGrant | None = None, **fields: Any) -> Any:  # type: ignore[override]
        data = {"bill": "25", "form_token": str(uuid.uuid4()), **fields}
        return self.client.post(self.address("coupon_redeem", (grant or self.grant).pk), data)

    def done(self, response: Any) -> Any:
        self.assertEqual(response.status_code, 303, response.content[-2_000:])
        return self.client.get(response["Location"])


class Looking(ScanPages):
    def test_the_empty_page_has_one_field_that_is_ready(self) -> None:
        page = self.client.get(self.address("coupon_scan"))
        self.assertContains(page, "autofocus", count=1)
        self.assertNotContains(page, "redeem-form")

    def test_a_code_shows_ticket_person_validity_and_asks_for_the_bill(self) -> None:
        page = self.scan(f" {self.grant.code} ")
        self.assertContains(page, self.made.name)
        self.assertContains(page, f"****{(self.grant.customer.open_id or '')[-4:]}")
        self.assertNotContains(page, self.grant.customer.open_id)
        self.assertContains(page, "redeem-form")
        self.assertContains(page, "autofocus", count=1)

    def test_another_merchants_code_is_not_known(self) -> None:
        theirs = build_uses.held(build.mini_program(self.qingcha, app_id="2021000000000009"))
        page = self.scan(theirs.code)
        self.assertContains(page, "No coupon of yours has this code")
        self.assertNotContains(page, f'value="{theirs.code}"')
        self.assertEqual(self.send(theirs).status_code, 404)

    def test_the_limit_of_a_day_stands_in_place_of_the_bill(self) -> None:
        build_alerts.limits(self.yunduo, uses=1)
        before = self.scan()
        self.assertContains(before, 'name="bill"')
        build_uses.redeemed(build_coupons.grant(self.made, self.grant.customer, code="FIRST"))
        page = self.scan()
        self.assertContains(page, "This customer has used as many coupons today as one person may")
        self.assertNotContains(page, 'name="bill"')
        self.assertContains(self.send(), "raise the uses of one person a day", status_code=422)
        self.assertFalse(CouponUse.objects.exists())

    def test_of_a_coupon_for_items_the_item_and_what_it_comes_to_are_asked_for(self) -> None:
        self.assertNotContains(self.scan(), 'name="item"')
        self.grant = self.holding(self.live(scope="items", item_ids=["TEA", "MILK"]))
        self.assertContains(self.scan(), '<option value="MILK">MILK</option>', html=True)
        self.assertContains(self.send(), "Choose the item.", status_code=422)
        too_much = self.send(item="TEA", item_bill="26")
        self.assertContains(too_much, "no more than the bill", status_code=422)
        self.assertContains(self.send(item="CAKE", item_bill="9"), "Choose the item.", status_code=422)
        small = self.send(item="TEA", item_bill="9.99")
        self.assertContains(small, "The bill is too small for it", status_code=422)
        with self.platform():
            self.done(self.send(item="TEA", item_bill="12"))
        goods = [{"goods_id": "TEA", "price": "12.00", "quantity": "1"}]
        self.assertEqual(self.counter.asked[0][1]["goods_detail"], goods)

    def test_why_it_cannot_be_redeemed_stands_in_place_of_the_bill(self) -> None:
        build_uses.redeemed(self.grant)
        page = self.scan()
        self.assertContains(page, "It was used before")
        self.assertNotContains(page, 'name="bill"')
        pay = build_coupons.grant(self.coupon(), code="PAY1")
        self.assertContains(self.scan(pay.code), "comes off at the cashier by itself")

    def test_of_several_with_the_same_code_one_is_chosen(self) -> None:
        other = self.holding(self.live(name="另一张"), code=self.grant.code)
        page = self.scan()
        self.assertContains(page, "Several coupons have this code")
        self.assertNotContains(page, "redeem-form")
        self.assertContains(self.scan(grant=other.pk), self.address("coupon_redeem", other.pk))

    def test_an_order_that_holds_it_is_offered(self) -> None:
        until = timezone.now() + timedelta(minutes=5)
        CouponGrant.objects.filter(pk=self.grant.pk).update(reserved_for="O7", reserved_until=until)
        self.assertContains(self.scan(), 'value="O7"')


class Redeeming(ScanPages):
    def test_it_is_redeemed_and_says_what_comes_off(self) -> None:
        with self.platform():
            page = self.done(self.send(order_no="O1"))
        self.assertContains(page, "Redeemed. ¥5.00 comes off the bill of ¥25.00.")
        self.assertContains(page, "autofocus", count=1)
        [entry] = self.entries()
        self.assertEqual((entry.by, entry.user, entry.order_no), ("hand", self.operator, "O1"))
        self.assertContains(page, self.address("coupon_use_revert", entry.pk))

    def test_the_same_form_three_times_is_one_use(self) -> None:
        token = str(uuid.uuid4())
        with self.platform():
            places = {self.send(form_token=token)["Location"] for _time in range(3)}
        self.assertEqual((len(places), len(self.entries()), self.counter.times(USE)), (1, 1, 1))

    def test_what_is_wrong_is_told_at_the_field(self) -> None:
        for fields, words in (({"bill": ""}, "Write the bill"), ({"bill": "x"}, "Write an amount")):
            self.assertContains(self.send(**fields), words, status_code=422)
        self.assertContains(self.send(bill="9.99"), "The bill is too small for it", status_code=422)
        self.assertEqual(CouponUse.objects.count(), 0)

    def test_the_store_is_one_of_the_coupons_and_is_kept_for_the_next(self) -> None:
        here, there = (Store.objects.create(merchant=self.yunduo, name=name) for name in ("North", "South"))
        coupon = self.live(scope="stores")
        coupon.stores.add(here)
        grant = self.holding(coupon)
        self.assertContains(self.send(grant), "Choose the store", status_code=422)
        self.assertContains(self.send(grant, store=there.pk), "It is not for this store", status_code=422)
        with self.platform():
            page = self.done(self.send(grant, store=here.pk))
        self.assertContains(page, f'name="store" value="{here.pk}"')

    def test_a_coupon_with_several_uses_asks_how_many(self) -> None:
        grant = self.holding(self.live(max_uses=3))
        self.assertContains(self.send(grant, times="4"), "3 uses are left", status_code=422)
        self.assertContains(self.send(grant, times="0"), "Write 1 at least", status_code=422)
        with self.platform():
            page = self.done(self.send(grant, times="2"))
        self.assertContains(page, "1 use of 3 left")

    def test_the_platforms_refusal_stands_there_with_its_words(self) -> None:
        self.counter.plan = {USE: [refused("BIZ_ERROR", "用户核销次数超过限制", method=USE)]}
        with self.platform():
            page = self.done(self.send())
        self.assertContains(page, "用户核销次数超过限制")
        self.assertEqual(self.entries(), [])

    def test_without_an_answer_it_says_so_and_asks_itself_again(self) -> None:
        self.counter.plan = {USE: [self.counter.done_and_silent, None]}
        with self.platform():
            response = self.send()
            page = self.done(response)
            self.assertContains(page, "The platform has not answered yet")
            self.assertContains(page, "hx-trigger")
            self.again()
            part = self.client.get(response["Location"], headers={"HX-Request": "true"})
        self.assertContains(part, "Redeemed.")
        self.assertNotContains(part, "hx-trigger")
        self.assertNotContains(part, "<html")

    def test_htmx_gets_the_form_alone(self) -> None:
        address = self.address("coupon_redeem", self.grant.pk)
        response = self.client.post(address, {"bill": ""}, headers={"HX-Request": "true"})
        self.assertEqual(response.status_code, 422)
        self.assertNotContains(response, "<html", status_code=422)


class Unknown(ScanPages):
    def test_what_nobody_knows_is_found_from_the_till_by_its_own_merchant_alone(self) -> None:
        use = build_uses.unknown(self.grant)
        theirs = build_uses.held(build.mini_program(self.qingcha, app_id="2021000000000009"))
        foreign = build_uses.unknown(theirs)
        page = self.client.get(self.address("coupon_scan"))
        self.assertContains(page, self.address("coupon_grant", use.grant_id))
        self.assertNotContains(page, self.address("coupon_grant", foreign.grant_id))

    def test_a_person_asks_again_and_it_counts_once(self) -> None:
        self.counter.plan = {USE: [self.counter.done_and_silent, hang_up]}
        with self.platform():
            self.send()
            GatewayCall.objects.update(attempts=11)
            self.again()
            use = CouponUse.objects.get()
            page = self.scan("", use=use.pk)
            self.assertContains(page, "Nobody knows whether the platform did it")
            self.counter.plan = {}
            ask = self.address("coupon_use_ask", use.pk)
            for _time in range(3):
                self.assertEqual(self.client.post(ask).status_code, 303)
        use.refresh_from_db()
        self.assertEqual((use.state, len(self.entries())), ("accepted", 1))
        self.assertEqual(ledger.left_of(self.entries()[0]), 1)
