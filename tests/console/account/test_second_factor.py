"""One's own second factor: set up, changed, turned off, with the way back to where one came from."""

import re
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from console.account.second_factor import picture
from merchants import second_factor
from merchants.models import Event, SecondFactor
from tests import build
from tests.base import CastCase

PAGE = reverse("second_factor")
BACK = "/m/yunduo/sends/"


class SecondFactorPage(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def post(self, action: str, **fields: str) -> Any:
        return self.client.post(PAGE, {"action": action, "next": BACK, **fields})

    def begin(self) -> Any:
        return self.post("begin", password=build.PASSWORD)

    def now_shown(self) -> str:
        """By the app, of the key that is kept."""
        return build.code_of(second_factor.manual_key(SecondFactor.objects.get()), timezone.now())

    def test_it_is_set_up_with_the_password_and_a_first_code(self) -> None:
        self.assertContains(self.client.get(f"{PAGE}?next={BACK}"), "Present password")
        self.assertEqual(self.begin().status_code, 303)
        page = self.client.get(f"{PAGE}?next={BACK}")
        key = second_factor.manual_key(SecondFactor.objects.get())
        self.assertContains(page, " ".join(re.findall(".{4}", key)))
        self.assertContains(page, "otpauth://totp/Merchant%20Console:operator?")
        self.assertContains(page, "<svg viewBox=")
        answer = self.post("confirm", code=self.now_shown())
        codes = re.findall(r"<li><code>([A-Z2-7-]{19})</code>", answer.content.decode())
        self.assertEqual(len(codes), 10)
        self.assertContains(answer, f'href="{BACK}"')
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertContains(self.client.get(PAGE), "Recovery codes left")
        self.assertNotContains(self.client.get(PAGE), codes[0])
        self.assertEqual(Event.objects.filter(kind="staff.second_factor_on", by=self.operator).count(), 1)

    def test_loading_the_recovery_codes_again_shows_none(self) -> None:
        self.begin()
        code = self.now_shown()
        self.post("confirm", code=code)
        self.assertRedirects(
            self.post("confirm", code=code), f"{PAGE}?next={BACK.replace('/', '%2F')}", status_code=303
        )

    def test_without_the_password_nothing_begins(self) -> None:
        self.assertContains(
            self.post("begin", password="wrong"), "not your present password", status_code=422
        )
        self.assertEqual(SecondFactor.objects.count(), 0)

    def test_a_wrong_first_code_shows_the_same_key_again(self) -> None:
        self.begin()
        sealed = SecondFactor.objects.get().secret_sealed
        answer = self.post("confirm", code="abc")
        self.assertContains(answer, "This code does not fit", status_code=422)
        self.assertContains(answer, "<svg", status_code=422)
        self.assertEqual(SecondFactor.objects.get().secret_sealed, sealed)
        self.assertContains(
            self.post("confirm", code=""), "Type the code that your app shows.", status_code=422
        )

    def test_the_key_is_shown_for_ten_minutes_and_then_asks_for_the_password_again(self) -> None:
        self.begin()
        SecondFactor.objects.update(begun_at=timezone.now() - timedelta(minutes=10))
        page = self.client.get(PAGE)
        self.assertContains(page, "Present password")
        self.assertNotContains(page, "<svg viewBox=")
        self.assertEqual(self.post("confirm", code=self.now_shown()).status_code, 303)
        self.assertIsNone(second_factor.factor_of(self.operator))

    def test_a_code_turns_it_off_and_a_wrong_one_does_not(self) -> None:
        _factor, codes = build.second_factor(self.operator, at=timezone.now() - timedelta(hours=1))
        for code, sentence in (("no", "does not fit"), ("", "Type the code")):
            self.assertContains(self.post("off", code=code), sentence, status_code=422)
        self.assertTrue(second_factor.factor_of(self.operator))
        self.assertEqual(self.post("off", code=codes[0]).status_code, 303)
        self.assertIsNone(second_factor.factor_of(self.operator))
        self.assertContains(self.client.get(PAGE), "Your second factor is off.")

    def test_a_code_makes_new_recovery_codes(self) -> None:
        factor, codes = build.second_factor(self.operator, at=timezone.now() - timedelta(hours=1))
        for code in codes[:8]:
            second_factor.accept(self.operator, code, at=timezone.now())
        self.assertContains(self.client.get(PAGE), "Make new recovery codes before the last one is used")
        self.assertContains(self.post("renew", code=self.now_shown()), "The earlier recovery codes no longer")
        self.assertEqual(second_factor.codes_left(factor), 10)

    def test_a_page_of_an_earlier_step_in_another_tab_is_answered_with_the_present_one(self) -> None:
        self.begin()
        self.assertContains(self.post("begin", password="wrong"), "<svg", status_code=422)
        self.post("confirm", code=self.now_shown())
        self.assertEqual(self.begin().status_code, 303)
        self.assertTrue(second_factor.factor_of(self.operator))

    def test_the_way_back_leads_to_no_other_house(self) -> None:
        page = self.client.get(f"{PAGE}?next=https://example.com/").content.decode()
        self.assertNotIn('href="https://example.com/"', page)
        self.assertIn('<a href="/">Back</a>', page)

    def test_the_menu_of_the_person_leads_there(self) -> None:
        self.assertContains(self.client.get("/m/yunduo/"), f'href="{PAGE}?next=/m/yunduo/"')


def test_the_picture_draws_by_attributes_only() -> None:
    drawn = picture("otpauth://totp/<script>:a?secret=ABC")
    assert drawn.startswith("<svg viewBox=")
    assert "style" not in drawn and "script" not in drawn
