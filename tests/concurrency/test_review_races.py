"""A reviewer and an author at the same instant: approved is only what was seen, and once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from merchants.models import Event, Staff
from messaging.engine.control import MoveRefused
from messaging.models import BatchSend, Review, SendControl
from messaging.sends import batches, review
from messaging.sends.fingerprint import fingerprint, said_in
from tests import build
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once
from tests.messaging.sends.desk import Desk

pytestmark = pytest.mark.race

LOST = (MoveRefused, review.Refusal, batches.NotADraft, batches.DraftConflict, batches.LaunchRefused)


def in_transaction(work: Callable[[], Any]) -> Any:
    with transaction.atomic():
        return work()


class ReviewRaces(Desk, CommittedCastCase):
    def setUp(self) -> None:
        super().setUp()
        self.set_up(self)

    def tally(self, results: list[Any]) -> Counter[str]:
        """Anything but a refusal we know is a fault."""
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, LOST):
                raise result
        return Counter("lost" if isinstance(result, Exception) else "won" for result in results)

    def in_review(self) -> tuple[BatchSend, str]:
        batch = self.draft()
        return batch, self.ask(batch).fingerprint

    def change(self, batch: BatchSend) -> None:
        review.take_back(batch, by=self.operator, at=timezone.now())
        self.edit(batch, page="pages/other/index")
        self.ask(batch)

    def test_an_edit_and_an_approval_together_never_approve_what_was_not_seen(self) -> None:
        for _round in range(4):
            batch, seen = self.in_review()
            acts = [lambda b=batch: self.change(b), lambda b=batch, s=seen: self.approve(b, seen=s)]
            self.tally(at_once(lambda n, acts=acts: acts[n % 2](), workers=4))
            for row in Review.objects.filter(control=batch.control).exclude(decided_by=None):
                self.assertEqual(row.fingerprint, seen)
            current = self.fresh(batch)
            standing = Review.objects.filter(control=batch.control, decision="approved").first()
            if current.control.state == "approved":
                self.assertEqual(standing.fingerprint, fingerprint(said_in(current, current.control)))
            else:
                self.assertIsNone(standing)

    def test_while_an_approval_is_being_written_nobody_can_write_into_the_send(self) -> None:
        batch, seen = self.in_review()
        approving = threading.Thread(target=at_once, args=(lambda _n: self.approve(batch, seen=seen), 1))
        with transaction.atomic():
            SendControl.objects.select_for_update().get(pk=batch.control_id)  # so the approval waits here
            approving.start()
            self.await_waiting()
            rows = BatchSend.objects.select_for_update(nowait=True)
            [other] = at_once(lambda _n: in_transaction(lambda: rows.get(pk=batch.pk)), 1)
        approving.join(20)
        self.assertIsInstance(other, OperationalError)
        self.assertEqual(self.state(batch), "approved")

    def await_waiting(self) -> None:
        """Until one connection waits for a lock of another."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    return
            time.sleep(0.02)
        self.fail("nobody waits for a lock")

    def test_of_many_approvals_one_counts(self) -> None:
        batch, seen = self.in_review()
        for number in range(3):
            build.seat(build.user(f"owner{number}"), self.yunduo, "owner")
        people = [seat.user for seat in Staff.objects.filter(merchant=self.yunduo, role="owner")]
        results = at_once(lambda n: self.approve(batch, by=people[n % 4], seen=seen))
        self.assertEqual(self.tally(results), {"won": 1, "lost": 7})
        self.assertEqual(Event.objects.filter(kind="send.approved").count(), 1)

    def test_taking_back_and_approving_together_leave_one_truth(self) -> None:
        for _round in range(4):
            batch, seen = self.in_review()
            acts = [
                lambda b=batch: review.take_back(b, by=self.operator, at=timezone.now()),
                lambda b=batch, s=seen: self.approve(b, seen=s),
            ]
            self.tally(at_once(lambda n, acts=acts: acts[n % 2](), workers=4))
            # a draft wins either way: what was approved first is taken back after it
            self.assertEqual(self.state(batch), "draft")
            self.assertIn(batch.control.reviews.get().decision, {"withdrawn", "void"})

    def test_a_launch_and_what_ends_its_approval_never_both_happen(self) -> None:
        later = timezone.now() + timedelta(days=2)
        for end in (
            lambda b: review.take_back(b, by=self.operator, at=timezone.now()),
            lambda _b: review.expire(at=later),
        ):
            batch, seen = self.in_review()
            self.approve(batch, seen=seen)
            acts = [lambda b=batch: self.launch(b), lambda b=batch, end=end: end(b)]
            self.tally(at_once(lambda n, acts=acts: acts[n % 2](), workers=2))
            decision = batch.control.reviews.get().decision
            self.assertIn((self.state(batch), decision), {("scheduled", "approved"), ("draft", "void")})

    def test_a_seat_that_is_closed_at_the_same_moment_had_it_or_not(self) -> None:
        batch, seen = self.in_review()
        seat = Staff.objects.get(merchant=self.yunduo, user=self.reviewer)

        def work(number: int) -> Any:
            if number:
                return Staff.objects.filter(pk=seat.pk).update(disabled_at=timezone.now())
            return self.approve(batch, seen=seen)

        self.tally(at_once(work, workers=2))
        row = batch.control.reviews.get()
        self.assertEqual(self.state(batch) == "approved", row.decided_by == self.reviewer)
