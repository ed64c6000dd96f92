"""Two people and one send: what was approved is what goes, and nothing goes that was not."""

from dataclasses import fields, replace
from datetime import time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from merchants import staff
from merchants.models import Event, Staff, User
from messaging.engine.control import MoveRefused
from messaging.engine.freeze import freeze
from messaging.models import BatchSend, Delivery, DeliveryCounter, Review, SendControl, SendState
from messaging.sends import approval, batches, review
from messaging.sends.content import Content, written_in
from messaging.sends.fingerprint import changes, fingerprint, said_in
from messaging.sends.tasks import expire_reviews
from tests import build, build_coupons, build_messaging
from tests.base import CastCase
from tests.messaging.sends.desk import Desk


class Reviews(Desk, CastCase):
    def setUp(self) -> None:
        self.set_up(self)

    def refused(self, why: str, batch: BatchSend, **how: Any) -> review.Refusal:
        with self.assertRaises(review.Refusal) as caught:
            self.approve(batch, **how)
        self.assertEqual(caught.exception.why, why)
        return caught.exception

    def not_launched(self, batch: BatchSend) -> None:
        with self.assertRaises(batches.LaunchRefused) as caught:
            self.launch(batch)
        self.assertEqual(caught.exception.problems[0].field, "approval")

    def test_two_people_bring_a_send_to_its_time(self) -> None:
        batch = self.draft(**self.tomorrow())
        self.not_launched(batch)
        asked = self.ask(batch)
        self.assertEqual((self.state(batch), asked.people), ("in_review", 3))
        approved = self.approve(batch, comment="Looks right")
        self.assertEqual(self.state(batch), "approved")
        self.assertEqual((approved.decided_by, approved.comment), (self.reviewer, "Looks right"))
        control = self.launch(batch)
        self.assertEqual(control.state, "scheduled")
        kinds = list(
            Event.objects.filter(subject_id=control.pk).order_by("id").values_list("kind", "by__username")
        )
        told = [("send.in_review", "operator"), ("send.approved", "reviewer"), ("send.scheduled", "operator")]
        self.assertEqual(kinds, told)

    def test_up_to_the_limit_and_without_one_nobody_is_asked(self) -> None:
        for above in (3, None):
            self.limit(above)
            batch = self.draft()
            self.launch(batch)
            self.assertEqual(self.state(batch), "scheduled")

    def test_nobody_approves_what_they_wrote_changed_last_or_asked_for(self) -> None:
        batch = self.draft()
        BatchSend.objects.filter(pk=batch.pk).update(author=self.owner)
        self.ask(batch)
        self.refused("own", batch, by=self.owner)
        second = self.draft()
        self.ask(second, by=self.owner)
        self.refused("own", second, by=self.owner)
        third = self.draft()
        build.seat(editor := build.user("editor"), self.yunduo, "owner")
        content = replace(written_in(third), name="Another name")
        batches.save_draft(third, by=editor, version=1, content=content, at=timezone.now())
        self.ask(third)
        self.refused("own", third, by=editor)
        self.assertEqual({self.state(one) for one in (batch, second, third)}, {"in_review"})
        told = Event.objects.filter(kind="send.approval_refused").values_list(
            "detail__refused_for", flat=True
        )
        self.assertEqual(list(told), ["own"] * 3)

    def test_who_may_not_review_here_or_not_any_more_is_refused(self) -> None:
        batch = self.draft()
        self.ask(batch)
        for person in (self.analyst, self.other_owner):
            self.refused("no_seat", batch, by=person)
        seat = Staff.objects.get(merchant=self.yunduo, user=self.reviewer)
        staff.disable(seat, by=self.owner)
        self.refused("no_seat", batch)
        self.assertEqual(self.state(batch), "in_review")

    def test_an_approval_outlives_the_reviewers_role(self) -> None:
        batch = self.draft()
        self.ask(batch)
        self.approve(batch)
        seat = Staff.objects.get(merchant=self.yunduo, user=self.reviewer)
        staff.change_role(seat, "analyst", by=self.owner)
        self.assertEqual(self.launch(batch).state, "scheduled")

    def test_what_the_reviewer_has_not_seen_is_not_approved(self) -> None:
        batch = self.draft()
        seen = self.ask(batch).fingerprint
        review.take_back(batch, by=self.operator, at=timezone.now())
        self.edit(batch, page="pages/other/index")
        self.ask(batch)
        stale = self.refused("stale", batch, seen=seen)
        self.assertEqual(stale.changed, ["page"])
        self.assertEqual(self.refused("stale", batch, seen="").changed, [])
        self.assertEqual(self.state(batch), "in_review")
        self.approve(batch)

    def test_a_template_that_changes_beneath_voids_what_was_asked_and_what_was_approved(self) -> None:
        asked, approved = self.draft(), self.draft()
        for one in (asked, approved):
            self.ask(one)
        self.approve(approved)
        type(self.template).objects.filter(pk=self.template.pk).update(keywords=["权益名称", "截止时间"])
        self.assertEqual(self.refused("stale", asked).changed, ["template"])
        self.not_launched(approved)
        self.assertEqual((self.state(asked), self.state(approved)), ("in_review", "approved"))

    def test_every_field_of_the_content_is_part_of_the_fingerprint(self) -> None:
        batch = self.draft(**self.tomorrow())
        before = said_in(batch, batch.control)
        another = build_messaging.people_list(self.mini_program, build_messaging.people(self.mini_program, 1))
        other = {
            "name": "x",
            "template": build_messaging.template(self.mini_program),
            "people_list": another,
            "values": ["x", "y"],
            "page": "pages/x",
            "scheduled_on": None,
            "scheduled_time": time(20),
            "coupon": build_coupons.coupon(self.mini_program),
        }
        for one in fields(Content):
            changed = self.fresh(batch)
            setattr(changed, one.name, other.get(one.name, "another"))
            after = said_in(changed, changed.control)
            self.assertNotEqual(fingerprint(after), fingerprint(before), one.name)
            self.assertEqual(changes(before, after), [one.name])
        batch.zone = "Europe/Berlin"
        batch.control.rate_per_second = 5
        self.assertEqual(changes(before, said_in(batch, batch.control)), ["zone", "rate_per_second"])

    def test_sending_back_keeps_the_reason_and_leaves_a_draft(self) -> None:
        for approve_first in (False, True):
            batch = self.draft()
            asked = self.ask(batch)
            if approve_first:
                self.approve(batch)
            given = {"by": self.reviewer, "comment": "Say until when", "at": timezone.now()}
            with self.assertRaises(review.Refusal):
                review.send_back(batch, seen="what stood there before", **given)
            back = review.send_back(batch, seen=asked.fingerprint, **given)
            self.assertEqual((self.state(batch), back.decision), ("draft", "sent_back"))
            self.not_launched(batch)
            told = Event.objects.filter(subject_id=batch.control_id).latest("id")
            self.assertEqual((told.kind, told.detail["why"]), ("send.sent_back", "Say until when"))

    def test_taking_it_back_or_undoing_the_launch_voids_the_approval(self) -> None:
        waiting, approved, launched = (self.draft() for _n in range(3))
        for one in (waiting, approved, launched):
            self.ask(one)
        for one in (approved, launched):
            self.approve(one)
        self.launch(launched)
        for one in (waiting, approved):
            review.take_back(one, by=self.operator, at=timezone.now())
        batches.take_back(launched, by=self.operator)
        decisions = [one.control.reviews.get().decision for one in (waiting, approved, launched)]
        self.assertEqual(decisions, ["withdrawn", "void", "void"])
        for one in (waiting, approved, launched):
            self.assertEqual(self.state(one), "draft")
            self.not_launched(one)
        with self.assertRaises(MoveRefused):
            review.take_back(waiting, by=self.operator, at=timezone.now())

    def test_a_send_in_review_cannot_be_edited_around_its_review(self) -> None:
        batch = self.draft()
        self.ask(batch)
        for _state in ("in_review", "approved"):
            with self.assertRaises(batches.NotADraft):
                self.edit(batch, page="pages/other/index")
            if _state == "in_review":
                self.approve(batch)
        self.assertEqual(self.fresh(batch).page, "pages/renew/index")

    def test_an_approval_expires_with_the_time_of_its_send(self) -> None:
        waiting, approved, launched = (self.draft(**self.tomorrow()) for _n in range(3))
        for one in (waiting, approved, launched):
            self.ask(one)
        for one in (approved, launched):
            self.approve(one)
        self.launch(launched)
        self.assertEqual(review.expire(at=timezone.now()), 0)
        later = timezone.now() + timedelta(days=2)
        self.refused("late", waiting, at=later)
        with self.assertRaises(batches.LaunchRefused):
            self.launch(approved, at=later)
        self.assertEqual(review.expire(at=later), 2)
        self.assertEqual(review.expire(at=later), 0)
        states = [self.state(one) for one in (waiting, approved, launched)]
        self.assertEqual(states, ["draft", "draft", "scheduled"])
        self.assertEqual(Review.objects.filter(decision="void", ended_why="expired").count(), 2)
        self.assertEqual(Event.objects.filter(kind="send.approval_expired", by=None).count(), 2)

    def test_the_clock_itself_ends_what_is_over(self) -> None:
        batch = self.draft(**self.tomorrow())
        self.ask(batch)
        expire_reviews()
        self.assertEqual(self.state(batch), "in_review")
        Review.objects.update(holds_until=timezone.now() - timedelta(minutes=2))
        expire_reviews()
        self.assertEqual(self.state(batch), "draft")

    def test_an_approval_to_send_right_away_holds_for_a_day(self) -> None:
        batch = self.draft()
        self.ask(batch)
        self.assertEqual(review.expire(at=timezone.now() + timedelta(days=30)), 0)
        self.approve(batch)
        with self.assertRaises(batches.LaunchRefused):
            self.launch(batch, at=timezone.now() + timedelta(hours=25))
        self.assertEqual(self.launch(batch, at=timezone.now() + timedelta(hours=23)).state, "scheduled")

    def missed(self, **more: Any) -> BatchSend:
        """Approved, launched, frozen, and then too late."""
        batch = self.draft(**more)
        self.ask(batch)
        self.approve(batch)
        control = self.launch(batch)
        SendControl.objects.filter(pk=control.pk).update(state=SendState.PREPARING)
        control.refresh_from_db()
        freeze(control)
        SendControl.objects.filter(pk=control.pk).update(state=SendState.MISSED)
        return self.fresh(batch)

    def test_another_time_for_a_missed_send_is_another_approval(self) -> None:
        batch = self.missed(**self.tomorrow())
        at, on = timezone.now(), timezone.localdate() + timedelta(days=2)
        for when in ({"on": on, "wall": time(9)}, {"on": None, "wall": None}):
            with self.assertRaises(batches.LaunchRefused):
                batches.reschedule(self.fresh(batch), by=self.operator, at=at, **when)
        self.assertEqual(self.state(batch), "missed")
        self.assertEqual(self.fresh(batch).scheduled_time, time(19, 30))
        review.ask_for_new_time(self.fresh(batch), by=self.operator, at=at, on=on, wall=time(9))
        self.assertEqual(self.state(batch), "in_review")
        self.assertFalse(Delivery.objects.filter(send_id=batch.control_id).exists())
        self.assertFalse(DeliveryCounter.objects.filter(send_id=batch.control_id).exists())
        self.assertEqual([one.decision for one in approval.reviews_of(batch.control)], ["waiting", "void"])
        self.approve(batch)
        self.launch(batch)
        control = SendControl.objects.get(pk=batch.control_id)
        self.assertEqual(
            (control.state, control.books_month, control.frozen_total), ("scheduled", None, None)
        )
        with self.assertRaises(MoveRefused):
            review.ask_for_new_time(self.fresh(batch), by=self.operator, at=at, on=on, wall=time(9))

    def test_a_missed_send_below_the_limit_gets_its_time_as_ever(self) -> None:
        batch = self.missed()
        self.limit(3)
        batches.reschedule(batch, by=self.operator, at=timezone.now(), on=None, wall=None)
        self.assertEqual(self.state(batch), "scheduled")

    def test_one_review_of_a_send_stands_at_a_time(self) -> None:
        batch = self.draft()
        stands = self.ask(batch)
        with self.assertRaises(MoveRefused):
            self.ask(batch)
        stands.pk = None
        with self.assertRaises(IntegrityError), transaction.atomic():
            stands.save(force_insert=True)

    def test_asking_names_what_is_missing_and_sees_another_version(self) -> None:
        empty = self.draft(values=["", ""])
        with self.assertRaises(batches.LaunchRefused):
            self.ask(empty)
        batch = self.draft()
        with self.assertRaises(batches.DraftConflict):
            review.ask(batch, by=self.operator, version=9, at=timezone.now())

    def test_a_test_to_one_person_needs_no_approval(self) -> None:
        self.limit(1)
        self.launch(self.draft_to_one())

    def draft_to_one(self) -> BatchSend:
        person = build_messaging.people(self.mini_program, 1)
        build_messaging.consents(self.template, person)
        return (
            self.draft()
            if not person
            else self.fresh(
                build_messaging.batch(
                    self.mini_program,
                    self.operator,
                    chosen=self.template,
                    to=build_messaging.people_list(self.mini_program, person, for_test=True),
                )
            )
        )

    def test_what_waits_is_told_to_who_can_do_it_and_what_came_back_to_who_asked(self) -> None:
        batch, gone_back = self.draft(), self.draft()
        self.ask(batch)
        seen = self.ask(gone_back).fingerprint

        def waits(reviewer: User | None, launcher: bool) -> list[int]:
            found = approval.waiting_for(self.yunduo, reviewer=reviewer, launcher=launcher)
            return [one.control.batch.pk for one in found]

        self.assertEqual(waits(self.reviewer, False), [batch.pk, gone_back.pk])
        self.assertEqual(waits(self.operator, True), [])
        at = timezone.now()
        review.send_back(gone_back, by=self.reviewer, seen=seen, comment="No", at=at)
        self.approve(batch)
        self.assertEqual(waits(self.reviewer, False), [])
        self.assertEqual(waits(None, True), [batch.pk])
        self.assertEqual(
            [one.control_id for one in approval.told_to(self.operator, self.yunduo, at=at)],
            [gone_back.control_id],
        )
        self.assertEqual(approval.told_to(self.owner, self.yunduo, at=at), [])
        self.assertEqual(approval.told_to(self.operator, self.yunduo, at=at + timedelta(days=8)), [])
        self.edit(gone_back, name="Better")
        self.assertEqual(approval.told_to(self.operator, self.yunduo, at=at), [])
