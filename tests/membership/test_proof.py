"""The totals of cards counted again: what differs is listed once, put right, and proved again."""

from datetime import datetime, timedelta
from io import StringIO
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from membership import balance, points, proof
from membership.models import CardCheck, CardDifference, MemberCard, PointEntry, PointLot
from merchants.models import Event
from tests import build_cards
from tests.base import CastCase
from tests.build_cards import assert_books, earn, fact

NIGHT = datetime(2026, 12, 1, 4, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


class Proof(CastCase):
    def setUp(self) -> None:
        column = [{"code": "BALANCE", "title": "余额"}]
        template = build_cards.template(self.mini_program, mode="stored_value", columns=column)
        self.cards = [build_cards.card(template) for _n in range(5)]
        for card in self.cards:
            earn(card, 100)
            points.freeze(card, fact(), points=30)
            balance.top_up(card, fact(), fen=5_000)

    def look(self, at: datetime) -> CardCheck:
        proof.start_due(at=at)
        for _slice in range(10):
            proof.go_on(at=at)
        found: CardCheck = CardCheck.objects.filter(merchant=self.yunduo).latest("id")
        return found

    def open(self) -> set[tuple[int, str, int, int]]:
        rows = CardDifference.objects.for_merchant(self.yunduo).filter(settled_at=None)
        return set(rows.values_list("card", "figure", "kept", "counted"))

    def test_books_that_agree_say_so_with_how_many_were_looked_at(self) -> None:
        check = self.look(NIGHT)
        self.assertEqual((check.cards, check.found, check.finished_at), (5, 0, NIGHT))
        self.assertEqual(self.open(), set())

    def test_every_kind_of_difference_is_found_in_its_place(self) -> None:
        one, two, three, four, five = self.cards
        for card, wrong in (
            (one, {"points": F("points") + 7}),
            (two, {"points_frozen": 31}),
            (three, {"growth": 9}),
            (four, {"balance_fen": 4_999, "balance_frozen_fen": 1}),
        ):
            MemberCard.objects.filter(pk=card.pk).update(**wrong)
        PointLot.objects.filter(card=five).update(left=F("left") - 5)
        PointEntry.objects.filter(card=five, kind="frozen").update(points_after=69)
        check = self.look(NIGHT)
        self.assertEqual(
            self.open(),
            {
                (one.pk, "points", 77, 70),
                (two.pk, "points_frozen", 31, 30),
                (three.pk, "growth", 9, 100),
                (four.pk, "balance_fen", 4_999, 5_000),
                (four.pk, "balance_frozen_fen", 1, 0),
                (five.pk, "lots", 65, 70),
                (five.pk, "last_points", 69, 70),
            },
        )
        self.assertEqual(check.found, 7)
        told = Event.objects.get(kind="member.books_differ")
        self.assertEqual(told.detail, {"figures": 7, "cards": 5})

    def test_a_difference_is_open_once_and_settled_when_it_is_gone(self) -> None:
        card = self.cards[0]
        MemberCard.objects.filter(pk=card.pk).update(points=71)
        self.look(NIGHT)
        again = self.look(NIGHT + timedelta(days=1))
        self.assertEqual((again.found, CardDifference.objects.count()), (0, 1))
        self.assertEqual(CardDifference.objects.get().seen_at, NIGHT + timedelta(days=1))
        MemberCard.objects.filter(pk=card.pk).update(points=70)
        self.look(NIGHT + timedelta(days=2))
        self.assertEqual(self.open(), set())
        self.assertEqual(CardDifference.objects.get().settled_at, NIGHT + timedelta(days=2))

    def test_counted_again_a_card_is_right_and_the_difference_settled(self) -> None:
        card = self.cards[0]
        MemberCard.objects.filter(pk=card.pk).update(points=1, growth=5, balance_fen=0)
        PointLot.objects.filter(card=card).update(left=3)
        self.look(NIGHT)
        wrong = proof.rebuild(card, by=self.operator, at=NIGHT)
        self.assertEqual({one.figure for one in wrong}, {"points", "growth", "balance_fen", "lots"})
        assert_books(card)
        self.assertEqual((card.points, card.growth, card.balance_fen), (70, 100, 5_000))
        self.assertEqual(self.open(), set())
        self.assertEqual(set(CardDifference.objects.values_list("settled_by", flat=True)), {self.operator.pk})
        self.assertEqual(proof.rebuild(card, by=self.operator, at=NIGHT), [])
        self.assertEqual(Event.objects.filter(kind="member.totals_rebuilt").count(), 1)

    def test_a_line_that_is_wrong_stays_listed_since_no_entry_is_ever_changed(self) -> None:
        card = self.cards[0]
        PointEntry.objects.filter(card=card, kind="frozen").update(points_after=69)
        self.look(NIGHT)
        proof.rebuild(card, by=self.operator, at=NIGHT)
        self.assertEqual(self.open(), {(card.pk, "last_points", 69, 70)})

    def test_lots_that_only_exchanged_points_are_found_when_the_card_is_counted_again(self) -> None:
        card = self.cards[0]
        earn(card, 10)
        first, second = PointLot.objects.filter(card=card).order_by("id")
        PointLot.objects.filter(pk=first.pk).update(left=first.left + 4)
        PointLot.objects.filter(pk=second.pk).update(left=second.left - 4)
        proof.rebuild(card, by=None, at=NIGHT)
        assert_books(card)

    def test_many_cards_are_looked_at_in_slices_by_whoever_comes(self) -> None:
        MemberCard.objects.filter(pk=self.cards[4].pk).update(points=71)
        with mock.patch.object(proof, "CARDS_AT_ONCE", 2):
            proof.start_due(at=NIGHT)
            self.assertEqual([proof.go_on(at=NIGHT) for _n in range(4)], [2, 2, 1, 0])
            self.assertEqual([one.card_id for one in proof.look(self.yunduo)], [self.cards[4].pk])
        check = CardCheck.objects.get()
        self.assertEqual((check.cards, check.found, check.finished_at), (5, 1, NIGHT))

    def test_one_look_a_night_from_three_in_the_morning(self) -> None:
        self.assertEqual(proof.start_due(at=NIGHT), 1)
        self.assertEqual(proof.start_due(at=NIGHT), 0)
        proof.go_on(at=NIGHT)
        self.assertEqual(proof.start_due(at=NIGHT + timedelta(hours=22)), 0)
        self.assertEqual(proof.start_due(at=NIGHT + timedelta(hours=23)), 1)

    def test_who_looked_at_the_same_slice_writes_it_once(self) -> None:
        proof.start_due(at=NIGHT)
        check = CardCheck.objects.get()
        self.assertEqual([proof._go_on(check, at=NIGHT) for _n in range(2)], [5, 0])
        check.refresh_from_db()
        self.assertEqual(check.cards, 5)

    def test_the_command_compares_or_puts_right(self) -> None:
        MemberCard.objects.filter(pk=self.cards[0].pk).update(points=71)
        with pytest.raises(CommandError):
            call_command("rebuild_cards", "--check", stdout=StringIO())
        told = StringIO()
        call_command("rebuild_cards", stdout=told)
        self.assertIn("kept 71, counted 70", told.getvalue())
        assert_books(self.cards[0])
        call_command("rebuild_cards", "--check", stdout=StringIO())

    def test_each_merchant_has_a_look_of_its_own(self) -> None:
        build_cards.card(build_cards.template(self.other_mini_program))
        self.assertEqual(proof.start_due(at=timezone.now()), 2)
        self.assertEqual(proof.look(self.qingcha), [])
