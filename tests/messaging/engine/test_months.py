"""The books of a month and mini program: from counters and the ledger, in one snapshot."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from merchants.partitions import month_of
from messaging.engine import months
from messaging.engine.claim import claim
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.engine.tasks import compute_month_books
from messaging.models import ConsentEntry, DeliveryCounter, MonthBooks, SendControl
from tests import build, build_messaging

MONTH = month_of(timezone.now())
LAST_SECOND = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)  # of March in Beijing


def compute(shop: SimpleNamespace, *, at: datetime | None = None) -> None:
    """As compute(), inside the transaction of the test."""
    months.write(shop.app, months.read(shop.app), at=at or timezone.now())


def books(shop: SimpleNamespace, month=MONTH) -> MonthBooks:
    return MonthBooks.objects.get(mini_program=shop.app, month=month)


@pytest.fixture
def control(shop: SimpleNamespace) -> SendControl:
    """Forty frozen, ten of them skipped; four accepted, three refused, two unknown, the others wait."""
    made = build_messaging.send(shop.app, shop.template, shop.list)
    for outcome, n in (("accepted", 4), ("refused", 3), ("unknown", 2)):
        ours = claim(made, limit=n)
        rows = mark(made, ours, ids=ours.ids, at=timezone.now())
        record(made, ours.token, [Answer(row.id, outcome, f"why-{outcome}", 2.0) for row in rows])
    return made


class TestFigures:
    def test_people_come_from_the_counters_of_the_sends_of_the_month(self, shop, control) -> None:
        compute(shop)
        found = books(shop)
        assert (found.sends, found.open_sends, found.frozen) == (1, 1, 40)
        assert (found.accepted, found.refused, found.unknown, found.waiting) == (4, 3, 2, 21)
        assert (found.skipped, found.skipped_by) == (10, {"no_consent": 10})
        assert found.settled == found.frozen
        assert found.units_spent == 6

    def test_what_people_hold_is_what_was_granted_less_what_was_revoked_and_spent(
        self, shop, control
    ) -> None:
        compute(shop)
        found = books(shop)
        assert (found.granted, found.revoked) == (30, 0)
        assert found.balance == found.granted - found.revoked - found.units_spent == 24

    def test_consent_counts_in_the_beijing_month_of_its_line(self, shop) -> None:
        ids = list(ConsentEntry.objects.order_by("id").values_list("id", flat=True))
        ConsentEntry.objects.filter(id__in=ids[:10]).update(at=LAST_SECOND)
        ConsentEntry.objects.filter(id__in=ids[10:]).update(at=LAST_SECOND + timedelta(seconds=1))
        compute(shop)
        rows = MonthBooks.objects.order_by("month").values_list("month", "granted", "balance")
        assert [(f"{month:%Y-%m}", granted, balance) for month, granted, balance in rows] == [
            ("2026-03", 10, None),
            ("2026-04", 20, 30),
        ]

    def test_another_mini_program_has_books_of_its_own(self, shop, control) -> None:
        other = build.mini_program(shop.merchant)
        build_messaging.consents(build_messaging.template(other), build_messaging.people(other, 2))
        compute(shop)
        compute(SimpleNamespace(app=other))
        assert books(shop).granted == 30
        assert MonthBooks.objects.get(mini_program=other).granted == 2


class TestClosing:
    def test_a_month_is_closed_when_it_is_over_and_no_send_is_open(self, shop, control) -> None:
        later = timezone.now() + timedelta(days=40)
        compute(shop, at=later)
        assert books(shop).closed_at is None
        SendControl.objects.update(books_closed_at=timezone.now())
        compute(shop)
        assert MonthBooks.objects.get().computed_at == later  # an older snapshot writes nothing
        compute(shop, at=later + timedelta(seconds=1))
        closed_at = books(shop).closed_at
        assert closed_at == later + timedelta(seconds=1)
        compute(shop, at=later + timedelta(hours=1))
        assert books(shop).closed_at == closed_at
        SendControl.objects.update(books_closed_at=None)
        compute(shop, at=later + timedelta(hours=2))
        assert books(shop).closed_at is None

    def test_of_an_archived_month_only_consent_that_comes_late_still_counts(self, shop, control) -> None:
        compute(shop)
        MonthBooks.objects.update(archived_at=timezone.now())
        DeliveryCounter.objects.filter(send=control, state="accepted").update(n=99)
        build_messaging.more_units(shop.template, shop.people[:1])
        compute(shop)
        assert (books(shop).accepted, books(shop).granted, books(shop).balance) == (4, 31, 25)

    def test_a_send_that_went_to_another_month_leaves_nothing_behind(self, shop, control) -> None:
        ConsentEntry.objects.all().delete()
        compute(shop)
        earlier = (MONTH - timedelta(days=1)).replace(day=1)
        SendControl.objects.update(books_month=earlier)
        compute(shop)
        assert [row.month for row in MonthBooks.objects.all()] == [earlier]


class TestComputingWhatIsDue:
    @pytest.fixture(autouse=True)
    def committed(self, transactional_db: None) -> None:
        """The snapshot is a transaction of its own."""

    def test_once_at_first_then_only_what_was_touched_or_is_stale(self, shop) -> None:
        compute_month_books()
        first = books(shop).computed_at
        at = timezone.now()
        assert months.compute_due(at=at) == 0
        build_messaging.more_units(shop.template, shop.people[:1])
        assert months.compute_due(at=at + timedelta(seconds=months.REFRESH_SECONDS + 5)) == 1
        assert books(shop).granted == 31
        assert books(shop).computed_at > first
        build_messaging.send(shop.app, shop.template, shop.list)
        assert months.compute_due(at=timezone.now()) == 1
        assert books(shop).frozen == 40

    def test_it_costs_as_many_queries_with_many_sends_as_with_one(self, shop) -> None:
        build_messaging.send(shop.app, shop.template, shop.list)
        with CaptureQueriesContext(connection) as one:
            months.compute(shop.app)
        for _number in range(3):
            build_messaging.send(shop.app, shop.template, shop.list)
        with CaptureQueriesContext(connection) as many:
            months.compute(shop.app)
        assert len(one) == len(many)
        assert not any("messaging_delivery " in query["sql"] for query in many.captured_queries)
