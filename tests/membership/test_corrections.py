"""Points put right by hand: with a reason, and above the limit only by a second person."""

import threading
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.utils import timezone

from membership import corrections
from membership.corrections import CorrectionRefused
from membership.models import MemberCard, PointCorrection, PointEntry
from merchants.models import Event
from tests import build, build_cards
from tests.base import CastCase
from tests.build_cards import assert_books, earn

NOW = timezone.now()


@override_settings(MEMBER_CORRECTION_POINTS=100)
class Corrections(CastCase):
    def setUp(self) -> None:
        self.card = build_cards.card(build_cards.template(self.mini_program))
        earn(self.card, 50)

    def ask(self, points: int, *, reason: str = "漏记", token: Any = None) -> PointCorrection:
        return corrections.ask(
            self.card,
            points=points,
            reason=reason,
            by=self.operator,
            form_token=token or uuid.uuid4(),
            at=NOW,
        )

    def points(self) -> int:
        assert_books(self.card)
        return self.card.points

    def kinds(self) -> list[str]:
        rows = Event.objects.filter(kind__startswith="points.").order_by("id")
        return list(rows.values_list("kind", flat=True))

    def test_up_to_the_limit_it_is_done_at_once_with_its_reason(self) -> None:
        for points in (100, -100):
            made = self.ask(points)
            assert made.entry is not None
            self.assertEqual((made.state, made.decided_by), ("approved", None))
            self.assertEqual((made.entry.points, made.entry.reason), (points, "漏记"))
            self.assertEqual(made.entry.user_id, self.operator.pk)
        self.assertEqual(self.points(), 50)
        self.assertEqual(self.kinds(), ["points.corrected"] * 2)

    def test_above_the_limit_nothing_moves_until_a_second_person_agrees(self) -> None:
        made = self.ask(101)
        self.assertEqual((made.state, self.points()), ("requested", 50))
        corrections.approve(made, by=self.owner, at=NOW)
        self.assertEqual(self.points(), 151)
        made.refresh_from_db()
        self.assertEqual((made.state, made.decided_by), ("approved", self.owner))
        self.assertEqual(self.kinds(), ["points.correction_asked", "points.corrected"])

    def test_nobody_decides_about_what_they_asked_for(self) -> None:
        made = self.ask(101)
        for act in (
            lambda: corrections.approve(made, by=self.operator, at=NOW),
            lambda: corrections.refuse(made, why="", by=self.operator, at=NOW),
        ):
            with self.assertRaises(CorrectionRefused):
                act()
        self.assertEqual(self.points(), 50)
        changes = {"decided_by": self.operator, "decided_at": NOW, "state": "refused"}
        with self.assertRaisesMessage(IntegrityError, "second_is_another"), transaction.atomic():
            PointCorrection.objects.filter(pk=made.pk).update(**changes)

    def test_the_table_knows_no_large_correction_without_a_second_person(self) -> None:
        made, entry = self.ask(101), PointEntry.objects.get()
        with self.assertRaisesMessage(IntegrityError, "decided_by_a_second"), transaction.atomic():
            PointCorrection.objects.filter(pk=made.pk).update(state="approved", entry=entry)

    def test_decided_once(self) -> None:
        made = self.ask(101)
        corrections.refuse(made, why="凭证不足", by=self.owner, at=NOW)
        for act in (
            lambda: corrections.approve(made, by=self.reviewer, at=NOW),
            lambda: corrections.refuse(made, why="", by=self.reviewer, at=NOW),
        ):
            with self.assertRaises(CorrectionRefused):
                act()
        made.refresh_from_db()
        self.assertEqual((made.state, made.decided_why, self.points()), ("refused", "凭证不足", 50))
        self.assertEqual(self.kinds()[-1], "points.correction_refused")

    def test_the_same_form_twice_is_one(self) -> None:
        token = uuid.uuid4()
        self.assertEqual(self.ask(10, token=token).pk, self.ask(10, token=token).pk)
        self.assertEqual(self.points(), 60)

    def test_what_cannot_be_is_refused_with_a_sentence_and_leaves_nothing(self) -> None:
        for points, reason in ((0, "漏记"), (10, "  "), (-51, "多记"), (10**9 + 1, "漏记")):
            with self.assertRaises(CorrectionRefused):
                self.ask(points, reason=reason)
        large = self.ask(-101)
        with self.assertRaises(CorrectionRefused):
            corrections.approve(large, by=self.owner, at=NOW)
        large.refresh_from_db()
        self.assertEqual((large.state, PointCorrection.objects.count(), self.points()), ("requested", 1, 50))

    def test_a_card_that_was_never_open_has_nothing_to_correct(self) -> None:
        MemberCard.objects.filter(pk=self.card.pk).update(state="opening", opened_at=None)
        with self.assertRaises(CorrectionRefused):
            self.ask(10)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does() -> None:
    cast = build.cast()
    card = build_cards.card(build_cards.template(cast.mini_program))
    asked = {"points": 5_000, "reason": "补记", "by": cast.operator, "form_token": uuid.uuid4(), "at": NOW}
    made = corrections.ask(card, **asked)
    barrier, lost = threading.Barrier(6), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            if number % 2:
                corrections.approve(made, by=cast.owner, at=NOW)
            else:
                corrections.refuse(made, why="", by=cast.reviewer, at=NOW)
        except CorrectionRefused:
            lost.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    made.refresh_from_db()
    assert len(lost) == 5
    assert_books(card)
    assert card.points == (5_000 if made.state == "approved" else 0)
