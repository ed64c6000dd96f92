"""Levels: reached at once, kept while protected, judged at the end of each period; points of orders once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from membership import ledger, levels, order_points, points
from membership.card_terms import PointRule
from membership.models import MemberCard, PointEntry
from merchants.models import Event
from tests import build_cards
from tests.base import CastCase
from tests.build_cards import assert_books, earn, fact


class LevelCase(CastCase):
    parts: dict[str, Any] = {}

    def setUp(self) -> None:
        self.now = timezone.now()
        self.template = build_cards.template(self.mini_program, **self.parts)
        self.card = build_cards.card(self.template, at=self.now)

    def at(self, **later: int) -> datetime:
        return self.now + timedelta(**later)

    def code(self) -> str:
        self.card = MemberCard.objects.select_related("level").get(pk=self.card.pk)
        return self.card.level.code if self.card.level else ""

    def told(self) -> list[tuple[str, str, str]]:
        rows = Event.objects.filter(kind__startswith="member.level").order_by("id")
        return [(one.kind, one.detail["level_before"], one.detail["level"]) for one in rows]


class Levels(LevelCase):
    def test_a_level_is_reached_with_the_very_points_that_reach_it(self) -> None:
        self.assertEqual(self.code(), "basic")
        earn(self.card, 999, at=self.now)
        self.assertEqual(self.code(), "basic")
        earn(self.card, 1, at=self.at(hours=1))
        self.assertEqual((self.code(), self.card.level_since), ("silver", self.at(hours=1)))
        self.assertEqual(self.told(), [("member.level_reached", "普通会员", "银卡会员")])
        earn(self.card, 1, at=self.now)
        self.assertEqual(len(self.told()), 1)

    def test_two_levels_at_once_are_one_step(self) -> None:
        earn(self.card, 5_000, at=self.now)
        self.assertEqual(self.code(), "gold")
        self.assertEqual(self.told(), [("member.level_reached", "普通会员", "金卡会员")])

    def test_spending_points_and_corrections_move_no_level(self) -> None:
        earn(self.card, 1_000, at=self.now)
        points.spend(self.card, fact(self.now), points=900)
        points.correct(self.card, fact(self.now, reason="盘点"), points=9_000)
        self.assertEqual((self.code(), self.card.growth), ("silver", 1_000))

    def test_at_the_end_of_the_period_what_was_not_reached_anew_is_lost(self) -> None:
        earn(self.card, 5_000, at=self.now)
        self.assertEqual(levels.judge_due(at=self.at(days=365)), 0)
        self.assertEqual(levels.judge_due(at=self.at(days=366)), 0)
        self.assertEqual((self.code(), self.card.growth), ("gold", 0))
        earn(self.card, 1_200, at=self.at(days=400))
        self.assertEqual(self.code(), "gold")
        self.assertEqual(levels.judge_due(at=self.at(days=732)), 1)
        self.assertEqual((self.code(), self.card.growth), ("silver", 0))
        self.assertEqual(self.told()[-1], ("member.level_lost", "金卡会员", "银卡会员"))
        assert_books(self.card)
        self.assertEqual(PointEntry.objects.filter(kind="period").count(), 2)

    def test_judged_twice_it_is_judged_once(self) -> None:
        earn(self.card, 5_000, at=self.now)
        levels.judge_due(at=self.at(days=366))
        levels.judge_due(at=self.at(days=366))
        self.assertEqual(levels.judge_due(at=self.at(days=732)), 1)
        self.assertEqual(self.code(), "basic")
        self.assertEqual(levels.judge_due(at=self.at(days=733)), 0)

    def test_a_level_reached_late_in_the_period_is_protected_beyond_it(self) -> None:
        earn(self.card, 1_000, at=self.at(days=360))
        self.assertEqual(self.code(), "silver")
        assert self.card.level_until is not None
        self.assertEqual(self.card.level_until, self.at(days=390))
        earn(self.card, 10, at=self.at(days=370))
        levels.judge_due(at=self.at(days=389))
        self.assertEqual((self.code(), self.card.growth), ("silver", 1_010))

    def test_what_a_refund_takes_counts_no_more_but_takes_no_level_before_the_end(self) -> None:
        order = earn(self.card, 1_000, at=self.now)
        points.take_back(self.card, fact(self.now), of=order, points=1_000)
        self.assertEqual((self.code(), self.card.growth), ("silver", 0))
        self.assertEqual(levels.judge_due(at=self.at(days=366)), 1)
        self.assertEqual(self.code(), "basic")

    def test_a_refund_of_an_order_of_the_period_before_takes_nothing_of_this_one(self) -> None:
        order = earn(self.card, 1_000, at=self.now)
        levels.judge_due(at=self.at(days=366))
        earn(self.card, 700, at=self.at(days=367))
        points.take_back(self.card, fact(self.at(days=368)), of=order, points=1_000)
        self.code()
        self.assertEqual(self.card.growth, 700)
        assert_books(self.card)


class WithoutLevels(LevelCase):
    parts = {"levels": []}

    def test_a_card_without_levels_has_none_and_no_period(self) -> None:
        earn(self.card, 9_000, at=self.now)
        self.assertEqual((self.code(), self.card.level_until), ("", None))
        self.assertEqual(levels.judge_due(at=self.at(days=999)), 0)


class ByMoney(LevelCase):
    parts = {"level_rule": {"basis": "spending", "period_days": 365}, "points": {}}

    def test_an_order_counts_by_what_was_paid_also_where_it_earns_no_point(self) -> None:
        done = order_points.earn_for_order(self.card, fact(self.now, key="order:1"), paid_fen=1_500)
        assert done is not None
        self.assertEqual((done.entry.points, done.entry.growth), (0, 1_500))
        self.assertEqual(self.code(), "silver")
        order_points.take_back_for_refund(
            self.card, fact(self.now, key="refund:1"), order_key="order:1", refunded_fen=500
        )
        self.code()
        self.assertEqual((self.card.growth, self.card.points), (1_000, 0))
        assert_books(self.card)


class OfOrders(LevelCase):
    def earn(self, key: str, paid_fen: int) -> PointEntry | None:
        told = fact(self.now, key=key, by="order", order_no=key)
        with transaction.atomic():
            done = order_points.earn_for_order(self.card, told, paid_fen=paid_fen)
        return done.entry if done else None

    def back(self, key: str, order: str, refunded_fen: int) -> PointEntry | None:
        told = fact(self.now, key=key, by="order", order_no=order)
        with transaction.atomic():
            done = order_points.take_back_for_refund(
                self.card, told, order_key=order, refunded_fen=refunded_fen
            )
        return done.entry if done else None

    def test_a_paid_order_earns_once_however_often_it_is_told(self) -> None:
        made = [self.earn("order:1", 12_345) for _n in range(3)]
        self.assertEqual({one.pk for one in made if one}, {PointEntry.objects.get().pk})
        assert_books(self.card)
        self.assertEqual(self.card.points, 123)
        self.assertEqual(PointEntry.objects.get().spent_fen, 12_345)

    def test_the_same_order_with_another_amount_is_an_error(self) -> None:
        self.earn("order:1", 12_345)
        with self.assertRaises(ledger.KeyReused):
            self.earn("order:1", 12_346)

    def test_told_again_at_a_higher_level_it_is_still_the_first_time(self) -> None:
        self.earn("order:1", 600_000)
        self.assertEqual(self.code(), "gold")
        self.earn("order:1", 600_000)
        self.earn("order:2", 10_000)
        assert_books(self.card)
        self.assertEqual(self.card.points, 6_000 + 150)

    def test_refunds_take_back_their_share_and_all_of_them_all(self) -> None:
        self.earn("order:1", 1_000)
        taken = []
        for n, fen in enumerate((333, 333, 334)):
            entry = self.back(f"refund:{n}", "order:1", fen)
            self.assertEqual(self.back(f"refund:{n}", "order:1", fen), entry)
            assert entry is not None
            taken.append(-entry.points)
        self.assertEqual(taken, [4, 3, 3])
        assert_books(self.card)
        self.assertEqual((self.card.points, self.card.growth), (0, 0))
        self.assertIsNone(self.back("refund:9", "order:1", 1))

    def test_more_paid_back_than_was_paid_takes_back_what_was_earned(self) -> None:
        self.earn("order:1", 1_000)
        entry = self.back("refund:1", "order:1", 9_999)
        assert entry is not None
        self.assertEqual((entry.points, entry.spent_fen), (-10, 1_000))

    def test_a_refund_of_what_earned_nothing_is_nothing(self) -> None:
        self.assertIsNone(self.earn("order:1", 99))
        self.assertIsNone(self.back("refund:1", "order:1", 99))
        self.assertIsNone(self.back("refund:2", "order:2", 99))
        self.assertEqual(PointEntry.objects.count(), 0)


@pytest.mark.parametrize(
    ("paid_fen", "percent", "earned"),
    [
        (0, 100, 0),
        (-5, 100, 0),
        (99, 100, 0),
        (100, 100, 1),
        (1_999, 100, 19),
        (1_999, 150, 28),
        (100, 150, 1),
    ],
)
def test_points_of_a_bill(paid_fen: int, percent: int, earned: int) -> None:
    rule = PointRule(fen_per_point=100)
    assert order_points.points_for(rule, paid_fen=paid_fen, percent=percent) == earned
    assert order_points.points_for(PointRule(), paid_fen=paid_fen, percent=percent) == 0


def test_points_back_grow_with_what_was_paid_back_up_to_all() -> None:
    backs = [order_points.points_back(7, paid_fen=1_000, refunded_fen=fen) for fen in range(0, 1_200, 50)]
    assert backs == sorted(backs)
    assert (backs[0], backs[-1]) == (0, 7)
