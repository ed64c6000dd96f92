import json
import re
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.models import Rollup, UntiedVisits
from messaging.recall import hours
from tests import build, build_messaging
from tests.console.recall.base import RECALL, RecallPageCase, days_ago, today


class Figures(RecallPageCase):
    def test_an_empty_house_says_so_and_draws_no_shaky_number(self) -> None:
        page = self.counted()
        self.assertContains(page, "No send started in these days.")
        self.assertContains(page, "No message was accepted in these days.")
        self.assertContains(page, "Too few to tell which hour is best.")
        self.assertContains(page, "The map needs three hours with 250 accepted messages each; 0 have them")

    def test_before_the_first_count_it_says_when_there_will_be_figures(self) -> None:
        page = self.client.get(RECALL)
        self.assertContains(page, "not counted yet")
        self.assertContains(page, "counted for the first time within half a minute")

    def test_figures_that_stand_still_say_since_when(self) -> None:
        hours.roll_up()
        Rollup.objects.update(computed_at=timezone.now() - timedelta(minutes=10))
        page = self.client.get(RECALL)
        self.assertContains(page, "; the rollup has not run.")
        self.assertContains(page, "Sending is not affected.")

    def test_fresh_figures_say_when_they_were_counted(self) -> None:
        page = self.counted()
        self.assertContains(page, "every half minute")
        self.assertNotContains(page, "the rollup has not run")

    def test_the_strip_adds_up_what_started_in_the_days_and_compares_with_the_days_before(self) -> None:
        self.past("One", days_ago(10), accepted=1_000, visits=230, shared=4)
        self.past("Two", days_ago(20), accepted=1_000, visits=250)
        self.past("Before", days_ago(40), accepted=1_000, visits=150)
        figures = self.counted("?days=30").context["figures"]
        assert (figures.now.sends, figures.now.accepted, figures.now.visits, figures.now.shared) == (
            2,
            2_000,
            480,
            4,
        )
        assert (figures.before.accepted, figures.before.visits) == (1_000, 150)
        page = self.client.get(RECALL)
        self.assertContains(page, "24.0%")
        self.assertContains(page, "+9.0 pp")
        self.assertContains(page, "9.0 pp more come back.")

    def test_a_fall_is_not_called_one_while_people_may_still_come(self) -> None:
        self.past("Young", days_ago(1), accepted=1_000, visits=100)
        self.past("Before", days_ago(40), accepted=1_000, visits=250)
        page = self.counted()
        self.assertContains(page, "So far 15.0 pp fewer come back.")
        self.assertContains(page, "So far below the reference 20%.")

    def test_a_difference_that_chance_explains_is_called_that(self) -> None:
        self.past("One", days_ago(10), accepted=1_000, visits=205)
        self.past("Before", days_ago(40), accepted=1_000, visits=200)
        self.assertContains(self.counted(), "About the same as the previous period.")

    def test_too_few_people_are_told_with_how_many_are_missing(self) -> None:
        self.past("Small", days_ago(10), accepted=200, visits=60)
        page = self.counted()
        self.assertContains(page, "Too few to compare with the previous period.")
        self.assertContains(page, "50 more accepted messages are needed to tell.")

    def test_what_nobody_knows_is_not_a_number(self) -> None:
        self.past("One", days_ago(10), accepted=1_000, visits=200)
        page = self.counted()
        for step in ("Opened", "Claimed a coupon", "Ordered"):
            self.assertContains(
                page, f'<tr><th scope="row">{step}</th><td></td><td class="num">--</td>', html=False
            )
        self.assertContains(page, "The platform tells nobody who saw or opened a message.")

    def test_visits_that_name_no_send_stand_beside_and_are_in_no_rate(self) -> None:
        self.past("One", days_ago(10), accepted=1_000, visits=200)
        UntiedVisits.objects.create(
            merchant=self.yunduo, mini_program=self.mini_program, day=today() - timedelta(days=3), visits=12
        )
        page = self.counted()
        self.assertContains(page, "12 more from messages that name no send")
        self.assertContains(page, "20.0%")

    def test_another_merchants_sends_are_absent(self) -> None:
        self.past("Ours", days_ago(10), accepted=1_000, visits=200)
        self.sign_in(self.other_owner)
        hours.roll_up()
        page = self.client.get(reverse("recall", args=["qingcha"]))
        self.assertNotContains(page, "Ours")
        assert page.context["figures"].now.accepted == 0


