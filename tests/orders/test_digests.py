"""The daily digest: what lacked fields yesterday, once for each day, where the morning has come."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.test import override_settings

from merchants.models import Event
from orders import choosing, digests
from orders.given import OrderGiven, StatusGiven
from orders.intake import receive_orders, receive_status
from orders.models import ChosenScene, OrderDigest, StatusChange
from tests import build_messaging
from tests.base import CastCase

DAY = date(2026, 11, 20)
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 11, 21, 8, 30, tzinfo=SHANGHAI)
WHOLE = {"total_rent": "300.00", "courier_number": "SF1"}


@override_settings(ORDER_DIGEST_HOUR=8)
class Digests(CastCase):
    def setUp(self) -> None:
        choosing.choose(self.mini_program, "online_rental", by=self.operator)

    def handed_in(self, number: str, status: str, *, at: datetime, **fields: str) -> StatusChange:
        """As it came in at `at`."""
        when = at.astimezone(UTC)
        person = build_messaging.people(self.mini_program, 1)[0]
        given = OrderGiven(
            out_biz_no=number,
            open_id=person.open_id,
            scene="online_rental",
            page="pages/order/detail",
            order_created_at=when - timedelta(hours=1),
            status=StatusGiven(status, when, fields),
        )
        (received,) = receive_orders(self.mini_program, [given], source="api")
        assert received.status == "taken", received
        return self.received(number, at)

    def returned(self, number: str, status: str, *, at: datetime, **fields: str) -> StatusChange:
        receive_status(
            self.mini_program, number, StatusGiven(status, at.astimezone(UTC), fields), source="api"
        )
        return self.received(number, at)

    def received(self, number: str, at: datetime) -> StatusChange:
        change = StatusChange.objects.get(order__out_biz_no=number, modified_at=at)
        StatusChange.objects.filter(pk=change.pk).update(received_at=at)
        return change

    def noon(self, *, days: int = 0, **more: Any) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=SHANGHAI) + timedelta(days=days, **more)

    def the_one(self) -> OrderDigest:
        return OrderDigest.objects.get(mini_program=self.mini_program)

    def test_orders_are_counted_by_status_and_missing_fields_the_most_first(self) -> None:
        first = self.handed_in("A", "IN_DELIVERY", at=self.noon())
        self.handed_in("B", "WAIT_PAY", at=self.noon())
        self.handed_in("C", "WAIT_PAY", at=self.noon(minutes=1))
        self.handed_in("D", "IN_DELIVERY", at=self.noon(), **WHOLE)
        self.handed_in("E", "APPLYING", at=self.noon())
        assert digests.make_digests(at=MORNING) == 1
        digest = self.the_one()
        assert (digest.day, digest.orders, digest.is_part) == (DAY, 3, False)
        told = [(line["status"], line["fields"], line["orders"]) for line in digest.lacks]
        assert told == [("WAIT_PAY", ["total_rent"], 2), ("IN_DELIVERY", ["total_rent", "courier_number"], 1)]
        assert digest.lacks[1]["examples"] == [first.order_id]

    def test_only_what_came_in_on_that_day_of_the_merchant_counts(self) -> None:
        midnight = datetime(2026, 11, 20, tzinfo=SHANGHAI)
        self.handed_in("A", "WAIT_PAY", at=midnight - timedelta(milliseconds=1))
        self.handed_in("B", "WAIT_PAY", at=midnight)
        self.handed_in("C", "WAIT_PAY", at=midnight + timedelta(days=1, milliseconds=-1))
        self.handed_in("D", "WAIT_PAY", at=midnight + timedelta(days=1))
        digests.make_digests(at=MORNING)
        assert self.the_one().orders == 2

    def test_what_was_returned_again_with_its_fields_is_not_in_it(self) -> None:
        self.handed_in("A", "WAIT_PAY", at=self.noon())
        self.returned("A", "WAIT_PAY", at=self.noon(hours=1), total_rent="300.00")
        digests.make_digests(at=MORNING)
        assert (self.the_one().orders, self.the_one().lacks) == (0, [])
        assert not digests.unread(self.yunduo).exists()

    def test_a_field_that_only_the_platform_names_is_in_it(self) -> None:
        change = self.handed_in("A", "WAIT_PAY", at=self.noon(), total_rent="300.00")
        words = "缺少必填属性 ext_info.business_info.lease"
        StatusChange.objects.filter(pk=change.pk).update(state="not_notified", words=words)
        digests.make_digests(at=MORNING)
        assert [line["fields"] for line in self.the_one().lacks] == [["lease"]]

    def test_nothing_is_made_before_the_morning_has_come_where_the_merchant_is(self) -> None:
        self.handed_in("A", "WAIT_PAY", at=self.noon())
        before = MORNING.replace(hour=7, minute=59)
        assert digests.make_digests(at=before) == 0
        assert digests.make_digests(at=before.astimezone(UTC) + timedelta(minutes=1)) == 1

    def test_a_day_is_looked_at_once_however_often_beat_asks(self) -> None:
        self.handed_in("A", "WAIT_PAY", at=self.noon())
        assert [digests.make_digests(at=MORNING + timedelta(hours=n)) for n in range(3)] == [1, 0, 0]
        assert digests.make_digest(self.mini_program, DAY) is False
        assert digests.make_digests(at=MORNING + timedelta(days=1)) == 1

    def test_who_returns_no_orders_has_no_digest(self) -> None:
        ChosenScene.objects.all().delete()
        assert digests.make_digests(at=MORNING) == 0

    def test_it_waits_until_one_person_has_read_it_and_that_is_written_down(self) -> None:
        self.handed_in("A", "WAIT_PAY", at=self.noon())
        digests.make_digests(at=MORNING)
        assert list(digests.unread(self.yunduo)) == [self.the_one()]
        assert digests.mark_read(self.the_one(), by=self.operator)
        assert not digests.mark_read(self.the_one(), by=self.owner)
        assert self.the_one().read_by == self.operator
        event = Event.objects.get(kind="order.digest_read")
        assert (event.by, event.detail) == (self.operator, {"day": "2026-11-20", "orders": 1})
        assert not digests.unread(self.yunduo).exists()

    def test_the_flag_is_that_of_the_moment_it_came_in(self) -> None:
        flags = [
            self.handed_in("A", "WAIT_PAY", at=self.noon()).lacks_fields,
            self.handed_in("B", "WAIT_PAY", at=self.noon(), total_rent="1.00").lacks_fields,
            self.handed_in("C", "APPLYING", at=self.noon()).lacks_fields,
        ]
        assert flags == [True, False, False]
