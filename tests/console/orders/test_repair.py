"""Filling in what a status lacks on the page of its order; who comes late; others that lack the same."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from merchants.models import Event, Job
from orders import alike
from orders.diagnosis import diagnose
from orders.models import Order, StatusChange
from orders.tasks import repair_alike
from tests import build_orders as made
from tests.base import CastCase
from tests.small_scenes import FULL

MISSING = "缺少必填属性 ext_info.business_info.courier_number"
HTMX = {"HTTP_HX_REQUEST": "true"}


class RepairCase(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)
        self.at = timezone.now().replace(microsecond=0) - timedelta(hours=1)
        self.order, self.change = self.lacking("ZL251119004827")

    def lacking(self, number: str, **fields: Any) -> tuple[Order, StatusChange]:
        order = made.order(self.mini_program, out_biz_no=number, fields={"total_rent": "897.00"})
        change = made.change(
            order,
            "IN_DELIVERY",
            modified_at=self.at,
            **{"state": "not_notified", "words": MISSING, "fields": {"total_rent": "897.00"}, **fields},
        )
        return order, change

    def page(self, order: Order | None = None, **asked: Any) -> Any:
        return self.client.get(reverse("order", args=["yunduo", (order or self.order).pk]), asked)

    def fill_in(self, *, change: StatusChange | None = None, **given: Any) -> Any:
        about, htmx = change or self.change, given.pop("htmx", {})
        data = {"change": about.pk, "f_courier_number": "SF1478820365914", **given}
        return self.client.post(reverse("order_repair", args=["yunduo", about.order_id]), data, **htmx)


class InPlace(RepairCase):
    def test_exactly_the_missing_field_stands_there_by_its_name_with_one_button(self) -> None:
        page = self.page()
        for said in (
            "Tracking number",
            "courier_number",
            "Fill in and sync again",
            'name="f_courier_number"',
        ):
            self.assertContains(page, said)
        self.assertNotContains(page, "f_total_rent")

    def test_what_the_order_has_by_now_stands_in_the_field(self) -> None:
        Order.objects.update(fields={"courier_number": "SF9"})
        self.assertContains(self.page(), 'value="SF9"')

    def test_one_press_returns_it_again_and_shows_the_new_return(self) -> None:
        answer = self.fill_in()
        again = self.order.changes.get(source="repair")
        self.assertRedirects(
            answer, f"{reverse('order', args=['yunduo', self.order.pk])}?change={again.pk}", 303
        )
        page = self.page()
        self.assertContains(page, "“已发货” is waiting for its turn")
        self.assertNotContains(page, "Fill in and sync again")
        self.assertContains(page, "Filled in Tracking number of “已发货” and synced it again")

    def test_a_waiting_one_keeps_its_place(self) -> None:
        StatusChange.objects.update(state="pending", words="")
        self.assertContains(self.page(), "leaves with these fields when its turn comes")
        self.assertEqual(self.fill_in().status_code, 303)
        self.assertEqual(self.order.changes.get().fields["courier_number"], "SF1478820365914")

    def test_a_dead_one_that_lacks_fields_can_be_filled_in_too(self) -> None:
        StatusChange.objects.update(state="dead", sub_code="SYSTEM_ERROR", words="")
        self.assertContains(self.page(), "f_courier_number")
        self.assertEqual(self.fill_in().status_code, 303)
        self.assertEqual(self.order.changes.get().state, "pending")

    def test_an_empty_field_is_marked_for_both_kinds_of_client_and_nothing_is_done(self) -> None:
        for htmx in ({}, HTMX):
            answer = self.fill_in(f_courier_number=" ", htmx=htmx)
            self.assertContains(answer, "without it none is sent", count=1, status_code=422)
            self.assertContains(answer, 'aria-invalid="true"', status_code=422)
            self.assertEqual("<html" in answer.content.decode(), not htmx)
        self.assertFalse(Event.objects.filter(kind="order.repaired").exists())

    def test_who_comes_late_reads_who_was_first(self) -> None:
        self.fill_in()
        self.sign_in(self.owner)
        for htmx in ({}, HTMX):
            answer = self.fill_in(f_courier_number="OTHER", htmx=htmx)
            self.assertContains(answer, f"{self.operator} filled this in first, at", status_code=422)
        self.assertEqual(self.order.changes.count(), 2)

    def test_an_order_that_moved_on_says_what_to_do_instead(self) -> None:
        newer = made.change(self.order, "IN_THE_LEASE", state="synced", fields=FULL)
        page = self.page(change=self.change.pk)
        self.assertContains(page, "The order stands at “租赁中” by now")
        self.assertNotContains(page, "f_courier_number")
        answer = self.fill_in()
        self.assertContains(answer, "It cannot go back to “已发货”", status_code=422)
        self.assertContains(answer, f"?change={newer.pk}", status_code=422)
        self.assertEqual(self.order.changes.count(), 2)

    def test_who_may_only_look_has_no_field_and_a_stranger_nothing(self) -> None:
        self.sign_in(self.analyst)
        self.assertNotContains(self.page(), "f_courier_number")
        self.assertEqual(self.fill_in().status_code, 403)
        self.sign_in(self.operator)
        other = made.order(self.other_mini_program)
        foreign = made.change(other, "IN_DELIVERY", state="not_notified", words=MISSING)
        self.assertEqual(self.fill_in(change=foreign).status_code, 404)
        crossed = self.client.post(
            reverse("order_repair", args=["yunduo", self.order.pk]),
            {"change": foreign.pk, "f_courier_number": "SF1"},
        )
        self.assertEqual(crossed.status_code, 404)
        self.assertEqual(StatusChange.objects.filter(source="repair").count(), 0)

    @pytest.mark.real_scenes
    def test_each_kind_of_field_has_its_own_input(self) -> None:
        StatusChange.objects.update(
            words="缺少必填属性 ext_info.business_info.receiving_time,rent_due_date,thaw_deposit",
            status="IN_THE_LEASE",
        )
        page = self.page()
        for said in ('type="datetime-local"', 'type="date"', 'inputmode="decimal"', "Lease end"):
            self.assertContains(page, said)
        answer = self.fill_in(
            f_receiving_time="2026-11-21T08:50", f_rent_due_date="2027-02-20", f_thaw_deposit="3000"
        )
        self.assertEqual(answer.status_code, 303)
        again = self.order.changes.get(source="repair")
        self.assertEqual(
            [again.fields[name] for name in ("receiving_time", "rent_due_date", "thaw_deposit")],
            ["2026-11-21 08:50:00", "2027-02-20", "3000.00"],
        )


class History(RepairCase):
    def test_moments_of_the_order_and_acts_of_people_stand_in_the_order_of_time(self) -> None:
        StatusChange.objects.update(received_at=self.at, settled_at=self.at + timedelta(seconds=3))
        Order.objects.update(created_at=self.at - timedelta(minutes=5))
        self.fill_in()
        lines = self.page().context["history"]
        self.assertEqual(
            [(line.sentence, line.who, line.is_act) for line in lines],
            [
                ("Filled in Tracking number of “已发货” and synced it again", str(self.operator), True),
                ("“已发货”: Accepted, not notified", "", False),
                ("“已发货” came in", "API", False),
                ("The order came in", "API", False),
            ],
        )


class Others(RepairCase):
    def setUp(self) -> None:
        super().setUp()
        self.ready = [self.lacking(f"R{n}") for n in range(2)]
        Order.objects.filter(pk__in=[order.pk for order, _change in self.ready]).update(
            fields={"total_rent": "897.00", "courier_number": "SF7"}
        )
        self.waits, _change = self.lacking("W1")
        self.lacking("OTHER", words="缺少必填属性 ext_info.business_info.total_rent")

    def found(self) -> alike.Alike:
        step = diagnose(self.order).focus
        assert step is not None
        return alike.alike(self.order, step, at=timezone.now())

    def address(self, name: str) -> str:
        return reverse(name, args=["yunduo", self.order.pk])

    def sync(self, confirmed: Any, **htmx: Any) -> Any:
        data = {"change": self.change.pk, "confirmed": confirmed}
        return self.client.post(self.address("order_alike_sync"), data, **htmx)

    def test_those_of_the_same_cause_are_counted_without_this_one(self) -> None:
        found = self.found()
        self.assertEqual([one.change.order.out_biz_no for one in found.ready], ["R1", "R0"])
        self.assertEqual([one.change.order.out_biz_no for one in found.lacking], ["W1"])
        self.assertFalse(found.is_cut)
        page = self.page()
        self.assertContains(page, "3 more orders")
        self.assertContains(page, "2 have them by now")

    def test_old_ones_and_those_that_moved_on_are_left_out(self) -> None:
        old = timezone.now() - timedelta(days=31)
        StatusChange.objects.filter(order=self.ready[0][0]).update(modified_at=old)
        Order.objects.filter(pk=self.ready[0][0].pk).update(status_at=old)
        made.change(self.ready[1][0], "IN_THE_LEASE", state="pending")
        self.assertEqual(self.found().count, 1)

    def test_the_read_is_bounded_and_says_so(self) -> None:
        before, alike.MOST_ALIKE = alike.MOST_ALIKE, 2
        self.addCleanup(setattr, alike, "MOST_ALIKE", before)
        step = diagnose(self.order).focus
        assert step is not None
        with self.assertNumQueries(2):
            found = alike.alike(self.order, step, at=timezone.now())
        self.assertTrue(found.is_cut)
        self.assertLessEqual(found.count, 2)
        page = self.client.get(self.address("order_alike"), {"change": self.change.pk})
        self.assertContains(page, "of the newest 2 orders at this status")

    def test_the_confirmed_number_is_synced_again_by_a_job_and_its_second_run_changes_nothing(self) -> None:
        page = self.client.get(self.address("order_alike"), {"change": self.change.pk})
        self.assertContains(page, "Sync 2 again")
        answer = self.sync(2)
        job = Job.objects.get(kind="orders.repair_alike")
        self.assertRedirects(answer, reverse("job", args=["yunduo", job.pk]), 303)
        repair_alike(self.yunduo.pk, job.pk)
        job.refresh_from_db()
        self.assertEqual((job.state, job.result), ("done", {"again": 2, "left": 0, "left_orders": []}))
        self.assertEqual(StatusChange.objects.filter(source="repair").count(), 2)
        self.assertEqual(Event.objects.filter(kind="order.repaired", by=self.operator).count(), 2)
        Job.objects.filter(pk=job.pk).update(state="queued")
        repair_alike(self.yunduo.pk, job.pk)
        job.refresh_from_db()
        self.assertEqual(job.result["again"], 2)
        self.assertEqual(StatusChange.objects.filter(source="repair").count(), 2)

    def test_another_number_than_confirmed_asks_again(self) -> None:
        for confirmed in (1, "", "many"):
            answer = self.sync(confirmed)
            self.assertContains(answer, "The number changed meanwhile", status_code=422)
        self.assertFalse(Job.objects.exists())

    def test_one_that_moved_on_before_the_job_ran_is_left(self) -> None:
        self.sync(2)
        made.change(self.ready[0][0], "IN_THE_LEASE", state="pending")
        job = Job.objects.get()
        repair_alike(self.yunduo.pk, job.pk)
        job.refresh_from_db()
        number = self.ready[0][0].out_biz_no
        left = {"again": 1, "left": 1, "left_orders": [[number, "moved_on"]]}
        self.assertEqual(job.result, left)
        page = self.client.get(reverse("job", args=["yunduo", job.pk]))
        self.assertContains(page, number)
        self.assertContains(page, "The order stands at another status by now.")

    def test_the_rest_is_a_file_with_a_column_for_each_missing_field(self) -> None:
        answer = self.client.get(self.address("order_alike_export"), {"change": self.change.pk})
        self.assertEqual(
            answer.content.decode("utf-8-sig").splitlines(),
            ["out_biz_no,status,courier_number", "W1,IN_DELIVERY,"],
        )

    def test_refused_ones_of_one_cause_lead_to_their_retry(self) -> None:
        StatusChange.objects.filter(order__in=[self.order, self.waits]).update(
            state="dead", sub_code="SYSTEM_ERROR", words="x"
        )
        page = self.page()
        self.assertContains(page, "1 more status")
        self.assertContains(
            page, f"{reverse('order_fixing_cause', args=['yunduo'])}?code=SYSTEM_ERROR&amp;words=x"
        )
