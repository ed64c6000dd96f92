from typing import Any

from django.urls import reverse

from tests import build, build_provider
from tests.base import CastCase

HTMX = {"HX-Request": "true"}


class ProviderCase(CastCase):
    """A provider with one operator; 茶 and 租 let it in; 邻 let another provider in."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.provider = build_provider.provider()
        cls.tea = build_provider.client_of(cls.provider, "茶", people=3)
        cls.rent = build_provider.client_of(cls.provider, "租", people=2)
        cls.rival = build_provider.provider("别家服务商")
        cls.neighbour = build_provider.client_of(cls.rival, "邻")

    def setUp(self) -> None:
        self.sign_in(self.provider.operator)

    def at(self, name: str, merchant: Any = None, **kwargs: Any) -> str:
        slug = (merchant or self.provider.merchant).slug
        return reverse(name, kwargs={"merchant": slug, **kwargs})

    def seat(self, role: str, at: Any = None) -> Any:
        person = build.user()
        build.seat(person, at or self.provider.merchant, role)
        return person
