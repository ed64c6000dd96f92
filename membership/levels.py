"""Levels of a card: reached at once, kept while they are protected, judged anew at the end of each period.

What counts is `growth` of the card, moved by the ledger of points. The end of a period is an entry of that
ledger which sets it back to zero.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from membership import ledger
from membership.card_designing import live_terms_of
from membership.ledger import Fact
from membership.models import CardLevel, MemberCard, PointEntry
from membership.models.card_ledger import By
from merchants import events

CARDS_AT_ONCE = 500


def reached(card: MemberCard) -> CardLevel | None:
    """The highest level that what counts is enough for."""
    placed = CardLevel.objects.filter(template=card.template_id, left_out_at=None)
    return placed.filter(threshold__lte=card.growth).order_by("-threshold").first()


def rise(card: MemberCard, *, at: datetime) -> bool:
    """Of a locked card: up to what it has reached, never down."""
    level = reached(card)
    if level is None or (card.level is not None and level.threshold <= card.level.threshold):
        return False
    was = card.level
    protected = at + timedelta(days=level.protection_days)
    if card.level_until is None:
        card.level_until = at + timedelta(days=live_terms_of(card.template).level_rule.period_days)
    card.level, card.level_since, card.protected_until = level, at, protected
    card.level_until = max(card.level_until, protected)
    card.save(update_fields=["level", "level_since", "protected_until", "level_until"])
    if was is not None:  # the first one is everybody's
        _tell("member.level_reached", card, was, level)
    return True


def judge_due(*, at: datetime, limit: int = CARDS_AT_ONCE) -> int:
    """Cards whose period is over, one a transaction. Returns how many lost a level."""
    lost = 0
    while True:
        due = MemberCard.objects.filter(level_until__lt=at).order_by("level_until", "id")
        cards = list(due.values_list("pk", flat=True)[:limit])
        if not cards:
            return lost
        for card_id in cards:
            with transaction.atomic():
                lost += _judge(card_id, at=at)


def _judge(card_id: int, *, at: datetime) -> bool:
    card = ledger.lock(card_id)
    if card.level_until is None or card.level_until >= at:
        return False
    was, level = card.level, reached(card)
    fact = Fact(f"period:{card.level_until.isoformat()}", card.level_until, By.CLOCK)
    if card.growth:
        ledger.move_points(card, PointEntry.Kind.PERIOD, fact, growth=-card.growth)
    changed = level != was
    if changed:
        card.level, card.level_since = level, at
    card.protected_until = at
    card.level_until = at + timedelta(days=live_terms_of(card.template).level_rule.period_days)
    if level is None:
        card.level_since = card.protected_until = card.level_until = None
    card.save(update_fields=["level", "level_since", "protected_until", "level_until"])
    if not changed or was is None:
        return False
    if level is not None and level.threshold > was.threshold:  # its threshold was lowered meanwhile
        _tell("member.level_reached", card, was, level)
        return False
    _tell("member.level_lost", card, was, level)
    return True


def _tell(kind: str, card: MemberCard, was: CardLevel, level: CardLevel | None) -> None:
    events.record(
        kind,
        merchant=card.merchant,
        mini_program=card.mini_program,
        subject=card,
        detail={
            "name": card.template.name,
            "level_before": was.name,
            "level": level.name if level else "",
        },
    )
