"""A merchant leaves a scene while an order of it arrives, on two connections."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from orders import choosing
from orders.intake import Received, receive_orders
from orders.models import ChosenScene, Order, Source
from orders.scenes import SCENES
from tests import build_orders
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once
from tests.orders.test_intake import at, order_given
from tests.rental_scene import RENTAL

pytestmark = pytest.mark.race


@pytest.fixture(autouse=True)
def rental(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCENES, "online_rental", RENTAL)  # type: ignore[arg-type]


class Races(CommittedCastCase):
    def arrive(self, number: str = "R1", **changes: Any) -> Received:
        return receive_orders(self.mini_program, [order_given(number, **changes)], source=Source.API)[0]

    def leave(self) -> bool:
        return choosing.leave(self.mini_program, "online_rental", by=self.operator)

    def test_one_of_the_two_is_first_and_the_other_sees_it(self) -> None:
        for _round in range(6):
            Order.objects.all().delete()
            build_orders.chosen(self.mini_program)
            arrived, left = at_once(lambda n: self.leave() if n else self.arrive(), workers=2)
            assert isinstance(arrived, Received), arrived
            if arrived.outcome == "created":
                assert isinstance(left, choosing.SceneHasOrders), left
                assert ChosenScene.objects.count() == Order.objects.count() == 1
            else:
                assert (arrived.code, left) == ("scene_not_chosen", True)
                assert not ChosenScene.objects.exists()
                assert not Order.objects.exists()

    def test_who_leaves_waits_for_an_order_that_is_being_kept_and_then_cannot(self) -> None:
        build_orders.chosen(self.mini_program)
        ended: list[Any] = []

        def leave() -> None:
            try:
                ended.append(self.leave())
            except choosing.SceneHasOrders as error:
                ended.append(error)
            finally:
                connection.close()

        other = threading.Thread(target=leave)
        with transaction.atomic():
            assert self.arrive().outcome == "created"
            other.start()
            other.join(0.5)
            assert ended == []
        other.join(20)
        assert isinstance(ended[0], choosing.SceneHasOrders)
        assert ChosenScene.objects.count() == 1

    def test_a_known_order_goes_on_where_its_scene_is_no_longer_chosen_and_a_new_one_does_not(self) -> None:
        build_orders.chosen(self.mini_program)
        assert self.arrive().outcome == "created"
        ChosenScene.objects.all().delete()
        assert self.arrive(status=at(5)).status == "taken"
        assert self.arrive("R2").code == "scene_not_chosen"
