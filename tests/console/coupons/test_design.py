"""A coupon is designed: what the platform would refuse is refused at its field, and nothing typed is lost."""

import uuid
from typing import Any

from django.urls import reverse

from coupons.models import Coupon
from merchants.models import Event, Store
from tests import build_coupons
from tests.base import CastCase

FIELDS: dict[str, Any] = {
    "family": "pay",
    "kind": "reduction",
    "name": "满10减5",
    "amount_fen": "5",
    "floor_fen": "10.00",
    "scope": "all",
    "publish_from": "2026-12-01T00:00",
    "publish_until": "2026-12-31T00:00",
    "validity": "relative",
    "valid_days": "7",
    "wait_days": "0",
    "rounding": "forward",
    "stock": "1000",
    "per_person": "1",
    "per_person_period": "life",
    "max_uses": "1",
    "code_mode": "platform",
}


class Designing(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def url(self, name: str, **more: int) -> str:
        return reverse(name, kwargs={"merchant": "yunduo", **more})

    def post(self, family: str = "pay", token: str = "", **changes: Any) -> Any:
        data = {**FIELDS, "family": family, "form_token": token or str(uuid.uuid4()), **changes}
        wanted = {name: value for name, value in data.items() if value is not None}
        return self.client.post(f"{self.url('coupon_new')}?family={family}", wanted)

    def test_terms_that_invite_abuse_are_told_beside_the_form_and_do_not_block(self) -> None:
        generous = {"floor_fen": "", "per_person": "", "valid_days": "90"}
        told = self.client.post(self.url("coupon_preview"), {**FIELDS, **generous})
        self.assertContains(told, "A bill of ¥5 costs nothing with it. From ¥10 on it stays a discount.")
        self.assertContains(told, "One person may take all of it")
        self.assertContains(told, "90 days to use it are long")
        self.assertEqual(self.post(**generous).status_code, 303)
        good = self.client.post(self.url("coupon_preview"), FIELDS)
        self.assertContains(good, "is-good", count=3)
        self.assertNotContains(good, "is-hint")

    def test_first_the_two_families_are_explained(self) -> None:
        page = self.client.get(self.url("coupon_new"))
        self.assertContains(page, "?family=pay")
        self.assertContains(page, "?family=merchant")

    def test_a_draft_is_kept_with_money_in_fen_and_times_in_beijing(self) -> None:
        answer = self.post()
        coupon = Coupon.objects.get()
        self.assertRedirects(answer, self.url("coupon", coupon_id=coupon.pk), status_code=303)
        self.assertEqual((coupon.amount_fen, coupon.floor_fen, coupon.state), (500, 1_000, "draft"))
        self.assertEqual(coupon.publish_from.isoformat(), "2026-11-30T16:00:00+00:00")
        self.assertEqual(Event.objects.get(kind="coupon.drafted").by, self.operator)

    def test_the_same_form_sent_twice_makes_one(self) -> None:
        token = str(uuid.uuid4())
        for _time in range(2):
            self.assertEqual(self.post(token=token).status_code, 303)
        self.assertEqual(Coupon.objects.count(), 1)

    def test_what_the_platform_would_refuse_is_refused_at_its_field_and_kept(self) -> None:
        for field, value, sentence in (
            ("amount_fen", "3000.01", "Write ¥0.10 to ¥3,000."),
            ("amount_fen", "5.555", "at most two decimals"),
            ("floor_fen", "0", "Write ¥0.10 to ¥50,000"),
            ("floor_fen", "5", "not above what comes off"),
            ("stock", "0", "Write 1 to 99,999,999."),
            ("publish_until", "2027-12-31T00:00", "at most 180 days"),
            ("publish_until", "2026-11-30T00:00", "ends before it begins"),
            ("per_day", "500", "more than the stock"),
            ("budget_fen", "100", "more than this budget"),
            ("valid_days", "0", "Write 1 to 3,650 days."),
            ("name", "满" * 21, "At most 20 characters"),
            ("per_person", "2000", "no more than the stock"),
        ):
            answer = self.post(**{field: value})
            self.assertContains(answer, sentence, status_code=422)
            self.assertContains(answer, f'value="{value}"', status_code=422)
        self.assertFalse(Coupon.objects.exists())

    def test_a_special_price_needs_its_item_and_a_higher_original(self) -> None:
        special = {"kind": "special", "amount_fen": "", "floor_fen": "", "special_fen": "9.90"}
        self.assertContains(self.post(**special, origin_fen="9.90"), "above the special", status_code=422)
        self.assertContains(self.post(**special, origin_fen="19.90"), "Say which item", status_code=422)
        self.assertEqual(self.post(**special, origin_fen="19.90", goods_name="奶茶").status_code, 303)
        self.assertIsNone(Coupon.objects.get().amount_fen)

    def test_a_pay_coupon_is_no_exchange_and_has_no_codes(self) -> None:
        self.assertEqual(self.post(kind="exchange").status_code, 422)
        self.post(code_mode="upload")
        self.assertEqual(Coupon.objects.get().code_mode, "platform")

    def test_a_merchant_coupon_may_have_codes_of_its_own_and_then_no_stock_yet(self) -> None:
        form = self.client.get(f"{self.url('coupon_new')}?family=merchant")
        self.assertContains(form, 'value="upload"')
        self.assertEqual(self.post("merchant", code_mode="upload", stock="", per_person="3").status_code, 303)
        coupon = Coupon.objects.get()
        self.assertEqual((coupon.code_mode, coupon.stock, coupon.per_person), ("upload", 0, 3))
        page = self.client.get(self.url("coupon_submit", coupon_id=coupon.pk))
        self.assertContains(page, "The stock is the number of codes you upload afterwards.")
        self.assertNotContains(page, "At worst they cost")

    def test_stores_are_chosen_among_our_own_with_a_number_on_the_platform(self) -> None:
        ours = Store.objects.create(merchant=self.yunduo, name="西湖店", platform_shop_id="2015")
        bare = Store.objects.create(merchant=self.yunduo, name="新店")
        theirs = Store.objects.create(merchant=self.qingcha, name="别家店", platform_shop_id="1")
        self.assertContains(self.post(scope="stores"), "at least one store", status_code=422)
        self.assertContains(
            self.post(scope="stores", stores=[bare.pk]), "does not know 新店", status_code=422
        )
        self.assertEqual(self.post(scope="stores", stores=[theirs.pk]).status_code, 422)
        self.assertEqual(self.post(scope="stores", stores=[ours.pk]).status_code, 303)
        self.assertEqual(list(Coupon.objects.get().stores.all()), [ours])

    def test_the_preview_says_what_customers_see_and_what_it_costs_at_worst(self) -> None:
        picture = self.client.post(self.url("coupon_preview"), FIELDS)
        for words in ("from ¥10", "¥5,000.00", "Usable for 7 days after claiming", "1 a person."):
            self.assertContains(picture, words)
        self.assertFalse(Coupon.objects.exists())

    def test_a_discount_without_a_ceiling_says_that_its_cost_has_no_end(self) -> None:
        fields = {**FIELDS, "kind": "discount", "discount_tenths": "6.5", "amount_fen": ""}
        self.assertContains(self.client.post(self.url("coupon_preview"), fields), "no ceiling")

    def test_an_empty_or_broken_preview_is_a_picture_too(self) -> None:
        for fields in ({}, {"family": "x"}, {**FIELDS, "stock": "many", "publish_from": "soon"}):
            self.assertEqual(self.client.post(self.url("coupon_preview"), fields).status_code, 200)

    def test_a_draft_is_edited_and_of_two_editors_the_second_is_told(self) -> None:
        self.post(use_page="pages/order/index", weekdays=["1", "5"], hours_from="10:00", hours_until="22:00")
        coupon = Coupon.objects.get()
        url = self.url("coupon_edit", coupon_id=coupon.pk)
        page = self.client.get(url)
        for words in ('value="10"', 'value="2026-12-01T00:00"', 'value="10:00"', "pages/order/index"):
            self.assertContains(page, words)
        self.assertEqual(self.client.post(url, {**FIELDS, "version": 1, "stock": "2000"}).status_code, 303)
        late = self.client.post(url, {**FIELDS, "version": 1, "stock": "3000"})
        self.assertContains(late, "Somebody saved it meanwhile", status_code=422)
        self.assertContains(late, 'value="3000"', status_code=422)
        self.assertEqual(Coupon.objects.get().stock, 2_000)

    def test_only_a_draft_is_edited_or_deleted(self) -> None:
        live = build_coupons.coupon(self.mini_program)
        for name in ("coupon_edit", "coupon_delete"):
            answer = self.client.post(self.url(name, coupon_id=live.pk), {**FIELDS, "version": 1})
            self.assertEqual(answer.status_code, 422)
        self.post()
        draft = Coupon.objects.exclude(pk=live.pk).get()
        self.client.post(self.url("coupon_delete", coupon_id=draft.pk), {"version": 1})
        self.assertFalse(Coupon.objects.filter(pk=draft.pk).exists())
