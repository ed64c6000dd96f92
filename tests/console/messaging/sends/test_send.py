from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from console.templatetags.console import in_words
from merchants import events
from merchants.models import MiniProgram
from messaging.models import BatchSend, RecallCount, SendControl, Unprepared
from messaging.sends.rules import Rules, save
from tests.console.messaging.sends.base import HTMX, SendCase


class SendPage(SendCase):
    def page(self, batch: BatchSend) -> str:
        return self.client.get(self.url("send", batch)).content.decode()

    def test_every_state_has_its_sentence(self) -> None:
        now = timezone.now()
        later, ended = now + timedelta(hours=2), {"finished_at": now, "started_at": now}
        self.assertIn("This is a draft.", self.page(self.draft()))
        for state, fields, sentence in (
            (
                "scheduled",
                {"due_at": later},
                f"Scheduled for {in_words(later, now=now)}",
            ),
            ("preparing", {}, "Preparing: 8 people are being checked"),
            ("ready", {}, "Ready: 6 people are frozen, 2 of the list are skipped."),
            ("sending", {"started_at": now}, "6 people have an outcome"),
            (
                "paused",
                {"pause_reason": "operator"},
                "Paused. Nothing is in flight; 6 not sent yet.",
            ),
            ("missed", {}, "was missed; nothing was sent."),
            ("cancelling", {}, "nobody new is written to"),
            ("cancelled", ended, "Cancelled. Nothing was sent; everybody keeps their consent."),
            ("finished", ended, "Finished."),
            ("failed", {"failure": "The template is gone."}, "The template is gone."),
            ("failed", {"failure": Unprepared.UNREADABLE}, "Its text or its audience could not be read."),
            ("missed", {"failure": Unprepared.UNFINISHED}, "Preparing was begun and did not end in time."),
        ):
            with self.subTest(state=state):
                self.assertIn(sentence, self.page(self.launched(state, **fields)))

    def test_each_pause_by_itself_says_what_to_do(self) -> None:
        for reason, sentence in (
            ("restored", "Resuming may reach people twice"),
            ("gateway", "Check keys and gateway under Mini programs &amp; keys."),
        ):
            text = self.page(self.launched("paused", pause_reason=reason))
            self.assertIn("Paused by itself", text)
            self.assertIn(sentence, text)

    def test_quiet_hours_say_until_when_they_hold_it(self) -> None:
        wall = timezone.localtime(timezone=ZoneInfo(self.yunduo.time_zone))
        start, end = ((wall + timedelta(hours=hour)).time() for hour in (-1, 1))
        save(self.yunduo, Rules(quiet_from=start, quiet_to=end), version=0, by=self.owner)
        page = self.page(self.launched(started_at=timezone.now()))
        self.assertIn("Held by quiet hours. It goes on by itself", page)
        self.assertIn("6 not sent yet.", page)

    def test_where_nobody_was_sent_to_it_says_so_instead_of_nought_of_nought(self) -> None:
        ended = {"finished_at": timezone.now(), "started_at": timezone.now()}
        for state, reason in (("cancelled", "cancelled"), ("finished", "fatigue")):
            batch = self.launched(state, **ended)
            self.settle(batch, skipped=[reason] * 6)
            text = self.page(batch)
            self.assertIn("Nobody was sent to.", text)
            self.assertNotIn("0 people have an outcome", text)
            self.assertNotIn("All sent", text)
        self.assertIn("Nobody was sent to: all 8 people were skipped.", text)

    def test_the_equation_adds_up_and_every_part_leads_to_its_people(self) -> None:
        batch = self.launched(started_at=timezone.now())
        self.settle(batch, accepted=["", ""], refused=["MSG_REJECTED"], unknown=["timeout"])
        text = self.page(batch)
        parts = "Accepted 2, Refused 1, Outcome unknown 1, In flight 0, Queued 2, Skipped 2"
        sentence = f"8 people frozen equal {parts}."
        self.assertIn(sentence, text)
        for state in ("accepted", "refused", "unknown", "sending", "queued", "skipped"):
            self.assertIn(f'{self.url("send_deliveries", batch)}?state={state}"', text)

    def test_refusals_are_grouped_with_cause_and_remedy(self) -> None:
        batch = self.launched()
        self.settle(batch, refused=["MSG_REJECTED", "MSG_REJECTED", "USER_ID_INVALID"])
        text = self.page(batch)
        for words in ("2 groups, 3 people", "66.7%", "MSG_REJECTED", "Person unknown to the platform"):
            self.assertIn(words, text)

    def test_a_cause_is_sent_again_on_a_wide_page_and_on_a_narrow_one(self) -> None:
        """Not where people chose to hear less, nor by who may not decide, nor of a cancelled send."""
        batch = self.launched("finished", finished_at=timezone.now())
        self.settle(batch, refused=["MSG_REJECTED", "USER_ID_INVALID"])
        address = f"{self.url('send_again', batch)}?reason="
        text = self.page(batch)
        self.assertIn(
            f'<span class="narrow-only again-line"><a class="btn btn-small" href="{address}USER_ID_INVALID"',
            text,
        )
        self.assertEqual((text.count(f"{address}USER_ID_INVALID"), text.count(address)), (2, 2))
        self.sign_in(self.analyst)
        self.assertNotIn(address, self.page(batch))
        self.sign_in(self.operator)
        SendControl.objects.filter(pk=batch.control_id).update(state="cancelled")
        self.assertNotIn(address, self.page(batch))

    def test_unknown_outcomes_are_never_merged_into_failures(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.settle(batch, accepted=["", "", "", ""], unknown=["timeout", "no_record"])
        text = self.page(batch)
        for words in (
            "2 outcomes are unknown and need you; all others are certain.",
            "No answer in time",
            "Our process stopped before the answer was written down",
            self.url("send_unknown", batch),
        ):
            self.assertIn(words, text)

    def test_books_that_differ_say_so_in_words(self) -> None:
        lines = [{"name": "rows", "expected": 8, "actual": 5}]
        batch = self.launched(
            "finished",
            finished_at=timezone.now(),
            checked_at=timezone.now(),
            balanced=False,
            check_detail={"lines": lines},
        )
        text = self.page(batch)
        for words in ("Off by 3.", "Nothing was changed", "equation-off", "seal-off"):
            self.assertIn(words, text)

    def test_visits_and_what_the_platform_does_not_tell(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.settle(batch, accepted=["", "", "", ""])
        RecallCount.objects.create(send=batch.control, visits=1, shared_visits=2)
        text = self.page(batch)
        for words in ("25.0%", "and 2 through shared links", "The platform does not tell who was reached"):
            self.assertIn(words, text)

    def test_what_happened_is_told_with_who_and_how_many(self) -> None:
        batch = self.launched()
        with transaction.atomic():
            events.record(
                "send.cancelling",
                merchant=batch.merchant,
                by=self.operator,
                subject=batch.control,
                detail={"why": "wrong price"},
            )
        text = self.page(batch)
        for words in ("People frozen, ready to send", "8 people", "wrong price", "Operator"):
            self.assertIn(words, text)

    def test_a_stopped_mini_program_is_told(self) -> None:
        batch = self.launched()
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        self.assertIn("is stopped.", self.page(batch))

    def test_the_undo_bar_comes_from_the_row_and_ends_with_its_window(self) -> None:
        now = timezone.now()
        batch = self.launched(
            "scheduled", due_at=now + timedelta(hours=1), undo_until=now + timedelta(seconds=9)
        )
        self.assertIn(self.url("send_undo", batch), self.page(batch))
        SendControl.objects.filter(pk=batch.control_id).update(undo_until=now)
        self.assertNotIn("data-seconds-left", self.page(batch))

    def test_while_it_runs_it_asks_again_with_and_without_script(self) -> None:
        text = self.page(self.launched(started_at=timezone.now()))
        self.assertIn('hx-trigger="load delay:2s, wake"', text)
        self.assertIn('<noscript><meta http-equiv="refresh" content="2">', text)
        old = self.page(self.launched(started_at=timezone.now() - timedelta(hours=2)))
        self.assertIn('hx-trigger="load delay:15s, wake"', old)

    def test_the_last_poll_brings_state_and_actions_and_asks_no_more(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now() - timedelta(hours=1))
        answer = self.client.get(self.url("send", batch), headers=HTMX)
        for words in ('id="send-state" hx-swap-oob="true"', 'class="actions-line" hx-swap-oob="true"'):
            self.assertContains(answer, words)
        self.assertNotContains(answer, "data-poll")
        self.assertNotContains(answer, "<html")

    def test_an_analyst_sees_everything_and_can_do_nothing(self) -> None:
        batch = self.launched()
        self.sign_in(self.analyst)
        text = self.page(batch)
        for name in ("send_pause", "send_cancel", "send_speed"):
            self.assertNotIn(self.url(name, batch), text)

    def test_the_number_of_queries_does_not_grow_with_the_send(self) -> None:
        small = self.launched()
        self.settle(small, unknown=["timeout"])
        large = self.launched()
        self.settle(
            large, accepted=[""], refused=["MSG_REJECTED", "USER_ID_INVALID"], unknown=["timeout", "cut_off"]
        )
        few = self.queries(self.url("send", small))
        self.assertEqual(self.queries(self.url("send", large)), few)
        self.assertLessEqual(
            few, 23
        )  # 5 of them tell who came back, 1 whether quiet hours hold it, 1 approvals

    def test_a_send_of_another_merchant_is_404_for_us_and_ours_for_them(self) -> None:
        batch = self.draft()
        self.sign_in(self.other_owner)
        for slug in ("yunduo", "qingcha"):
            self.assertEqual(self.client.get(self.url("send", batch, merchant=slug)).status_code, 404)

    def test_a_post_is_rejected(self) -> None:
        self.assertEqual(self.client.post(self.url("send", self.draft())).status_code, 405)


class SendAgainAndMilestones(SendCase):
    def told(self, batch: BatchSend, kind: str, **detail: int) -> None:
        with transaction.atomic():
            events.record(
                kind, merchant=batch.merchant, by=self.operator, subject=batch.control, detail=detail
            )

    def page(self, batch: BatchSend) -> str:
        return self.client.get(self.url("send", batch)).content.decode()

    def test_a_draft_under_review_and_an_approved_one_say_what_comes_next(self) -> None:
        for state, sentence in (
            ("in_review", "In review: a second person looks at it before it may go out."),
            ("approved", "Approved. Nothing is sent until somebody confirms it."),
        ):
            batch = self.draft()
            SendControl.objects.filter(pk=batch.control_id).update(state=state)
            self.assertIn(sentence, self.page(batch))

    def test_a_send_that_goes_on_for_chosen_people_says_for_how_many(self) -> None:
        batch = self.launched(started_at=timezone.now())
        self.told(batch, "unknown.sent_again", people=9)
        self.assertNotIn("chosen for it", self.page(batch))
        self.told(batch, "send.again")
        self.told(batch, "unknown.sent_again", people=2)
        self.told(batch, "send.refused_again", people=1)
        self.assertIn("Sending again to 3 people who were chosen for it.", self.page(batch))

    def test_finished_finished_again_and_finished_anew_are_told_apart(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.settle(batch, accepted=["", "", "", "", ""], unknown=["timeout"])
        self.assertNotIn("It had finished before", self.page(batch))
        for people, words in ((2, "for 2 people who were sent"), (1, "for 1 person who was sent")):
            self.told(batch, "send.again")
            self.told(batch, "unknown.sent_again", people=people)
            text = self.page(batch)
            self.assertIn(f"It had finished before and went on {words} to again.", text)
            self.assertIn("1 outcome is unknown and needs you; all others are certain.", text)

    def test_what_was_decided_is_not_called_certain(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.settle(batch, accepted=["", "", "", "", ""], unknown=["timeout"])
        self.count(batch, "decided", "timeout", 1)
        text = self.page(batch)
        self.assertIn("Finished. Every outcome is certain or decided.", text)
        self.assertIn("1 unknown outcome was treated as sent.", text)

    def test_milestones_stand_with_their_share_and_the_books_close_last(self) -> None:
        batch = self.launched("finished", finished_at=timezone.now())
        self.told(batch, "send.milestone", percent=50, settled=1300)
        self.assertNotIn("Books closed", self.page(batch))
        later = timezone.now() + timedelta(minutes=1)
        SendControl.objects.filter(pk=batch.control_id).update(books_closed_at=later)
        text = self.page(batch)
        self.assertIn("50% have an outcome: 1,300 people", text)
        lines = self.client.get(self.url("send", batch)).context["timeline"]
        self.assertEqual(lines[0].sentence, "Books closed: they balance and everything is decided")
