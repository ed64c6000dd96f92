from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from console.messaging.sends import forms
from membership.models import Customer
from merchants.models import Event, MiniProgram
from merchants.partitions import BEIJING
from messaging.engine.claim import claim
from messaging.engine.freeze import freeze
from messaging.engine.mark import mark
from messaging.models import BatchSend, Consent, FrequencyCount, SendControl
from messaging.sends.rules import Rules, save
from tests import build_messaging
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


class LimitsAndConsent(SendCase):
    def page(self, batch: BatchSend) -> Any:
        return self.client.get(self.url("send_launch", batch))

    def test_consent_stands_before_and_after_among_these_people(self) -> None:
        build_messaging.more_units(self.template, self.people[:2])
        others = build_messaging.people(self.mini_program, 4)
        build_messaging.consents(self.template, others, units=5)
        answer = self.page(self.draft())
        balance = answer.context["reach"].funnel.balance
        self.assertEqual((balance.units, balance.used, balance.left, balance.emptied), (8, 6, 2, 4))
        self.assertContains(answer, "4 people have none left afterwards")

    def test_units_of_people_who_are_left_out_stay_with_them(self) -> None:
        Customer.objects.filter(pk=self.people[0].pk).update(do_not_send_at=timezone.now())
        balance = self.page(self.draft()).context["reach"].funnel.balance
        self.assertEqual((balance.units, balance.used, balance.left, balance.emptied), (6, 5, 1, 5))

    def test_standing_consents_are_not_used_up(self) -> None:
        chosen = build_messaging.template(self.mini_program, kind="long_term")
        build_messaging.consents(chosen, self.people[:5])
        answer = self.page(self.draft(chosen=chosen))
        self.assertContains(answer, "5 standing consents before and after")
        self.assertEqual(answer.context["reach"].funnel.balance.used, 0)

    def test_what_is_forecast_is_what_the_send_uses(self) -> None:
        batch = self.draft()
        balance = self.page(batch).context["reach"].funnel.balance
        self.client.post(self.url("send_launch", batch), {"version": batch.version})
        SendControl.objects.filter(pk=batch.control_id).update(
            state="preparing", due_at=timezone.now() - timedelta(seconds=1)
        )
        control = SendControl.objects.get(pk=batch.control_id)
        freeze(control)
        SendControl.objects.filter(pk=control.pk).update(state="sending")
        ours = claim(control, limit=20)
        mark(control, ours, ids=ours.ids, at=timezone.now())
        left = Consent.objects.filter(template=self.template).aggregate(n=Sum("units"))["n"]
        self.assertEqual(left, balance.left)

    def test_the_fatigue_rule_says_how_many_have_reached_it(self) -> None:
        self.assertContains(self.page(self.draft()), "none for this template")
        chosen = build_messaging.template(
            self.mini_program, fatigue_total=1, fatigue_value=7, fatigue_unit="day"
        )
        build_messaging.consents(chosen, self.people)
        today = timezone.now().astimezone(BEIJING).date()
        FrequencyCount.objects.create(customer=self.people[0], template=chosen, day=today, n=1)
        answer = self.page(self.draft(chosen=chosen))
        self.assertContains(answer, "at most 1 a person in 7 days")
        self.assertContains(answer, "1 person of this list has reached it and is left out.")

    def test_the_frequency_cap_says_how_many_have_reached_it(self) -> None:
        self.assertNotContains(self.page(self.draft()), "Frequency cap")
        save(self.yunduo, Rules(cap_week=3), version=0, by=self.owner)
        today = timezone.now().astimezone(BEIJING).date()
        FrequencyCount.objects.create(customer=self.people[0], template=self.template, day=today, n=3)
        answer = self.page(self.draft())
        self.assertContains(answer, "at most 3 a week to one person, of all templates")
        self.assertContains(answer, "1 person of this list has reached it and is left out.")
        self.assertContains(answer, "Over the frequency cap")

    def test_the_speed_says_who_shares_it_and_a_stopped_mini_program_is_told(self) -> None:
        batch = self.draft()
        self.assertContains(self.page(batch), "No other send is going out now.")
        self.launched()
        answer = self.page(batch)
        self.assertContains(answer, "at most 500 a second for this mini program")
        self.assertContains(answer, "1 send is going out now; they take turns.")
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        self.assertContains(self.page(batch), "It is stopped: nothing leaves until it is released")


class Windows(SendCase):
    def test_the_seconds_to_undo_and_the_minutes_to_start_in_are_those_of_the_settings(self) -> None:
        draft = self.draft()
        usual = self.client.get(self.url("send_launch", draft))
        for words in (
            "After confirming you can undo for 10 seconds.",
            "after 10 seconds to undo",
            "If it cannot start within 10 minutes of its time",
        ):
            self.assertContains(usual, words)
        with self.settings(ENGINE_UNDO_SECONDS=25.0, ENGINE_MISSED_SECONDS=90.0):
            page = self.client.get(self.url("send_launch", draft))
            composer = self.client.get(self.url("send_new"))
        for words in (
            "After confirming you can undo for 25 seconds.",
            "after 25 seconds to undo",
            "If it cannot start within 90 seconds of its time",
        ):
            self.assertContains(page, words)
        self.assertContains(composer, "After confirming there are 25 seconds to undo.")
