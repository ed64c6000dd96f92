from datetime import timedelta

from django.urls import reverse

from messaging.models import SendControl, SendState
from messaging.recall import hours
from tests import build_messaging
from tests.console.recall.base import RecallPageCase, days_ago

HTMX = {"HX-Request": "true"}


class SendRecall(RecallPageCase):
    def page_of(self, batch, name: str = "send_recall", **kwargs):
        return self.client.get(reverse(name, args=["yunduo", batch.pk]), **kwargs)

    def test_it_stands_on_the_page_of_the_send(self) -> None:
        batch = self.past("Autumn", days_ago(3), accepted=1_000, visits=250, shared=2)
        page = self.page_of(batch, "send")
        self.assertContains(page, "Who came back")
        self.assertContains(page, "25.0%")
        self.assertContains(page, "and 2 through shared links")

    def test_it_is_compared_with_the_thirty_days_before_and_the_reference(self) -> None:
        self.past("Before", days_ago(20), accepted=1_000, visits=180)
        batch = self.past("Autumn", days_ago(10), accepted=1_000, visits=250)
        hours.roll_up()
        page = self.page_of(batch)
        self.assertContains(page, "18.0%")
        self.assertContains(page, "this send +7.0 pp")
        self.assertContains(page, "+5.0 pp")

    def test_few_people_are_not_compared(self) -> None:
        self.past("Before", days_ago(20), accepted=1_000, visits=180)
        batch = self.past("Small", days_ago(10), accepted=100, visits=90)
        hours.roll_up()
        page = self.page_of(batch)
        self.assertContains(page, "150 more accepted messages are needed to tell.")
        self.assertNotContains(page, "this send")

    def test_the_curve_has_a_bar_per_hour_and_one_for_later_and_the_same_as_a_table(self) -> None:
        batch = self.past("Autumn", days_ago(10), accepted=1_000, visits=4)
        hour = timedelta(hours=1)
        self.visits(batch, hour / 2, hour / 3, hour * 5, hour * 60)
        hours.roll_up()
        page = self.page_of(batch)
        curve = page.context["recall"].curve
        assert len(curve) == 25
        assert [(one.hour, one.visits, one.total) for one in curve if one.visits] == [
            (0, 2, 2),
            (5, 1, 3),
            (None, 1, 4),
        ]
        self.assertContains(page, "Of 4 visits 2 came within the first hour and 3 within the first day.")
        self.assertContains(page, '<rect class="curve-bar', count=25)

    def test_it_asks_again_while_visits_count_and_not_afterwards(self) -> None:
        young = self.past("Young", days_ago(0, hour=0), accepted=10, visits=1)
        part = self.page_of(young, headers=HTMX)
        self.assertNotContains(part, "<html")
        self.assertContains(part, 'hx-trigger="load delay:30s, wake"')
        old = self.past("Old", days_ago(20), accepted=10, visits=1)
        part = self.page_of(old, headers=HTMX)
        self.assertContains(part, "visits counted until")
        self.assertNotContains(part, "hx-trigger")

    def test_before_the_start_there_is_nothing_and_the_page_says_so(self) -> None:
        draft = build_messaging.batch(self.mini_program, self.operator)
        self.assertNotContains(self.page_of(draft, "send"), "Who came back")
        self.assertContains(self.page_of(draft), "Visits are counted from the start of a send.")

    def test_a_send_that_waits_for_its_time_shows_the_part_when_it_starts(self) -> None:
        batch = self.past("Waiting", days_ago(-1), accepted=0, visits=0, state=SendState.SCHEDULED)
        SendControl.objects.filter(pk=batch.control_id).update(started_at=None, finished_at=None)
        self.assertContains(self.page_of(batch, "send"), '<div id="send-recall" data-poll')

    def test_reading_it_takes_a_fixed_number_of_statements(self) -> None:
        batch = self.past("Autumn", days_ago(10), accepted=1_000, visits=2)
        self.visits(batch, timedelta(hours=1), timedelta(hours=30))
        hours.roll_up()
        self.page_of(batch, headers=HTMX)
        with self.assertNumQueries(10):  # session, person, seat, mini program; send; five figures
            self.page_of(batch, headers=HTMX)
