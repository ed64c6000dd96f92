from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from messaging.models import Rollup
from messaging.recall import hours
from tests.console.recall.base import RecallPageCase, days_ago, today

HOME = reverse("home", args=["yunduo"])


class Week(RecallPageCase):
    def home(self):
        hours.roll_up()
        return self.client.get(HOME)

    def test_this_week_as_a_rate_as_bars_and_as_a_table(self) -> None:
        self.past("Today's", days_ago(0, hour=0), accepted=400, visits=90, shared=3)
        page = self.home()
        self.assertContains(page, "22.5%")
        self.assertContains(page, "Visit rate this week 22.5%: 90 visits of 400 accepted messages")
        self.assertContains(page, '<rect class="week-bar is-open"', count=1)
        self.assertContains(page, '<td class="num">22.5%</td>')
        week = page.context["week"]
        assert week.period.first.isoweekday() == 1 and week.period.last == today()

    def test_it_is_compared_with_the_same_days_of_last_week(self) -> None:
        self.past("Today's", days_ago(0, hour=0), accepted=1_000, visits=300)
        self.past("A week ago", days_ago(7), accepted=1_000, visits=200)
        before_monday = today().weekday() + 1
        if before_monday < 7:  # a day of last week that this week has not come to yet
            self.past("Later last week", days_ago(before_monday), accepted=9_000, visits=9)
        self.assertContains(self.home(), "+10.0 pp")

    def test_a_week_in_which_nothing_was_accepted_says_so(self) -> None:
        page = self.home()
        self.assertContains(page, "No message was accepted this week yet.")
        self.assertNotContains(page, '<rect class="week-bar')

    def test_few_people_are_not_compared(self) -> None:
        self.past("Today's", days_ago(0, hour=0), accepted=40, visits=9)
        self.assertContains(self.home(), "too few to compare with last week")

    def test_figures_that_stand_still_say_since_when(self) -> None:
        hours.roll_up()
        Rollup.objects.update(computed_at=timezone.now() - timedelta(minutes=10))
        self.assertContains(self.client.get(HOME), "; the rollup has not run.")
