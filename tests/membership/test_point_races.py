"""Thirty-two writers at once: nothing below zero, no entry lost or doubled, sums equal."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from membership import balance, ledger, levels, points, proof
from membership.models import BalanceEntry, MemberCard, PointEntry
from tests import build, build_cards
from tests.build_cards import assert_books, fact
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 32


def stored_value_card() -> MemberCard:
    column = [{"code": "BALANCE", "title": "余额"}]
    app = build.cast().mini_program
    return build_cards.card(build_cards.template(app, mode="stored_value", columns=column))


def test_of_many_who_spend_one_card_at_once_as_many_succeed_as_it_has_points() -> None:
    card = stored_value_card()
    build_cards.earn(card, 100)
    refused: list[str] = []

    def work(number: int) -> None:
        for n in range(2):
            try:
                with transaction.atomic():
                    points.spend(card, fact(key=f"till {number} {n}"), points=7)
            except ledger.NotPossible as error:
                refused.append(error.code)

    assert at_once(WRITERS, work) == []
    assert_books(card)
    assert (card.points, len(refused), set(refused)) == (2, 2 * WRITERS - 14, {"not_enough"})


def test_every_writer_tells_the_same_facts_and_each_is_written_once() -> None:
    card = stored_value_card()
    facts = [fact(key=f"order {n}") for n in range(10)]

    def work(number: int) -> None:
        for told in facts if number % 2 else reversed(facts):
            with transaction.atomic():
                points.earn(card, told, points=5)
            with transaction.atomic():
                balance.top_up(card, told, fen=300)

    assert at_once(WRITERS, work) == []
    assert_books(card)
    assert (card.points, card.balance_fen) == (50, 3_000)
    assert PointEntry.objects.count() == BalanceEntry.objects.count() == 10


def test_writers_of_every_kind_on_a_few_cards_with_the_clock_beside_them() -> None:
    first = stored_value_card()
    cards = [first, *(build_cards.card(first.template) for _n in range(3))]
    now = timezone.now()
    done: Counter[str] = Counter()
    guard = threading.Lock()

    def move(number: int, n: int) -> dict[str, int]:
        card = cards[(number + n) % len(cards)]
        key, at = f"{number}:{n}", now - timedelta(days=40 * (n % 12))
        points.earn(card, fact(at, key=key), points=10)
        if n % 3 == 0:
            points.spend(card, fact(now, key=key), points=4)
        elif n % 3 == 1:
            held = points.freeze(card, fact(now, key=key), points=6).entry
            points.unfreeze(card, fact(now, key=f"{key} back"), of=held, points=2)
            points.spend_frozen(card, fact(now, key=f"{key} done"), of=held, points=4)
        else:
            balance.top_up(card, fact(now, key=key), fen=100)
            balance.pay(card, fact(now, key=key), fen=30)
            return {"earned": 10, "fen": 70}
        return {"earned": 10, "spent": 4}

    def work(number: int) -> None:
        if number % 16 == 0:
            points.expire_due(at=now, limit=3)
            levels.judge_due(at=now + timedelta(days=400))
            return
        for n in range(12):
            try:
                with transaction.atomic():
                    moved = move(number, n)
            except ledger.NotPossible:
                continue
            with guard:
                done.update(moved)

    assert at_once(WRITERS, work) == []
    points.expire_due(at=now)
    for card in cards:
        assert_books(card)
    expired = -sum(PointEntry.objects.filter(kind="expired").values_list("points", flat=True))
    left = sum(card.points + card.points_frozen for card in cards)
    earned = sum(PointEntry.objects.filter(kind="earned").values_list("points", flat=True))
    rows = PointEntry.objects.filter(kind="spent").values_list("points", "frozen")
    spent = -sum(available + frozen for available, frozen in rows)
    fen = sum(BalanceEntry.objects.values_list("fen", flat=True))
    # a fact whose transaction was rolled back left nothing, and every other one is there once
    assert (earned, spent, fen) == (done["earned"], done["spent"], done["fen"])
    assert left == earned - spent - expired
    assert sum(card.balance_fen for card in cards) == fen
    assert proof.look(first.merchant) == []


def test_the_proof_beside_writers_never_sees_half_a_movement() -> None:
    card = stored_value_card()
    found: list[proof.WrongFigure] = []

    def work(number: int) -> None:
        for n in range(8):
            if number % 4 == 0:
                found.extend(proof.look(card.merchant))
                continue
            with transaction.atomic():
                points.earn(card, fact(key=f"{number} {n}"), points=3)
                points.spend(card, fact(key=f"{number} {n}"), points=1)

    assert at_once(16, work) == []
    assert found == []
    assert_books(card)
