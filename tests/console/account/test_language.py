from django.urls import reverse

from tests.base import CastCase

LANGUAGE = reverse("set_language")


class Language(CastCase):
    def test_the_choice_stays_with_the_person(self) -> None:
        self.sign_in(self.operator)
        answer = self.client.post(LANGUAGE, {"language": "zh-hans", "next": "/m/yunduo/"})
        self.assertRedirects(answer, "/m/yunduo/", status_code=303)
        self.operator.refresh_from_db()
        self.assertEqual(self.operator.language, "zh-hans")
        self.assertContains(self.client.get("/m/yunduo/"), '<html lang="zh-CN">')

    def test_without_a_person_it_stays_with_the_browser(self) -> None:
        self.client.post(LANGUAGE, {"language": "en"})
        page = self.client.get(reverse("sign_in"), headers={"Accept-Language": "zh-CN"})
        self.assertContains(page, '<html lang="en">')

    def test_a_language_that_is_not_offered_is_a_bad_request(self) -> None:
        answer = self.client.post(LANGUAGE, {"language": "tlh"}, headers={"Accept-Language": "en"})
        self.assertContains(answer, "This request cannot be read", status_code=400)

    def test_it_does_not_lead_to_another_house(self) -> None:
        answer = self.client.post(LANGUAGE, {"language": "en", "next": "//evil.example"})
        self.assertEqual(answer.headers["Location"], "/")

    def test_the_switch_shows_the_other_language(self) -> None:
        self.sign_in(self.operator)
        self.assertContains(self.client.get("/m/yunduo/"), 'value="zh-hans" lang="zh-CN"')
