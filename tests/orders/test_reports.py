"""Lists and figures of orders: what they find, and what they are taken from."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from orders import reports
from orders.diagnosis import Reason
from orders.models import Order
from orders.reports import Wanted
from tests import build_messaging
from tests import build_orders as made
from tests.base import CastCase
from tests.small_scenes import FULL, RENTAL

ZONE = ZoneInfo("Asia/Shanghai")
MISSING = "缺少必填属性 ext_info.business_info.courier_number"


class Lists(CastCase):
    def numbers(self, **asked: object) -> list[str]:
        rows = reports.order_list(self.mini_program, Wanted(**asked), at=timezone.now())  # type: ignore[arg-type]
        return [order.out_biz_no for order in rows]

    def test_filters_find_by_number_scene_status_sync_and_days(self) -> None:
        now = timezone.now()
        new = made.order(self.mini_program, out_biz_no="ZL-1", trade_no="T-9")
        made.change(new, "WAIT_PAY", state="dead")
        made.order(self.mini_program, out_biz_no="HS-1", scene="recycling")
        made.order(self.mini_program, out_biz_no="ZL-0", order_created_at=now - timedelta(days=90))
        made.order(self.other_mini_program, out_biz_no="ZL-1")
        for asked, found in (
            ({"text": "ZL-1"}, ["ZL-1"]),
            ({"text": "T-9"}, ["ZL-1"]),
            ({"text": "ZL-0"}, ["ZL-0"]),
            ({"text": "ZL"}, ["ZL-1"]),
            ({"scene": "recycling"}, ["HS-1"]),
            ({"status": "WAIT_PAY"}, ["ZL-1"]),
            ({"sync": "dead"}, ["ZL-1"]),
            ({"sync": "synced"}, []),
            ({"until": now - timedelta(days=30)}, ["ZL-0"]),
            ({"text": "ZL", "since": now - timedelta(days=99)}, ["ZL-1", "ZL-0"]),
        ):
            with self.subTest(asked):
                self.assertEqual(self.numbers(**asked), found)

    def test_pages_follow_each_other_where_many_orders_have_one_time(self) -> None:
        at = timezone.now()
        for _n in range(5):
            made.order(self.mini_program, order_created_at=at)
        rows = reports.order_list(self.mini_program, Wanted(), at=at)
        seen: list[Order] = []
        while page := list(reports.after(rows, seen[-1] if seen else None)[:2]):
            seen += page
        self.assertEqual(seen, list(rows))
        self.assertEqual(len(set(seen)), 5)

    def test_the_end_of_an_open_id_finds_only_who_may_ask(self) -> None:
        order = made.order(self.mini_program)
        tail = str(order.customer.open_id)[-4:]
        for by_tail, found in ((True, [order]), (False, [])):
            rows = reports.found_for(self.mini_program, tail, by_tail=by_tail, at=timezone.now(), most=5)
            self.assertEqual(rows, found)


class Figures(CastCase):
    def week(self) -> reports.Week:
        return reports.week_of(self.mini_program, at=timezone.now(), zone=ZONE)

    def test_the_week_counts_reasons_messages_coverage_and_single_statuses(self) -> None:
        at = timezone.now() - timedelta(hours=1)
        whole, skipping = made.order(self.mini_program), made.order(self.mini_program)
        for minute, status in enumerate(("APPLYING", "WAIT_PAY", "TO_SEND_GOODS")):
            moment = at + timedelta(minutes=minute)
            made.change(whole, status, state="synced", modified_at=moment, fields=FULL)
        made.change(skipping, "APPLYING", state="synced", modified_at=at, fields=FULL)
        later = at + timedelta(minutes=1)
        made.change(skipping, "IN_DELIVERY", state="not_notified", modified_at=later, words=MISSING)
        alone = made.order(self.mini_program)
        made.change(alone, "APPLYING", state="synced", modified_at=at)
        week = self.week()
        found = week.scenes[0]
        self.assertEqual((found.orders, found.judged, found.complete, found.one_status), (3, 3, 2, 1))
        self.assertEqual(found.skipped, {"WAIT_PAY": 1})
        self.assertEqual(found.reasons, {Reason.FIELDS_MISSING: 1})
        self.assertEqual(found.told, {"WAIT_PAY": 1})
        self.assertEqual(
            [(flag.order, flag.step.missing) for flag in week.flags], [(skipping, ("courier_number",))]
        )
        self.assertEqual(sum(week.by_day.values()), 3)

    def test_a_branch_that_cannot_lead_on_is_not_skipped(self) -> None:
        path = ["IN_THE_LEASE", "FINISHED"]
        self.assertEqual(reports.skipped_nodes(RENTAL, path), [])
        self.assertEqual(
            reports.skipped_nodes(RENTAL, ["WAIT_PAY", "FINISHED"]), ["IN_DELIVERY", "IN_THE_LEASE"]
        )
        self.assertEqual(reports.skipped_nodes(RENTAL, ["IN_DELIVERY", "WAIT_PAY"]), [])

    def test_an_order_of_another_mini_program_is_in_no_figure(self) -> None:
        made.order(self.other_mini_program)
        self.assertEqual((self.week().orders, self.week().scenes), (0, []))

    def test_a_second_order_counts_within_thirty_days_of_the_first_only(self) -> None:
        now = timezone.now()
        back, gone, slow = build_messaging.people(self.mini_program, 3)
        for person, days in ((back, 50), (back, 30.5), (gone, 40), (slow, 58), (slow, 5)):
            moment = now - timedelta(days=days)
            made.order(self.mini_program, customer=person, order_created_at=moment)
        found = reports.second_orders(self.mini_program, at=now)
        self.assertEqual((found.people, found.again), (3, 1))
