"""The desk of unknown outcomes by cause: a count, a sentence, and two choices for all of a cause."""

from django.utils import timezone

from merchants.models import Event
from messaging.models import BatchSend, Delivery, DeliveryCounter
from tests.console.messaging.sends.base import HTMX, SendCase


class CauseCase(SendCase):
    def with_both(self, state: str = "finished") -> BatchSend:
        """Two whose record was lost with a process, three whose answer cannot be trusted."""
        batch = self.launched(state, finished_at=timezone.now() if state == "finished" else None)
        lost = ["no_record", "no_record"]
        self.settle(batch, accepted=[""], unknown=[*lost, "timeout", "timeout", "bad_signature"])
        return batch

    def undecided(self, batch: BatchSend) -> dict[str, int]:
        rows = Delivery.objects.filter(send=batch.control, state="unknown", decision="")
        causes = list(rows.values_list("cause", flat=True))
        return {cause: causes.count(cause) for cause in ("process", "answer")}


class Desk(CauseCase):
    def test_each_cause_stands_with_its_count_its_sentence_its_reasons_and_both_choices(self) -> None:
        batch = self.with_both()
        answer = self.client.get(self.url("send_unknown", batch))
        for words in (
            "Our process stopped before the answer was written down",
            "the database stayed away",
            "The platform gave no answer that can be trusted",
            "No answer in time",
            "wrong",
            "Treat all 2 as sent",
            "Treat all 3 as sent",
            "Send again to all 2…",
        ):
            self.assertContains(answer, words)
        groups = [(group.code, group.n) for group in answer.context["groups"]]
        self.assertEqual(groups, [("answer", 3), ("process", 2)])
        self.assertContains(answer, f"{self.url('send_again', batch)}?all=1&amp;cause=process")

    def test_the_rows_of_one_cause_stand_alone(self) -> None:
        batch = self.with_both()
        for cause, n in (("process", 2), ("answer", 3), ("weather", 5)):
            answer = self.client.get(self.url("send_unknown", batch) + f"?cause={cause}")
            self.assertEqual(len(answer.context["rows"]), n, cause)

    def test_what_is_decided_leaves_its_cause(self) -> None:
        batch = self.with_both()
        self.client.post(self.url("send_treat", batch), {"all": "2", "cause": "process"})
        answer = self.client.get(self.url("send_unknown", batch))
        self.assertEqual([(group.code, group.n) for group in answer.context["groups"]], [("answer", 3)])
        self.assertContains(answer, "2 more were treated as sent")
        self.assertContains(answer, f"{self.url('send_deliveries', batch)}?decision=treated_as_sent")

    def test_of_a_cancelled_send_only_treating_as_sent_is_offered(self) -> None:
        batch = self.with_both("cancelled")
        answer = self.client.get(self.url("send_unknown", batch))
        self.assertContains(answer, "Treat all 3 as sent")
        self.assertContains(answer, "Not offered: this send was cancelled.")
        self.assertNotContains(answer, self.url("send_again", batch))

    def test_who_may_not_decide_sees_the_causes_without_choices(self) -> None:
        batch = self.with_both()
        for person in (self.reviewer, self.analyst):
            self.sign_in(person)
            answer = self.client.get(self.url("send_unknown", batch))
            self.assertContains(answer, "Our process stopped before the answer was written down")
            self.assertNotContains(answer, self.url("send_treat", batch))


class TreatACause(CauseCase):
    def test_all_of_a_cause_are_decided_and_no_other(self) -> None:
        batch = self.with_both()
        answer = self.client.post(
            self.url("send_treat", batch), {"all": "2", "cause": "process"}, headers=HTMX
        )
        self.assertEqual(answer.headers["HX-Redirect"], self.url("send_unknown", batch))
        self.assertEqual(self.undecided(batch), {"process": 0, "answer": 3})
        detail = Event.objects.get(kind="unknown.treated_as_sent", by=self.operator).detail
        self.assertEqual(detail, {"people": 2, "cause": "process"})
        counted = DeliveryCounter.objects.filter(send=batch.control, state="decided")
        self.assertEqual(list(counted.values_list("reason", "n")), [("no_record", 2)])

    def test_the_last_one_decided_leads_back_to_the_send(self) -> None:
        batch = self.with_both()
        self.client.post(self.url("send_treat", batch), {"all": "3", "cause": "answer"})
        answer = self.client.post(self.url("send_treat", batch), {"all": "2", "cause": "process"})
        self.assertRedirects(answer, self.url("send", batch), status_code=303)

    def test_another_number_than_the_page_said_decides_nobody_and_asks_again(self) -> None:
        batch = self.with_both()
        for stale in ("5", "3", "", "many"):
            for headers in ({}, HTMX):
                form = {"all": stale, "cause": "process"}
                answer = self.client.post(self.url("send_treat", batch), form, headers=headers)
                told = "Meanwhile they are 2 people." if stale else "Nobody was ticked."
                self.assertContains(answer, told, status_code=422)
                self.assertContains(answer, self.url("send_unknown", batch), status_code=422)
        self.assertEqual(self.undecided(batch), {"process": 2, "answer": 3})
        self.assertFalse(Event.objects.filter(kind="unknown.treated_as_sent").exists())

    def test_a_cause_nobody_knows_takes_the_number_of_all(self) -> None:
        batch = self.with_both()
        answer = self.client.post(self.url("send_treat", batch), {"all": "2", "cause": "weather"})
        self.assertContains(answer, "Meanwhile they are 5 people.", status_code=422)

    def test_others_are_refused(self) -> None:
        batch = self.with_both()
        for person, status in ((self.reviewer, 403), (self.analyst, 403), (self.other_owner, 404)):
            self.sign_in(person)
            answer = self.client.post(self.url("send_treat", batch), {"all": "2", "cause": "process"})
            self.assertEqual(answer.status_code, status)
        self.assertEqual(self.undecided(batch), {"process": 2, "answer": 3})


class SendACauseAgain(CauseCase):
    def test_the_page_restates_cause_and_number_and_confirms_them(self) -> None:
        batch = self.with_both()
        answer = self.client.get(self.url("send_again", batch) + "?all=1&cause=process")
        self.assertContains(answer, "Sending again may reach these 2 people twice. Send again?")
        self.assertContains(answer, "Our process stopped before the answer was written down")
        self.assertContains(answer, 'name="cause" value="process"')
        self.assertContains(answer, 'name="count" value="2"')
        self.assertEqual(self.state_of(batch), "finished")

    def test_all_of_the_cause_are_queued_again_and_the_send_says_so(self) -> None:
        batch = self.with_both()
        form = {"all": "1", "cause": "process", "count": "2"}
        answer = self.client.post(self.url("send_again", batch), form, follow=True)
        self.assertEqual(self.undecided(batch), {"process": 0, "answer": 3})
        self.assertEqual(self.state_of(batch), "sending")
        detail = Event.objects.get(kind="unknown.sent_again", by=self.operator).detail
        self.assertEqual(detail, {"people": 2, "cause": "process"})
        self.assertContains(answer, "Sending again to 2 people")

    def test_another_number_than_was_confirmed_is_asked_again(self) -> None:
        batch = self.with_both()
        form = {"all": "1", "cause": "answer", "count": "2"}
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_again", batch), form, headers=headers)
            self.assertContains(answer, "The number of people changed meanwhile.", status_code=422)
            self.assertContains(answer, 'name="count" value="3"', status_code=422)
        self.assertEqual(self.state_of(batch), "finished")
