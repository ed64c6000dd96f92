import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from merchants.models import Job, MiniProgram
from messaging.engine import retry
from messaging.models import BatchSend, Delivery, DeliveryAttempt, FailureDecision
from tests.console.failures.base import AUTH, STATUS, UNSUBSCRIBED, FailuresCase
from tests.console.messaging.sends.base import HTMX


class DecideCase(FailuresCase):
    def form(self, *chosen: tuple[BatchSend, int], code: str = AUTH, **fields: Any) -> dict[str, Any]:
        sends = ",".join(f"{batch.control_id}:{n}" for batch, n in chosen)
        given = {"state": "refused", "code": code, "act": "again", "sends": sends, "fixed": "on"}
        return {**given, "form_token": str(uuid.uuid4()), **fields}

    def post(self, form: dict[str, Any], **kwargs: Any) -> Any:
        return self.client.post(self.at("failure_decide"), form, **kwargs)

    def run_jobs(self) -> None:
        for job in Job.objects.filter(kind=retry.TASK):
            retry.run(self.yunduo.pk, job.pk)


class Asking(DecideCase):
    def ask(self, **query: Any) -> Any:
        given = {"state": "refused", "code": AUTH, "act": "again", "all": "1", **query}
        return self.client.get(self.at("failure_decide", **given))

    def test_every_send_is_restated_with_its_count_and_what_was_checked(self) -> None:
        first, second = self.failed("Autumn"), self.failed("Winter", refused=[AUTH])
        page = self.ask()
        restated = f"{second.control_id}:1,{first.control_id}:2"
        for words in (
            "3 people were refused: The mini program may not send messages. Send again?",
            "Not checked: no later send of this mini program was accepted yet",
            "The cause is repaired, as far as I know",
            f'name="sends" value="{restated}"',
            "Send again to 3 people",
        ):
            self.assertContains(page, words)

    def test_only_ticked_sends_are_restated(self) -> None:
        self.failed("Autumn")
        second = self.failed("Winter", refused=[AUTH])
        page = self.ask(all="", send=[second.control_id])
        self.assertContains(page, f'name="sends" value="{second.control_id}:1"')
        self.assertContains(self.ask(all=""), "Nobody is chosen.")

    def test_a_cancelled_send_is_left_and_named(self) -> None:
        self.failed("Autumn", "cancelled")
        page = self.ask()
        self.assertContains(page, "is “Cancelled”: nobody of it is sent to again")
        self.assertNotContains(page, '<button class="btn btn-primary">')

    def test_a_template_has_to_be_seen_online_since_and_then_nothing_has_to_be_said(self) -> None:
        self.failed(refused=[STATUS])
        self.assertContains(self.ask(code=STATUS), "its template was not seen online since")
        self.template.checked_at = timezone.now() + timedelta(seconds=1)
        self.template.save(update_fields=["checked_at"])
        page = self.ask(code=STATUS)
        self.assertContains(page, "Checked: the template was seen online after the refusals.")
        self.assertNotContains(page, "as far as I know")

    def test_people_with_consent_now_are_told(self) -> None:
        self.failed(refused=[UNSUBSCRIBED, UNSUBSCRIBED])
        self.assertContains(self.ask(code=UNSUBSCRIBED), "Checked: 2 of them hold a consent now.")

    def test_an_emergency_stop_is_told(self) -> None:
        self.failed()
        MiniProgram.objects.filter(pk=self.mini_program.pk).update(stopped_at=timezone.now())
        self.assertContains(self.ask(), "is stopped: they wait until it is released")

    def test_where_it_can_never_work_there_is_no_button(self) -> None:
        batch = self.failed(refused=["MSG_REJECTED"])
        page = self.ask(code="MSG_REJECTED")
        self.assertContains(page, "Sending again cannot work here.")
        self.assertNotContains(page, '<button class="btn btn-primary">')
        answer = self.post(self.form((batch, 1), code="MSG_REJECTED"))
        self.assertContains(answer, "Sending again cannot work here.", status_code=422)
        self.assertFalse(Job.objects.filter(kind=retry.TASK).exists())


