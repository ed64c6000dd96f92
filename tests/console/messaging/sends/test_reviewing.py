"""Approval on its pages: who asks, what the reviewer sees and decides, and what the author reads then."""

from datetime import time, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from merchants.models import Event, User
from messaging.models import BatchSend, Review, SendControl, SubscriptionTemplate
from messaging.sends import batches, review
from messaging.sends.rules import Rules, rules_of, save
from tests import build
from tests.console.messaging.sends.base import HTMX, SendCase


class Reviewing(SendCase):
    def setUp(self) -> None:
        super().setUp()
        save(self.yunduo, Rules(approve_above=5), version=0, by=self.owner)

    def tomorrow(self) -> BatchSend:
        on = timezone.localdate() + timedelta(days=1)
        return self.draft(scheduled_on=on, scheduled_time=time(9, 15))

    def post(self, url_name: str, batch: BatchSend, **data: Any) -> Any:
        htmx = {"headers": HTMX} if data.pop("htmx", False) else {}
        return self.client.post(self.url(url_name, batch), data, **htmx)

    def in_review(self) -> BatchSend:
        batch = self.tomorrow()
        review.ask(batch, by=self.operator, version=batch.version, at=timezone.now())
        return batch

    def approved(self) -> BatchSend:
        batch = self.in_review()
        self.decide(batch, "approve")
        self.assertEqual(self.state_of(batch), "approved")
        self.sign_in(self.operator)
        return batch

    def decide(self, batch: BatchSend, action: str, *, by: User | None = None, **data: Any) -> Any:
        self.sign_in(by or self.reviewer)
        seen = Review.objects.filter(control=batch.control).latest("pk").fingerprint
        return self.post("send_review", batch, **{"action": action, "seen": seen, "comment": "", **data})

    def test_the_launch_page_asks_instead_of_launching_and_the_server_refuses_to(self) -> None:
        batch = self.tomorrow()
        page = self.client.get(self.url("send_launch", batch))
        self.assertContains(page, "The list has 8 people, so a second person approves it first")
        self.assertContains(page, "More than 5 people: a second person approves it first")
        self.assertNotContains(page, "Confirm and schedule")
        for htmx in (False, True):
            refused = self.post("send_launch", batch, version=batch.version, htmx=htmx)
            self.assertContains(refused, "Nothing is scheduled.", status_code=422)
            self.assertContains(refused, 'value="ask"', status_code=422)
        self.assertEqual(self.state_of(batch), "draft")
        asked = self.post("send_launch", batch, version=batch.version, action="ask")
        self.assertRedirects(asked, self.url("send", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "in_review")
        again = self.post("send_launch", batch, version=batch.version, action="ask")
        self.assertRedirects(again, self.url("send", batch), status_code=303)
        self.assertEqual(Review.objects.count(), 1)

    def test_asking_with_an_old_version_shows_the_new_one(self) -> None:
        batch = self.tomorrow()
        BatchSend.objects.filter(pk=batch.pk).update(version=3)
        answer = self.post("send_launch", batch, version=1, action="ask")
        self.assertContains(answer, "The draft was changed after you opened this page.", status_code=422)
        self.assertEqual(self.state_of(batch), "draft")

    def test_below_the_limit_the_page_is_as_ever(self) -> None:
        save(self.yunduo, Rules(approve_above=8), version=rules_of(self.yunduo)[1], by=self.owner)
        batch = self.tomorrow()
        self.assertContains(self.client.get(self.url("send_launch", batch)), "Confirm and schedule")
        self.assertEqual(self.post("send_launch", batch, version=batch.version).status_code, 303)
        self.assertEqual(self.state_of(batch), "scheduled")

    def test_the_reviewer_sees_everything_that_is_approved_and_approves_it(self) -> None:
        batch = self.in_review()
        self.sign_in(self.reviewer)
        page = self.client.get(self.url("send_review", batch))
        fingerprint = batch.control.reviews.get().fingerprint
        for words in (
            batch.name,
            *batch.values,
            batch.page,
            self.people_list.name,
            self.people_list.hash[:12],
            "8 people",
            "09:15",
            "Beijing time",
            fingerprint[:12],
            "Of 8 people on the list 6 will be written to.",
            "What the customer sees",
            "Approve exactly this, to 6 people?",
            f'name="seen" value="{fingerprint}"',
        ):
            self.assertContains(page, words)
        self.assertNotContains(page, self.url("send_stopped", batch, gate="no_consent"))
        answer = self.decide(batch, "approve", comment="Good")
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        page = self.client.get(self.url("send", batch))
        self.assertContains(page, "Reviewer approved it")
        self.assertContains(page, "Changing the send makes it void.")
        self.assertRedirects(self.decide(batch, "approve"), self.url("send", batch), status_code=303)
        self.assertEqual(Event.objects.filter(kind="send.approved", by=self.reviewer).count(), 1)

    def test_approved_it_is_confirmed_on_the_launch_page(self) -> None:
        batch = self.approved()
        page = self.client.get(self.url("send_launch", batch))
        self.assertContains(page, "Reviewer approved version 1")
        self.assertContains(page, "Confirm and schedule")
        answer = self.post("send_launch", batch, version=1)
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "scheduled")
        self.post("send_undo", batch)
        page = self.client.get(self.url("send", batch))
        self.assertContains(page, "Approval is void: Reviewer approved version 1.")
        self.assertContains(page, "The launch was undone.")

    def test_nobody_approves_their_own(self) -> None:
        batch = self.tomorrow()
        review.ask(batch, by=self.owner, version=1, at=timezone.now())
        self.sign_in(self.owner)
        page = self.client.get(self.url("send_review", batch))
        self.assertContains(page, "somebody else has to approve it")
        self.assertNotContains(page, 'value="approve"')
        answer = self.decide(batch, "approve", by=self.owner)
        self.assertContains(answer, "somebody else has to approve it", status_code=422)
        self.assertEqual(self.state_of(batch), "in_review")
        self.sign_in(self.owner)
        audit = self.client.get(reverse("audit", args=["yunduo"]))
        self.assertContains(audit, "Tried to approve a batch send; it was refused")
        self.assertContains(audit, "It was that person&#x27;s own send.")

    def test_other_roles_and_other_merchants_cannot_review(self) -> None:
        batch = self.in_review()
        for person, status in ((self.operator, 403), (self.analyst, 403), (self.other_owner, 404)):
            self.assertEqual(self.decide(batch, "approve", by=person).status_code, status)
            self.assertEqual(self.client.get(self.url("send_review", batch)).status_code, status)
        self.assertEqual(self.state_of(batch), "in_review")

    def test_a_page_from_before_a_change_says_what_changed_and_decides_nothing(self) -> None:
        batch = self.in_review()
        old = batch.control.reviews.get().fingerprint
        review.take_back(batch, by=self.operator, at=timezone.now())
        current = BatchSend.objects.get(pk=batch.pk)
        content = batches.written_in(current)
        changed = batches.replace(content, page="pages/other/index", scheduled_time=time(10))
        saved = batches.save_draft(current, by=self.operator, version=1, content=changed, at=timezone.now())
        review.ask(saved, by=self.operator, version=2, at=timezone.now())
        for action in ("approve", "send_back"):
            for htmx in (False, True):
                answer = self.decide(batch, action, seen=old, comment="x", htmx=htmx)
                words = "What changed: Mini program page, When."
                self.assertContains(answer, words, status_code=422)
                self.assertContains(answer, "pages/other/index", status_code=422)
                self.assertNotContains(answer, f'value="{old}"', status_code=422)
        self.assertEqual(self.state_of(batch), "in_review")

    def test_what_changes_beneath_can_only_be_sent_back(self) -> None:
        batch = self.in_review()
        SubscriptionTemplate.objects.filter(pk=self.template.pk).update(name="另一个模板")
        self.sign_in(self.reviewer)
        page = self.client.get(self.url("send_review", batch))
        self.assertContains(page, "It changed beneath the review: Template.")
        self.assertNotContains(page, 'value="approve"')
        shown = page.context["form"]["seen"].value()
        answer = self.decide(batch, "approve", seen=shown)
        self.assertContains(answer, "Nothing was decided.", status_code=422)
        self.assertEqual(self.decide(batch, "send_back", seen=shown, comment="x").status_code, 303)
        self.assertEqual(self.state_of(batch), "draft")

    def test_an_approval_of_something_else_keeps_it_from_being_confirmed(self) -> None:
        batch = self.approved()
        SubscriptionTemplate.objects.filter(pk=self.template.pk).update(name="另一个模板")
        words = "Approval is void: Reviewer approved something else. Changed since: Template."
        self.assertContains(self.client.get(self.url("send_launch", batch)), words)
        self.assertContains(self.post("send_launch", batch, version=1), words, status_code=422)
        self.assertEqual(self.state_of(batch), "approved")

    def test_sending_back_needs_a_reason_which_the_author_reads_with_the_next_step(self) -> None:
        batch = self.in_review()
        answer = self.decide(batch, "send_back")
        self.assertContains(answer, "Say what has to change", status_code=422)
        self.assertContains(answer, "<html", status_code=422)
        answer = self.decide(batch, "send_back", comment="Say until when it holds")
        self.assertEqual(answer.status_code, 303)
        self.sign_in(self.operator)
        for address in (self.url("send", batch), reverse("home", args=["yunduo"])):
            page = self.client.get(address)
            self.assertContains(page, "Say until when it holds")
            self.assertContains(page, "Change it, then ask")
        self.assertContains(self.client.get(self.url("send_edit", batch)), 'name="version"')

    def test_a_send_in_review_is_changed_only_after_it_is_taken_back(self) -> None:
        for made, question in (
            (self.in_review, "Change a send in review?"),
            (self.approved, "Change an approved send?"),
        ):
            batch = made()
            self.assertContains(self.client.get(self.url("send_edit", batch)), question)
            answer = self.post("send_withdraw", batch)
            self.assertRedirects(answer, self.url("send_edit", batch), status_code=303)
            self.assertEqual(self.state_of(batch), "draft")
            again = self.post("send_withdraw", batch)
            self.assertRedirects(again, self.url("send_edit", batch), status_code=303)

    def test_home_leads_each_to_what_they_have_to_do(self) -> None:
        home = reverse("home", args=["yunduo"])
        batch = self.in_review()
        for person, waits in ((self.reviewer, True), (self.owner, True), (self.operator, False)):
            self.sign_in(person)
            said = self.url("send_review", batch) in self.client.get(home).content.decode()
            self.assertEqual(said, waits, person)
        self.approved()
        self.assertContains(self.client.get(home), "is approved")

    def test_the_list_finds_what_is_in_review_and_offers_the_next_step(self) -> None:
        waiting, approved = self.in_review(), self.approved()
        self.draft(name="Another one")
        page = self.client.get(self.url("sends") + "?state=in_review&state=approved")
        rows = {row.batch.pk: row.next.url_name for row, _pace, _token in page.context["rows"]}
        self.assertEqual(rows, {waiting.pk: "send", approved.pk: "send_launch"})
        self.sign_in(self.reviewer)
        page = self.client.get(self.url("sends") + "?state=in_review")
        self.assertEqual([row.next.url_name for row, _p, _t in page.context["rows"]], ["send_review"])

    def test_a_new_time_of_a_missed_send_is_asked_for(self) -> None:
        batch = self.launched("missed", due_at=timezone.now() - timedelta(hours=1))
        page = self.client.get(self.url("send_missed", batch))
        self.assertContains(page, "a second person approves the new time first")
        refused = self.post("send_missed", batch, when="now", counted_for="now")
        self.assertContains(refused, "A second person approves it first", status_code=422)
        self.assertEqual(self.state_of(batch), "missed")
        answer = self.post("send_missed", batch, when="now", counted_for="now", action="ask")
        self.assertRedirects(answer, self.url("send", batch), status_code=303)
        self.assertEqual(self.state_of(batch), "in_review")

    def test_a_composer_that_was_left_open_gets_its_words_back_as_a_new_send(self) -> None:
        batch = self.in_review()
        data = {"name": "Mine", "template": self.template.pk, "value_0": "x", "value_1": "y", "version": 1}
        answer = self.post("send_edit", batch, **data, when="now", page="pages/mine")
        self.assertContains(answer, "This send is now “In review”.", status_code=422)
        self.assertContains(answer, "pages/mine", status_code=422)

    def test_arrows_beside_the_preview_stay_on_the_page(self) -> None:
        batch = self.in_review()
        self.sign_in(self.reviewer)
        address = self.url("send_review", batch)
        after = f"{address}?after={self.people[0].pk}"
        self.assertContains(self.client.get(address), after)
        part = self.client.get(after, headers=HTMX)
        self.assertContains(part, 'id="message"')
        self.assertNotContains(part, 'id="decide"')

    def test_a_second_owner_may_review_what_the_first_wrote(self) -> None:
        build.seat(second := build.user("second", language="en"), self.yunduo, "owner")
        batch = self.tomorrow()
        review.ask(batch, by=self.owner, version=1, at=timezone.now())
        self.assertEqual(self.decide(batch, "approve", by=second).status_code, 303)

    def test_what_ended_without_a_reviewer_says_what_to_do(self) -> None:
        batch = self.in_review()
        review.expire(at=timezone.now() + timedelta(days=3))
        page = self.client.get(self.url("send", batch))
        self.assertContains(page, "It was not approved in time, so it is a draft again.")
        self.assertEqual(SendControl.objects.get(pk=batch.control_id).state, "draft")
