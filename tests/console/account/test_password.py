from django.test import Client
from django.urls import reverse

from tests import build
from tests.base import CastCase

PASSWORD = reverse("change_password")
NEW = "three herons over the weir"


class ChangePassword(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def change(self, old: str = build.PASSWORD, new: str = NEW, again: str = NEW):  # type: ignore[no-untyped-def]
        return self.client.post(PASSWORD, {"old": old, "new": new, "again": again})

    def test_the_new_password_counts_and_this_browser_stays_signed_in(self) -> None:
        self.assertEqual(self.change().status_code, 303)
        self.operator.refresh_from_db()
        self.assertTrue(self.operator.check_password(NEW))
        self.assertContains(self.client.get("/m/yunduo/"), "Password changed.")

    def test_other_browsers_are_signed_out(self) -> None:
        other = Client()
        other.force_login(self.operator, backend="django.contrib.auth.backends.ModelBackend")
        self.change()
        self.assertEqual(other.get("/m/yunduo/").status_code, 302)

    def test_the_present_password_is_asked_for(self) -> None:
        self.assertContains(self.change(old="wrong"), "not your present password", status_code=422)

    def test_two_different_new_passwords_are_refused(self) -> None:
        self.assertContains(
            self.change(again="something else"), "The two new passwords differ", status_code=422
        )

    def test_a_short_password_is_refused(self) -> None:
        self.assertEqual(self.change(new="short", again="short").status_code, 422)
        self.operator.refresh_from_db()
        self.assertTrue(self.operator.check_password(build.PASSWORD))