class Deciding(DecideCase):
    def test_the_job_queues_everybody_once_and_its_page_tells_what_was_done(self) -> None:
        first, second = self.failed("Autumn"), self.failed("Winter", refused=[AUTH])
        answer = self.post(self.form((first, 2), (second, 1)))
        decision = FailureDecision.objects.get()
        address = self.url("failure_decision", decision_id=decision.pk)
        self.assertRedirects(answer, address, status_code=303)
        self.assertContains(self.client.get(address), "You can leave this page; the work goes on.")
        self.run_jobs()
        self.run_jobs()
        page = self.client.get(address)
        self.assertContains(page, "3 people were queued again.")
        self.assertEqual([(one["confirmed"], one["done"]) for one in page.context["lines"]], [(2, 2), (1, 1)])
        self.assertEqual((self.rows(first, "refused"), self.rows(second, "refused")), (0, 0))
        self.assertEqual(DeliveryAttempt.objects.count(), 3)
        self.assertEqual(self.state_of(first), "sending")
        cause = self.client.get(self.at("failure", state="refused", code=AUTH))
        self.assertContains(cause, address)

    def test_a_double_click_starts_one_job(self) -> None:
        batch = self.failed()
        form = self.form((batch, 2))
        first, second = self.post(form, headers=HTMX), self.post(form, headers=HTMX)
        self.assertEqual(first.headers["HX-Redirect"], second.headers["HX-Redirect"])
        self.assertEqual(Job.objects.filter(kind=retry.TASK).count(), 1)

    def test_a_second_form_is_told_of_the_decision_under_way(self) -> None:
        batch = self.failed()
        self.post(self.form((batch, 2)))
        answer = self.post(self.form((batch, 2)))
        self.assertContains(
            answer, "Another decision about this cause is being carried out.", status_code=422
        )
        self.assertContains(self.client.get(self.at("failure", state="refused", code=AUTH)), "Follow it")

    def test_a_count_that_changed_is_asked_again_with_the_new_number(self) -> None:
        batch, other = self.failed("Autumn"), self.failed("Winter", refused=[AUTH])
        for headers in ({}, HTMX):
            answer = self.post(self.form((batch, 3), (other, 1)), headers=headers)
            self.assertContains(answer, "The number of people changed meanwhile.", status_code=422)
            self.assertContains(answer, f'value="{batch.control_id}:2,{other.control_id}:1"', status_code=422)
        self.assertFalse(Job.objects.filter(kind=retry.TASK).exists())

    def test_a_send_that_was_cancelled_since_is_asked_again(self) -> None:
        batch, gone = self.failed("Autumn"), self.failed("Winter", "cancelled")
        answer = self.post(self.form((batch, 2), (gone, 2)))
        self.assertContains(answer, "The number of people changed meanwhile.", status_code=422)

    def test_somebody_has_to_say_that_it_is_repaired_where_nothing_shows_it(self) -> None:
        answer = self.post(self.form((self.failed(), 2), fixed=""))
        self.assertContains(answer, "Say that it is repaired, or repair it first.", status_code=422)

    def test_unknown_outcomes_are_treated_as_sent_over_sends(self) -> None:
        first = self.failed("Autumn", unknown=["timeout", "no_record"])
        second = self.failed("Winter", "cancelled", unknown=["cut_off"])
        form = self.form((first, 1), (second, 1), code="answer", state="unknown", act="treat", fixed="")
        self.assertEqual(self.post(form).status_code, 303)
        self.run_jobs()
        decided = Delivery.objects.filter(decision="treated_as_sent", decided_by=self.operator)
        self.assertEqual(decided.count(), 2)
        self.assertEqual((self.rows(first, "unknown"), self.rows(second, "unknown")), (1, 0))
        page = self.client.get(self.url("failure_decision", decision_id=FailureDecision.objects.get().pk))
        self.assertContains(page, "2 unknown outcomes were treated as sent.")

    def test_a_refusal_is_never_treated_as_sent(self) -> None:
        batch = self.failed()
        self.post(self.form((batch, 2), act="treat"))
        self.assertEqual(FailureDecision.objects.get().act, "again")

    def test_less_than_confirmed_is_said(self) -> None:
        batch = self.failed()
        self.post(self.form((batch, 2)))
        one = Delivery.objects.filter(send=batch.control, state="refused").first()
        Delivery.objects.filter(id=one.id).update(recorded_at=timezone.now() + timedelta(hours=1))
        self.run_jobs()
        page = self.client.get(self.url("failure_decision", decision_id=FailureDecision.objects.get().pk))
        self.assertContains(page, "1 of 2 people were queued again.")

    def test_another_merchants_sends_are_not_found(self) -> None:
        batch = self.failed()
        self.sign_in(self.other_owner)
        answer = self.client.post(self.at("failure_decide", merchant="qingcha"), self.form((batch, 2)))
        self.assertContains(answer, "changed meanwhile", status_code=422)
        self.assertFalse(Job.objects.filter(kind=retry.TASK).exists())

    def test_a_reviewer_may_not_decide(self) -> None:
        batch = self.failed()
        self.sign_in(self.reviewer)
        self.assertEqual(self.post(self.form((batch, 2))).status_code, 403)
