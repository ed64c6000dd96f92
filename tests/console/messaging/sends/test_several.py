"""Several sends at once: cancelled or copied as confirmed, and nothing twice."""

import re
import uuid
from collections.abc import Callable
from html import unescape
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from merchants.models import Event
from messaging.models import BatchSend
from tests.console.messaging.sends.base import HTMX, SendCase


class SeveralCase(SendCase):
    def post(self, name: str, batches: list[BatchSend], **more: Any) -> Any:
        data = {"send": [batch.pk for batch in batches], "form_token": str(uuid.uuid4()), **more}
        return self.client.post(self.url(name), data)

    def confirm(self, name: str, filter: str, *, meanwhile: Callable[[], Any] = lambda: None) -> Any:
        """All of a filter: the page is opened, something happens, and its form is sent as it stands."""
        found = len(self.client.get(self.url("sends"), QueryDict(filter)).context["page"].object_list)
        page = self.client.get(self.url(name), {"all": found, "filter": filter})
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
        meanwhile()
        return self.client.post(self.url(name), {field: unescape(value) for field, value in hidden.items()})


class SendsCancel(SeveralCase):
    def test_the_question_names_each_send_and_those_that_are_left_alone(self) -> None:
        running = self.launched(name="Running")
        finished = self.launched("finished", name="Finished", finished_at=timezone.now())
        answer = self.client.get(f"{self.url('sends_cancel')}?send={running.pk}&send={finished.pk}")
        self.assertContains(answer, "1 send is cancelled")
        self.assertContains(answer, "1 is left as it is")
        self.assertContains(answer, "Keep these sends")

    def test_each_is_cancelled_with_the_reason_and_an_event_of_its_own(self) -> None:
        both = [self.launched(name="One"), self.launched("scheduled", name="Two")]
        answer = self.post("sends_cancel", both, why="wrong price")
        self.assertContains(answer, "2 sends were cancelled")
        self.assertEqual([self.state_of(batch) for batch in both], ["cancelling"] * 2)
        told = Event.objects.for_merchant(self.yunduo).filter(kind="send.cancelling")
        self.assertEqual([event.detail["why"] for event in told], ["wrong price"] * 2)

    def test_what_ended_meanwhile_is_left_and_named_and_a_second_click_changes_nothing(self) -> None:
        batch = self.launched(name="One")
        self.post("sends_cancel", [batch])
        answer = self.post("sends_cancel", [batch])
        self.assertContains(answer, "None of these can be cancelled", status_code=422)
        self.assertEqual(Event.objects.filter(kind="send.cancelling").count(), 1)

    def test_all_of_a_filter_goes_as_confirmed_with_its_count(self) -> None:
        both = [self.launched(name="Autumn 1"), self.launched(name="Autumn 2")]
        other = self.launched(name="Winter")
        answer = self.confirm("sends_cancel", "text=autumn")
        self.assertContains(answer, "2 sends were cancelled")
        self.assertEqual([self.state_of(batch) for batch in both], ["cancelling"] * 2)
        self.assertEqual(self.state_of(other), "sending")

    def test_all_of_several_states_goes_together(self) -> None:
        running, waiting = self.launched(), self.launched("scheduled")
        draft = self.draft()
        answer = self.confirm("sends_cancel", "state=sending&state=scheduled&per_page=50")
        self.assertContains(answer, "2 sends were cancelled")
        states = [self.state_of(batch) for batch in (running, waiting, draft)]
        self.assertEqual(states, ["cancelling", "cancelling", "draft"])

    def test_when_the_count_changed_it_asks_again_and_changes_nothing(self) -> None:
        batch, other = self.launched(name="Autumn 1"), self.launched(name="Autumn 2")

        def one_leaves() -> None:
            BatchSend.objects.filter(pk=other.pk).update(name="Winter")

        answer = self.confirm("sends_cancel", "text=autumn", meanwhile=one_leaves)
        self.assertContains(answer, "There were 2 sends, now there are 1.", status_code=422)
        self.assertEqual([self.state_of(one) for one in (batch, other)], ["sending"] * 2)

    def test_a_send_nobody_saw_is_not_cancelled_though_the_count_is_the_same(self) -> None:
        stays, leaves = self.launched(name="Autumn 1"), self.launched(name="Autumn 2")
        comes = self.launched(name="Spring")

        def one_leaves_and_one_comes() -> None:
            BatchSend.objects.filter(pk=leaves.pk).update(name="Winter")
            BatchSend.objects.filter(pk=comes.pk).update(name="Autumn 3")

        answer = self.confirm("sends_cancel", "text=autumn", meanwhile=one_leaves_and_one_comes)
        self.assertContains(answer, "not the same: 1 left this filter, 1 came in.", status_code=422)
        self.assertContains(answer, "came in</span>", count=1, status_code=422)
        self.assertEqual([self.state_of(one) for one in (stays, leaves, comes)], ["sending"] * 3)
        self.assertContains(self.confirm("sends_cancel", "text=autumn"), "2 sends were cancelled")

    def test_a_form_that_does_not_say_which_it_showed_changes_nothing(self) -> None:
        batch = self.launched()
        answer = self.post("sends_cancel", [], all="1", filter="")
        self.assertEqual((answer.status_code, self.state_of(batch)), (422, "sending"))

    def test_sends_of_another_merchant_are_not_touched(self) -> None:
        batch = self.launched()
        self.sign_in(self.other_owner)
        address = self.url("sends_cancel", merchant="qingcha")
        answer = self.client.post(address, {"send": batch.pk, "form_token": str(uuid.uuid4())})
        self.assertContains(answer, "No send was ticked", status_code=422)
        self.assertEqual(self.state_of(batch), "sending")

    def test_nothing_ticked_is_told(self) -> None:
        self.assertContains(self.client.get(self.url("sends_cancel")), "No send was ticked")
        self.assertContains(self.client.get(self.url("sends_cancel") + "?send=x&all=y"), "No send was ticked")

    def test_htmx_gets_the_form_alone(self) -> None:
        self.assertNotContains(self.client.get(self.url("sends_cancel"), headers=HTMX), "<html")


