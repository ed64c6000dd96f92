"""The ledger of points and balance: each fact once, never below zero, the oldest points first."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies
from hypothesis.extra.django import TestCase as HypothesisCase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from membership import balance, cards, ledger, levels, points
from membership.models import BalanceEntry, MemberCard, PointEntry, PointLot
from membership.models.member_card import CardState
from tests import build, build_cards
from tests.base import CastCase
from tests.build_cards import assert_books, earn, fact


class LedgerCase(CastCase):
    def setUp(self) -> None:
        self.card = build_cards.card(build_cards.template(self.mini_program))
        self.now = timezone.now()

    def refused(self, code: str, act: Any) -> None:
        with self.assertRaises(ledger.NotPossible) as refusal, transaction.atomic():
            act()
        self.assertEqual(refusal.exception.code, code)
        assert_books(self.card)

    def at(self, **later: int) -> datetime:
        return self.now + timedelta(**later)

    def lots(self) -> list[tuple[int, int]]:
        return list(PointLot.objects.filter(card=self.card).order_by("id").values_list("points", "left"))


class Points(LedgerCase):
    def test_total_and_entry_move_together(self) -> None:
        done = points.earn(self.card, fact(order_no="A1"), points=120)
        self.assertTrue(done.is_new)
        self.assertEqual((done.entry.points, done.entry.points_after, done.card.points), (120, 120, 120))
        spent = points.spend(self.card, fact(), points=50).entry
        self.assertEqual((spent.points, spent.points_after), (-50, 70))
        assert_books(self.card)
        self.assertEqual(self.card.points, 70)

    def test_the_same_fact_three_times_is_one(self) -> None:
        told = fact(key="order:17")
        made = [points.earn(self.card, told, points=10) for _n in range(3)]
        self.assertEqual([one.is_new for one in made], [True, False, False])
        self.assertEqual(len({one.entry.pk for one in made}), 1)
        self.assertEqual(self.card.pk, made[2].card.pk)
        assert_books(self.card)
        self.assertEqual(self.card.points, 10)

    def test_a_key_with_other_points_is_an_error_and_not_a_repetition(self) -> None:
        points.earn(self.card, fact(key="order:17"), points=10)
        with self.assertRaises(ledger.KeyReused), transaction.atomic():
            points.earn(self.card, fact(key="order:17"), points=11)

    def test_another_kind_and_another_card_may_have_the_same_key(self) -> None:
        points.earn(self.card, fact(key="17"), points=10)
        points.spend(self.card, fact(key="17"), points=4)
        other = build_cards.card(self.card.template)
        points.earn(other, fact(key="17"), points=3)
        assert_books(self.card)
        self.assertEqual(self.card.points, 6)

    def test_nobody_spends_more_than_there_is(self) -> None:
        earn(self.card, 10)
        self.refused("not_enough", lambda: points.spend(self.card, fact(), points=11))
        self.refused("not_enough", lambda: points.freeze(self.card, fact(), points=11))
        self.assertEqual(self.card.points, 10)

    def test_the_table_refuses_what_the_ledger_would_not_do(self) -> None:
        entry = earn(self.card, 10)
        for table, columns, name in (
            (MemberCard, {"points": -1}, "member_card_points_from_zero"),
            (MemberCard, {"balance_fen": -1}, "member_card_balance_from_zero"),
            (MemberCard, {"growth": -1}, "member_card_growth_from_zero"),
            (PointEntry, {"points_after": -1}, "point_entry_from_zero"),
            (PointEntry, {"kind": "spent"}, "point_entry_moves"),
            (PointLot, {"left": 11}, "point_lot_holds"),
            (PointLot, {"left": -1}, "point_lot_holds"),
        ):
            with self.assertRaisesMessage(IntegrityError, name), transaction.atomic():
                table.objects.update(**columns)
        with self.assertRaisesMessage(IntegrityError, "point_entry_once"), transaction.atomic():
            entry.pk = None
            entry.save(force_insert=True)

    def test_what_expires_first_is_spent_first(self) -> None:
        earn(self.card, 10, at=self.now)
        earn(self.card, 10, at=self.at(days=-100))
        earn(self.card, 10, at=self.at(days=-50))
        points.spend(self.card, fact(self.now), points=15)
        self.assertEqual(self.lots(), [(10, 10), (10, 0), (10, 5)])
        assert_books(self.card)

    def test_points_expire_by_their_last_second_in_their_order(self) -> None:
        earn(self.card, 10, at=self.at(days=-300))
        earn(self.card, 7, at=self.now)
        self.assertEqual(points.expire_due(at=self.at(days=60)), 0)
        self.assertEqual(points.expire_due(at=self.at(days=67)), 10)
        self.assertEqual(points.expire_due(at=self.at(days=67)), 0)
        assert_books(self.card)
        self.assertEqual(self.card.points, 7)

    def test_points_without_an_end_stay(self) -> None:
        forever = build_cards.template(self.mini_program, points={"fen_per_point": 100})
        self.card = build_cards.card(forever)
        earn(self.card, 10, at=self.at(days=-3_000))
        self.assertEqual(points.expire_due(at=self.at(days=9_000)), 0)

    def test_what_is_over_is_not_spent_even_before_anybody_looked(self) -> None:
        earn(self.card, 10, at=self.at(days=-400))
        self.refused("not_enough", lambda: points.spend(self.card, fact(self.now), points=1))

    def test_expiry_goes_on_over_more_than_one_statement_and_past_a_broken_card(self) -> None:
        broken = build_cards.card(self.card.template)
        for _n in range(3):
            earn(self.card, 10, at=self.at(days=-400))
            earn(broken, 10, at=self.at(days=-400))
        MemberCard.objects.filter(pk=broken.pk).update(points=5)
        with self.assertLogs("membership.points", "ERROR"):
            self.assertEqual(points.expire_due(at=self.now, limit=2), 30)
        assert_books(self.card)

    def test_a_card_that_is_not_open_earns_and_spends_nothing_and_is_put_right(self) -> None:
        entry = earn(self.card, 10)
        cards.ended(self.card, state=CardState.UNBOUND, at=self.now)
        self.refused("not_open", lambda: points.earn(self.card, fact(), points=1))
        self.refused("not_open", lambda: points.spend(self.card, fact(), points=1))
        points.take_back(self.card, fact(), of=entry, points=10)
        assert_books(self.card)
        self.assertEqual(self.card.points, 0)

    def test_outside_a_transaction_nothing_is_written_but_all_of_it(self) -> None:
        with self.assertRaises(ValueError), transaction.atomic():
            points.earn(self.card, fact(key="k"), points=5)
            raise ValueError
        self.assertEqual(PointEntry.objects.count(), 0)
        assert_books(self.card)


class Freezing(LedgerCase):
    def setUp(self) -> None:
        super().setUp()
        earn(self.card, 10, at=self.at(days=-300))
        earn(self.card, 10, at=self.now)
        self.frozen = points.freeze(self.card, fact(self.now), points=15).entry

    def test_what_is_frozen_is_not_spent(self) -> None:
        self.refused("not_enough", lambda: points.spend(self.card, fact(), points=6))
        self.assertEqual((self.card.points, self.card.points_frozen), (5, 15))

    def test_freed_points_go_back_where_they_came_from_the_longest_lasting_first(self) -> None:
        points.unfreeze(self.card, fact(self.now), of=self.frozen, points=7)
        self.assertEqual(self.lots(), [(10, 2), (10, 10)])
        points.unfreeze(self.card, fact(self.now), of=self.frozen, points=8)
        self.assertEqual(self.lots(), [(10, 10), (10, 10)])
        assert_books(self.card)
        self.refused("nothing_to_undo", lambda: points.unfreeze(self.card, fact(), of=self.frozen, points=1))

    def test_frozen_points_do_not_expire_and_are_spent_for_what_they_were_held(self) -> None:
        self.assertEqual(points.expire_due(at=self.at(days=400)), 5)
        points.spend_frozen(self.card, fact(self.at(days=400)), of=self.frozen, points=9)
        assert_books(self.card)
        self.assertEqual((self.card.points, self.card.points_frozen), (0, 6))
        self.assertEqual(points.left_frozen(self.frozen), 6)

    def test_freed_after_their_last_second_they_expire(self) -> None:
        points.expire_due(at=self.at(days=400))
        points.unfreeze(self.card, fact(self.at(days=400)), of=self.frozen, points=15)
        self.assertEqual(points.expire_due(at=self.at(days=400)), 15)
        assert_books(self.card)
        self.assertEqual((self.card.points, self.card.points_frozen), (0, 0))

    def test_nobody_frees_what_another_card_froze(self) -> None:
        other = build_cards.card(self.card.template)
        self.refused("nothing_to_undo", lambda: points.unfreeze(other, fact(), of=self.frozen, points=1))


class TakenBack(LedgerCase):
    def test_the_points_of_that_very_order_go_first(self) -> None:
        earn(self.card, 10, at=self.at(days=-50))
        order = earn(self.card, 10, at=self.now)
        points.take_back(self.card, fact(self.now), of=order, points=6)
        self.assertEqual(self.lots(), [(10, 10), (10, 4)])
        assert_books(self.card)

    def test_what_was_spent_is_taken_from_others_and_what_lacks_is_written_down(self) -> None:
        order = earn(self.card, 100, at=self.now)
        points.spend(self.card, fact(self.now), points=80)
        earn(self.card, 30, at=self.now)
        back = points.take_back(self.card, fact(self.now), of=order, points=100).entry
        self.assertEqual((back.points, back.short), (-50, 50))
        assert_books(self.card)
        self.assertEqual(self.card.points, 0)

    def test_what_expired_is_not_taken_a_second_time(self) -> None:
        order = earn(self.card, 10, at=self.at(days=-400))
        points.expire_due(at=self.now)
        earn(self.card, 30, at=self.now)
        back = points.take_back(self.card, fact(self.now), of=order, points=10).entry
        self.assertEqual((back.points, back.short), (0, 0))
        assert_books(self.card)
        self.assertEqual(self.card.points, 30)

    def test_never_more_than_was_earned(self) -> None:
        order = earn(self.card, 10)
        points.take_back(self.card, fact(), of=order, points=6)
        self.refused("nothing_to_undo", lambda: points.take_back(self.card, fact(), of=order, points=5))


class Balance(LedgerCase):
    def setUp(self) -> None:
        super().setUp()
        column = [{"code": "BALANCE", "title": "余额"}]
        stored = build_cards.template(self.mini_program, mode="stored_value", columns=column)
        self.card = build_cards.card(stored)

    def test_paid_with_what_was_topped_up_and_never_more(self) -> None:
        told = fact(key="top-up 1")
        made = [balance.top_up(self.card, told, fen=10_000) for _n in range(2)]
        self.assertEqual([one.is_new for one in made], [True, False])
        paid = balance.pay(self.card, fact(), fen=9_500).entry
        self.assertEqual((paid.fen, paid.fen_after), (-9_500, 500))
        self.refused("not_enough", lambda: balance.pay(self.card, fact(), fen=501))
        self.assertEqual(self.card.balance_fen, 500)

    def test_a_payment_comes_back_in_parts_and_no_more_than_it_was(self) -> None:
        balance.top_up(self.card, fact(), fen=10_000)
        paid = balance.pay(self.card, fact(), fen=4_000).entry
        balance.refund(self.card, fact(), of=paid, fen=1_500)
        self.refused("nothing_to_undo", lambda: balance.refund(self.card, fact(), of=paid, fen=2_501))
        balance.refund(self.card, fact(), of=paid, fen=2_500)
        assert_books(self.card)
        self.assertEqual(self.card.balance_fen, 10_000)

    def test_frozen_money_is_freed_or_paid_and_refunded_like_any_other(self) -> None:
        balance.top_up(self.card, fact(), fen=10_000)
        held = balance.freeze(self.card, fact(), fen=6_000).entry
        self.refused("not_enough", lambda: balance.pay(self.card, fact(), fen=4_001))
        balance.unfreeze(self.card, fact(), of=held, fen=1_000)
        paid = balance.pay_frozen(self.card, fact(), of=held, fen=5_000).entry
        self.refused("nothing_to_undo", lambda: balance.unfreeze(self.card, fact(), of=held, fen=1))
        balance.refund(self.card, fact(), of=paid, fen=5_000)
        assert_books(self.card)
        self.assertEqual((self.card.balance_fen, self.card.balance_frozen_fen), (10_000, 0))
        self.assertEqual(balance.left_frozen(held), 0)

    def test_a_card_that_stores_no_value_takes_no_money(self) -> None:
        plain = build_cards.card(build_cards.template(self.mini_program))
        self.refused("no_balance", lambda: balance.top_up(plain, fact(), fen=1))

    def test_a_key_with_another_amount_is_an_error(self) -> None:
        balance.top_up(self.card, fact(key="t"), fen=100)
        with self.assertRaises(ledger.KeyReused), transaction.atomic():
            balance.top_up(self.card, fact(key="t"), fen=200)
        self.assertEqual(BalanceEntry.objects.count(), 1)


NUMBERS = itertools.count(1)
AMOUNTS = strategies.integers(1, 60)
REPEATS = strategies.sampled_from([1, 1, 1, 2, 3])


class Machine(RuleBasedStateMachine):
    """Random movements of one card, each told up to three times, while days pass."""

    def __init__(self) -> None:
        super().__init__()
        app = build.mini_program(build.merchant(), app_id=f"2022{next(NUMBERS):012d}")
        column = [{"code": "BALANCE", "title": "余额"}]
        rule = {"fen_per_point": 100, "valid_days": 20}
        period = {"period_days": 15}
        self.now = timezone.now()
        template = build_cards.template(
            app, mode="stored_value", columns=column, points=rule, level_rule=period
        )
        self.card = build_cards.card(template, at=self.now)
        self.earned: list[int] = []
        self.held: list[int] = []
        self.paid: list[int] = []
        self.held_fen: list[int] = []

    def told(self, act: Any, times: int) -> list[Any]:
        """The very same fact, so many times; what is not possible changes nothing."""
        made = []
        for _time in range(times):
            try:
                with transaction.atomic():
                    made.append(act())
            except ledger.NotPossible:
                pass
        assert len({one.entry.pk for one in made}) <= 1
        return [one.entry.pk for one in made if one.is_new]

    def one(self, data: Any, of: list[int], table: Any = PointEntry) -> Any:
        return table.objects.get(pk=data.draw(strategies.sampled_from(of)))

    @rule(days=strategies.integers(1, 9))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    def part_of(self, data: Any, most: int) -> int:
        """Mostly what is possible, now and then a little more."""
        return int(data.draw(strategies.integers(1, max(1, most) + 2)))

    @rule(amount=AMOUNTS, late=strategies.integers(0, 10), repeats=REPEATS)
    def earn(self, amount: int, late: int, repeats: int) -> None:
        what = fact(self.now - timedelta(days=late))
        self.earned += self.told(lambda: points.earn(self.card, what, points=amount), repeats)

    @rule(data=strategies.data(), repeats=REPEATS)
    def spend(self, data: Any, repeats: int) -> None:
        what, amount = fact(self.now), self.part_of(data, self.card.points)
        self.told(lambda: points.spend(self.card, what, points=amount), repeats)

    @rule(amount=strategies.integers(-40, 40).filter(bool), repeats=REPEATS)
    def correct(self, amount: int, repeats: int) -> None:
        what = fact(self.now, reason="盘点")
        self.told(lambda: points.correct(self.card, what, points=amount), repeats)

    @precondition(lambda self: self.earned)
    @rule(data=strategies.data(), repeats=REPEATS)
    def take_back(self, data: Any, repeats: int) -> None:
        of, what = self.one(data, self.earned), fact(self.now)
        amount = self.part_of(data, of.points // 2)
        self.told(lambda: points.take_back(self.card, what, of=of, points=amount), repeats)

    @precondition(lambda self: self.card.points)
    @rule(data=strategies.data(), repeats=REPEATS)
    def freeze(self, data: Any, repeats: int) -> None:
        what, amount = fact(self.now), max(self.card.points // 2, self.part_of(data, self.card.points))
        self.held += self.told(lambda: points.freeze(self.card, what, points=amount), repeats)

    @precondition(lambda self: self.held)
    @rule(data=strategies.data(), repeats=REPEATS, spends=strategies.booleans())
    def end_freezing(self, data: Any, repeats: int, spends: bool) -> None:
        of, what = self.one(data, self.held), fact(self.now)
        act = points.spend_frozen if spends else points.unfreeze
        amount = self.part_of(data, points.left_frozen(of) // 2)
        self.told(lambda: act(self.card, what, of=of, points=amount), repeats)

    @rule()
    def expire(self) -> None:
        points.expire_due(at=self.now, limit=2)
        assert not PointLot.objects.filter(left__gt=0, expires_at__lt=self.now).exists()

    @rule()
    def end_period(self) -> None:
        levels.judge_due(at=self.now)

    @rule(amount=AMOUNTS, repeats=REPEATS, kind=strategies.sampled_from(["top_up", "pay", "freeze"]))
    def move_money(self, amount: int, repeats: int, kind: str) -> None:
        what, act = fact(self.now), getattr(balance, kind)
        made = self.told(lambda: act(self.card, what, fen=amount), repeats)
        self.paid += made if kind == "pay" else []
        self.held_fen += made if kind == "freeze" else []

    @precondition(lambda self: self.paid or self.held_fen)
    @rule(data=strategies.data(), amount=AMOUNTS, repeats=REPEATS)
    def undo_money(self, data: Any, amount: int, repeats: int) -> None:
        of, what = self.one(data, [*self.paid, *self.held_fen], BalanceEntry), fact(self.now)
        acts = [balance.refund] if of.kind == "paid" else [balance.pay_frozen, balance.unfreeze]
        act = data.draw(strategies.sampled_from(acts))
        made = self.told(lambda: act(self.card, what, of=of, fen=amount), repeats)
        self.paid += made if act is balance.pay_frozen else []

    @invariant()
    def books_balance(self) -> None:
        assert_books(self.card)


class Property(HypothesisCase):
    def test_any_sequence_of_facts_keeps_the_books(self) -> None:
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
        few = settings(max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=checks)
        run_state_machine_as_test(Machine, settings=few)
