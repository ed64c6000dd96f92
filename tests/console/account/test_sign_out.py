from django.urls import reverse

from tests.base import CastCase


class SignOut(CastCase):
    def test_it_ends_the_session(self) -> None:
        self.sign_in(self.operator)
        self.assertRedirects(self.client.post(reverse("sign_out")), reverse("sign_in"), status_code=303)
        self.assertNotIn("_auth_user_id", self.client.session)

    def test_looking_does_not_sign_out(self) -> None:
        self.sign_in(self.operator)
        self.assertEqual(self.client.get(reverse("sign_out")).status_code, 405)
        self.assertIn("_auth_user_id", self.client.session)
