"""Figures of notifications are put right by two at once, and while statuses go on coming in."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from orders import rollups
from orders.models import NodeCount
from tests import build_orders
from tests.base import CommittedCastCase

pytestmark = pytest.mark.race


class Races(CommittedCastCase):
    def setUp(self) -> None:
        super().setUp()
        self.order = build_orders.order(self.mini_program)
        build_orders.change(self.order, "WAIT_PAY")
        rollups.fold()
        NodeCount.objects.update(n=7)

    def meanwhile(self, work: Any, ended: list[Any]) -> threading.Thread:
        def run() -> None:
            try:
                ended.append(work())
            finally:
                connection.close()

        other = threading.Thread(target=run)
        other.start()
        other.join(0.5)
        return other

    def test_of_two_repairs_one_finds_the_fault_and_the_other_waits_and_finds_none(self) -> None:
        ended: list[Any] = []
        with transaction.atomic():
            assert len(rollups.rebuild()) == 1
            other = self.meanwhile(rollups.rebuild, ended)
            assert ended == []
        other.join(20)
        assert ended == [[]]
        assert rollups.rebuild(repair=False) == []

    def test_a_repair_keeps_neither_a_status_nor_folding_waiting(self) -> None:
        ended: list[Any] = []
        with transaction.atomic():
            rollups.rebuild()
            self.meanwhile(lambda: build_orders.change(self.order, "IN_DELIVERY"), ended).join(20)
            self.meanwhile(rollups.fold, ended).join(20)
            assert len(ended) == 2
        assert rollups.rebuild(repair=False) == []
