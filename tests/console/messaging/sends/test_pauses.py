"""What a send's page, the home page and the records say about a send that paused by itself, and in flight."""

from datetime import timedelta

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from console.audit.sentences import details_of
from console.messaging.sends.pauses import in_flight, what_to_do, why_paused
from merchants.models import Event, MiniProgram
from messaging.engine import breaker
from messaging.models import BatchSend, SendControl, SendPulse
from tests.console.messaging.sends.base import HTMX, SendCase


class PausedByItself(SendCase):
    def broken(self, recent: str, refused_for: str = "") -> BatchSend:
        batch = self.launched(started_at=timezone.now())
        SendPulse.objects.create(send=batch.control, recent=recent, refused_for=refused_for)
        self.assertTrue(breaker.trip(SendControl.objects.get(pk=batch.control_id)))
        return batch

    def told(self, batch: BatchSend) -> str:
        return self.client.get(self.url("send", batch)).content.decode()

    def test_the_page_names_the_evidence_the_cause_and_what_to_do(self) -> None:
        for recent, code, sentences in (
            (
                "a" * 152 + "b" * 48,
                "MSG_UNAUTHORIZED",
                (
                    "Paused by itself: 48 of the last 200 messages were refused for a reason of the mini"
                    " program. Nothing is in flight; 6 not sent yet. Check the causes, then resume.",
                    "The mini program may not send messages (MSG_UNAUTHORIZED). Turn on messages for this"
                    " mini program",
                ),
            ),
            (
                "b" * 20,
                "USER_TEMPLATE_STATUS_ILLEGAL",
                (
                    "20 of the last 20 messages were refused for a reason of the message.",
                    "(USER_TEMPLATE_STATUS_ILLEGAL). It was taken offline or is still in review.",
                ),
            ),
            (
                "b" * 20,
                "SOMETHING_NEW",
                ("refused for a reason this console does not know.", "(SOMETHING_NEW). Look the code up"),
            ),
            (
                "a" * 59 + "u" * 5,
                "",
                (
                    "5 of the last 64 messages got no answer that can be trusted.",
                    "Wait until it answers again, then resume.",
                ),
            ),
            ("aaa!", "", ("Paused by itself: One answer carried a wrong signature.", "Compare it under")),
            ("a!!", "", ("2 of the last 3 answers carried a wrong signature.",)),
        ):
            text = self.told(self.broken(recent, code))
            for sentence in sentences:
                with self.subTest(code=code, recent=recent[-8:]):
                    self.assertIn(sentence, text)
            self.assertIn("Resume", text)

    def test_it_says_so_in_chinese_too(self) -> None:
        batch = self.broken("a" * 152 + "b" * 48, "MSG_UNAUTHORIZED")
        batch.control.refresh_from_db()
        with override("zh-hans"):
            self.assertEqual(why_paused(batch.control), "最近 200 条里有 48 条因小程序的原因被拒绝")
            self.assertIn("（MSG_UNAUTHORIZED）。", what_to_do(batch.control))

    def test_the_home_page_asks_for_a_decision_with_the_same_words(self) -> None:
        self.broken("b" * 20, "DATA_SENSITIVE")
        (line,) = self.client.get(reverse("home", args=["yunduo"])).context["decisions"]
        self.assertEqual(line.tone, "bad")
        self.assertEqual(
            line.sentence,
            "20 of the last 20 messages were refused for a reason of the message. The content check stopped"
            " the message (DATA_SENSITIVE). A word in the message is not allowed. Reword promises and"
            " superlatives, then send again.",
        )

    def test_records_and_audit_tell_it_without_bare_codes_of_ours(self) -> None:
        batch = self.broken("b" * 20, "DATA_SENSITIVE")
        page = self.client.get(self.url("sends")).content.decode()
        self.assertIn("Too many refusals that are not about one person", page)
        event = Event.objects.get(kind="send.paused", subject_id=batch.control_id)
        self.assertEqual(
            dict(details_of(event)),
            {
                "reason": "Too many refusals that are not about one person",
                "more exactly": "20 of the last 20 · DATA_SENSITIVE",
            },
        )
        self.assertIn("20 of the last 20 messages were refused for a reason", self.told(batch))


class InFlight(SendCase):
    def flying(self, state: str, n: int = 3) -> BatchSend:
        batch = self.launched(state, started_at=timezone.now() - timedelta(hours=3))
        self.count(batch, "queued", "", -n)
        self.count(batch, "sending", "", n)
        return batch

    def test_while_a_brake_takes_hold_the_page_says_how_many_and_how_long_and_asks_again_soon(self) -> None:
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        for state in ("paused", "cancelling", "sending"):
            with self.subTest(state=state):
                text = self.client.get(self.url("send", self.flying(state)), headers=HTMX).content.decode()
                self.assertIn("3 messages are in flight and have their outcome within 10 s", text)
                self.assertIn("load delay:2s", text)

    def test_once_nothing_is_in_flight_it_asks_as_seldom_as_its_age_allows(self) -> None:
        text = self.client.get(self.url("send", self.flying("paused", 0)), headers=HTMX).content.decode()
        self.assertIn("Nothing is in flight; 6 not sent yet.", text)
        self.assertIn("load delay:15s", text)

    def test_pausing_says_what_left_what_is_in_flight_and_what_stays(self) -> None:
        batch = self.flying("sending")
        answer = self.client.post(self.url("send_pause", batch), follow=True)
        self.assertContains(
            answer,
            "Paused. 0 have an outcome. 3 messages are in flight and have their outcome within 10 s; 3 stay.",
        )

    def test_the_form_of_a_speed_says_the_same_and_the_page_shows_the_limit(self) -> None:
        batch = self.flying("sending")
        text = self.client.get(self.url("send_speed", batch)).content.decode()
        self.assertIn("<dt>in flight, will settle in seconds</dt><dd>3</dd>", text)
        self.client.post(self.url("send_speed", batch), {"rate_per_second": "40"})
        self.assertContains(self.client.get(self.url("send", batch)), "limit 40 a second")


class Words(TestCase):
    def test_one_and_none_have_words_of_their_own(self) -> None:
        self.assertEqual(in_flight(0), "Nothing is in flight")
        self.assertEqual(in_flight(1), "1 message is in flight and has its outcome within 10 s")
