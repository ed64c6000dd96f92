from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from console.audit.log import PER_PAGE
from merchants import events
from merchants.models import Event
from tests.base import CastCase

AUDIT = reverse("audit", args=["yunduo"])


class Audit(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def record(self, kind: str, **fields: object) -> Event:
        with transaction.atomic():
            return events.record(kind, **{"merchant": self.yunduo, "by": self.owner, **fields})  # type: ignore[arg-type]

    def test_a_line_says_who_did_what_before_and_after(self) -> None:
        self.record("send.speed", detail={"before": 40, "after": None})
        page = self.client.get(AUDIT)
        self.assertContains(page, "Changed the speed of a batch send")
        self.assertContains(page, "Owner")
        self.assertContains(page, "40 → --")

    def test_what_the_console_did_by_itself_is_said_so(self) -> None:
        self.record("send.finished", by=None)
        self.assertContains(self.client.get(AUDIT), "The console itself")

    def test_details_are_escaped(self) -> None:
        self.record("list.uploaded", detail={"name": "<img src=x onerror=alert(1)>"})
        self.assertNotContains(self.client.get(AUDIT), "<img src=x")

    def test_details_are_told_in_words_and_in_the_merchants_time(self) -> None:
        counts = {"rows": 61_240, "count": 58_612, "malformed": 3, "repeated": 5, "unknown": 2_620}
        for kind, detail, words in (
            ("list.checked", counts, "61,240"),
            ("send.rescheduled", {"due_at": "2026-11-22T01:15:00+00:00"}, "2026-11-22 09:15:00"),
            ("send.rescheduled", {"due_at": "some day"}, "some day"),
            (
                "books.differ",
                {
                    "lines": [
                        {"name": "rows", "expected": 58_612, "actual": 58_609},
                        {"name": "units", "expected": 4, "actual": 4},
                    ]
                },
                "58,612 → 58,609",
            ),
            ("staff.role_changed", {"from": "operator", "to": "owner"}, "Operator → Owner"),
            ("template.rejected", {"was": "applied"}, "In review"),
        ):
            with self.subTest(kind=kind, detail=detail):
                self.record(kind, detail=detail)
                self.assertContains(self.client.get(AUDIT), words)
        self.assertNotContains(self.client.get(AUDIT), "Consent spent by rows")
        for word in ("usable people", "never seen here", "malformed", "repeated"):
            self.assertContains(self.client.get(AUDIT), word)

    def test_other_merchants_events_are_absent(self) -> None:
        self.record("books.differ", merchant=self.qingcha)
        self.assertNotContains(self.client.get(AUDIT), "The books differ")

    def test_filters_stand_in_the_address(self) -> None:
        self.record("send.paused")
        self.record("list.ready", by=self.operator)
        sends = self.client.get(AUDIT, {"area": "send"})
        self.assertContains(sends, "Paused a batch send")
        self.assertNotContains(sends, "An audience is ready")
        mine = self.client.get(AUDIT, {"by": str(self.operator.pk)})
        self.assertNotContains(mine, "Paused a batch send")
        self.assertContains(mine, "An audience is ready")

    def test_days_are_days_of_the_merchants_zone(self) -> None:
        event = self.record("send.paused")
        # half past midnight of the 2nd in Shanghai is still the 1st in UTC
        moment = datetime.now(UTC).replace(day=1, hour=16, minute=30, second=0, microsecond=0)
        Event.objects.filter(id=event.id).update(at=moment)
        second, first = moment + timedelta(days=1), moment
        day = {"since": f"{second:%Y-%m-%d}", "until": f"{second:%Y-%m-%d}"}
        self.assertContains(self.client.get(AUDIT, day), "Paused a batch send")
        self.assertNotContains(self.client.get(AUDIT, {"until": f"{first:%Y-%m-%d}"}), "Paused a batch send")

    def test_nonsense_in_the_address_filters_nothing(self) -> None:
        self.record("send.paused")
        odd = {"area": "zzz", "by": "999999", "since": "yesterday", "before": "x-y"}
        self.assertContains(self.client.get(AUDIT, odd), "Paused a batch send")

    def test_pages_follow_each_other_without_a_gap_or_a_repeat(self) -> None:
        numbers = [self.record("send.speed", detail={"after": n}).id for n in range(PER_PAGE + 7)]
        first = self.client.get(AUDIT).context["page"]
        second = self.client.get(AUDIT, {"before": first.next_before}).context["page"]
        shown = [line.event.id for line in [*first.lines, *second.lines]]
        self.assertEqual(shown, sorted(numbers, reverse=True))
        self.assertIsNone(second.next_before)

    def test_an_empty_log_explains_itself(self) -> None:
        self.assertContains(self.client.get(AUDIT), "Nothing has happened yet.")
        self.assertContains(self.client.get(AUDIT, {"area": "list"}), "Nothing fits these filters.")

    def test_the_number_of_queries_does_not_grow_with_the_lines(self) -> None:
        self.record("send.paused")
        with CaptureQueriesContext(connection) as few:
            self.client.get(AUDIT)
        for _ in range(20):
            self.record("send.paused", by=self.reviewer, mini_program=self.mini_program)
        with CaptureQueriesContext(connection) as many:
            self.client.get(AUDIT)
        self.assertEqual(len(few), len(many))
