from django.urls import reverse

from merchants import credentials, secrets
from merchants.models import Event, MiniProgram
from tests import build
from tests.base import CastCase

PAGE = reverse("mini_programs", args=["yunduo"])


class MiniPrograms(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.owner)

    def act(self, name: str) -> None:
        answer = self.client.post(reverse(name, args=["yunduo", self.mini_program.pk]))
        self.assertRedirects(answer, PAGE, status_code=303, fetch_redirect_response=False)
        self.mini_program.refresh_from_db()

    def test_keys_show_as_fingerprints_and_nothing_else_of_them(self) -> None:
        text = self.client.get(PAGE).content.decode()
        self.assertIn(credentials.fingerprint(self.mini_program), text.replace("&#x2B;", "+"))
        self.assertNotIn(build.KEYS["app_private_key"][40:80], text)
        self.assertNotIn(self.mini_program.app_private_key_sealed[:40], text)

    def test_the_industry_stands_in_words_and_an_unknown_one_as_it_is(self) -> None:
        self.assertContains(self.client.get(PAGE), "<dd>Rental</dd>")
        MiniProgram.objects.update(industry="car-wash")
        self.assertContains(self.client.get(PAGE), "<dd>car-wash</dd>")

    def test_a_key_that_cannot_be_used_is_told_on_its_card(self) -> None:
        MiniProgram.objects.update(app_private_key_sealed=secrets.encrypt("no key"))
        self.assertContains(self.client.get(PAGE), "cannot be used")

    def test_one_that_a_provider_runs_shows_the_provider_s_key_and_a_lost_authorisation(self) -> None:
        app = build.provider_app(self.qingcha)
        MiniProgram.objects.filter(merchant=self.yunduo).update(
            provider_app=app,
            app_private_key_sealed="",
            alipay_public_key="",
            app_auth_token_sealed="sealed",
            app_auth_refusal="aop.invalid-app-auth-token",
        )
        page = self.client.get(PAGE)
        self.assertIn(credentials.fingerprint(app), page.content.decode().replace("&#x2B;", "+"))
        self.assertContains(page, "no longer takes the authorisation")

    def test_stopping_and_releasing_are_told_and_recorded(self) -> None:
        self.act("mini_program_stop")
        self.assertIsNotNone(self.mini_program.stopped_at)
        self.assertContains(
            self.client.get(PAGE), "Nothing leaves for this mini program until it is released."
        )
        self.act("mini_program_release")
        self.assertIsNone(self.mini_program.stopped_at)
        kinds = list(Event.objects.order_by("id").values_list("kind", "by__username"))
        self.assertEqual(kinds, [("mini_program.stopped", "owner"), ("mini_program.released", "owner")])

    def test_stopping_twice_is_recorded_once(self) -> None:
        self.act("mini_program_stop")
        self.act("mini_program_stop")
        self.assertEqual(Event.objects.filter(kind="mini_program.stopped").count(), 1)
