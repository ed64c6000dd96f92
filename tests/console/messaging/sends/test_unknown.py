from django.utils import timezone

from merchants.models import Event
from messaging.models import BatchSend, Delivery
from tests.console.messaging.sends.base import HTMX, SendCase


class UnknownCase(SendCase):
    def with_unknowns(self, state: str = "finished") -> BatchSend:
        ended = timezone.now() if state == "finished" else None
        batch = self.launched(state, finished_at=ended)
        self.settle(
            batch,
            accepted=["", ""],
            refused=["MSG_SINGLE_SD_OVER"],
            unknown=["timeout", "cut_off", "http_5xx"],
        )
        return batch

    def ids(self, batch: BatchSend, state: str = "unknown") -> list[int]:
        rows = Delivery.objects.filter(send=batch.control, state=state).order_by("id")
        return list(rows.values_list("id", flat=True))


class SendUnknown(UnknownCase):
    def test_each_is_listed_with_what_is_known_and_both_choices(self) -> None:
        batch = self.with_unknowns()
        answer = self.client.get(self.url("send_unknown", batch))
        for words in (
            "No answer in time",
            "The connection broke while waiting",
            "Treat all 3 as sent",
            "Send again to all 3…",
        ):
            self.assertContains(answer, words)

    def test_an_analyst_looks_without_choices_and_without_ids(self) -> None:
        batch = self.with_unknowns()
        self.sign_in(self.analyst)
        answer = self.client.get(self.url("send_unknown", batch))
        self.assertContains(answer, "****")
        self.assertNotContains(answer, self.url("send_treat", batch))
        self.assertNotContains(answer, self.ids_of_people[0][-4:])

    def test_nothing_to_decide_is_said(self) -> None:
        self.assertContains(self.client.get(self.url("send_unknown", self.launched())), "Nothing to decide.")

    def test_a_post_is_rejected_and_a_stranger_finds_nothing(self) -> None:
        batch = self.launched()
        self.assertEqual(self.client.post(self.url("send_unknown", batch)).status_code, 405)
        self.sign_in(self.other_owner)
        self.assertEqual(self.client.get(self.url("send_unknown", batch)).status_code, 404)


