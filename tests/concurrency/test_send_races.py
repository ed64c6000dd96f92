"""Two tabs at the same instant: launches, edits, undo and decisions on connections of their own."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from merchants.models import Event
from messaging.engine import control as engine
from messaging.engine.claim import claim
from messaging.engine.decisions import CountChanged, send_again, treat_as_sent
from messaging.engine.mark import mark
from messaging.engine.reconcile import lines
from messaging.engine.record import Answer, record
from messaging.engine.schedule import advance
from messaging.engine.start import start_due
from messaging.models import (
    BatchSend,
    Delivery,
    DeliveryAttempt,
    SendControl,
    SendRules,
    SubscriptionTemplate,
)
from messaging.sends import batches
from messaging.sends.content import Content
from tests import build_messaging as build
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once

pytestmark = pytest.mark.race

LOST = (batches.DraftConflict, engine.MoveRefused, batches.NotADraft)


class SendRaces(CommittedCastCase):
    template: SubscriptionTemplate

    def setUp(self) -> None:
        super().setUp()
        self.template = build.template(self.mini_program)
        self.people = build.people(self.mini_program, 6)
        build.consents(self.template, self.people, units=2)
        self.people_list = build.people_list(self.mini_program, self.people)

    def draft(self) -> BatchSend:
        return build.batch(self.mini_program, self.operator, chosen=self.template, to=self.people_list)

    def launch(self, batch: BatchSend) -> SendControl:
        fresh = BatchSend.objects.select_related("template", "people_list", "control").get(pk=batch.pk)
        return batches.launch(
            fresh, by=self.operator, version=batch.version, launches=batch.launches, at=timezone.now()
        )

    def save(self, batch: BatchSend, name: str) -> BatchSend:
        content = Content(name, self.template, self.people_list, batch.values, batch.page, None, None)
        return batches.save_draft(
            batch, by=self.operator, version=batch.version, content=content, at=timezone.now()
        )

    def tally(self, results: list[Any]) -> Counter[str]:
        """How many won; anything but a refusal we know is a fault."""
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, LOST):
                raise result
        return Counter("lost" if isinstance(result, Exception) else "won" for result in results)

    def with_unknown(self) -> SendControl:
        control = build.send(self.mini_program, self.template, self.people_list)
        ours = claim(control, limit=6)
        mark(control, ours, ids=ours.ids, at=timezone.now())
        record(control, ours.token, [Answer(one, "unknown", "timeout", 1.0) for one in ours.ids])
        return control

    def test_of_eight_confirmations_one_launches(self) -> None:
        batch = self.draft()
        self.assertEqual(self.tally(at_once(lambda _n: self.launch(batch))), {"won": 1, "lost": 7})
        self.assertEqual(Event.objects.filter(kind="send.scheduled").count(), 1)
        batch.refresh_from_db()
        self.assertEqual(batch.launches, 1)

    def test_sends_of_two_templates_at_once_keep_one_cap(self) -> None:
        """Each counts in a row of its own, so only the person's row can keep them apart."""
        SendRules.objects.create(merchant=self.yunduo, cap_day=1)
        at = timezone.now()
        for _round in range(4):
            people = build.people(self.mini_program, 32)
            to = build.people_list(self.mini_program, people)
            claims = []
            for chosen in [build.template(self.mini_program) for _number in range(4)]:
                build.consents(chosen, people)
                control = build.send(self.mini_program, chosen, to)
                claims.append((control, claim(control, limit=32)))
            results = at_once(lambda n, c=claims: mark(c[n][0], c[n][1], ids=c[n][1].ids, at=at), 4)
            reached = Counter(row.customer_id for rows in results for row in rows)
            self.assertEqual(reached, Counter(who.pk for who in people))
            for control, _claim in claims:
                self.assertFalse([line for line in lines(control) if line.difference])

    def test_what_is_launched_is_the_version_that_was_confirmed(self) -> None:
        for _round in range(4):
            batch = self.draft()
            at_once(lambda n, b=batch: self.launch(b) if n % 2 else self.save(b, f"tab {n}"), 4)
            batch.refresh_from_db()
            launched = Event.objects.filter(kind="send.scheduled", subject_id=batch.control_id).first()
            if launched is None:
                self.assertEqual((batch.version, batch.control.state), (2, "draft"))
            else:
                self.assertEqual((batch.version, batch.control.state), (1, "scheduled"))
                self.assertEqual(launched.detail["name"], batch.name)

    def test_an_undo_and_the_engine_cannot_both_have_it(self) -> None:
        batch = self.draft()
        control = self.launch(batch)
        past = timezone.now() - timedelta(seconds=1)
        SendControl.objects.filter(pk=control.pk).update(prepare_at=past)
        results = at_once(lambda n: batches.take_back(batch, by=self.operator) if n else advance(), 4)
        undone = self.tally(results[1:])["won"]
        control.refresh_from_db()
        self.assertEqual(control.state, "draft" if undone else "preparing")
        self.assertEqual(Event.objects.filter(kind="send.taken_back").count(), undone)
        self.assertLessEqual(undone, 1)

    def test_pause_and_cancel_in_many_tabs_happen_once_each(self) -> None:
        control = build.send(self.mini_program, self.template, self.people_list)

        def brake(n: int) -> None:
            mine = SendControl.objects.select_related("merchant", "mini_program").get(pk=control.pk)
            if n % 2:
                engine.pause(mine, by=self.operator)
            else:
                engine.cancel(mine, by=self.operator, why="")

        self.tally(at_once(brake))
        control.refresh_from_db()
        self.assertEqual(control.state, "cancelling")
        self.assertEqual(Event.objects.filter(kind="send.cancelling").count(), 1)
        self.assertLessEqual(Event.objects.filter(kind="send.paused").count(), 1)

    def test_both_decisions_at_once_take_each_person_once(self) -> None:
        control = self.with_unknown()

        def decide(n: int) -> int:
            mine = SendControl.objects.select_related("merchant", "mini_program").get(pk=control.pk)
            act = send_again if n % 2 else treat_as_sent
            return act(mine, delivery_ids=None, by=self.operator, at=timezone.now())

        results = at_once(decide)
        self.assertEqual(sum(results), 6)
        told = Event.objects.filter(kind__in=["unknown.treated_as_sent", "unknown.sent_again"])
        self.assertEqual(sum(event.detail["people"] for event in told), 6)
        decided = Delivery.objects.filter(send=control, decision="treated_as_sent").count()
        again = DeliveryAttempt.objects.filter(send=control).count()
        self.assertEqual(decided + again, 6)
        self.assertFalse(any(line.difference for line in lines(control)))

    def test_all_of_a_cause_as_confirmed_are_decided_by_one_tab_only(self) -> None:
        control = self.with_unknown()

        def decide(n: int) -> int:
            mine = SendControl.objects.select_related("merchant", "mini_program").get(pk=control.pk)
            return treat_as_sent(
                mine,
                delivery_ids=None,
                by=self.operator,
                at=timezone.now(),
                cause="answer",
                expected=6,
            )

        results = at_once(decide, 4)
        self.assertEqual(results.count(6), 1)
        self.assertEqual(sum(isinstance(result, CountChanged) for result in results), 3)
        self.assertEqual(Event.objects.get(kind="unknown.treated_as_sent").detail["people"], 6)

    def test_four_beats_start_each_due_send_once(self) -> None:
        for _send in range(6):
            build.send(self.mini_program, self.template, self.people_list, state="ready")
        begun = at_once(lambda _number: start_due(), workers=4)
        assert sum(begun) == 6
        assert Event.objects.filter(kind="send.sending").count() == 6
        assert set(SendControl.objects.values_list("state", flat=True)) == {"sending"}
