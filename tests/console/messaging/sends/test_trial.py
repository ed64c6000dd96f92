"""A test send: one named person, the same gates and books, once for a form."""

import uuid
from typing import Any

from membership.models import PeopleList
from messaging.engine.freeze import freeze
from messaging.models import BatchSend, Delivery, SendControl
from tests import build_messaging as build
from tests.console.messaging.sends.base import HTMX, SendCase


class SendTrial(SendCase):
    def form(self, person: int = 0, **changes: Any) -> dict[str, Any]:
        return {"form_token": str(uuid.uuid4()), "open_id": self.ids_of_people[person], **changes}

    def personal(self) -> BatchSend:
        texts = [[f"Guest {n}"] for n in range(8)]
        own = build.people_list(self.mini_program, self.people, columns=["name"], texts=texts)
        return self.draft(to=own, values=["{name|friend}, 46 off", "This week"])

    def frozen(self, test: BatchSend) -> Delivery:
        SendControl.objects.filter(pk=test.control_id).update(state="preparing")
        test.control.refresh_from_db()
        self.assertTrue(freeze(test.control))
        return Delivery.objects.get(send=test.control)

    def test_it_is_a_send_of_its_own_with_the_seconds_to_undo(self) -> None:
        batch = self.draft()
        for headers in ({}, HTMX):
            answer = self.client.post(self.url("send_trial", batch), self.form(), headers=headers)
            test = BatchSend.objects.filter(test_of=batch).latest("pk")
            where = answer.headers["HX-Redirect" if headers else "Location"]
            self.assertEqual(where, self.url("send", test))
            self.assertEqual(self.state_of(test), "scheduled")
            self.assertIsNotNone(test.control.undo_until)
        self.assertEqual(self.state_of(batch), "draft")
        self.assertContains(self.client.get(self.url("send_trial", batch)), "Tests of this draft")

    def test_the_person_gets_their_own_text(self) -> None:
        batch = self.personal()
        self.client.post(self.url("send_trial", batch), self.form(3))
        row = self.frozen(BatchSend.objects.get(test_of=batch))
        self.assertEqual((row.state, row.customer_id), ("queued", self.people[3].pk))
        self.assertEqual(row.data["keyword1"]["value"], "Guest 3, 46 off")

    def test_who_has_no_consent_is_skipped_as_everywhere(self) -> None:
        batch = self.draft()
        self.client.post(self.url("send_trial", batch), self.form(7))
        row = self.frozen(BatchSend.objects.get(test_of=batch))
        self.assertEqual((row.state, row.reason), ("skipped", "no_consent"))

    def test_the_same_form_twice_is_one_test(self) -> None:
        batch, form = self.draft(), self.form()
        for _click in range(2):
            self.client.post(self.url("send_trial", batch), form)
        self.assertEqual(BatchSend.objects.filter(test_of=batch).count(), 1)
        self.assertEqual(PeopleList.objects.filter(source="hand").count(), 1)

    def test_the_list_of_one_is_no_audience_and_can_only_be_reached_from_its_send(self) -> None:
        batch = self.draft(name="Autumn")
        self.client.post(self.url("send_trial", batch), self.form())
        test = BatchSend.objects.select_related("people_list").get(test_of=batch)
        self.assertEqual((test.people_list.source, test.people_list.for_test), ("hand", True))
        for page in ("lists", "send_new"):
            answer = self.client.get(self.url(page))
            self.assertContains(answer, self.people_list.name)
            self.assertNotContains(answer, test.people_list.name)
        refused = {"people_list": test.people_list_id, "when": "now", "form_token": uuid.uuid4()}
        self.assertEqual(self.client.post(self.url("send_new"), refused).status_code, 422)
        self.assertContains(self.client.get(self.url("send", test)), test.people_list.name)

    def test_a_copy_of_a_test_asks_for_an_audience(self) -> None:
        batch = self.draft(name="Autumn")
        self.client.post(self.url("send_trial", batch), self.form())
        test = BatchSend.objects.get(test_of=batch)
        self.client.post(self.url("send_copy", test), {"form_token": str(uuid.uuid4())})
        copied = BatchSend.objects.latest("pk")
        self.assertEqual((copied.name, copied.people_list), ("Test of Autumn, copy", None))
        self.assertEqual(copied.values, batch.values)
        self.assertNotContains(self.client.get(self.url("send_new") + f"?from={test.pk}"), f">{test.name} ·")

    def test_a_list_made_by_hand_for_a_send_is_an_audience(self) -> None:
        build.people_list(self.mini_program, self.people[:2], name="Picked by hand", source="hand")
        for page in ("lists", "send_new"):
            self.assertContains(self.client.get(self.url(page)), "Picked by hand")

    def test_a_draft_with_gaps_sends_nothing_and_says_which(self) -> None:
        batch = self.draft(values=["", "This week"])
        answer = self.client.post(self.url("send_trial", batch), self.form())
        self.assertContains(answer, "Fill in “权益名称”.", status_code=422)
        self.assertFalse(BatchSend.objects.filter(test_of=batch).exists())
        self.assertFalse(PeopleList.objects.filter(source="hand").exists())

    def test_a_person_nobody_here_knows_is_told(self) -> None:
        stranger = build.people(self.other_mini_program, 1)[0]
        for open_id in (stranger.open_id, "nobody"):
            answer = self.client.post(self.url("send_trial", self.draft()), self.form(open_id=open_id))
            self.assertContains(answer, "knows nobody with this open_id", status_code=422)

    def test_its_list_of_one_is_not_offered_to_other_sends(self) -> None:
        self.client.post(self.url("send_trial", self.draft(name="Autumn")), self.form())
        self.assertNotContains(self.client.get(self.url("send_new")), "Test of Autumn · 1")

    def test_a_reviewer_may_not_and_a_stranger_finds_nothing(self) -> None:
        batch = self.draft()
        for person, status in ((self.reviewer, 403), (self.other_owner, 404)):
            self.sign_in(person)
            self.assertEqual(self.client.post(self.url("send_trial", batch), self.form()).status_code, status)
        self.assertFalse(BatchSend.objects.filter(test_of=batch).exists())