class Periods(RecallPageCase):
    def setUp(self) -> None:
        super().setUp()
        self.past("Near", days_ago(3), accepted=300, visits=60)
        self.past("Far", days_ago(80), accepted=700, visits=140)

    def accepted(self, query: str) -> int:
        return int(self.counted(query).context["figures"].now.accepted)

    def test_the_address_names_7_30_or_90_days(self) -> None:
        assert [self.accepted(f"?days={n}") for n in (7, 30, 90)] == [300, 300, 1_000]

    def test_own_dates_win(self) -> None:
        first, last = today() - timedelta(days=85), today() - timedelta(days=75)
        page = self.counted(f"?days=7&first={first}&last={last}")
        assert page.context["figures"].now.accepted == 700
        assert page.context["figures"].period.days == 11
        self.assertNotContains(page, 'aria-current="true">7 days')

    def test_the_days_are_those_of_the_merchant(self) -> None:
        late = days_ago(0, hour=0) - timedelta(minutes=1)  # the day before, though the same UTC day
        self.past("Last minute", late, accepted=5, visits=1)
        yesterday = today() - timedelta(days=1)
        assert self.accepted(f"?first={yesterday}&last={yesterday}") == 5

    def test_dates_that_cannot_be_are_told_and_thirty_days_are_shown(self) -> None:
        for query, sentence in (
            ("?first=2026-02-10&last=2026-02-01", "The last day is before the first. Swap them."),
            ("?last=2999-01-01", "This day is yet to come. Choose today or earlier."),
            ("?first=2999-01-01", "This day is yet to come. Choose today or earlier."),
            ("?first=2001-01-01", "More than 366 days. Choose a later first day."),
            ("?first=yesterday", "Enter a valid date."),
        ):
            with self.subTest(query=query):
                page = self.counted(query)
                self.assertContains(page, sentence)
                assert page.context["figures"].now.accepted == 300

    def test_days_nobody_offers_are_thirty_days(self) -> None:
        assert self.accepted("?days=5000") == 300

    def test_one_mini_program_can_be_chosen(self) -> None:
        second = build.mini_program(self.yunduo, app_id="2021000000000077", name="云朵二号")
        template = build_messaging.template(second)
        self.past("Second", days_ago(2), accepted=40, visits=4, app=second, template=template)
        assert self.accepted(f"?app={second.pk}") == 40
        page = self.client.get(f"{RECALL}?app={second.pk}")
        self.assertContains(page, "Second")
        self.assertNotContains(page, "Near</a>")
        assert self.accepted(f"?app={self.other_mini_program.pk}") == 340, "not one's own: all are shown"


class Chart(RecallPageCase):
    def data(self, query: str = "?days=7") -> dict:
        text = self.counted(query).content.decode()
        found = re.search(r'<script id="daily-data" type="application/json">(.+?)</script>', text)
        return json.loads(found[1])

    def test_the_drawing_and_the_table_have_the_same_rows(self) -> None:
        self.past("One", days_ago(3), accepted=200, visits=50)
        data = self.data()
        assert data["rates"] == [None, None, None, 25.0, None, None, None]
        assert data["accepted"] == [0, 0, 0, 200, 0, 0, 0]
        assert data["reference"] == 20.0
        page = self.client.get(f"{RECALL}?days=7")
        assert [one.now.visits for one, _before in page.context["days"]] == data["visits"]
        self.assertContains(page, '<td class="num">25.0%</td>')

    def test_days_on_which_people_may_still_come_are_marked(self) -> None:
        assert self.data("?days=30")["openFrom"] == 22, "the window is 7 days, and today"
        first, last = today() - timedelta(days=40), today() - timedelta(days=30)
        assert self.data(f"?first={first}&last={last}")["openFrom"] is None

    def test_the_table_is_an_address_of_its_own(self) -> None:
        page = self.counted("?days=7&view=table")
        self.assertContains(page, "chart shows-table")
        self.assertContains(page, "Show as a chart")
        self.assertContains(self.client.get(f"{RECALL}?days=7"), "?days=7&amp;view=table")

    def test_the_drawing_has_a_sentence(self) -> None:
        self.past("One", days_ago(3), accepted=200, visits=50)
        self.past("Two", days_ago(4), accepted=200, visits=30)
        page = self.counted("?days=7")
        self.assertContains(page, "Visit rate per day: 20.0% over the period, from 15.0% on")


