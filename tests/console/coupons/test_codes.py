"""The codes of a coupon: looked at before they are kept, how far they are, and which were not taken."""

import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from coupons.models import CodeBook, Coupon, CouponCode
from tests import build_coupons
from tests.base import CastCase


class Codes(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def url(self, name: str, coupon: Coupon) -> str:
        return reverse(name, kwargs={"merchant": "yunduo", "coupon_id": coupon.pk})

    def made(self, **columns: Any) -> Coupon:
        fixed = {"family": "merchant", "code_mode": "upload", "stock": 0, **columns}
        return build_coupons.coupon(self.mini_program, **fixed)

    def look(self, coupon: Coupon, **data: Any) -> Any:
        return self.client.post(self.url("coupon_codes", coupon), data)

    def keep(self, coupon: Coupon, page: Any) -> Any:
        token = re.search(r'name="kept" value="([^"]+)"', page.content.decode())
        assert token is not None
        return self.client.post(self.url("coupon_codes_keep", coupon), {"kept": token[1]})

    def test_pasted_codes_are_counted_with_their_lines_and_kept_after_a_yes(self) -> None:
        coupon = self.made()
        page = self.look(coupon, pasted="A1\nA2\nA1\n券码\nA3")
        self.assertContains(page, "3 new, 1 repeated, 1 malformed.")
        self.assertContains(page, "Line 4")
        self.assertEqual(CouponCode.objects.count(), 0)
        self.assertEqual(self.keep(coupon, page).status_code, 303)
        self.assertEqual(list(CouponCode.objects.values_list("code", flat=True)), ["A1", "A2", "A3"])
        self.assertEqual(self.keep(coupon, page).status_code, 422)
        self.assertEqual(CodeBook.objects.get(coupon=coupon).uploaded, 3)

    def test_a_file_is_as_good_and_what_is_known_is_said(self) -> None:
        coupon = self.made()
        self.keep(coupon, self.look(coupon, file=SimpleUploadedFile("a.csv", b"A1,\r\nA2\r\n")))
        page = self.look(coupon, file=SimpleUploadedFile("b.txt", b"A2\nA3\n"))
        self.assertContains(page, "1 new, 1 repeated, 0 malformed.")
        self.assertContains(page, "Uploaded before")

    def test_nothing_or_both_at_once_is_refused_at_the_field(self) -> None:
        coupon = self.made()
        self.assertEqual(self.look(coupon).status_code, 422)
        both = {"file": SimpleUploadedFile("a.csv", b"A1"), "pasted": "A2"}
        self.assertEqual(self.look(coupon, **both).status_code, 422)

    def test_what_was_looked_at_for_one_coupon_is_not_kept_for_another(self) -> None:
        first, second = self.made(), self.made()
        self.assertEqual(self.keep(second, self.look(first, pasted="A1")).status_code, 422)
        self.assertEqual(CouponCode.objects.count(), 0)

    def test_failures_are_listed_and_their_file_runs_nothing(self) -> None:
        coupon = build_coupons.with_codes(self.mini_program)
        page = self.client.get(self.url("coupon_codes", coupon))
        self.assertContains(page, "The platform has this code already")
        file = self.client.get(self.url("coupon_codes_failed", coupon))
        text = b"".join(file.streaming_content).decode()
        self.assertIn("'=YD-000003,3,VOUCHER_CODE_REPEATED", text)
        self.assertNotIn("YD-000001", text)

    def test_what_halted_says_why_and_goes_on_once(self) -> None:
        coupon = build_coupons.with_codes(self.mini_program, halted="INVALID_PARAMETER", words="参数有误")
        self.assertContains(self.client.get(self.url("coupon_codes", coupon)), "参数有误")
        self.assertEqual(self.client.post(self.url("coupon_codes_go_on", coupon)).status_code, 303)
        self.assertEqual(self.client.post(self.url("coupon_codes_go_on", coupon)).status_code, 422)

    def test_the_coupons_page_says_that_codes_are_missing_and_leads_there(self) -> None:
        coupon = self.made()
        page = self.client.get(self.url("coupon", coupon))
        self.assertContains(page, "until its codes are uploaded")
        self.assertContains(page, self.url("coupon_codes", coupon))
        plain = build_coupons.coupon(self.mini_program)
        self.assertNotContains(self.client.get(self.url("coupon", plain)), self.url("coupon_codes", plain))

    def test_a_coupon_that_takes_no_codes_and_another_merchants_take_none(self) -> None:
        self.assertEqual(self.look(build_coupons.coupon(self.mini_program), pasted="A1").status_code, 422)
        theirs = build_coupons.with_codes(self.other_mini_program)
        for name in ("coupon_codes", "coupon_codes_failed"):
            self.assertEqual(self.client.get(self.url(name, theirs)).status_code, 404)
        for name in ("coupon_codes", "coupon_codes_keep", "coupon_codes_go_on"):
            self.assertEqual(self.client.post(self.url(name, theirs)).status_code, 404)
