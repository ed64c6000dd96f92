"""Crowd sends as an operator sees them."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from messaging.models import CrowdSend
from tests import build_crowds, build_messaging
from tests.base import CastCase

HTMX = {"HX-Request": "true"}


class CrowdPageCase(CastCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.template = build_messaging.template(cls.mini_program)

    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.operator)

    def url(self, name: str, crowd: CrowdSend | None = None, *, merchant: str = "yunduo") -> str:
        return reverse(name, args=[merchant, *([crowd.pk] if crowd else [])])

    def crowd(self, state: str = "draft", **fields: Any) -> CrowdSend:
        chosen = fields.pop("template", self.template)
        return build_crowds.crowd(self.mini_program, self.operator, chosen=chosen, state=state, **fields)

    def page(self, crowd: CrowdSend, **headers: str) -> HttpResponse:
        return self.client.get(self.url("crowd", crowd), headers=headers)

    def form(self, **changes: Any) -> dict[str, Any]:
        given = {
            "form_token": str(uuid.uuid4()),
            "name": "八月会员日",
            "template": str(self.template.pk),
            "shown_template": str(self.template.pk),
            "value_0": "满 30 减 5",
            "value_1": "8 月 31 日前",
            "page": "pages/renew/index",
            "parameters": "",
            "whom": "all",
            "crowd_code": "",
            "when": "now",
            "scheduled_on": "",
            "scheduled_time": "",
            "version": "1",
            "action": "save",
        }
        return {**given, **changes}
