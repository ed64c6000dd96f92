"""The ledger of a stored-value card's balance, in fen: topped up, paid with, paid back, frozen and freed.

As membership/points.py, without lots: money does not expire.
"""

from __future__ import annotations

from django.db.models import Sum

from membership import ledger
from membership.ledger import Fact, NotPossible
from membership.models import BalanceEntry, MemberCard
from membership.models.card_template import CardMode

Kind = BalanceEntry.Kind
Written = ledger.Written[BalanceEntry]


def top_up(card: MemberCard, fact: Fact, *, fen: int) -> Written:
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.TOPPED_UP, fact, fen=fen):
        return Written(entry, card, False)
    ledger.must_be_open(card)
    if card.template.mode != CardMode.STORED_VALUE:
        raise NotPossible("no_balance")
    return Written(ledger.move_balance(card, Kind.TOPPED_UP, fact, fen=fen), card, True)


def pay(card: MemberCard, fact: Fact, *, fen: int) -> Written:
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.PAID, fact, fen=-fen):
        return Written(entry, card, False)
    ledger.must_be_open(card)
    return Written(ledger.move_balance(card, Kind.PAID, fact, fen=-fen), card, True)


def refund(card: MemberCard, fact: Fact, *, of: BalanceEntry, fen: int) -> Written:
    """Part of a payment, or all of what is left of it, comes back."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.REFUNDED, fact, fen=fen, undoes_id=of.pk):
        return Written(entry, card, False)
    ledger.must_have_been_open(card)
    paid = -(of.fen + of.frozen_fen)
    back = BalanceEntry.objects.filter(undoes=of).aggregate(n=Sum("fen"))["n"] or 0
    if of.card_id != card.pk or of.kind != Kind.PAID or not 0 < fen <= paid - back:
        raise NotPossible("nothing_to_undo")
    return Written(ledger.move_balance(card, Kind.REFUNDED, fact, fen=fen, undoes=of), card, True)


def freeze(card: MemberCard, fact: Fact, *, fen: int) -> Written:
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.FROZEN, fact, fen=-fen):
        return Written(entry, card, False)
    ledger.must_be_open(card)
    return Written(ledger.move_balance(card, Kind.FROZEN, fact, fen=-fen, frozen_fen=fen), card, True)


def unfreeze(card: MemberCard, fact: Fact, *, of: BalanceEntry, fen: int) -> Written:
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.UNFROZEN, fact, fen=fen, undoes_id=of.pk):
        return Written(entry, card, False)
    ledger.must_have_been_open(card)
    _must_be_frozen(card, of, fen)
    made = ledger.move_balance(card, Kind.UNFROZEN, fact, fen=fen, frozen_fen=-fen, undoes=of)
    return Written(made, card, True)


def pay_frozen(card: MemberCard, fact: Fact, *, of: BalanceEntry, fen: int) -> Written:
    """What it was held for has happened."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.PAID, fact, frozen_fen=-fen, undoes_id=of.pk):
        return Written(entry, card, False)
    ledger.must_have_been_open(card)
    _must_be_frozen(card, of, fen)
    return Written(ledger.move_balance(card, Kind.PAID, fact, frozen_fen=-fen, undoes=of), card, True)


def left_frozen(of: BalanceEntry) -> int:
    undone = BalanceEntry.objects.filter(undoes=of).aggregate(n=Sum("frozen_fen"))["n"] or 0
    return of.frozen_fen + int(undone)


def _before(card: MemberCard, kind: str, fact: Fact, **told: int) -> BalanceEntry | None:
    entry: BalanceEntry | None = ledger.before(BalanceEntry.objects, card, kind, fact)
    if entry is not None:
        ledger.same(entry, **told)
    return entry


def _must_be_frozen(card: MemberCard, of: BalanceEntry, fen: int) -> None:
    if of.card_id != card.pk or of.kind != Kind.FROZEN or not 0 < fen <= left_frozen(of):
        raise NotPossible("nothing_to_undo")
