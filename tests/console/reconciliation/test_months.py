"""The books by month: both equations add up, and an open month says what keeps it open."""

from datetime import date, timedelta
from functools import partial

from django.urls import reverse
from django.utils import timezone

from merchants.partitions import month_of
from messaging.engine import months
from messaging.models import DeliveryCounter, MonthBooks, SendControl
from tests import build, build_messaging
from tests.console.messaging.sends.base import SendCase

LIST = reverse("reconciliation_months", args=["yunduo"])
MONTH = month_of(timezone.now())


class MonthCase(SendCase):
    def setUp(self) -> None:
        self.sign_in(self.analyst)

    def compute(self) -> None:
        months.write(self.mini_program, months.read(self.mini_program), at=timezone.now())

    def address(self, month: date = MONTH, *, app: int = 0, merchant: str = "yunduo") -> str:
        return reverse(
            "reconciliation_month", args=[merchant, app or self.mini_program.pk, month.year, month.month]
        )


class Months(MonthCase):
    def test_nothing_computed_is_said_so(self) -> None:
        self.assertContains(self.client.get(LIST), "No month yet")

    def test_consent_of_one_month_is_where_the_next_begins(self) -> None:
        months_of = partial(build_messaging.month_books, self.mini_program)
        months_of(date(2026, 1, 1), granted=100, revoked=10, units_spent=30)
        months_of(date(2026, 3, 1), granted=50, units_spent=20, balance=90)
        shown = self.client.get(LIST).context["months"]
        self.assertEqual([(row.books.month.month, row.opening, row.closing) for row in shown], [
            (3, 60, 90), (1, 0, 60),
        ])  # fmt: skip
        self.assertEqual([row.balanced for row in shown], [True, True])
        page = self.client.get(self.address(date(2026, 3, 1)))
        self.assertEqual((page.context["month"].opening, page.context["month"].closing), (60, 90))
        self.assertContains(page, "Books balance")
        self.assertContains(page, "equation-balanced", count=2)
        earlier = self.client.get(self.address(date(2026, 1, 1)))
        self.assertContains(earlier, "equation-balanced", count=1)
        self.assertContains(earlier, "What people hold is compared in the newest month")
        self.assertNotContains(page, "What people hold is compared in the newest month")

    def test_what_people_hold_against_the_ledger_is_told_and_nothing_repaired(self) -> None:
        build_messaging.month_books(self.mini_program, date(2026, 3, 1), granted=50, balance=47)
        for address in (LIST, self.address(date(2026, 3, 1))):
            self.assertContains(self.client.get(address), "Off by 3")
        self.assertEqual(MonthBooks.objects.get().granted, 50)

    def test_states_that_do_not_add_up_differ(self) -> None:
        build_messaging.month_books(self.mini_program, MONTH, frozen=10, accepted=8)
        self.assertContains(self.client.get(LIST), "Off by 2")
        MonthBooks.objects.update(accepted=10, differing_sends=1)
        self.assertContains(self.client.get(LIST), "Books differ")

    def test_old_figures_are_not_called_balanced_unless_they_are_archived(self) -> None:
        row = build_messaging.month_books(
            self.mini_program, MONTH, computed_at=timezone.now() - timedelta(hours=2)
        )
        self.assertContains(self.client.get(LIST), "Last checked")
        MonthBooks.objects.filter(pk=row.pk).update(archived_at=timezone.now())
        self.assertNotContains(self.client.get(LIST), "Last checked")

    def test_one_mini_program_can_be_chosen_in_the_address(self) -> None:
        other = build.mini_program(self.yunduo, name="云朵二号", app_id="2021000000000077")
        build_messaging.month_books(self.mini_program, MONTH)
        build_messaging.month_books(other, MONTH)
        self.assertEqual(len(self.client.get(LIST).context["months"]), 2)
        (row,) = self.client.get(f"{LIST}?app={other.pk}").context["months"]
        self.assertEqual(row.books.mini_program, other)
        self.assertContains(self.client.get(f"{LIST}?app=999999"), "Select a valid choice")

    def test_a_month_nothing_happened_in_and_one_of_another_merchant_are_not_there(self) -> None:
        build_messaging.month_books(self.other_mini_program, MONTH)
        self.assertContains(self.client.get(LIST), "No month yet")
        for address in (
            self.address(),
            self.address(app=self.other_mini_program.pk),
            self.address().replace(f"/{MONTH.year}-{MONTH.month}/", "/2026-13/"),
        ):
            self.assertEqual(self.client.get(address).status_code, 404)

    def test_a_page_of_many_months_costs_as_many_queries_as_one_of_few(self) -> None:
        build_messaging.month_books(self.mini_program, MONTH)
        few = self.queries(LIST)
        for year in (2023, 2024, 2025):
            for month in range(1, 13):
                build_messaging.month_books(self.mini_program, date(year, month, 1))
        self.assertEqual(self.queries(LIST), few)
        self.assertEqual(len(self.client.get(f"{LIST}?page=2").context["months"]), 13)


