"""Library entries and adopted templates as rows; the platform itself only where a test needs its answer."""

import itertools
from typing import Any

from django.urls import reverse
from django.utils import timezone

from merchants.models import MiniProgram
from messaging.models import LibraryTemplate
from tests.base import CastCase

HTMX = {"HX-Request": "true"}
_numbers = itertools.count(1)


def entry(app: MiniProgram, **fields: Any) -> LibraryTemplate:
    return LibraryTemplate.objects.create(
        merchant=app.merchant,
        mini_program=app,
        **{
            "code": f"TM9{next(_numbers):06d}",
            "name": "Benefit reminder",
            "keywords": ["Benefit", "How", "Until", "Shop"],
            "kind": "one_time",
            "industry_scenario": "Membership",
            "fatigue_value": 2,
            "fatigue_unit": "day",
            "fatigue_total": 10,
            "synced_at": timezone.now(),
            **fields,
        },
    )


class TemplateCase(CastCase):
    def url(self, name: str, *, merchant: str = "yunduo", **kwargs: int) -> str:
        return reverse(name, kwargs={"merchant": merchant, **kwargs})