class SendTreat(UnknownCase):
    def test_ticked_rows_are_decided_and_the_rest_stays(self) -> None:
        batch = self.with_unknowns()
        answer = self.client.post(self.url("send_treat", batch), {"id": self.ids(batch)[:2]}, follow=True)
        self.assertContains(answer, "2 treated as sent.")
        decided = Delivery.objects.filter(
            send=batch.control, decision="treated_as_sent", decided_by=self.operator
        )
        self.assertEqual(decided.count(), 2)
        self.assertRedirects(answer, self.url("send_unknown", batch), status_code=303)
        self.assertContains(answer, "Treat 1 as sent")

    def test_all_are_decided_at_once(self) -> None:
        batch = self.with_unknowns()
        answer = self.client.post(self.url("send_treat", batch), {"all": "3"}, headers=HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("send", batch))
        self.assertEqual(
            Delivery.objects.filter(send=batch.control, decision="").filter(state="unknown").count(), 0
        )
        self.assertEqual(Event.objects.get(kind="unknown.treated_as_sent").detail, {"people": 3})

    def test_all_means_as_many_as_the_page_said(self) -> None:
        batch = self.with_unknowns()
        for stale in ("2", "many", "1" * 30):
            answer = self.client.post(self.url("send_treat", batch), {"all": stale})
            self.assertContains(answer, "Meanwhile they are 3 people.", status_code=422)
        self.assertFalse(Delivery.objects.filter(decision="treated_as_sent").exists())

    def test_with_nobody_ticked_nothing_is_decided(self) -> None:
        batch = self.with_unknowns()
        for form in ({}, {"id": "everybody"}):
            answer = self.client.post(self.url("send_treat", batch), form)
            self.assertContains(answer, "Nobody was ticked.", status_code=422)
        self.assertFalse(Delivery.objects.filter(decision="treated_as_sent").exists())

    def test_an_id_of_another_send_changes_nothing(self) -> None:
        batch, other = self.with_unknowns(), self.with_unknowns()
        self.client.post(self.url("send_treat", batch), {"id": self.ids(other)})
        self.assertFalse(Delivery.objects.filter(decision="treated_as_sent").exists())

    def test_looking_is_rejected_and_so_are_others(self) -> None:
        batch = self.with_unknowns()
        self.assertEqual(self.client.get(self.url("send_treat", batch)).status_code, 405)
        for person, status in ((self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(
                self.client.post(self.url("send_treat", batch), {"all": "3"}).status_code, status
            )


class SendAgain(UnknownCase):
    def test_the_page_says_that_people_may_get_it_twice(self) -> None:
        batch = self.with_unknowns()
        ids = self.ids(batch)[:2]
        answer = self.client.post(self.url("send_again", batch), {"id": ids, "ask": "1"})
        self.assertContains(answer, "Sending again may reach these 2 people twice. Send again?")
        for one in ids:
            self.assertContains(answer, f'name="id" value="{one}"')
        self.assertEqual(len(self.ids(batch)), 3)

    def test_ticked_people_are_queued_again_and_the_send_goes_on(self) -> None:
        batch = self.with_unknowns()
        self.client.post(self.url("send_again", batch), {"id": self.ids(batch)[:2]})
        self.assertEqual(len(self.ids(batch, "queued")), 2)
        self.assertEqual(self.state_of(batch), "sending")

    def test_all_are_queued_again(self) -> None:
        batch = self.with_unknowns()
        answer = self.client.post(self.url("send_again", batch), {"all": "3"}, headers=HTMX)
        self.assertEqual(answer.headers["HX-Redirect"], self.url("send", batch))
        self.assertEqual(len(self.ids(batch, "queued")), 3)

    def test_a_group_of_refused_people_is_sent_again(self) -> None:
        batch = self.with_unknowns()
        self.client.post(self.url("send_again", batch), {"reason": "MSG_SINGLE_SD_OVER", "count": "1"})
        self.assertEqual(len(self.ids(batch, "queued")), 1)
        self.assertEqual(len(self.ids(batch)), 3)

    def test_a_number_that_changed_meanwhile_is_asked_again(self) -> None:
        batch = self.with_unknowns()
        for form in ({"all": "1", "count": "2"}, {"reason": "MSG_SINGLE_SD_OVER", "count": "9"}):
            for headers in ({}, HTMX):
                answer = self.client.post(self.url("send_again", batch), form, headers=headers)
                self.assertContains(answer, "The number of people changed meanwhile.", status_code=422)
        self.assertEqual(self.ids(batch, "queued"), [])
        self.assertEqual(self.state_of(batch), "finished")

    def test_the_page_of_a_group_confirms_what_it_shows(self) -> None:
        batch = self.with_unknowns()
        address = self.url("send_again", batch)
        answer = self.client.get(address + "?reason=MSG_SINGLE_SD_OVER")
        self.assertContains(answer, 'name="count" value="1"')
        self.assertContains(answer, 'name="reason" value="MSG_SINGLE_SD_OVER"')

    def test_a_second_click_queues_nobody_twice(self) -> None:
        batch = self.with_unknowns()
        form = {"reason": "MSG_SINGLE_SD_OVER", "count": "1"}
        self.assertEqual(self.client.post(self.url("send_again", batch), form).status_code, 303)
        answer = self.client.post(self.url("send_again", batch), form)
        self.assertContains(answer, "Nobody is left to send to again.", status_code=422)
        self.assertEqual(len(self.ids(batch, "queued")), 1)

    def test_a_group_that_does_not_exist_is_told(self) -> None:
        answer = self.client.post(self.url("send_again", self.with_unknowns()), {"reason": "NO_SUCH_CODE"})
        self.assertContains(answer, "Nobody is left to send to again.", status_code=422)

    def test_of_a_cancelled_send_nobody_is_sent_to_again(self) -> None:
        batch = self.with_unknowns("cancelled")
        self.assert_moved_on(self.client.post(self.url("send_again", batch), {"all": "3"}), "Cancelled")
        self.assertEqual(len(self.ids(batch)), 3)

    def test_others_are_refused(self) -> None:
        batch = self.with_unknowns()
        for person, status in ((self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(
                self.client.post(self.url("send_again", batch), {"all": "3"}).status_code, status
            )