class SendsCopy(SeveralCase):
    def test_each_becomes_a_draft_and_the_same_form_twice_copies_once(self) -> None:
        both = [self.draft(name="One"), self.launched(name="Two")]
        form_token = str(uuid.uuid4())
        for _click in range(2):
            answer = self.post("sends_copy", both, form_token=form_token)
            self.assertContains(answer, "2 sends were copied")
        names = BatchSend.objects.for_merchant(self.yunduo).filter(name__endswith=", copy")
        self.assertEqual(set(names.values_list("name", flat=True)), {"One, copy", "Two, copy"})


class SendsExport(SendCase):
    def export(self, query: str = "") -> list[str]:
        answer = self.client.get(self.url("sends_export") + query)
        return b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]

    def test_the_rows_of_the_filter_with_their_figures(self) -> None:
        batch = self.launched("finished", name="Autumn", finished_at=timezone.now())
        self.settle(batch, accepted=["", ""], refused=["MSG_REJECTED"])
        self.draft(name="Winter")
        head, row = self.export("?text=autumn")
        self.assertTrue(head.startswith("number,name,state,"))
        self.assertIn("Autumn,finished,Finished", row)
        self.assertTrue(row.endswith(",8,2,1,0,0"))

    def test_ticked_ones_alone_or_all_of_the_filter_they_stand_in(self) -> None:
        one, two = self.draft(name="Autumn 1"), self.draft(name="Autumn 2")
        self.draft(name="Winter")
        self.assertEqual(len(self.export(f"?send={one.pk}&send={two.pk}&filter=")), 3)
        self.assertEqual(len(self.export(f"?send={one.pk}&filter=text%3Dautumn")), 2)
        self.assertEqual(len(self.export(f"?send={one.pk}&all=2&filter=text%3Dautumn")), 3)

    def test_several_states_are_exported_together(self) -> None:
        self.draft(name="Autumn")
        self.launched(name="Winter")
        self.assertEqual(len(self.export("?state=draft&state=sending")), 3)

    def test_nothing_of_another_merchant_is_exported(self) -> None:
        batch = self.draft(name="Ours alone")
        self.sign_in(self.other_owner)
        answer = self.client.get(f"{self.url('sends_export', merchant='qingcha')}?send={batch.pk}")
        self.assertNotIn(b"Ours", b"".join(answer.streaming_content))  # type: ignore[attr-defined]

    def test_a_name_cannot_become_a_formula(self) -> None:
        self.draft(name="=1+1")
        self.assertIn(",'=1+1,", self.export()[1])

    def test_what_was_not_sent_has_no_figures(self) -> None:
        self.draft(name="Winter")
        self.assertTrue(self.export()[1].endswith(",8,,,,"))
