"""The ledger of points: earned in lots that expire, spent from the lot that expires first, frozen and freed,
taken back for a refund, expired by their last second.

Each operation stands in the caller's transaction and is done once by kind and source key
(membership/ledger.py). Raises NotPossible; nothing has moved then.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from membership import ledger, levels
from membership.card_bodies import BEIJING
from membership.card_designing import live_terms_of
from membership.card_terms import Basis
from membership.ledger import Fact, NotPossible
from membership.models import LotUse, MemberCard, PointEntry, PointLot
from membership.models.card_ledger import By

log = logging.getLogger(__name__)

Kind = PointEntry.Kind
Written = ledger.Written[PointEntry]
LAST_SECOND = time(23, 59, 59)
CARDS_AT_ONCE = 500


# --- coming and going -------------------------------------------------------------------------------------


def earn(card: MemberCard, fact: Fact, *, points: int, spent_fen: int = 0) -> Written:
    """A lot of its own; what counts for the level may raise it at once, also where it earns no point."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.EARNED, fact, points=points, spent_fen=spent_fen):
        return Written(entry, card, False)
    ledger.must_be_open(card)
    terms = live_terms_of(card.template)
    growth = points if terms.level_rule.basis == Basis.POINTS else spent_fen
    entry = ledger.move_points(card, Kind.EARNED, fact, points=points, growth=growth, spent_fen=spent_fen)
    if points:
        _add_lot(entry, points, expires_at=_last_second(fact.at, terms.points.valid_days))
    levels.rise(card, at=fact.at)
    return Written(entry, card, True)


def spend(card: MemberCard, fact: Fact, *, points: int) -> Written:
    """What expires first goes first."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.SPENT, fact, points=-points):
        return Written(entry, card, False)
    ledger.must_be_open(card)
    _expire(card, at=fact.at)
    entry = ledger.move_points(card, Kind.SPENT, fact, points=-points)
    _take(entry, points, _lots(card))
    return Written(entry, card, True)


def take_back(card: MemberCard, fact: Fact, *, of: PointEntry, points: int, refunded_fen: int = 0) -> Written:
    """`points` of what was earned, since it was paid back: those of its own lot first.

    What has expired is gone already. What was spent is taken from other points; where there are too few, the
    entry says by how many it is `short`, and nobody owes them.
    """
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.RETURNED, fact, spent_fen=refunded_fen, undoes_id=of.pk):
        return Written(entry, card, False)
    ledger.must_have_been_open(card)
    back = PointEntry.objects.filter(undoes=of).aggregate(points=Sum("points"), short=Sum("short"))
    done = (back["short"] or 0) - (back["points"] or 0)
    if of.card_id != card.pk or of.kind != Kind.EARNED or not 0 <= points <= of.points - done:
        raise NotPossible("nothing_to_undo")
    gone = LotUse.objects.filter(lot__entry=of, entry__kind=Kind.EXPIRED).aggregate(n=Sum("points"))["n"] or 0
    wanted = max(0, min(points, of.points - done - gone))
    taken = min(wanted, card.points)
    entry = ledger.move_points(
        card,
        Kind.RETURNED,
        fact,
        points=-taken,
        short=wanted - taken,
        growth=-_growth_to_return(card, of, points, refunded_fen),
        spent_fen=refunded_fen,
        undoes=of,
    )
    own = PointLot.objects.filter(entry=of, left__gt=0)
    _take(entry, taken, [*own, *_lots(card).exclude(entry=of)])
    return Written(entry, card, True)


def correct(card: MemberCard, fact: Fact, *, points: int) -> Written:
    """Up or down, with the reason of the fact; counts for no level."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.CORRECTED, fact, points=points):
        return Written(entry, card, False)
    ledger.must_have_been_open(card)
    _expire(card, at=fact.at)
    entry = ledger.move_points(card, Kind.CORRECTED, fact, points=points)
    if points > 0:
        days = live_terms_of(card.template).points.valid_days
        _add_lot(entry, points, expires_at=_last_second(fact.at, days))
    else:
        _take(entry, -points, _lots(card))
    return Written(entry, card, True)


# --- freezing ---------------------------------------------------------------------------------------------


def freeze(card: MemberCard, fact: Fact, *, points: int) -> Written:
    """Held for something that is not certain yet; nobody can spend them, and they do not expire meanwhile."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.FROZEN, fact, points=-points):
        return Written(entry, card, False)
    ledger.must_be_open(card)
    _expire(card, at=fact.at)
    entry = ledger.move_points(card, Kind.FROZEN, fact, points=-points, frozen=points)
    _take(entry, points, _lots(card))
    return Written(entry, card, True)


def unfreeze(card: MemberCard, fact: Fact, *, of: PointEntry, points: int) -> Written:
    """They go back where they came from, those first that last longest; what is over by now expires."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.UNFROZEN, fact, points=points, undoes_id=of.pk):
        return Written(entry, card, False)
    ledger.must_have_been_open(card)
    _must_be_frozen(card, of, points)
    entry = ledger.move_points(card, Kind.UNFROZEN, fact, points=points, frozen=-points, undoes=of)
    _give_back(entry, points)
    return Written(entry, card, True)


