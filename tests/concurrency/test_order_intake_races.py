"""The same order, and the same change of one, handed in eight times at one instant."""

from datetime import timedelta

import pytest

from orders.given import OrderRefused
from orders.intake import receive_orders, receive_status
from orders.models import Order, Source, StatusChange
from orders.scenes import SCENES
from tests import build_orders
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once
from tests.orders.test_intake import CREATED, STATUSES, at, order_given
from tests.rental_scene import RENTAL

pytestmark = pytest.mark.race


@pytest.fixture(autouse=True)
def rental(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCENES, "online_rental", RENTAL)  # type: ignore[arg-type]


class Races(CommittedCastCase):
    def setUp(self) -> None:
        super().setUp()
        build_orders.chosen(self.mini_program)

    def status(self, n: int, seconds: int, status: str) -> str:
        try:
            return receive_status(self.mini_program, "R1", at(seconds, status), source=Source.API)
        except OrderRefused as refusal:
            return refusal.code

    def test_one_new_order_at_once_is_one_row_and_the_others_find_it(self) -> None:
        orders = [order_given("R1", status=at(1))]
        answers = at_once(lambda _n: receive_orders(self.mini_program, orders, source=Source.API)[0])
        assert sorted(answer.outcome for answer in answers) == ["created"] + ["unchanged"] * 7
        assert Order.objects.count() == 1
        assert StatusChange.objects.get().repeats == 7

    def test_requests_that_overlap_in_any_order_keep_each_once(self) -> None:
        def work(n: int) -> list[str]:
            numbers = [(n * 5 + place) % 20 for place in range(20)]
            orders = [
                order_given(f"R{one}", open_id=f"person-{one:04d}", status=at(n % 2)) for one in numbers
            ]
            return [one.outcome for one in receive_orders(self.mini_program, orders, source=Source.API)]

        outcomes = [one for answer in at_once(work) for one in answer]
        assert outcomes.count("created") == Order.objects.count() == 20
        assert "refused" not in outcomes
        assert StatusChange.objects.count() == 40
        assert sum(StatusChange.objects.values_list("repeats", flat=True)) == 8 * 20 - 40

    def test_one_status_at_once_is_one_change_and_a_clash_has_one_winner(self) -> None:
        receive_orders(self.mini_program, [order_given("R1")], source=Source.API)
        same = at_once(lambda n: self.status(n, 1, "CREATE"))
        assert sorted(same) == ["repeated"] * 7 + ["taken"]
        clash = at_once(lambda n: self.status(n, 2, STATUSES[n % 4]))
        assert sorted(clash) == ["repeated"] + ["status_clash"] * 6 + ["taken"]

    def test_the_latest_time_wins_whoever_comes_last(self) -> None:
        receive_orders(self.mini_program, [order_given("R1")], source=Source.API)
        at_once(lambda n: self.status(n, (n * 5) % 8, STATUSES[n % 4]))
        order = Order.objects.get()
        assert order.status_at == CREATED + timedelta(seconds=7)
        assert order.status == order.changes.order_by("-modified_at")[0].status
