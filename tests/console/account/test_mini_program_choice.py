from django.urls import reverse

from tests import build
from tests.base import CastCase


class SetMiniProgram(CastCase):
    def setUp(self) -> None:
        self.second = build.mini_program(self.yunduo, app_id="2021000000009999", name="Second shop")
        self.sign_in(self.operator)

    def choose(self, value: object, **more: str):  # type: ignore[no-untyped-def]
        address = reverse("set_mini_program", args=["yunduo"])
        return self.client.post(address, {"mini_program": value, **more})

    def test_the_first_one_is_current_until_another_is_chosen(self) -> None:
        self.assertEqual(self.client.get("/m/yunduo/").wsgi_request.mini_program, self.mini_program)
        self.assertRedirects(self.choose(self.second.pk), "/m/yunduo/", status_code=303)
        self.assertEqual(self.client.get("/m/yunduo/").wsgi_request.mini_program, self.second)

    def test_it_returns_to_the_page_it_was_chosen_on(self) -> None:
        answer = self.choose(self.second.pk, next="/m/yunduo/audit/")
        self.assertEqual(answer.headers["Location"], "/m/yunduo/audit/")

    def test_nonsense_is_nothing(self) -> None:
        for value in ("", "x", "99999999999999999999", "-1"):
            with self.subTest(value=value):
                self.assertEqual(self.choose(value).status_code, 404)
