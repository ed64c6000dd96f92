"""The cast: two merchants, four roles in the first, an owner in the second; built once per class.

`CastCase` wraps each test in a transaction; `CommittedCastCase` commits, for races and for what happens after
commit. Both carry the cast as attributes: self.yunduo, self.mini_program, self.operator and so on.
"""

from dataclasses import fields
from typing import Any

from django.test import Client, TestCase, TransactionTestCase

from merchants.models import Merchant, MiniProgram, User
from tests import build


class _CastAttributes:
    yunduo: Merchant
    qingcha: Merchant
    mini_program: MiniProgram
    other_mini_program: MiniProgram
    owner: User
    operator: User
    reviewer: User
    analyst: User
    other_owner: User

    client: Client

    def sign_in(self, person: User) -> None:
        self.client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")


def _take_stage(target: Any) -> None:
    cast = build.cast()
    for field in fields(cast):
        setattr(target, field.name, getattr(cast, field.name))


class CastCase(_CastAttributes, TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        _take_stage(cls)


class CommittedCastCase(_CastAttributes, TransactionTestCase):
    """Slow (every table is emptied afterwards): only where a commit matters."""

    def setUp(self) -> None:
        _take_stage(self)
