from datetime import timedelta
from typing import Any

from django.utils import timezone

from console.messaging.sends import forms
from merchants.models import Event
from messaging.models import BatchSend, Consent
from tests.console.messaging.sends.base import HTMX, SendCase


class SendLaunch(SendCase):
    def confirm(self, batch: BatchSend, **changes: Any) -> dict[str, Any]:
        return {"version": batch.version, **changes}

    def tomorrow(self) -> BatchSend:
        moment = timezone.localtime() + timedelta(days=1)
        return self.draft(scheduled_on=moment.date(), scheduled_time=moment.time().replace(microsecond=0))

    def test_everything_is_restated_with_a_way_back_to_its_field(self) -> None:
        batch = self.tomorrow()
        answer = self.client.get(self.url("send_launch", batch))
        for words in (
            batch.name,
            self.template.name,
            *batch.values,
            batch.page,
            self.people_list.name,
            "Beijing time",
        ):
            self.assertContains(answer, words)
        for field in ("name", "template", "value_0", "page", "people_list", "scheduled_on"):
            self.assertContains(answer, f"{self.url('send_edit', batch)}#id_{field}")

    def test_the_funnel_is_an_equation_whose_drops_lead_to_the_people(self) -> None:
        batch = self.draft()
        answer = self.client.get(self.url("send_launch", batch))
        self.assertContains(answer, "Of 8 people on the list 6 will be written to.")
        self.assertContains(answer, "equation-forecast")
        people = self.url("send_stopped", batch, gate="no_consent")
        self.assertContains(answer, people)
        self.assertNotContains(answer, self.url("send_stopped", batch, gate="fatigue"))
        shown = self.client.get(people)
        for open_id in self.ids_of_people[6:]:
            self.assertContains(shown, f"****{open_id[-4:]}")
            self.assertNotContains(shown, open_id)

    def test_confirming_schedules_it_and_leads_to_the_undo_bar(self) -> None:
        for headers in ({}, HTMX):
            batch = self.tomorrow()
            answer = self.client.post(self.url("send_launch", batch), self.confirm(batch), headers=headers)
            if headers:
                self.assertEqual(answer.headers["HX-Redirect"], self.url("send", batch))
            else:
                self.assertRedirects(answer, self.url("send", batch), status_code=303)
            self.assertEqual(self.state_of(batch), "scheduled")
            self.assertContains(self.client.get(self.url("send", batch)), "Seconds left to undo")
        self.assertEqual(Event.objects.filter(kind="send.scheduled", by=self.operator).count(), 2)

    def test_what_keeps_it_from_going_is_listed_and_nothing_is_launched(self) -> None:
        batch = self.draft(to=None, page="")
        self.assertContains(
            self.client.get(self.url("send_launch", batch)), "2 things keep this from being sent"
        )
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_launch", batch), self.confirm(batch), headers=headers)
            self.assertContains(answer, "Choose the list of people it goes to.", status_code=422)
            self.assertEqual("<html" in answer.content.decode(), not headers)
        self.assertEqual(self.state_of(batch), "draft")

    def test_a_list_nobody_of_which_can_be_reached_is_refused(self) -> None:
        Consent.objects.filter(template=self.template).update(units=0)
        batch = self.draft()
        answer = self.client.post(self.url("send_launch", batch), self.confirm(batch))
        self.assertContains(answer, "Nobody on this list can be reached now.", status_code=422)
        self.assertEqual(self.state_of(batch), "draft")

    def test_many_people_have_to_be_typed(self) -> None:
        batch = self.draft()
        many, forms.TYPE_COUNT_ABOVE = forms.TYPE_COUNT_ABOVE, 5  # 10,000 people are too many for a test
        self.addCleanup(setattr, forms, "TYPE_COUNT_ABOVE", many)
        self.assertContains(self.client.get(self.url("send_launch", batch)), "Number of people")
        for typed in ("", "8", "60"):
            answer = self.client.post(self.url("send_launch", batch), self.confirm(batch, people=typed))
            self.assertContains(answer, "Type 6, the number of people shown above.", status_code=422)
        self.assertEqual(self.state_of(batch), "draft")
        answer = self.client.post(self.url("send_launch", batch), self.confirm(batch, people="6"))
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(self.state_of(batch), "scheduled")

    def test_a_draft_changed_meanwhile_is_shown_again_instead_of_launched(self) -> None:
        batch = self.draft()
        BatchSend.objects.filter(pk=batch.pk).update(version=4, name="Another name")
        answer = self.client.post(self.url("send_launch", batch), self.confirm(batch))
        self.assertContains(answer, "The draft was changed after you opened this page.", status_code=422)
        self.assertContains(answer, 'name="version" value="4"', status_code=422)
        self.assertEqual(self.state_of(batch), "draft")

    def test_a_second_launch_finds_it_gone_on(self) -> None:
        batch = self.launched("scheduled")
        self.assert_moved_on(
            self.client.post(self.url("send_launch", batch), self.confirm(batch)), "Scheduled"
        )
        self.assertRedirects(self.client.get(self.url("send_launch", batch)), self.url("send", batch))

    def test_a_reviewer_may_not_launch_and_a_stranger_finds_nothing(self) -> None:
        batch = self.draft()
        for person, status in ((self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            answer = self.client.post(self.url("send_launch", batch), self.confirm(batch))
            self.assertEqual(answer.status_code, status)
        self.assertEqual(self.state_of(batch), "draft")


class SendStopped(SendCase):
    def test_a_gate_that_does_not_exist_is_404(self) -> None:
        self.assertEqual(
            self.client.get(self.url("send_stopped", self.draft(), gate="weather")).status_code, 404
        )

    def test_a_launched_send_leads_to_its_page(self) -> None:
        batch = self.launched()
        answer = self.client.get(self.url("send_stopped", batch, gate="no_consent"))
        self.assertRedirects(answer, self.url("send", batch))

    def test_a_post_is_rejected(self) -> None:
        address = self.url("send_stopped", self.draft(), gate="no_consent")
        self.assertEqual(self.client.post(address).status_code, 405)
