from django.template.loader import render_to_string
from django.test import RequestFactory, TestCase
from django.utils import translation

from console.account.views import server_error


class Errors(TestCase):
    def test_an_address_that_leads_nowhere_says_so_in_both_languages(self) -> None:
        for wish, words in (("en", "Nothing here"), ("zh-CN", "没有这个页面")):
            answer = self.client.get("/nowhere/", headers={"Accept-Language": wish})
            self.assertContains(answer, words, status_code=404)

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
