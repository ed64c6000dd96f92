"""Sends by day in the merchant's zone, and what gets in the way of what."""

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from console.messaging.sends.calendar import span_of
from membership.models import PeopleList
from messaging.models import SendControl
from tests import build_messaging as build
from tests.console.messaging.sends.base import SendCase

TODAY = date(2026, 11, 22)


class Spans(SendCase):
    def test_a_month_is_shown_in_whole_weeks_with_its_neighbours(self) -> None:
        span = span_of("2026-11", "", today=TODAY)
        self.assertEqual((span.first, span.last), (date(2026, 10, 26), date(2026, 12, 6)))
        self.assertEqual((span.before, span.after), ("month=2026-10", "month=2026-12"))

    def test_a_week_goes_on_over_the_end_of_the_year(self) -> None:
        span = span_of("", "2026-W53", today=TODAY)
        self.assertEqual((span.first, span.last), (date(2026, 12, 28), date(2027, 1, 3)))
        self.assertEqual(span.after, "week=2027-W01")

    def test_what_cannot_be_read_shows_the_present_month(self) -> None:
        for month, week in (("2026-13", ""), ("nonsense", ""), ("", "2025-W53"), ("0000-01", "9999-W99")):
            with self.subTest(month=month, week=week):
                self.assertEqual(span_of(month, week, today=TODAY).middle, date(2026, 11, 1))


class SendsCalendar(SendCase):
    def test_a_send_stands_on_its_day_in_the_merchants_zone(self) -> None:
        """16:30 UTC is after midnight in Shanghai."""
        self.launched("finished", name="Late", due_at=datetime(2026, 10, 31, 16, 30, tzinfo=UTC))
        november = self.client.get(self.url("sends_calendar") + "?month=2026-11")
        self.assertContains(november, '00:30</time></span> <span class="break">Late')
        september = self.client.get(self.url("sends_calendar") + "?month=2026-09")
        self.assertNotContains(september, "Late")
        self.assertContains(september, "No send in this month")

    def test_a_draft_has_no_day(self) -> None:
        self.draft(name="Idea")
        self.assertNotContains(self.client.get(self.url("sends_calendar")), "Idea")

    def test_two_sends_within_an_hour_to_one_list_or_of_one_template_are_marked(self) -> None:
        due_at = timezone.now() + timedelta(days=2)
        self.launched("scheduled", name="First", due_at=due_at)
        self.launched("scheduled", name="Second", due_at=due_at + timedelta(minutes=59))
        page = f"{self.url('sends_calendar')}?month={timezone.localtime(due_at):%Y-%m}"
        self.assertContains(self.client.get(page), "2 sends come close to others.")
        self.assertContains(self.client.get(page), "Within an hour of “Second”, to the same audience.")
        SendControl.objects.filter(batch__name="Second").update(due_at=due_at + timedelta(minutes=61))
        self.assertNotContains(self.client.get(page), "come close")

    def test_a_send_that_starts_while_another_still_runs_is_marked(self) -> None:
        due_at = timezone.now() + timedelta(days=2)
        first = self.launched("scheduled", name="Long", due_at=due_at)
        SendControl.objects.filter(pk=first.control_id).update(rate_per_second=1)
        first.people_list.__class__.objects.filter(pk=first.people_list_id).update(count=10_000)
        other = build.template(self.mini_program)
        elsewhere = build.people_list(self.mini_program, self.people)
        build.launched_batch(
            self.mini_program,
            self.operator,
            chosen=other,
            to=elsewhere,
            state="scheduled",
            name="Short",
            due_at=due_at + timedelta(hours=2),
        )
        page = f"{self.url('sends_calendar')}?month={timezone.localtime(due_at):%Y-%m}"
        self.assertContains(self.client.get(page), "Overlaps with “Long”")

    def test_a_clash_over_midnight_on_sunday_is_marked_in_both_weeks(self) -> None:
        """Sunday 23:50 and Monday 00:10 in Shanghai; Tuesday is in nobody's way."""
        sunday = datetime(2026, 11, 29, 15, 50, tzinfo=UTC)
        self.launched("scheduled", name="Late", due_at=sunday)
        self.launched("scheduled", name="Early", due_at=sunday + timedelta(minutes=20))
        self.launched("scheduled", name="Tuesday", due_at=sunday + timedelta(days=2))
        for week, shown, other in (("2026-W48", "Late", "Early"), ("2026-W49", "Early", "Late")):
            answer = self.client.get(f"{self.url('sends_calendar')}?week={week}")
            self.assertContains(answer, f"Within an hour of “{other}”, to the same audience.", count=1)
            self.assertContains(answer, f'<span class="break">{shown}')
            self.assertNotContains(answer, f'<span class="break">{other}')
            self.assertContains(answer, "1 send comes close to another one.")
            self.assertEqual(answer.context["count"], 1 if week == "2026-W48" else 2)

    def test_a_send_that_runs_into_the_next_week_is_in_the_way_there(self) -> None:
        sunday = datetime(2026, 11, 29, 14, tzinfo=UTC)
        first = self.launched("scheduled", name="Long", due_at=sunday)
        SendControl.objects.filter(pk=first.control_id).update(rate_per_second=1)
        PeopleList.objects.filter(pk=first.people_list_id).update(count=15_000)  # 4 h 10 min
        for name, hours in (("Into it", 3.5), ("After it", 5)):
            build.launched_batch(
                self.mini_program,
                self.operator,
                chosen=build.template(self.mini_program),
                to=build.people_list(self.mini_program, self.people),
                state="scheduled",
                name=name,
                due_at=sunday + timedelta(hours=hours),
            )
        earlier = self.client.get(f"{self.url('sends_calendar')}?week=2026-W48")
        self.assertContains(earlier, "Overlaps with “Into it”")
        self.assertNotContains(earlier, "After it")
        later = self.client.get(f"{self.url('sends_calendar')}?week=2026-W49")
        self.assertContains(later, "Overlaps with “Long”", count=1)

    def test_what_is_over_is_in_nobodys_way(self) -> None:
        at = timezone.now()
        self.launched("finished", name="First", due_at=at)
        self.launched("finished", name="Second", due_at=at)
        self.assertNotContains(self.client.get(self.url("sends_calendar")), "come close")

    def test_a_full_day_leads_to_its_list(self) -> None:
        at = datetime(2026, 11, 10, 4, tzinfo=UTC)
        for n in range(6):
            self.launched("finished", name=f"Send {n}", due_at=at + timedelta(hours=n))
        answer = self.client.get(self.url("sends_calendar") + "?month=2026-11")
        self.assertContains(answer, "2 more")
        self.assertContains(answer, "?since=2026-11-10&amp;until=2026-11-10")
        self.assertNotContains(self.client.get(self.url("sends_calendar") + "?week=2026-W46"), "more</a>")

    def test_the_number_of_queries_does_not_grow(self) -> None:
        at = timezone.now() + timedelta(days=1)
        page = f"{self.url('sends_calendar')}?month={timezone.localtime(at):%Y-%m}"
        self.launched("scheduled", due_at=at)
        small = self.queries(page)
        for _ in range(5):
            self.launched("scheduled", due_at=at)
        self.assertEqual(self.queries(page), small)
        self.assertLessEqual(small, 12)

    def test_sends_of_another_merchant_are_not_there(self) -> None:
        self.launched("scheduled", name="Ours alone", due_at=timezone.now())
        self.sign_in(self.other_owner)
        answer = self.client.get(self.url("sends_calendar", merchant="qingcha"))
        self.assertNotContains(answer, "Ours alone")
