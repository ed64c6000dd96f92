"""Two people fill in the same status at one instant, and one while the status leaves."""

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from merchants.models import Event
from orders import syncing
from orders.models import Order, StatusChange
from orders.repairing import Hindrance, Repaired, RepairRefused, repair
from tests import build_messaging, build_orders, small_scenes
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once

pytestmark = pytest.mark.race
MISSING = "缺少必填属性 ext_info.business_info.courier_number"


@override_settings(ORDER_SETTLE_SECONDS=0)
class RepairRaces(CommittedCastCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(small_scenes.instead())
        self.person = build_messaging.people(self.mini_program, 1)[0]

    def lacking(self, state: str) -> StatusChange:
        order = build_orders.order(
            self.mini_program, customer=self.person, fields={"total_rent": "897.00"}, page="pages/order"
        )
        return build_orders.change(
            order,
            "IN_DELIVERY",
            state=state,
            words=MISSING if state == "not_notified" else "",
            fields={"total_rent": "897.00"},
            modified_at=timezone.now() - timedelta(hours=1),
        )

    def fill_in(self, change: StatusChange, number: int) -> Repaired:
        return repair(self.yunduo, change.pk, {"courier_number": f"SF{number}"}, by=self.operator)

    def test_of_eight_at_once_one_fills_in_and_the_others_are_told_who(self) -> None:
        for state, changes in (("not_notified", 2), ("pending", 1), ("dead", 1)):
            StatusChange.objects.all().delete()
            Event.objects.filter(kind="order.repaired").delete()
            change = self.lacking(state)
            if state == "dead":
                StatusChange.objects.filter(pk=change.pk).update(sub_code="SYSTEM_ERROR")
            results = at_once(lambda n, change=change: self.fill_in(change, n))
            done = [one for one in results if isinstance(one, Repaired)]
            late = [one for one in results if isinstance(one, RepairRefused)]
            assert (len(done), len(late)) == (1, 7), results
            assert {one.hindrance for one in late} == {Hindrance.DONE}
            assert all(one.first is not None and one.first.by == self.operator for one in late)
            assert Event.objects.filter(kind="order.repaired").count() == 1
            assert StatusChange.objects.filter(order=change.order_id).count() == changes
            fields = StatusChange.objects.get(pk=done[0].change.pk).fields
            assert Order.objects.get(pk=change.order_id).fields == fields

    def test_one_that_leaves_meanwhile_leaves_whole_or_is_under_way(self) -> None:
        for _round in range(6):
            change = self.lacking("pending")
            filled, _moved = at_once(
                lambda n, change=change: (
                    syncing.sync_due(order_id=change.order_id) if n else self.fill_in(change, 1)
                ),
                workers=2,
            )
            change.refresh_from_db()
            if isinstance(filled, Repaired):
                assert change.state in ("pending", "syncing")
                assert change.fields["courier_number"] == "SF1"
                if change.state == "syncing":
                    assert change.call is not None
                    assert "SF1" in str(change.call.body)
            else:
                assert isinstance(filled, RepairRefused), filled
                assert (filled.hindrance, change.state) == (Hindrance.GONE, "syncing")
                assert "courier_number" not in change.fields
