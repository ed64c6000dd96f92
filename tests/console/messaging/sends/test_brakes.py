import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from merchants.models import Event, User
from messaging.models import BatchSend
from tests.console.messaging.sends.base import HTMX, SendCase


class BrakeCase(SendCase):
    def refused_to(self, name: str, batch: BatchSend, *people: tuple[User, int]) -> None:
        before = self.state_of(batch)
        for person, status in people:
            self.sign_in(person)
            self.assertEqual(self.client.post(self.url(name, batch)).status_code, status)
        self.assertEqual(self.state_of(batch), before)

    def last_event(self, kind: str) -> dict[str, Any]:
        event = Event.objects.filter(kind=kind).order_by("-at").first()
        assert event is not None and event.by_id is not None
        return dict(event.detail)


class SendUndo(BrakeCase):
    def test_it_becomes_the_draft_it_was(self) -> None:
        batch = self.launched("scheduled", due_at=timezone.now() + timedelta(hours=1))
        answer = self.client.post(self.url("send_undo", batch), follow=True)
        self.assertContains(answer, "Undone. Nothing was sent. Your draft is kept.")
        self.assertEqual(self.state_of(batch), "draft")

    def test_once_it_is_sending_it_is_too_late(self) -> None:
        batch = self.launched()
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_undo", batch), headers=headers)
            self.assert_moved_on(answer, "Sending")
            self.assertEqual("<html" in answer.content.decode(), not headers)

    def test_looking_is_rejected_and_so_are_others(self) -> None:
        batch = self.launched("scheduled", due_at=timezone.now() + timedelta(hours=1))
        self.assertEqual(self.client.get(self.url("send_undo", batch)).status_code, 405)
        self.refused_to("send_undo", batch, (self.reviewer, 403), (self.other_owner, 404))


class PauseAndResume(BrakeCase):
    def test_a_pause_holds_and_resume_goes_on(self) -> None:
        batch = self.launched()
        answer = self.client.post(self.url("send_pause", batch))
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "paused")
        answer = self.client.post(self.url("send_resume", batch), headers=HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("send", batch))
        self.assertEqual(self.state_of(batch), "sending")

    def test_a_finished_send_is_not_paused(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.assert_moved_on(self.client.post(self.url("send_pause", batch)), "Finished")
        self.assert_moved_on(self.client.post(self.url("send_resume", batch)), "Finished")

    def test_a_reviewer_may_pause(self) -> None:
        batch = self.launched()
        self.sign_in(self.reviewer)
        self.assertEqual(self.client.post(self.url("send_pause", batch)).status_code, 303)

    def test_looking_is_rejected_and_so_are_others(self) -> None:
        batch = self.launched()
        for name in ("send_pause", "send_resume"):
            self.sign_in(self.operator)
            self.assertEqual(self.client.get(self.url(name, batch)).status_code, 405)
            self.refused_to(name, batch, (self.analyst, 403), (self.other_owner, 404))


class SendSpeed(BrakeCase):
    def test_a_speed_is_set_and_taken_away_again(self) -> None:
        batch = self.launched()
        for given, stored in (("40", 40), ("", None)):
            self.client.post(self.url("send_speed", batch), {"rate_per_second": given})
            batch.control.refresh_from_db()
            self.assertEqual(batch.control.rate_per_second, stored)
        self.assertEqual(self.last_event("send.speed"), {"before": 40, "after": None})

    def test_what_is_no_speed_is_told_at_the_field(self) -> None:
        batch = self.launched()
        for given, sentence in (
            ("0", "greater than or equal to 1"),
            ("fast", "Enter a whole number"),
            ("501", "The mini program allows 500 a second."),
        ):
            for headers in ({}, HTMX):
                answer = self.client.post(
                    self.url("send_speed", batch), {"rate_per_second": given}, headers=headers
                )
                self.assertContains(answer, sentence, status_code=422)
                self.assertEqual("<html" in answer.content.decode(), not headers)
        batch.control.refresh_from_db()
        self.assertIsNone(batch.control.rate_per_second)

    def test_a_send_that_ended_has_no_speed(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.assert_moved_on(
            self.client.post(self.url("send_speed", batch), {"rate_per_second": "4"}), "Finished"
        )
        self.assertRedirects(self.client.get(self.url("send_speed", batch)), self.url("send", batch))

    def test_others_are_refused(self) -> None:
        self.refused_to("send_speed", self.launched(), (self.analyst, 403), (self.other_owner, 404))


class SendCancel(BrakeCase):
    def test_the_page_says_what_it_means_and_keeping_is_the_default(self) -> None:
        batch = self.launched()
        self.settle(batch, accepted=["", ""])
        text = self.client.get(self.url("send_cancel", batch)).content.decode()
        for words in (
            "4 people who were not sent to yet are stopped",
            "Keep sending",
            "Cancel send, stop 4 people",
        ):
            self.assertIn(words, text)
        self.assertIn('class="btn btn-primary" id="keep"', text)
        self.assertIn("autofocus", text)
        self.assertEqual(self.state_of(batch), "sending")

    def test_it_is_cancelled_with_its_reason(self) -> None:
        batch = self.launched()
        answer = self.client.post(self.url("send_cancel", batch), {"why": "wrong price"})
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "cancelling")
        self.assertEqual(self.last_event("send.cancelling"), {"why": "wrong price"})

    def test_a_reason_too_long_to_keep_is_told(self) -> None:
        batch = self.launched()
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_cancel", batch), {"why": "x" * 201}, headers=headers)
            self.assertContains(answer, "field-error", status_code=422)
        self.assertEqual(self.state_of(batch), "sending")

    def test_before_anybody_was_frozen_it_speaks_of_the_list(self) -> None:
        batch = self.launched("scheduled", due_at=timezone.now() + timedelta(hours=1))
        self.assertContains(
            self.client.get(self.url("send_cancel", batch)), "8 people on the list get no message"
        )

    def test_what_has_ended_is_not_cancelled(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.assert_moved_on(self.client.post(self.url("send_cancel", batch)), "Finished")

    def test_others_are_refused(self) -> None:
        self.refused_to("send_cancel", self.launched(), (self.analyst, 403), (self.other_owner, 404))


class SendCopy(BrakeCase):
    def test_the_same_words_become_one_new_draft_without_a_time(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        form = {"form_token": str(uuid.uuid4())}
        for _ in range(2):
            self.client.post(self.url("send_copy", batch), form)
        copied = BatchSend.objects.exclude(pk=batch.pk).get()
        self.assertEqual(copied.values, batch.values)
        self.assertIsNone(copied.scheduled_on)
        self.assertEqual(self.state_of(copied), "draft")

    def test_a_form_without_its_token_makes_nothing(self) -> None:
        batch = self.draft()
        self.assertEqual(self.client.post(self.url("send_copy", batch)).status_code, 400)
        self.assertEqual(BatchSend.objects.count(), 1)

    def test_looking_is_rejected_and_so_are_others(self) -> None:
        batch = self.draft()
        self.assertEqual(self.client.get(self.url("send_copy", batch)).status_code, 405)
        self.refused_to("send_copy", batch, (self.reviewer, 403), (self.other_owner, 404))
