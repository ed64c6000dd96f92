from django.template.loader import render_to_string
from django.test import RequestFactory, TestCase, override_settings
from django.utils import translation

from console.account.views import server_error
from tests import build


class Errors(TestCase):
    def test_an_address_that_leads_nowhere_says_so_in_both_languages(self) -> None:
        for wish, words in (("en", "Nothing here"), ("zh-CN", "没有这个页面")):
            answer = self.client.get("/nowhere/", headers={"Accept-Language": wish})
            self.assertContains(answer, words, status_code=404)

    @override_settings(DEBUG=True)
    def test_the_page_is_our_own_while_developing_too(self) -> None:
        self.client.force_login(
            build.user("somebody", language="en"), backend="django.contrib.auth.backends.ModelBackend"
        )
        for address in ("/nowhere/", "/m/nobodys/", "/m/nobodys/sends/7/"):
            with self.subTest(address):
                answer = self.client.get(address)
                self.assertContains(answer, "Nothing here", status_code=404)
                self.assertNotContains(answer, "URLconf", status_code=404)

    @override_settings(DEBUG=True)
    def test_an_address_without_its_last_slash_is_still_led_to_the_page(self) -> None:
        answer = self.client.get("/sign-in")
        self.assertRedirects(answer, "/sign-in/", status_code=301)

    def test_a_fault_of_ours_is_told_without_session_or_database(self) -> None:
        with self.assertNumQueries(0), translation.override("en"):
            answer = server_error(RequestFactory().get("/"))
        self.assertEqual(answer.status_code, 500)
        self.assertIn("The fault is ours", answer.content.decode())

    def test_pages_carry_a_strict_policy(self) -> None:
        policy = self.client.get("/sign-in/").headers["Content-Security-Policy"]
        self.assertIn("default-src 'self'", policy)
        self.assertNotIn("script-src", policy)
        self.assertNotIn("unsafe-eval", policy)

    def test_an_act_that_the_state_forbids_has_a_page(self) -> None:
        page = render_to_string("console/422.html", {"sentence": "It is running already."})
        self.assertIn("It is running already.", page)
