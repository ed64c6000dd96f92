"""The totals of cards counted again from their ledgers, in slices; what differs is listed until it is right.

One statement counts a slice, so that it sees one moment. Whoever moves a card moves total and entry in one
statement, so that no moment lies between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import monotonic

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, Sum

from membership import ledger
from membership.card_bodies import BEIJING
from membership.models import CardCheck, CardDifference, LotUse, MemberCard, PointLot
from merchants import events
from merchants.models import Merchant, User

Figure = CardDifference.Figure
CARDS_AT_ONCE = 2_000
NIGHT = time(3)  # Beijing: from then on the look of this night is due
TOTALS = (
    Figure.POINTS,
    Figure.POINTS_FROZEN,
    Figure.GROWTH,
    Figure.BALANCE,
    Figure.BALANCE_FROZEN,
    Figure.LOTS,
    Figure.LAST_POINTS,
    Figure.LAST_BALANCE,
)
SLICE = """
WITH slice AS (
    SELECT * FROM membership_membercard
    WHERE merchant_id = %(merchant)s AND id > %(after)s
    ORDER BY id LIMIT %(limit)s
)
SELECT c.id, c.points, c.points_frozen, c.growth, c.balance_fen, c.balance_frozen_fen,
    p.points, p.frozen, p.growth, b.fen, b.frozen_fen, l.points, n.points_after, m.fen_after
FROM slice c
LEFT JOIN LATERAL (
    SELECT coalesce(sum(points), 0)::bigint AS points, coalesce(sum(frozen), 0)::bigint AS frozen,
        coalesce(sum(growth), 0)::bigint AS growth
    FROM membership_pointentry WHERE card_id = c.id
) p ON true
LEFT JOIN LATERAL (
    SELECT coalesce(sum(fen), 0)::bigint AS fen, coalesce(sum(frozen_fen), 0)::bigint AS frozen_fen
    FROM membership_balanceentry WHERE card_id = c.id
) b ON true
LEFT JOIN LATERAL (
    SELECT coalesce(sum("left"), 0)::bigint AS points FROM membership_pointlot
    WHERE card_id = c.id AND "left" > 0
) l ON true
LEFT JOIN LATERAL (
    SELECT points_after FROM membership_pointentry WHERE card_id = c.id ORDER BY id DESC LIMIT 1
) n ON true
LEFT JOIN LATERAL (
    SELECT fen_after FROM membership_balanceentry WHERE card_id = c.id ORDER BY id DESC LIMIT 1
) m ON true
ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class WrongFigure:
    """`kept` on the card or beside it, `counted` from the entries."""

    card_id: int
    figure: str
    kept: int
    counted: int


# --- looking ----------------------------------------------------------------------------------------------


def look(merchant: Merchant, *, card: MemberCard | None = None) -> list[WrongFigure]:
    """All cards of a merchant, or one. Changes nothing."""
    if card is not None:
        return _look_at_slice(merchant.pk, after=card.pk - 1, limit=1)[1]
    wrong: list[WrongFigure] = []
    after = 0
    while True:
        ids, found = _look_at_slice(merchant.pk, after=after, limit=CARDS_AT_ONCE)
        wrong += found
        if len(ids) < CARDS_AT_ONCE:
            return wrong
        after = ids[-1]


def start_due(*, at: datetime) -> int:
    """One look a night for each merchant that has cards. Returns how many began."""
    lately = CardCheck.objects.filter(started_at__gte=_night_of(at))
    with_cards = Merchant.objects.filter(Exists(MemberCard.objects.filter(merchant=OuterRef("pk"))))
    begun = 0
    due = with_cards.exclude(pk__in=lately.values("merchant")).order_by("pk")
    for merchant_id in due.values_list("pk", flat=True):
        try:
            with transaction.atomic():
                CardCheck.objects.create(merchant_id=merchant_id, started_at=at)
        except IntegrityError:
            continue  # one is under way
        begun += 1
    return begun


def go_on(*, at: datetime) -> int:
    """A slice of each look that is open. Returns how many cards were looked at."""
    looked = 0
    for check in CardCheck.objects.filter(finished_at=None).order_by("id"):
        looked += _go_on(check, at=at)
    return looked


def go_on_for(*, seconds: float, at: datetime) -> None:
    """Slice by slice, until nothing is open or the time is over."""
    end = monotonic() + seconds
    while go_on(at=at) and monotonic() < end:
        pass


def _night_of(at: datetime) -> datetime:
    night = datetime.combine(at.astimezone(BEIJING).date(), NIGHT, tzinfo=BEIJING)
    return night if night <= at else night - timedelta(days=1)


