"""The page of limits against abuse: who may look, who may save, and what two savers at once read."""

from typing import Any

from django.urls import reverse

from coupons.limits import USUAL, Limits, limits_of, save
from coupons.models import CouponLimits
from merchants.models import Event, User
from tests.base import CastCase

PAGE, SAVE = (reverse(name, args=["yunduo"]) for name in ("coupon_limits", "coupon_limits_save"))
HTMX = {"HX-Request": "true"}


class LimitsPage(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.owner)

    def post(self, **fields: Any) -> Any:
        usual = {"claims": "10", "grants": "5", "uses": "20", "hour_percent": "30", "version": "0"}
        return self.client.post(SAVE, {**usual, **fields})

    def test_the_usual_ones_stand_in_the_fields_until_somebody_sets_others(self) -> None:
        page = self.client.get(PAGE)
        self.assertContains(page, "the usual ones hold")
        for value in (10, 5, 20, 30):
            self.assertContains(page, f'value="{value}"')
        self.assertRedirects(self.post(claims="3"), PAGE, status_code=303)
        self.assertNotContains(self.client.get(PAGE), "the usual ones hold")

    def test_the_owner_saves_and_the_audit_says_from_what_to_what(self) -> None:
        self.post(claims="3", uses="")
        self.assertEqual(limits_of(self.yunduo.pk), (Limits(3, 5, None, 30), 1))
        audit = self.client.get(reverse("audit", args=["yunduo"]))
        self.assertContains(audit, "10 → 3")
        self.assertContains(audit, "20 → --")
        self.assertEqual(limits_of(self.qingcha.pk), (USUAL, 0))

    def test_the_same_again_changes_nothing(self) -> None:
        for _time in range(2):
            version = limits_of(self.yunduo.pk)[1]
            self.assertEqual(self.post(claims="3", version=version).status_code, 303)
        self.assertEqual(Event.objects.filter(kind="coupon_limits.changed").count(), 1)

    def test_what_cannot_be_a_limit_is_refused_at_its_field_and_stays_typed(self) -> None:
        for fields, said in (
            ({"claims": "0"}, "Write a whole number from 1 to 1000"),
            ({"grants": "1001"}, "Write a whole number from 1 to 1000"),
            ({"uses": "many"}, "Write a whole number from 1 to 1000"),
            ({"hour_percent": "101"}, "Write a whole number from 1 to 100,"),
        ):
            with self.subTest(fields):
                answer = self.post(**fields)
                self.assertContains(answer, said, status_code=422)
                for value in fields.values():
                    self.assertContains(answer, f'value="{value}"', status_code=422)
        self.assertFalse(CouponLimits.objects.exists())

    def test_who_saves_second_reads_what_the_first_saved_and_can_save_over_it(self) -> None:
        save(self.yunduo, Limits(claims=3), version=0, by=self.owner)
        answer = self.post(claims="7")
        said = "Somebody saved other limits meanwhile (Claims of one person in 24 hours 3,"
        self.assertContains(answer, said, status_code=422)
        self.assertContains(answer, 'name="version" value="1"', status_code=422)
        for version in ("", "x"):
            self.assertContains(self.post(version=version), "Somebody saved other limits", status_code=422)
        self.post(claims="7", version="1")
        self.assertEqual(limits_of(self.yunduo.pk), (Limits(7, 5, 20, 30), 2))

    def test_who_may_only_look_sees_them_without_a_form(self) -> None:
        save(self.yunduo, Limits(claims=3), version=0, by=self.owner)
        for person in (self.operator, self.analyst):
            self.sign_in(person)
            page = self.client.get(PAGE)
            self.assertContains(page, "<dd>off</dd>", count=3)
            self.assertNotContains(page, SAVE)
            self.assertEqual(self.post(claims="1", version="1").status_code, 403)

    def test_it_is_changed_by_posting_alone(self) -> None:
        self.assertEqual(self.client.get(SAVE).status_code, 405)

    def test_the_words_are_of_the_readers_language(self) -> None:
        User.objects.filter(pk=self.owner.pk).update(language="zh-hans")
        self.assertContains(self.post(claims="x"), "写 1 到 1000 的整数", status_code=422)

    def test_with_script_only_the_form_comes_back(self) -> None:
        answer = self.client.post(SAVE, {"claims": "x", "version": "0"}, headers=HTMX)
        self.assertContains(answer, 'id="limits-form"', status_code=422)
        self.assertNotContains(answer, "<html", status_code=422)
