"""Fields filled in where a status lacked them: what leaves again, what does not, and who was first."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from merchants.models import Event
from orders import repairing, syncing
from orders.diagnosis import Reason, diagnose
from orders.given import OrderRefused
from orders.models import Order, StatusChange
from orders.repairing import Hindrance, RepairRefused, repair
from tests import build_orders as made
from tests.base import CastCase
from tests.small_scenes import FULL, RENTAL

MISSING = "缺少必填属性 ext_info.business_info.courier_number"


class RepairCase(CastCase):
    def setUp(self) -> None:
        self.order = made.order(self.mini_program, fields={"total_rent": "897.00"})
        self.at = timezone.now().replace(microsecond=0) - timedelta(hours=1)

    def change(self, status: str = "IN_DELIVERY", *, minutes: int = 0, **fields: Any) -> StatusChange:
        given = {"fields": {"total_rent": "897.00"}, **fields}
        at = self.at + timedelta(minutes=minutes)
        return made.change(self.order, status, modified_at=at, **given)

    def taken(self, **fields: Any) -> StatusChange:
        change = self.change(state="not_notified", words=MISSING, **fields)
        Order.objects.filter(pk=self.order.pk).update(
            synced_status=change.status, synced_at=change.modified_at
        )
        return change

    def repair(self, change: StatusChange, **values: str) -> repairing.Repaired:
        values = values or {"courier_number": " SF1478820365914 "}
        return repair(self.yunduo, change.pk, values, by=self.operator)

    def refused(self, change: StatusChange, **values: str) -> RepairRefused:
        with self.assertRaises(RepairRefused) as refusal:
            self.repair(change, **values)
        return refusal.exception

    def events(self) -> list[Event]:
        return list(Event.objects.filter(kind="order.repaired"))


class NotYetTaken(RepairCase):
    def test_a_waiting_one_gets_the_fields_itself_and_the_order_too(self) -> None:
        change = self.change()
        done = self.repair(change)
        self.assertFalse(done.is_new)
        (kept,) = self.order.changes.all()
        self.assertEqual((kept.pk, kept.state, kept.modified_at), (change.pk, "pending", change.modified_at))
        self.assertEqual(kept.fields, {"total_rent": "897.00", "courier_number": "SF1478820365914"})
        self.order.refresh_from_db()
        self.assertEqual(self.order.fields, kept.fields)
        (event,) = self.events()
        self.assertEqual(
            (event.by, event.subject_kind, event.subject_id), (self.operator, "statuschange", change.pk)
        )
        self.assertEqual(event.detail["fields"], ["courier_number"])
        self.assertNotIn("SF1478820365914", str(event.detail))

    def test_a_dead_one_waits_again_without_the_old_refusal(self) -> None:
        change = self.change(state="dead", sub_code="INVALID_PARAMETER", words="参数错误", settled_at=self.at)
        self.repair(change)
        change.refresh_from_db()
        self.assertEqual(
            (change.state, change.sub_code, change.words, change.settled_at), ("pending", "", "", None)
        )

    def test_one_refused_for_what_fields_cannot_mend_is_left_alone(self) -> None:
        change = self.change(state="dead", sub_code="INVALID_PARAMETER", words="订单状态乱序")
        self.assertEqual(self.refused(change).hindrance, Hindrance.GONE)
        change.refresh_from_db()
        self.assertEqual((change.state, self.events()), ("dead", []))

    def test_what_is_under_way_done_or_unknown_is_left_alone(self) -> None:
        for state in ("syncing", "synced", "unknown", "superseded"):
            with self.subTest(state=state):
                StatusChange.objects.all().delete()
                self.assertEqual(self.refused(self.change(state=state)).hindrance, Hindrance.GONE)

    def test_one_that_the_platform_overtook_says_where_the_order_stands(self) -> None:
        late = self.change()
        newer = self.change("IN_THE_LEASE", minutes=1, state="synced", fields=FULL)
        refusal = self.refused(late)
        self.assertEqual((refusal.hindrance, refusal.current), (Hindrance.MOVED_ON, newer))

    def test_the_latest_fields_of_the_order_win_over_those_of_an_earlier_status(self) -> None:
        earlier = self.change()
        self.change("IN_THE_LEASE", minutes=1)
        Order.objects.filter(pk=self.order.pk).update(
            fields={"total_rent": "1.00", "courier_number": "NEWER"}
        )
        self.repair(earlier)
        self.order.refresh_from_db()
        self.assertEqual(self.order.fields["courier_number"], "NEWER")
        self.assertEqual(
            earlier.__class__.objects.get(pk=earlier.pk).fields["courier_number"], "SF1478820365914"
        )


class Taken(RepairCase):
    def test_it_is_returned_again_as_the_same_status_now_and_the_first_stays_as_it_was(self) -> None:
        change, before = self.taken(), timezone.now()
        done = self.repair(change)
        self.assertTrue(done.is_new)
        again = StatusChange.objects.get(pk=done.change.pk)
        self.assertEqual((again.status, again.source, again.state), ("IN_DELIVERY", "repair", "pending"))
        self.assertGreaterEqual(again.modified_at + timedelta(milliseconds=1), before)
        self.assertEqual(again.fields["courier_number"], "SF1478820365914")
        change.refresh_from_db()
        self.assertEqual((change.state, change.fields), ("not_notified", {"total_rent": "897.00"}))
        self.order.refresh_from_db()
        self.assertEqual((self.order.status_at, self.order.fields), (again.modified_at, again.fields))

    def test_its_time_is_never_before_the_latest_known_though_that_lies_ahead(self) -> None:
        ahead = timezone.now().replace(microsecond=0) + timedelta(hours=3)
        change = self.taken()
        StatusChange.objects.filter(pk=change.pk).update(modified_at=ahead)
        Order.objects.filter(pk=self.order.pk).update(status_at=ahead, synced_at=ahead)
        again = self.repair(change).change
        self.assertEqual(again.modified_at, ahead + timedelta(milliseconds=1))

    def test_pressed_twice_it_is_returned_once_and_who_was_first_is_told(self) -> None:
        change = self.taken()
        self.repair(change)
        refusal = self.refused(change)
        self.assertEqual(refusal.hindrance, Hindrance.DONE)
        assert refusal.first is not None
        self.assertEqual(refusal.first.by, self.operator)
        self.assertEqual((self.order.changes.count(), len(self.events())), (2, 1))

    def test_pressed_twice_on_a_waiting_one_the_first_values_stay(self) -> None:
        change = self.change()
        self.repair(change)
        self.assertEqual(self.refused(change, courier_number="OTHER").hindrance, Hindrance.DONE)
        change.refresh_from_db()
        self.assertEqual(change.fields["courier_number"], "SF1478820365914")

    def test_an_order_that_moved_on_is_not_moved_back(self) -> None:
        change = self.taken()
        for state in ("pending", "synced", "dead"):
            with self.subTest(state=state):
                newer = self.change("IN_THE_LEASE", minutes=1, state=state, fields=FULL)
                refusal = self.refused(change)
                self.assertEqual((refusal.hindrance, refusal.current), (Hindrance.MOVED_ON, newer))
                newer.delete()
        self.change("IN_THE_LEASE", minutes=1, state="superseded", fields=FULL)
        self.repair(change)

    def test_a_status_that_may_not_follow_itself_is_not_returned_again(self) -> None:
        node = RENTAL.node("IN_DELIVERY")
        assert node is not None
        before = node.moves
        object.__setattr__(node, "moves", frozenset({"IN_THE_LEASE"}))
        self.addCleanup(object.__setattr__, node, "moves", before)
        self.assertEqual(self.refused(self.taken()).hindrance, Hindrance.NOT_TWICE)

    def test_it_leaves_in_its_turn_and_is_explained_as_waiting(self) -> None:
        again = self.repair(self.taken()).change
        StatusChange.objects.filter(pk=again.pk).update(received_at=self.at)
        self.assertEqual(syncing.sync_due(order_id=self.order.pk), 1)
        self.order.refresh_from_db()
        self.assertEqual(diagnose(self.order, change_id=again.pk).steps[-1].reason, Reason.SYNCING)


class WhatIsWrong(RepairCase):
    def test_every_missing_field_is_asked_for_and_nothing_else_is_taken(self) -> None:
        change = self.change(fields={})
        with self.assertRaises(OrderRefused) as refusal:
            self.repair(change, courier_number="SF1")
        self.assertEqual(list(refusal.exception.fields), ["total_rent"])
        self.repair(change, courier_number="SF1", total_rent="12.5", note="x")
        change.refresh_from_db()
        self.assertEqual(change.fields, {"courier_number": "SF1", "total_rent": "12.50"})

    def test_amounts_are_amounts_and_texts_have_an_end(self) -> None:
        change = self.change(fields={"courier_number": "SF1"})
        for text in ("twelve", "1.234", "-5", "¥5"):
            with self.subTest(text=text), self.assertRaises(OrderRefused):
                self.repair(change, total_rent=text)
        with self.assertRaises(OrderRefused):
            self.repair(self.change(minutes=1), courier_number="9" * 501)
        self.assertEqual(self.events(), [])

    def test_another_merchants_status_is_not_there(self) -> None:
        change = self.change()
        with self.assertRaises(StatusChange.DoesNotExist):
            repair(self.other_mini_program.merchant, change.pk, {"courier_number": "SF1"}, by=None)

    def test_of_a_forgotten_person_nothing_more_is_kept(self) -> None:
        change = self.change()
        self.order.customer.forgotten_at = timezone.now()
        self.order.customer.save(update_fields=["forgotten_at"])
        with self.assertRaises(OrderRefused):
            self.repair(change)
        self.assertEqual(self.events(), [])