def _go_on(check: CardCheck, *, at: datetime) -> int:
    ids, wrong = _look_at_slice(check.merchant_id, after=check.cursor, limit=CARDS_AT_ONCE)
    is_over = len(ids) < CARDS_AT_ONCE
    with transaction.atomic():
        standing = CardCheck.objects.filter(pk=check.pk, cursor=check.cursor, finished_at=None)
        moved = {"cursor": ids[-1] if ids else check.cursor, "cards": F("cards") + len(ids)}
        if not standing.update(**moved, finished_at=at if is_over else None):
            return 0  # somebody else looked at this slice
        new = _keep(check.merchant_id, ids, wrong, at=at)
        CardCheck.objects.filter(pk=check.pk).update(found=F("found") + new)
    return len(ids)


def _look_at_slice(merchant_id: int, *, after: int, limit: int) -> tuple[list[int], list[WrongFigure]]:
    with connection.cursor() as cursor:
        cursor.execute(SLICE, {"merchant": merchant_id, "after": after, "limit": limit})
        rows = cursor.fetchall()
    wrong: list[WrongFigure] = []
    for card_id, *figures in rows:
        kept, counted = figures[:5], figures[5:10]
        lots, last_points, last_balance = figures[10:]
        # beside the totals: lots, and what the last entries say, against the sums of the entries
        pairs = [
            *zip(kept, counted, strict=True),
            (lots, counted[0]),
            (last_points or 0, counted[0]),
            (last_balance or 0, counted[3]),
        ]
        named = zip(TOTALS, pairs, strict=True)
        wrong += [WrongFigure(card_id, figure, was, now) for figure, (was, now) in named if was != now]
    return [row[0] for row in rows], wrong


def _keep(merchant_id: int, ids: list[int], wrong: list[WrongFigure], *, at: datetime) -> int:
    """What was found is open once; what is gone is settled. Returns how many are new."""
    if not ids:
        return 0
    known = CardDifference.objects.filter(card__in=ids, settled_at=None)
    there = {(one.card_id, one.figure): one for one in known.select_for_update().order_by("id")}
    found = {(one.card_id, one.figure): one for one in wrong}
    for key, one in there.items():
        if key not in found:
            CardDifference.objects.filter(pk=one.pk).update(settled_at=at)
        else:
            figures = {"kept": found[key].kept, "counted": found[key].counted}
            CardDifference.objects.filter(pk=one.pk).update(seen_at=at, **figures)
    new = [one for key, one in found.items() if key not in there]
    CardDifference.objects.bulk_create(
        [
            CardDifference(
                merchant_id=merchant_id,
                card_id=one.card_id,
                figure=one.figure,
                kept=one.kept,
                counted=one.counted,
                found_at=at,
                seen_at=at,
            )
            for one in new
        ]
    )
    if new:
        merchant = Merchant.objects.get(pk=merchant_id)
        cards = len({one.card_id for one in new})
        events.record("member.books_differ", merchant=merchant, detail={"figures": len(new), "cards": cards})
    return len(new)


# --- putting right ----------------------------------------------------------------------------------------


def rebuild(card: MemberCard, *, by: User | None, at: datetime) -> list[WrongFigure]:
    """Totals and lots are counted again from the entries; what was wrong is returned and told.

    Entries are never changed, so that what they say of the totals after them stays as it was.
    """
    with transaction.atomic():
        card = ledger.lock(card.pk)
        wrong = look(card.merchant, card=card)
        lots = _wrong_lots(card)
        if not wrong and not lots:
            return []
        totals = {one.figure: one.counted for one in wrong if one.figure in TOTALS[:5]}
        if totals:
            MemberCard.objects.filter(pk=card.pk).update(**totals)
        for lot_id, left in lots.items():
            PointLot.objects.filter(pk=lot_id).update(left=left)
        open_ones = CardDifference.objects.filter(card=card, settled_at=None)
        still = {one.figure for one in look(card.merchant, card=card)}
        open_ones.exclude(figure__in=still).update(settled_at=at, settled_by=by)
        events.record(
            "member.totals_rebuilt",
            merchant=card.merchant,
            by=by,
            mini_program=card.mini_program,
            subject=card,
            detail={"name": card.template.name, "figures": len(wrong) + len(lots)},
        )
    return wrong


def _wrong_lots(card: MemberCard) -> Mapping[int, int]:
    """What should be left of each lot that says otherwise."""
    used = dict(
        LotUse.objects.filter(lot__card=card).values("lot").annotate(n=Sum("points")).values_list("lot", "n")
    )
    left = {one: one.points - used.get(one.pk, 0) for one in PointLot.objects.filter(card=card)}
    return {lot.pk: n for lot, n in left.items() if lot.left != n}