def spend_frozen(card: MemberCard, fact: Fact, *, of: PointEntry, points: int) -> Written:
    """What they were held for has happened."""
    card = ledger.lock(card.pk)
    if entry := _before(card, Kind.SPENT, fact, frozen=-points, undoes_id=of.pk):
        return Written(entry, card, False)
    ledger.must_have_been_open(card)
    _must_be_frozen(card, of, points)
    entry = ledger.move_points(card, Kind.SPENT, fact, frozen=-points, undoes=of)
    return Written(entry, card, True)


def left_frozen(of: PointEntry) -> int:
    """Points of that freezing that were neither freed nor spent yet."""
    undone = PointEntry.objects.filter(undoes=of).aggregate(n=Sum("frozen"))["n"] or 0
    return of.frozen + int(undone)


# --- expiring ---------------------------------------------------------------------------------------------


def expire_due(*, at: datetime, limit: int = CARDS_AT_ONCE) -> int:
    """Points whose last second is over, one card a transaction; reads what ended and no other. How many."""
    gone, wrong = 0, set[int]()
    while True:
        due = PointLot.objects.filter(left__gt=0, expires_at__lt=at).exclude(card__in=wrong)
        cards = due.order_by("expires_at", "card_id").values_list("card_id", flat=True)[:limit]
        if not cards:
            return gone
        for card_id in dict.fromkeys(cards):
            try:
                with transaction.atomic():
                    gone += _expire(ledger.lock(card_id), at=at)
            except (NotPossible, ValueError):
                # its books are wrong; the proof lists it, and nobody else waits for it
                log.exception("points of card %s do not expire", card_id)
                wrong.add(card_id)


def _expire(card: MemberCard, *, at: datetime) -> int:
    """Of a locked card, an entry for each lot. One that got something back after it ended ends once more."""
    gone = 0
    for lot in _lots(card, expires_at__lt=at):
        often = LotUse.objects.filter(lot=lot).count()
        fact = Fact(f"lot:{lot.pk}:{often}", lot.expires_at or at, By.CLOCK)
        entry = ledger.move_points(card, Kind.EXPIRED, fact, points=-lot.left)
        gone += lot.left
        _take(entry, lot.left, [lot])
    return gone


# --- the ground -------------------------------------------------------------------------------------------


def _before(card: MemberCard, kind: str, fact: Fact, **told: int) -> PointEntry | None:
    entry: PointEntry | None = ledger.before(PointEntry.objects, card, kind, fact)
    if entry is not None:
        ledger.same(entry, **told)
    return entry


def _lots(card: MemberCard, **which: datetime) -> QuerySet[PointLot]:
    lots = PointLot.objects.filter(card=card, left__gt=0, **which)
    return lots.order_by(F("expires_at").asc(nulls_last=True), "id")


def _add_lot(entry: PointEntry, points: int, *, expires_at: datetime | None) -> None:
    PointLot.objects.create(
        card_id=entry.card_id, entry=entry, points=points, left=points, expires_at=expires_at
    )


def _take(entry: PointEntry, points: int, lots: Iterable[PointLot]) -> None:
    """Raises ValueError where the lots hold less than the card says: its books are wrong already."""
    for lot in lots:
        if not points:
            return
        part = min(lot.left, points)
        _use(lot, entry, part)
        points -= part
    if points:
        raise ValueError(f"the lots of card {entry.card_id} hold {points} points too few")


def _give_back(entry: PointEntry, points: int) -> None:
    """Into the lots that the undone entry took from, never more than it took of each."""
    if entry.undoes is None:
        raise ValueError(f"entry {entry.pk} gives nothing back")
    taken = LotUse.objects.filter(entry=entry.undoes).select_related("lot")
    for use in taken.order_by(F("lot__expires_at").desc(nulls_first=True), "-lot"):
        given = LotUse.objects.filter(lot=use.lot, entry__undoes=entry.undoes).aggregate(n=Sum("points"))["n"]
        part = min(use.points + int(given or 0), points)
        if part:
            _use(use.lot, entry, -part)
            points -= part
    if points:
        raise ValueError(f"entry {entry.undoes_id} took {points} points too few to give back")


def _use(lot: PointLot, entry: PointEntry, points: int) -> None:
    LotUse.objects.create(lot=lot, entry=entry, points=points)
    PointLot.objects.filter(pk=lot.pk).update(left=F("left") - points)


def _must_be_frozen(card: MemberCard, of: PointEntry, points: int) -> None:
    if of.card_id != card.pk or of.kind != Kind.FROZEN or not 0 < points <= left_frozen(of):
        raise NotPossible("nothing_to_undo")


def _growth_to_return(card: MemberCard, of: PointEntry, points: int, refunded_fen: int) -> int:
    """Nothing of a period that is over; never more than is there."""
    if PointEntry.objects.filter(card=card, kind=Kind.PERIOD, id__gt=of.pk).exists():
        return 0
    basis = live_terms_of(card.template).level_rule.basis
    return min(card.growth, points if basis == Basis.POINTS else refunded_fen)


def _last_second(at: datetime, days: int | None) -> datetime | None:
    """Of the last Beijing day, the day of earning not counted."""
    if days is None:
        return None
    last = at.astimezone(BEIJING).date() + timedelta(days=days)
    return datetime.combine(last, LAST_SECOND, tzinfo=BEIJING)
