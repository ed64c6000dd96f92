"""The API reference: every route that programs find stands there, in both languages."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from console.api import reference
from console.api.scopes import SCOPES
from console.help.topics import BY_KEY
from merchants.models import User
from tests import build_messaging as made
from tests.base import CastCase

PAGE = reverse("help_api", args=["yunduo"])


class ApiReference(CastCase):
    def test_every_route_has_its_example_its_fields_and_a_scope_a_key_can_have(self) -> None:
        template = made.template(self.mini_program)
        self.sign_in(self.analyst)
        page = self.client.get(PAGE)
        for route in reference.routes():
            self.assertContains(page, f'id="{route.key}"')
            self.assertContains(page, f"{route.method}</span> {route.path}")
            self.assertIn(route.scope, SCOPES)
            self.assertIn(route.key, BY_KEY["api"].sections)
            for field in (*route.fields, *route.answers):
                self.assertContains(page, f"<code>{field.name}</code>")
        self.assertEqual(page.content.count(b"<code>curl http"), len(reference.routes()))
        self.assertContains(page, template.template_id)
        self.assertContains(page, self.mini_program.app_id)
        self.assertNotContains(page, reverse("api_keys", args=["yunduo"]))

    def test_what_the_schema_says_in_english_is_said_in_chinese_too(self) -> None:
        with translation.override("zh-hans"):
            said = [
                words
                for route in reference.routes()
                for words in (
                    route.summary,
                    *(field.description for field in (*route.fields, *route.answers)),
                )
                if words
            ]
            untold = [words for words in said if words.isascii() and translation.gettext(words) == words]
        self.assertEqual(untold, [])
        User.objects.filter(pk=self.owner.pk).update(language="zh-hans")
        self.sign_in(self.owner)
        page = self.client.get(PAGE)
        self.assertContains(page, "由你定，一条消息一个")
        self.assertContains(page, f"每秒 {settings.API_REQUESTS_PER_SECOND:g}")
        self.assertContains(page, reverse("api_keys", args=["yunduo"]))
