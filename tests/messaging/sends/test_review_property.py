"""Whatever two people do in whatever order, no send above the limit is scheduled but as it was approved."""

from collections.abc import Callable
from datetime import time, timedelta

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from messaging.engine.control import MoveRefused
from messaging.models import BatchSend, Review, SendControl
from messaging.sends import approval, batches, review
from messaging.sends.fingerprint import fingerprint, said_in
from tests import build, build_messaging
from tests.messaging.sends.desk import Desk

REFUSED = (MoveRefused, review.Refusal, batches.LaunchRefused, batches.DraftConflict, batches.NotADraft)
ACTS = (
    "ask",
    "approve",
    "approve_stale",
    "send_back",
    "take_back",
    "edit",
    "another_list",
    "launch",
    "undo",
    "miss",
    "new_time",
    "ask_for_new_time",
    "change_limit",
    "expire",
)


class AnySequence(Desk, TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.people = build.cast()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(ACTS), min_size=6, max_size=16))
    def test_nothing_is_scheduled_above_the_limit_but_what_was_approved(self, acts: list[str]) -> None:
        self.set_up(self.people)
        self.batch, self.prints, self.at = self.draft(), [""], timezone.now()
        for number, act in enumerate(["ask", *acts]):
            before = self.state(self.batch)
            step: Callable[[int], None] = getattr(self, f"do_{act}")
            try:
                with transaction.atomic():
                    step(number)
            except REFUSED:
                continue
            if before != "scheduled" and self.state(self.batch) == "scheduled":
                self.assert_approved()

    def assert_approved(self) -> None:
        current = self.fresh(self.batch)
        if approval.is_needed(current):
            row = Review.objects.get(control_id=current.control_id, decision="approved")
            self.assertEqual(row.fingerprint, fingerprint(said_in(current, current.control)))
            self.assertEqual(row.decided_by, self.cast.reviewer)

    @property
    def now(self) -> BatchSend:
        return self.fresh(self.batch)

    def do_ask(self, number: int) -> None:
        self.prints.append(self.ask(self.batch).fingerprint)

    def do_approve(self, number: int) -> None:
        self.approve(self.batch, seen=self.prints[-1])

    def do_approve_stale(self, number: int) -> None:
        self.approve(self.batch, seen=self.prints[-2] if len(self.prints) > 2 else "")

    def do_send_back(self, number: int) -> None:
        given = {"by": self.cast.reviewer, "seen": self.prints[-1], "comment": "no"}
        review.send_back(self.batch, at=self.at, **given)

    def do_take_back(self, number: int) -> None:
        review.take_back(self.batch, by=self.cast.operator, at=self.at)

    def do_edit(self, number: int) -> None:
        self.edit(self.batch, page=f"pages/{number}")

    def do_another_list(self, number: int) -> None:
        people = build_messaging.people(self.cast.mini_program, number % 3 + 1)
        self.edit(self.batch, people_list=build_messaging.people_list(self.cast.mini_program, people))

    def do_launch(self, number: int) -> None:
        self.launch(self.batch)

    def do_undo(self, number: int) -> None:
        batches.take_back(self.now, by=self.cast.operator)

    def do_miss(self, number: int) -> None:
        rows = SendControl.objects.filter(pk=self.batch.control_id, state="scheduled")
        rows.update(state="missed")

    def do_new_time(self, number: int) -> None:
        on = timezone.localdate() + timedelta(days=1 + number)
        batches.reschedule(self.now, by=self.cast.operator, at=self.at, on=on, wall=time(9))

    def do_ask_for_new_time(self, number: int) -> None:
        on = timezone.localdate() + timedelta(days=1 + number)
        asked = review.ask_for_new_time(self.now, by=self.cast.operator, at=self.at, on=on, wall=time(9))
        self.prints.append(asked.fingerprint)

    def do_change_limit(self, number: int) -> None:
        self.limit(number % 4 or None)

    def do_expire(self, number: int) -> None:
        review.expire(at=self.at + timedelta(days=number))
