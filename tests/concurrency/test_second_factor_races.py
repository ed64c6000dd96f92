"""One code in two tabs at the same instant, and many guesses at once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from merchants import second_factor
from merchants.models import Event, RecoveryCode
from merchants.second_factor import CodeRefused
from tests import build
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once

pytestmark = pytest.mark.race


class SecondFactorRaces(CommittedCastCase):
    def setUp(self) -> None:
        super().setUp()
        self.at = timezone.now()
        self.factor, self.recovery = build.second_factor(self.operator, at=self.at - timedelta(hours=1))

    def accept(self, code: str) -> None:
        second_factor.accept(self.operator, code, at=self.at)

    def test_of_two_uses_of_one_code_one_wins(self) -> None:
        code = build.code_of(second_factor.manual_key(self.factor), self.at)
        results = at_once(lambda _number: self.accept(code), workers=4)
        assert results.count(None) == 1
        assert sum(isinstance(one, CodeRefused) for one in results) == 3

    def test_of_two_uses_of_one_recovery_code_one_wins(self) -> None:
        results = at_once(lambda _number: self.accept(self.recovery[0]), workers=4)
        assert results.count(None) == 1
        assert RecoveryCode.objects.filter(factor=self.factor, used_at=None).count() == 9

    def test_guesses_at_once_are_all_counted(self) -> None:
        results = at_once(lambda _number: self.accept("no code"))
        told = Counter(str(one) for one in results if isinstance(one, CodeRefused))
        assert sorted(told.values()) == [4, 4], (
            "four do not fit; the fifth locks, and the rest find it locked"
        )
        assert Event.objects.filter(kind="staff.second_factor_locked").count() == 1
