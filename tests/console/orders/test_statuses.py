"""The rows behind the figures of notifications: as many as the figure says, and no other."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.models import StatusChange
from tests import build_orders
from tests.base import CastCase

PAGE = reverse("order_statuses", args=["yunduo"])
EVERY = (
    ("synced", {}),
    ("synced", {"sub_code": "message_not_known"}),
    ("not_notified", {"cause": "fields_missing"}),
    ("pending", {}),
    ("unknown", {}),
    ("superseded", {}),
    ("dead", {"cause": "refused", "sub_code": "INVALID_PARAMETER"}),
)


class Statuses(CastCase):
    def setUp(self) -> None:
        self.sign_in(self.operator)

    def returned(self, status: str, state: str, *, days_ago: int = 0, **fields: Any) -> StatusChange:
        at = timezone.now() - timedelta(days=days_ago)
        made = build_orders.order(fields.pop("app", self.mini_program))
        return build_orders.change(made, status, state=state, received_at=at, **fields)

    def shown(self, address: str = PAGE, **query: str) -> list[int]:
        page = self.client.get(address, query) if query else self.client.get(address)
        self.assertEqual(page.status_code, 200)
        return [line.change.pk for line in page.context["lines"]]

    def test_every_figure_leads_to_as_many_rows_as_it_counts(self) -> None:
        for status in ("WAIT_PAY", "APPLYING"):
            for state, fields in EVERY:
                self.returned(status, state, **fields)
        figures = self.client.get(reverse("order_figures", args=["yunduo"]))
        lines = [line for scene in figures.context["scenes"] for line in scene.lines]
        self.assertEqual(len(lines), 2)
        for line in lines:
            sums = line.sums
            expected = {"accepted": sums.accepted, "waiting": sums.waiting}
            told = {"told": sums.told, "not_told": sums.kept_back, "not_known": sums.unknown}
            self.assertEqual(len(self.shown(line.url)), sums.returned)
            for outcome, n in (expected | told).items():
                self.assertEqual(len(self.shown(line.urls[outcome])), n, (sums.status, outcome))

    def test_home_leads_to_those_of_today(self) -> None:
        told = self.returned("WAIT_PAY", "synced")
        self.returned("WAIT_PAY", "synced", days_ago=1)
        self.returned("WAIT_PAY", "dead")
        home = self.client.get(reverse("home", args=["yunduo"]))
        [line] = [line for scene in home.context["order_nodes"] for line in scene.lines]
        self.assertContains(home, line.urls["told"].replace("&", "&amp;"))
        self.assertEqual(self.shown(line.urls["told"]), [told.pk])
        self.assertEqual(home.context["orders_told"], 1)

    def test_without_a_day_the_last_seven_are_shown_newest_first(self) -> None:
        old, new = self.returned("WAIT_PAY", "synced", days_ago=6), self.returned("WAIT_PAY", "synced")
        self.returned("WAIT_PAY", "synced", days_ago=8)
        self.assertEqual(self.shown(), [new.pk, old.pk])

    def test_a_value_that_is_none_filters_nothing_and_is_told(self) -> None:
        change = self.returned("WAIT_PAY", "synced")
        for query in ({"since": "tomorrow"}, {"outcome": "x"}, {"scene": "nothing"}, {"before": "x"}):
            self.assertEqual(self.shown(**query), [change.pk], query)

    def test_what_another_merchant_returned_is_not_there(self) -> None:
        self.returned("WAIT_PAY", "synced", app=self.other_mini_program)
        self.assertEqual(self.shown(), [])

    def test_pages_follow_each_other_without_a_gap_and_cost_the_same(self) -> None:
        made = [self.returned("WAIT_PAY", "synced").pk for _n in range(30)]
        with CaptureQueriesContext(connection) as few:
            first = self.client.get(PAGE)
        rest = self.shown(before=str(first.context["keyset"].next_before))
        self.assertEqual([line.change.pk for line in first.context["lines"]] + rest, made[::-1])
        [self.returned("WAIT_PAY", "synced") for _n in range(20)]
        with CaptureQueriesContext(connection) as many:
            self.client.get(PAGE)
        self.assertEqual(len(few), len(many))

    def test_nothing_received_says_what_to_do(self) -> None:
        self.assertContains(self.client.get(PAGE), "Choose other days, or clear the filters.")
