"""What the ledgers of a card have in common: the card locked, each fact once, totals moved with its entry.

Everything here stands in the caller's transaction. The card is locked first; then one statement moves its
totals and writes the entry with what they are after it; then lots, then the level (docs/locking.md). A
`source_key` that was written before changes nothing and gives the entry of the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from membership.models import BalanceEntry, MemberCard, PointEntry
from membership.models.member_card import CardState

E = TypeVar("E", PointEntry, BalanceEntry)

MOVE_POINTS = """
WITH moved AS (
    UPDATE membership_membercard
    SET points = points + %(points)s, points_frozen = points_frozen + %(frozen)s, growth = growth + %(growth)s
    WHERE id = %(card)s
    RETURNING id, merchant_id, points, points_frozen, growth
)
INSERT INTO membership_pointentry (merchant_id, card_id, kind, "by", user_id, source_key, reason, order_no,
    happened_at, points, frozen, growth, points_after, frozen_after, growth_after, short, spent_fen,
    undoes_id)
SELECT merchant_id, id, %(kind)s, %(by)s, %(user_id)s, %(source_key)s, %(reason)s, %(order_no)s, %(at)s,
    %(points)s, %(frozen)s, %(growth)s, points, points_frozen, growth, %(short)s, %(spent_fen)s, %(undoes)s
FROM moved
RETURNING *
"""
MOVE_BALANCE = """
WITH moved AS (
    UPDATE membership_membercard
    SET balance_fen = balance_fen + %(fen)s, balance_frozen_fen = balance_frozen_fen + %(frozen_fen)s
    WHERE id = %(card)s
    RETURNING id, merchant_id, balance_fen, balance_frozen_fen
)
INSERT INTO membership_balanceentry (merchant_id, card_id, kind, "by", user_id, source_key, reason, order_no,
    happened_at, fen, frozen_fen, fen_after, frozen_fen_after, undoes_id)
SELECT merchant_id, id, %(kind)s, %(by)s, %(user_id)s, %(source_key)s, %(reason)s, %(order_no)s, %(at)s,
    %(fen)s, %(frozen_fen)s, balance_fen, balance_frozen_fen, %(undoes)s
FROM moved
RETURNING *
"""


class NotPossible(Exception):
    """`code` is a word for programs: not_open, not_enough, nothing_to_undo, no_balance."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class KeyReused(Exception):
    """The source key came before, of something else."""


@dataclass(frozen=True)
class Fact:
    """What is known of one movement. `at`: when it happened; `by`: a membership.models.card_ledger.By."""

    source_key: str
    at: datetime
    by: str
    user_id: int | None = None
    reason: str = ""
    order_no: str = ""


@dataclass(frozen=True)
class Written(Generic[E]):
    """`is_new` False: it was written before, and nothing moved now."""

    entry: E
    card: MemberCard
    is_new: bool


def lock(card_id: int) -> MemberCard:
    """Refuses to run outside a transaction."""
    rows = MemberCard.objects.select_for_update(of=("self",), no_key=True)
    found: MemberCard = rows.select_related("template", "level").get(pk=card_id)
    return found


def must_be_open(card: MemberCard) -> None:
    """Raises NotPossible. Who has no card now earns and spends nothing with it."""
    if card.state != CardState.OPEN:
        raise NotPossible("not_open")


def must_have_been_open(card: MemberCard) -> None:
    """Raises NotPossible. What happened before is put right also on a card that is over."""
    if card.opened_at is None:
        raise NotPossible("not_open")


def before(entries: Any, card: MemberCard, kind: str, fact: Fact) -> Any:
    """The entry of the same fact, or None."""
    return entries.filter(card=card, kind=kind, source_key=fact.source_key).first()


def same(entry: Any, **told: Any) -> None:
    """Raises KeyReused where the fact of that key was another."""
    for name, value in told.items():
        if getattr(entry, name) != value:
            raise KeyReused(f"{entry.source_key} came with {name} {getattr(entry, name)}, now {value}")


def move_points(
    card: MemberCard,
    kind: str,
    fact: Fact,
    *,
    points: int = 0,
    frozen: int = 0,
    growth: int = 0,
    short: int = 0,
    spent_fen: int = 0,
    undoes: PointEntry | None = None,
) -> PointEntry:
    """Of a locked card, whose totals become those of the row. Raises NotPossible where it has too little."""
    if card.points + points < 0 or card.points_frozen + frozen < 0:
        raise NotPossible("not_enough")
    moved = {"points": points, "frozen": frozen, "growth": growth, "short": short, "spent_fen": spent_fen}
    [entry] = PointEntry.objects.raw(MOVE_POINTS, {**_columns(card, kind, fact, undoes), **moved})
    card.points, card.points_frozen, card.growth = entry.points_after, entry.frozen_after, entry.growth_after
    found: PointEntry = entry
    return found


def move_balance(
    card: MemberCard,
    kind: str,
    fact: Fact,
    *,
    fen: int = 0,
    frozen_fen: int = 0,
    undoes: BalanceEntry | None = None,
) -> BalanceEntry:
    """As move_points."""
    if card.balance_fen + fen < 0 or card.balance_frozen_fen + frozen_fen < 0:
        raise NotPossible("not_enough")
    moved = {"fen": fen, "frozen_fen": frozen_fen}
    [entry] = BalanceEntry.objects.raw(MOVE_BALANCE, {**_columns(card, kind, fact, undoes), **moved})
    card.balance_fen, card.balance_frozen_fen = entry.fen_after, entry.frozen_fen_after
    found: BalanceEntry = entry
    return found


def _columns(
    card: MemberCard, kind: str, fact: Fact, undoes: PointEntry | BalanceEntry | None
) -> dict[str, Any]:
    names = ("source_key", "at", "by", "user_id", "reason", "order_no")
    known = {name: getattr(fact, name) for name in names}
    return {"card": card.pk, "kind": kind, "undoes": undoes.pk if undoes else None, **known}