class OpenBooks(MonthCase):
    def test_each_open_send_says_why_and_leads_there(self) -> None:
        unknown = self.launched(name="Unknown ones")
        self.settle(unknown, unknown=["timeout", "timeout"], accepted=["", "", "", ""])
        SendControl.objects.filter(pk=unknown.control_id).update(state="finished", balanced=True)
        build_messaging.more_units(self.template, self.people[:6])
        running, missed = self.launched(name="Running one"), self.launched("missed", name="Missed one")
        SendControl.objects.filter(pk=missed.control_id).update(books_month=MONTH)
        wrong = self.launched(name="Wrong one")
        SendControl.objects.filter(pk=wrong.control_id).update(balanced=False)
        self.launched("cancelled", name="Settled one")
        closed = self.launched("finished", name="Closed one", books_closed_at=timezone.now())
        self.compute()
        page = self.client.get(self.address())
        told = {one.control.batch.name: (one.why, one.n) for one in page.context["open_sends"]}
        self.assertEqual(told, {
            "Unknown ones": ("undecided", 2), "Running one": ("under_way", 0), "Missed one": ("missed", 0),
            "Wrong one": ("differ", 0), "Settled one": ("checking", 0),
        })  # fmt: skip
        self.assertContains(page, reverse("send_unknown", args=["yunduo", unknown.pk]))
        self.assertContains(page, "2 unknown outcomes wait for a decision")
        self.assertContains(page, reverse("send", args=["yunduo", running.pk]))
        self.assertNotContains(page, closed.name)
        self.assertContains(self.client.get(LIST), "5 sends open")

    def test_more_open_sends_cost_no_more_queries(self) -> None:
        self.launched()
        self.compute()
        few = self.queries(self.address())
        for _number in range(4):
            self.launched()
        self.compute()
        self.assertEqual(self.queries(self.address()), few)

    def test_people_and_reasons_stand_as_the_counters_have_them(self) -> None:
        batch = self.launched()
        self.settle(batch, accepted=[""] * 3, refused=["MSG_REJECTED"])
        DeliveryCounter.objects.create(send=batch.control, state="units", n=4)
        self.compute()
        page = self.client.get(self.address())
        self.assertEqual([term.n for term in page.context["people"]], [3, 1, 0, 2, 2])
        self.assertEqual([term.n for term in page.context["consent"]], [0, 6, 0, 4])
        self.assertContains(page, "No consent left")
        self.assertContains(page, "people frozen: 3 Accepted")

    def test_an_archived_month_says_since_when(self) -> None:
        build_messaging.month_books(
            self.mini_program, MONTH, archived_at=timezone.now(), closed_at=timezone.now()
        )
        self.assertContains(
            self.client.get(self.address()), "The people of this month are in the archive since"
        )
        self.assertContains(self.client.get(LIST), "Archived")
