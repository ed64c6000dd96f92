"""A send that missed its time: who is reached at the time it would go now, and what keeps it from going."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from console.messaging.sends import forms
from membership.models import Customer
from merchants.models import Event
from merchants.partitions import BEIJING
from messaging.models import BatchSend, Consent, FrequencyCount, SubscriptionTemplate
from tests.console.messaging.sends.base import HTMX
from tests.console.messaging.sends.test_brakes import BrakeCase


class MissedCase(BrakeCase):
    def missed(self, *, ago: timedelta = timedelta(hours=2)) -> BatchSend:
        """As launch left it: its wall time stands in the row and has passed."""
        due_at = timezone.localtime(timezone.now() - ago).replace(second=0, microsecond=0)
        batch = self.launched("missed", due_at=due_at)
        BatchSend.objects.filter(pk=batch.pk).update(scheduled_on=due_at.date(), scheduled_time=due_at.time())
        return batch

    def timed(self, on: date, wall: str = "09:00", **changes: Any) -> dict[str, Any]:
        return {"when": "at", "scheduled_on": on.isoformat(), "scheduled_time": wall, **changes}

    def masked(self, person: Customer) -> str:
        return f"****{str(person.open_id)[-4:]}"

    def people_at(self, answer: Any) -> int:
        return int(answer.context["reach"].funnel.will_send)


class SendMissed(MissedCase):
    def test_the_page_restates_how_many_it_would_reach_now(self) -> None:
        answer = self.client.get(self.url("send_missed", self.missed()))
        self.assertContains(answer, "was missed; nothing was sent.")
        self.assertContains(answer, "Send to 6 people")

    def test_it_goes_out_now_after_the_undo_window(self) -> None:
        batch = self.missed()
        answer = self.client.post(self.url("send_missed", batch), {"when": "now"}, headers=HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("send", batch))
        self.assertEqual(self.state_of(batch), "scheduled")
        self.assertContains(self.client.get(self.url("send", batch)), "data-seconds-left")

    def test_it_gets_a_new_time(self) -> None:
        batch = self.missed()
        tomorrow = timezone.localdate() + timedelta(days=1)
        self.client.post(self.url("send_missed", batch), self.timed(tomorrow))
        batch.control.refresh_from_db()
        self.assertEqual(timezone.localtime(batch.control.due_at).date(), tomorrow)

    def test_a_time_that_has_passed_or_is_missing_is_told_and_nobody_is_counted_for_it(self) -> None:
        batch = self.missed()
        yesterday = timezone.localdate() - timedelta(days=1)
        empty = {"when": "at", "scheduled_on": "", "scheduled_time": ""}
        for form, sentence in (
            (self.timed(yesterday), "This time has passed."),
            (empty, "Fill in day and time"),
        ):
            for headers in ({}, HTMX):
                answer = self.client.post(self.url("send_missed", batch), form, headers=headers)
                self.assertContains(answer, sentence, status_code=422)
                self.assertContains(answer, "Counted once a time that can still come", status_code=422)
        self.assertEqual(self.state_of(batch), "missed")

    def test_what_did_not_miss_its_time_has_no_such_choice(self) -> None:
        batch = self.launched()
        self.assert_moved_on(self.client.post(self.url("send_missed", batch), {"when": "now"}), "Sending")

    def test_others_are_refused(self) -> None:
        self.refused_to("send_missed", self.missed(), (self.reviewer, 403), (self.other_owner, 404))


class CountedForItsNewTime(MissedCase):
    """One message a person and day: on the missed day one person had theirs, today two, tomorrow nobody."""

    def setUp(self) -> None:
        super().setUp()
        fields = {"fatigue_total": 1, "fatigue_value": 1, "fatigue_unit": "day"}
        SubscriptionTemplate.objects.filter(pk=self.template.pk).update(**fields)
        self.template.refresh_from_db()
        self.today = timezone.now().astimezone(BEIJING).date()
        self.tomorrow = self.today + timedelta(days=1)
        self.batch = self.missed(ago=timedelta(days=1))
        self.address = self.url("send_missed", self.batch)
        had_theirs = {self.today - timedelta(days=1): self.people[:1], self.today: self.people[1:3]}
        for day, persons in had_theirs.items():
            for person in persons:
                FrequencyCount.objects.create(customer=person, template=self.template, day=day, n=1)

    def test_the_first_look_counts_who_is_reached_now_and_not_on_the_missed_day(self) -> None:
        answer = self.client.get(self.address)
        self.assertEqual(self.people_at(answer), 4)
        self.assertContains(answer, "Send to 4 people")

    def test_another_day_or_time_is_counted_anew(self) -> None:
        for headers in ({}, HTMX):
            form = self.timed(self.tomorrow, action="refresh")
            answer = self.client.post(self.address, form, headers=headers)
            self.assertEqual(answer.status_code, 200)
            self.assertContains(answer, "Send to 6 people")
            self.assertContains(answer, f'name="scheduled_on" value="{self.tomorrow}"')
            self.assertEqual("<html" in answer.content.decode(), not headers)
            again = self.client.post(self.address, {"when": "now", "action": "refresh"}, headers=headers)
            self.assertContains(again, "Send to 4 people")
        self.assertEqual(self.state_of(self.batch), "missed")

    def test_day_time_and_choice_ask_for_it_and_touch_no_field(self) -> None:
        page = self.client.get(self.address).content.decode()
        self.assertEqual(page.count('hx-select-oob="#missed-reach,#missed-confirm"'), 6)
        for part in ("missed-reach", "missed-confirm", "when-hint"):
            self.assertEqual(page.count(f'id="{part}"'), 1)
        counted = page.split("<noscript>", 1)[1].split("</noscript>", 1)[0]
        self.assertIn('name="action" value="refresh"', counted)

    def test_a_number_that_belonged_to_another_time_is_shown_again_instead_of_confirmed(self) -> None:
        """Without script nothing is counted until the form is posted."""
        form = self.timed(self.tomorrow, counted_for="now")
        for headers in ({}, HTMX):
            answer = self.client.post(self.address, form, headers=headers)
            self.assertContains(answer, "The number on this page belonged to another time.", status_code=422)
            self.assertContains(answer, "Send to 6 people", status_code=422)
            self.assertEqual(self.state_of(self.batch), "missed")
        seen = answer.context["form"].counted_for
        answer = self.client.post(self.address, form | {"counted_for": seen})
        self.assertRedirects(answer, self.url("send", self.batch), status_code=303)
        self.assertEqual(self.state_of(self.batch), "scheduled")

    def test_the_number_to_type_is_that_of_the_new_time(self) -> None:
        many, forms.TYPE_COUNT_ABOVE = forms.TYPE_COUNT_ABOVE, 3
        self.addCleanup(setattr, forms, "TYPE_COUNT_ABOVE", many)
        answer = self.client.post(self.address, self.timed(self.tomorrow, people="4"))
        self.assertContains(answer, "Type 6, the number of people shown above.", status_code=422)
        self.client.post(self.address, self.timed(self.tomorrow, people="6"))
        self.assertEqual(self.state_of(self.batch), "scheduled")

    def test_who_stays_behind_is_shown_for_the_same_time(self) -> None:
        missed_day, today = self.people[0], self.people[1:3]
        link = self.url("send_stopped", self.batch, gate="fatigue")
        self.assertContains(self.client.get(self.address), f'href="{link}"')
        shown = self.client.get(link)
        for person in today:
            self.assertContains(shown, self.masked(person))
        self.assertNotContains(shown, self.masked(missed_day))
        self.assertContains(shown, f'href="{self.address}"')

    def test_of_another_time_the_people_and_the_way_back_are_those_of_that_time(self) -> None:
        FrequencyCount.objects.create(customer=self.people[3], template=self.template, day=self.tomorrow, n=1)
        counted = self.client.post(self.address, self.timed(self.tomorrow, action="refresh"))
        query = f"?on={self.tomorrow}&amp;at=09:00"
        link = self.url("send_stopped", self.batch, gate="fatigue") + query
        self.assertContains(counted, f'href="{link}"')
        shown = self.client.get(link.replace("&amp;", "&"))
        self.assertContains(shown, self.masked(self.people[3]))
        self.assertNotContains(shown, self.masked(self.people[1]))
        self.assertContains(shown, f'href="{self.address}{query}"')
        self.assertContains(shown, ">tomorrow 09:00</time>")
        back = self.client.get(f"{self.address}?on={self.tomorrow}&at=09:00")
        self.assertContains(back, f'name="scheduled_on" value="{self.tomorrow}"')
        self.assertEqual(self.people_at(back), 5)

    def test_what_an_address_names_that_is_no_time_means_right_away(self) -> None:
        for query in ("?on=2026-02-30&at=09:00", "?on=x&at=y", "?on=2026-11-24", "?at=25:00"):
            self.assertEqual(self.people_at(self.client.get(self.address + query)), 4)
            self.assertEqual(
                self.client.get(self.url("send_stopped", self.batch, gate="fatigue") + query).status_code, 200
            )


class KeptFromGoing(MissedCase):
    def assert_blocked(self, batch: BatchSend, sentence: str) -> None:
        address = self.url("send_missed", batch)
        self.assertContains(self.client.get(address), sentence)
        tomorrow = timezone.localdate() + timedelta(days=1)
        for form in ({"when": "now"}, self.timed(tomorrow)):
            for headers in ({}, HTMX):
                answer = self.client.post(address, form, headers=headers)
                self.assertContains(answer, sentence, status_code=422)
                self.assertNotContains(answer, "Send to", status_code=422)
        self.assertEqual(self.state_of(batch), "missed")
        self.assertFalse(Event.objects.filter(kind="send.rescheduled").exists())

    def test_a_template_that_went_offline_meanwhile(self) -> None:
        batch = self.missed()
        SubscriptionTemplate.objects.filter(pk=self.template.pk).update(state="offline")
        self.assert_blocked(batch, "is not online, so the platform would refuse every message.")

    def test_a_list_that_is_empty_by_now(self) -> None:
        batch = self.missed()
        type(self.people_list).objects.filter(pk=self.people_list.pk).update(count=0)
        self.assert_blocked(batch, "This list has nobody in it.")

    def test_a_list_nobody_of_which_can_be_reached(self) -> None:
        batch = self.missed()
        Consent.objects.filter(template=self.template).update(units=0)
        self.assert_blocked(batch, "Nobody on this list can be reached now.")

    def test_a_copy_leads_on(self) -> None:
        batch = self.missed()
        SubscriptionTemplate.objects.filter(pk=self.template.pk).update(state="offline")
        page = self.client.get(self.url("send_missed", batch))
        self.assertContains(page, f'formaction="{self.url("send_copy", batch)}"')
        form = {"when": "now", "form_token": page.context["form_token"]}
        self.client.post(self.url("send_copy", batch), form)
        self.assertEqual(BatchSend.objects.exclude(pk=batch.pk).get().values, batch.values)