class Hours(RecallPageCase):
    def test_the_map_shows_hours_with_enough_people_and_calls_others_few(self) -> None:
        for n, hour in ((9, 10), (10, 10), (11, 19)):
            self.past("Send", days_ago(n, hour), accepted=400, visits=80)
        self.past("Small", days_ago(12, 15), accepted=100, visits=60)
        heat = self.counted().context["heat"]
        assert heat.hours == [10, 15, 19]
        cells = [cell for row in heat.rows for cell in row.cells if cell.sums]
        assert sorted((cell.hour, cell.step is None) for cell in cells) == [
            (10, False),
            (10, False),
            (15, True),
            (19, False),
        ]

    def test_the_best_hour_leads_to_a_new_send_at_that_hour(self) -> None:
        best = days_ago(9, 19)
        self.past("Best", best, accepted=2_000, visits=600)
        self.past("Usual", days_ago(11, 10), accepted=2_000, visits=350)
        page = self.counted()
        self.assertContains(page, "at 19:00 is best: 30.0%.")
        url = page.context["action"].url
        assert url.startswith(reverse("send_new", args=["yunduo"]) + "?on=") and url.endswith("&at=19%3A00")
        form = self.client.get(url).context["form"]
        assert str(form["scheduled_time"].value()) == "19:00"
        day = form["scheduled_on"].value()
        assert day > today().isoformat()
        weekday = best.astimezone(timezone.get_default_timezone()).isoweekday()
        assert (today().fromisoformat(day)).isoweekday() == weekday

    def test_an_hour_that_is_better_by_chance_only_is_not_called_best(self) -> None:
        self.past("One", days_ago(9, 19), accepted=300, visits=66)
        self.past("Two", days_ago(11, 10), accepted=300, visits=60)
        page = self.counted()
        self.assertContains(page, "No hour stands out yet.")
        assert page.context["action"].url == reverse("send_new", args=["yunduo"])

    def test_who_may_not_write_is_offered_no_send(self) -> None:
        self.sign_in(self.analyst)
        self.assertNotContains(self.counted(), reverse("send_new", args=["yunduo"]))


class Rows(RecallPageCase):
    def test_sends_newest_first_with_their_rate_and_how_far_it_lies_from_the_period(self) -> None:
        self.past("Older", days_ago(20), accepted=1_000, visits=150)
        self.past("Newer", days_ago(10), accepted=1_000, visits=300)
        self.past("Small", days_ago(9), accepted=40, visits=20)
        page = self.counted()
        assert [row.batch.name for row in page.context["rows"]] == ["Small", "Newer", "Older"]
        self.assertContains(page, "+7.0 pp")
        self.assertContains(page, "210 missing")

    def test_templates_with_the_most_messages_first(self) -> None:
        second = build_messaging.template(self.mini_program, name="每日签到提醒")
        self.past("One", days_ago(20), accepted=100, visits=20)
        self.past("Two", days_ago(10), accepted=900, visits=90, template=second)
        page = self.counted("?by=template")
        assert [one.name for one in page.context["figures"].templates] == ["每日签到提醒", "权益领取提醒"]
        self.assertContains(page, reverse("template", args=["yunduo", second.pk]))
        self.assertContains(page, "“权益领取提醒” has too few people to tell.")

    def test_the_number_of_queries_does_not_grow_with_the_sends(self) -> None:
        self.past("First", days_ago(1), accepted=10, visits=1)
        self.counted()
        with CaptureQueriesContext(connection) as few:
            self.client.get(RECALL)
        for n in range(12):
            template = build_messaging.template(self.mini_program)
            self.past(f"Send {n}", days_ago(n + 1), accepted=10, visits=1, template=template)
        hours.roll_up()
        with CaptureQueriesContext(connection) as many:
            self.client.get(RECALL)
        assert len(few) == len(many)
        assert len(many) <= 20
