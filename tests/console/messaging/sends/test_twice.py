"""Two tabs, a second click, the way back: nothing twice, nothing lost, and whoever comes late is told."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from membership.models import Customer
from merchants.models import Event, Staff, User
from messaging.models import BatchSend, Delivery
from messaging.sends import batches
from messaging.sends.content import Content
from tests import build, build_messaging
from tests.console.messaging.sends.base import HTMX, SendCase


class TwiceCase(SendCase):
    colleague: User

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.colleague = build.user("colleague", display_name="Wang Min", language="en")
        Staff.objects.create(merchant=cls.yunduo, user=cls.colleague, role="operator")

    def seen(self, batch: BatchSend) -> dict[str, Any]:
        """What the check page carries along, as it stands now."""
        form = self.client.get(self.url("send_launch", batch)).context["form"]
        return {name: form[name].value() for name in ("version", "launches")}

    def confirm(self, batch: BatchSend, seen: dict[str, Any], **headers: str) -> Any:
        return self.client.post(self.url("send_launch", batch), seen, headers=headers)

    def edit(self, batch: BatchSend, **changes: Any) -> None:
        """Somebody saves the draft in another tab."""
        fresh = BatchSend.objects.select_related("template", "people_list").get(pk=batch.pk)
        columns = ("name", "template", "people_list", "values", "page", "scheduled_on", "scheduled_time")
        content = Content(**({name: getattr(fresh, name) for name in columns} | changes))
        batches.save_draft(
            fresh, by=self.colleague, version=fresh.version, content=content, at=timezone.now()
        )

    def launches(self) -> int:
        return Event.objects.filter(kind="send.scheduled").count()


class LaunchTwice(TwiceCase):
    def test_a_second_click_leads_to_the_undo_bar_of_the_first(self) -> None:
        batch = self.draft()
        seen = self.seen(batch)
        for headers in ({}, {}, HTMX):
            answer = self.confirm(batch, seen, **headers)
            to = answer.headers.get("HX-Redirect") or answer.headers["Location"]
            self.assertEqual(to, self.url("send", batch))
        page = self.client.get(self.url("send", batch))
        self.assertContains(page, "data-seconds-left")
        self.assertContains(page, "You confirmed it already, at ")
        self.assertEqual(self.launches(), 1)

    def test_going_back_and_confirming_again_after_it_went_out_changes_nothing(self) -> None:
        batch = self.draft()
        seen = self.seen(batch)
        self.confirm(batch, seen)
        type(batch.control).objects.filter(pk=batch.control_id).update(state="sending")
        self.assertRedirects(self.client.get(self.url("send_launch", batch)), self.url("send", batch))
        self.assertRedirects(self.confirm(batch, seen), self.url("send", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "sending")
        self.assertEqual(self.launches(), 1)

    def test_of_two_people_the_later_one_is_told_who_confirmed_it(self) -> None:
        batch = self.draft()
        seen = self.seen(batch)
        self.confirm(batch, seen)
        self.sign_in(self.colleague)
        for headers in ({}, HTMX):
            answer = self.confirm(batch, seen, **headers)
            self.assert_moved_on(answer, "Scheduled")
            self.assertContains(answer, "Operator confirmed it at ", status_code=422)
        self.assertEqual(self.launches(), 1)

    def test_another_version_of_ones_own_is_not_the_same_confirmation(self) -> None:
        batch = self.draft()
        old = self.seen(batch)
        self.edit(batch, name="Another name")
        self.confirm(batch, self.seen(batch))
        self.assert_moved_on(self.confirm(batch, old), "Scheduled")
        self.assertEqual(Event.objects.get(kind="send.scheduled").detail["name"], "Another name")

    def test_a_page_from_before_a_changed_text_or_list_launches_nothing_and_shows_the_new_one(self) -> None:
        others = build_messaging.people(self.mini_program, 3)
        build_messaging.consents(self.template, others)
        shorter = build_messaging.people_list(self.mini_program, others, name="Three others")
        for changes, shown in (
            ({"name": "Another name"}, "Another name"),
            ({"people_list": shorter}, "Three others"),
        ):
            for headers in ({}, HTMX):
                with self.subTest(changes=list(changes), headers=headers):
                    batch = self.draft()
                    old = self.seen(batch)
                    self.edit(batch, **changes)
                    answer = self.confirm(batch, old, **headers)
                    self.assertContains(answer, "The draft was changed after you opened", status_code=422)
                    self.assertContains(answer, shown, status_code=422)
                    self.assertEqual(self.state_of(batch), "draft")
                    self.confirm(batch, self.seen(batch))
                    self.assertEqual(self.state_of(batch), "scheduled")

    def test_a_change_that_cannot_go_is_told_together_with_what_is_wrong(self) -> None:
        batch = self.draft()
        old = self.seen(batch)
        self.edit(batch, page="")
        answer = self.confirm(batch, old)
        self.assertContains(answer, "The draft was changed after you opened this page.", status_code=422)
        self.assertContains(answer, "Say which page of the mini program", status_code=422)

    def test_a_confirmation_from_before_an_undo_is_asked_for_again(self) -> None:
        batch = self.draft()
        seen = self.seen(batch)
        self.confirm(batch, seen)
        self.client.post(self.url("send_undo", batch))
        for headers in ({}, HTMX):
            answer = self.confirm(batch, seen, **headers)
            self.assertContains(answer, "was confirmed and taken back after you opened", status_code=422)
        self.assertEqual(self.state_of(batch), "draft")
        self.confirm(batch, self.seen(batch))
        self.assertEqual(self.state_of(batch), "scheduled")
        self.assertEqual(self.launches(), 2)

    def test_nobody_is_written_to_twice_however_often_it_was_confirmed(self) -> None:
        batch = self.draft()
        seen = self.seen(batch)
        for _click in range(3):
            self.confirm(batch, seen)
        self.client.post(self.url("send_undo", batch))
        for _click in range(2):
            self.confirm(batch, seen)
        self.assertEqual(BatchSend.objects.count(), 1)
        self.assertFalse(Delivery.objects.exists())
        self.assertEqual(Customer.objects.count(), len(self.people))


class UndoTwice(TwiceCase):
    def scheduled(self) -> BatchSend:
        batch = self.draft()
        self.confirm(batch, self.seen(batch))
        return batch

    def test_the_tab_with_the_countdown_learns_of_the_undo_in_the_other(self) -> None:
        batch = self.scheduled()
        self.assertContains(self.client.get(self.url("send", batch), headers=HTMX), "data-seconds-left")
        self.client.post(self.url("send_undo", batch))
        polled = self.client.get(self.url("send", batch), headers=HTMX)
        self.assertNotContains(polled, "data-seconds-left")
        self.assertContains(polled, "This is a draft. Nothing is sent until somebody confirms it.")

    def test_undoing_twice_leads_to_the_draft(self) -> None:
        batch = self.scheduled()
        self.client.post(self.url("send_undo", batch))
        answer = self.client.post(self.url("send_undo", batch), follow=True)
        self.assertRedirects(answer, self.url("send_edit", batch), status_code=303)
        self.assertContains(answer, "You took it back already, at ")
        self.assertEqual(Event.objects.filter(kind="send.taken_back").count(), 1)

    def test_a_colleague_who_undoes_later_is_told_who_did(self) -> None:
        batch = self.scheduled()
        self.client.post(self.url("send_undo", batch))
        self.sign_in(self.colleague)
        answer = self.client.post(self.url("send_undo", batch))
        self.assert_moved_on(answer, "Draft")
        self.assertContains(answer, "Operator took it back at ", status_code=422)

    def test_an_undo_too_late_says_who_confirmed_it_and_stops_nothing(self) -> None:
        batch = self.scheduled()
        type(batch.control).objects.filter(pk=batch.control_id).update(state="preparing")
        answer = self.client.post(self.url("send_undo", batch))
        self.assert_moved_on(answer, "Preparing")
        self.assertContains(answer, "Operator confirmed it at ", status_code=422)


class BrakesTwice(TwiceCase):
    def test_a_second_click_of_the_same_person_leads_to_the_send(self) -> None:
        batch = self.launched()
        for name, words, kind in (
            ("send_pause", "You paused it already, at ", "send.paused"),
            ("send_resume", "You resumed it already, at ", "send.resumed"),
            ("send_cancel", "You cancelled it already, at ", "send.cancelling"),
        ):
            with self.subTest(name):
                self.client.post(self.url(name, batch))
                answer = self.client.post(self.url(name, batch), follow=True)
                self.assertRedirects(answer, self.url("send", batch), status_code=303)
                self.assertContains(answer, words)
                self.assertEqual(Event.objects.filter(kind=kind).count(), 1)

    def test_of_two_people_the_later_one_is_told_who_was_first(self) -> None:
        batch = self.launched()
        for name, state, words in (
            ("send_pause", "Paused", "Operator paused it at "),
            ("send_cancel", "Cancelling", "Operator cancelled it at "),
        ):
            with self.subTest(name):
                self.sign_in(self.operator)
                self.client.post(self.url(name, batch))
                self.sign_in(self.colleague)
                answer = self.client.post(self.url(name, batch))
                self.assert_moved_on(answer, state)
                self.assertContains(answer, words, status_code=422)

    def test_pausing_what_somebody_cancelled_meanwhile_is_told(self) -> None:
        batch = self.launched()
        self.client.post(self.url("send_cancel", batch), {"why": "wrong price"})
        self.sign_in(self.colleague)
        answer = self.client.post(self.url("send_pause", batch))
        self.assert_moved_on(answer, "Cancelling")
        self.assertContains(answer, "Operator cancelled it at ", status_code=422)

    def test_a_missed_send_gets_one_new_time(self) -> None:
        batch = self.launched("missed", due_at=timezone.now() - timedelta(hours=2))
        for _click in range(2):
            answer = self.client.post(self.url("send_missed", batch), {"when": "now"})
            self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertEqual(Event.objects.filter(kind="send.rescheduled").count(), 1)
