from axes.models import AccessAttempt
from django.urls import reverse

from tests import build
from tests.base import CastCase

SIGN_IN = reverse("sign_in")


class SignIn(CastCase):
    def setUp(self) -> None:
        self.client = self.client_class(headers={"Accept-Language": "en"})

    def give(self, username: str, password: str, **more: str):  # type: ignore[no-untyped-def]
        return self.client.post(SIGN_IN, {"username": username, "password": password, **more})

    def test_the_right_password_leads_to_the_home_page(self) -> None:
        answer = self.give("operator", build.PASSWORD)
        self.assertEqual((answer.status_code, answer.headers["Location"]), (303, "/"))
        self.assertRedirects(self.client.get("/"), "/m/yunduo/")

    def test_it_leads_back_to_where_the_person_wanted_to_go(self) -> None:
        answer = self.give("operator", build.PASSWORD, next="/m/yunduo/audit/")
        self.assertEqual(answer.headers["Location"], "/m/yunduo/audit/")

    def test_it_never_leads_to_another_house(self) -> None:
        for foreign in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
            with self.subTest(next=foreign):
                self.client.logout()
                self.assertEqual(self.give("operator", build.PASSWORD, next=foreign).headers["Location"], "/")

    def test_a_wrong_password_is_422_and_tells_nothing_about_the_name(self) -> None:
        known, unknown = self.give("operator", "wrong"), self.give("nobody", "wrong")
        for answer in (known, unknown):
            self.assertContains(answer, "Name and password do not belong together", status_code=422)

    def test_an_empty_form_is_422(self) -> None:
        self.assertEqual(self.give("", "").status_code, 422)

    def test_five_failures_close_the_door_and_say_for_how_long(self) -> None:
        for _ in range(5):
            answer = self.give("operator", "wrong")
        self.assertContains(answer, "You can sign in again in 15 minutes.", status_code=429)
        right = self.give("operator", build.PASSWORD)
        self.assertEqual(right.status_code, 429)
        self.assertGreater(int(right.headers["Retry-After"]), 0)
        self.assertNotIn("_auth_user_id", self.client.session)

    def test_somebody_elses_failures_do_not_close_my_door(self) -> None:
        for _ in range(5):
            self.give("analyst", "wrong")
        self.assertEqual(self.give("operator", build.PASSWORD).status_code, 303)

    def test_passwords_are_not_kept_with_the_attempts(self) -> None:
        self.give("operator", "a secret typed in the wrong field")
        self.assertNotIn("a secret typed", AccessAttempt.objects.get().post_data)

    def test_who_is_signed_in_goes_on(self) -> None:
        self.sign_in(self.operator)
        self.assertRedirects(self.client.get(SIGN_IN), "/", fetch_redirect_response=False)

    def test_a_form_without_its_token_gets_a_page_that_says_what_to_do(self) -> None:
        strict = self.client_class(enforce_csrf_checks=True, headers={"Accept-Language": "en"})
        self.assertContains(strict.post(SIGN_IN, {}), "This form has gone stale", status_code=403)

    def test_the_page_speaks_the_browsers_language_and_else_chinese(self) -> None:
        english = self.client.get(SIGN_IN, headers={"Accept-Language": "fr, en-GB;q=0.5"})
        chinese = self.client.get(SIGN_IN, headers={"Accept-Language": "fr"})
        self.assertContains(english, '<html lang="en">')
        self.assertContains(chinese, '<html lang="zh-CN">')
