"""Wall times the clocks skip or show twice, in a shop in New York: composer, check, and a missed send."""

from datetime import date, time
from typing import Any

from merchants.models import Event, Merchant
from messaging.models import BatchSend
from tests.clocks import next_change
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_compose import ComposeCase

ZONE = "America/New_York"
HALF_PAST_TWO, HALF_PAST_ONE, THREE = time(2, 30), time(1, 30), time(3, 0)
TWICE = "This time comes twice that day; the first is taken."
BUTTON = 'name="action" value="next-time"'


class NewYork(ComposeCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        Merchant.objects.filter(pk=cls.yunduo.pk).update(time_zone=ZONE)
        for name in ("yunduo", "mini_program"):
            getattr(cls, name).refresh_from_db()
        cls.spring, cls.autumn = next_change(ZONE, forward=True), next_change(ZONE, forward=False)

    spring: date
    autumn: date

    def skipped(self) -> str:
        return f"The clocks skip this time. The next one that exists is {self.spring} 03:00."

    def assert_repair(self, answer: Any, *, status_code: int = 200) -> None:
        self.assertContains(answer, self.skipped(), status_code=status_code)
        self.assertContains(answer, BUTTON, status_code=status_code)
        self.assertContains(answer, f">Use {self.spring} 03:00</button>", status_code=status_code)


class Composer(NewYork):
    def at(self, on: date, wall: str, **changes: Any) -> dict[str, Any]:
        return self.form(scheduled_on=on.isoformat(), scheduled_time=wall, **changes)

    def test_while_it_is_written_a_skipped_time_names_the_next_with_its_button(self) -> None:
        for headers in ({}, HTMX):
            form = self.at(self.spring, "02:30", action="refresh")
            self.assert_repair(self.client.post(self.url("send_new"), form, headers=headers))

    def test_the_button_fills_day_and_time_and_saves_nothing(self) -> None:
        for headers in ({}, HTMX):
            form = self.at(self.spring, "02:30", action="next-time")
            answer = self.client.post(self.url("send_new"), form, headers=headers)
            self.assertContains(answer, f'name="scheduled_on" value="{self.spring}"')
            self.assertContains(answer, 'name="scheduled_time" value="03:00"')
            self.assertContains(answer, 'value="First month 46 off"')
            self.assertNotContains(answer, BUTTON)
            self.assertEqual("<html" in answer.content.decode(), not headers)
        self.assertFalse(BatchSend.objects.exists())

    def test_the_button_of_a_time_that_exists_changes_nothing(self) -> None:
        form = self.at(self.spring, "04:30", action="next-time")
        answer = self.client.post(self.url("send_new"), form)
        self.assertContains(answer, 'name="scheduled_time" value="04:30"')

    def test_a_refused_check_says_it_once_and_offers_the_button(self) -> None:
        answer = self.client.post(self.url("send_new"), self.at(self.spring, "02:30", action="review"))
        self.assert_repair(answer, status_code=422)
        self.assertEqual(answer.content.decode().count(self.skipped()), 1)

    def test_a_time_that_comes_twice_is_said_and_taken(self) -> None:
        answer = self.client.post(self.url("send_new"), self.at(self.autumn, "01:30", action="refresh"))
        self.assertContains(answer, TWICE)
        self.assertNotContains(answer, BUTTON)


class Check(NewYork):
    def test_a_skipped_time_is_put_right_by_one_button_and_nothing_is_launched(self) -> None:
        for headers in ({}, HTMX):
            batch = self.draft(scheduled_on=self.spring, scheduled_time=HALF_PAST_TWO)
            address = self.url("send_launch", batch)
            page = self.client.get(address)
            self.assert_repair(page)
            form = {"version": page.context["form"]["version"].value(), "action": "next-time"}
            answer = self.client.post(address, form, headers=headers)
            to = answer.headers.get("HX-Redirect") or answer.headers["Location"]
            self.assertEqual(to, address)
            batch.refresh_from_db()
            self.assertEqual(
                (batch.scheduled_on, batch.scheduled_time, batch.version), (self.spring, THREE, 2)
            )
            self.assertEqual(batch.values, ["首月立减 46 元", "本周内"])
            self.assertNotContains(self.client.get(address), BUTTON)
            self.assertEqual(self.state_of(batch), "draft")
        self.assertEqual(Event.objects.filter(kind="send.edited", by=self.operator).count(), 2)

    def test_a_draft_changed_meanwhile_is_shown_again_instead(self) -> None:
        batch = self.draft(scheduled_on=self.spring, scheduled_time=HALF_PAST_TWO)
        BatchSend.objects.filter(pk=batch.pk).update(version=4)
        form = {"version": 1, "action": "next-time"}
        answer = self.client.post(self.url("send_launch", batch), form)
        self.assertContains(answer, "The draft was changed after you opened this page.", status_code=422)
        batch.refresh_from_db()
        self.assertEqual((batch.scheduled_time, batch.version), (HALF_PAST_TWO, 4))

    def test_a_time_that_comes_twice_is_said(self) -> None:
        batch = self.draft(scheduled_on=self.autumn, scheduled_time=HALF_PAST_ONE)
        answer = self.client.get(self.url("send_launch", batch))
        self.assertContains(answer, TWICE)
        self.assertNotContains(answer, BUTTON)


class Missed(NewYork):
    def at(self, on: date, wall: str, **changes: Any) -> dict[str, Any]:
        return {"when": "at", "scheduled_on": on.isoformat(), "scheduled_time": wall, **changes}

    def setUp(self) -> None:
        super().setUp()
        self.batch = self.launched("missed")
        self.address = self.url("send_missed", self.batch)

    def test_a_skipped_time_names_the_next_and_the_button_fills_it_in(self) -> None:
        for headers in ({}, HTMX):
            self.assert_repair(
                self.client.post(
                    self.address, self.at(self.spring, "02:30", action="refresh"), headers=headers
                )
            )
            refused = self.client.post(self.address, self.at(self.spring, "02:30"), headers=headers)
            self.assert_repair(refused, status_code=422)
            form = self.at(self.spring, "02:30", action="next-time")
            answer = self.client.post(self.address, form, headers=headers)
            self.assertContains(answer, f'name="scheduled_on" value="{self.spring}"')
            self.assertContains(answer, 'name="scheduled_time" value="03:00"')
            self.assertContains(answer, "Send to 6 people")
            self.assertNotContains(answer, BUTTON)
        self.assertEqual(self.state_of(self.batch), "missed")

    def test_a_time_that_comes_twice_is_said(self) -> None:
        answer = self.client.post(self.address, self.at(self.autumn, "01:30", action="refresh"))
        self.assertContains(answer, TWICE)
        self.assertContains(answer, "Send to 6 people")
