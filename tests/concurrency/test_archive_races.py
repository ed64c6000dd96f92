"""Detaching a month while somebody writes to it: one of the two gives way, and nothing is half done."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from merchants.partitions import month_of
from messaging.engine.archive import CannotDetach, detach
from messaging.engine.claim import claim
from messaging.engine.decisions import NothingToSendAgain, send_again
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import Consent, ConsentEntry, Delivery, MonthBooks, SendControl
from tests import build_messaging as build
from tests.base import CommittedCastCase
from tests.concurrency.test_merchants_races import at_once

pytestmark = pytest.mark.race


@override_settings(DETACH_LOCK_SECONDS=0.3)
class ArchiveRaces(CommittedCastCase):
    def setUp(self) -> None:
        super().setUp()
        template = build.template(self.mini_program)
        people = build.people(self.mini_program, 4)
        build.consents(template, people, units=2)
        to = build.people_list(self.mini_program, people)
        self.due_at = timezone.now() - timedelta(days=31 * 16)
        self.control = build.send(self.mini_program, template, to, due_at=self.due_at)
        ours = claim(self.control, limit=4)
        rows = mark(self.control, ours, ids=ours.ids, at=timezone.now())
        record(self.control, ours.token, [Answer(row.id, "refused", "MSG_REJECTED", 2.0) for row in rows])
        SendControl.objects.filter(pk=self.control.pk).update(
            state="finished", books_closed_at=timezone.now()
        )

    def detach(self, _number: int = 0) -> Any:
        try:
            return detach(month_of(self.due_at), at=timezone.now(), keep_months=13, drop=True)
        except CannotDetach as refusal:
            return refusal

    def again(self, _number: int = 0) -> Any:
        control = SendControl.objects.get(pk=self.control.pk)
        try:
            return send_again(
                control, delivery_ids=None, states=("refused",), by=self.operator, at=timezone.now()
            )
        except NothingToSendAgain as refusal:
            return refusal

    def test_a_row_in_use_makes_it_give_up_with_everything_as_it_was(self) -> None:
        with transaction.atomic():
            list(Delivery.objects.select_for_update().filter(send=self.control))
            (refusal,) = at_once(self.detach, workers=1)
        self.assertIsInstance(refusal, CannotDetach)
        self.assertIn("in use", str(refusal))
        self.assertEqual(Delivery.objects.filter(send=self.control).count(), 4)
        self.assertFalse(ConsentEntry.objects.filter(kind="carried").exists())
        self.assertFalse(MonthBooks.objects.exists())
        self.control.refresh_from_db()
        self.assertIsNone(self.control.archived_at)
        self.assertEqual(self.detach().people, 4)

    def test_of_send_again_and_detach_only_one_has_its_way(self) -> None:
        acts = [self.detach, self.again]
        results = at_once(lambda number: acts[number % 2](), workers=2)
        detached = not any(isinstance(result, CannotDetach) for result in results)
        self.control.refresh_from_db()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM messaging_delivery WHERE send_id = %s", [self.control.pk])
            rows = cursor.fetchone()[0]
        if detached:
            self.assertEqual((self.control.state, rows), ("finished", 0))
            self.assertTrue(any(isinstance(result, NothingToSendAgain) for result in results))
        else:
            self.assertEqual((self.control.state, rows), ("sending", 4))
        self.assertEqual(set(Consent.objects.values_list("units", flat=True)), {2})
