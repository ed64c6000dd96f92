"""Points for a paid order, once, and back for what of it is paid back.

Called from above with the key of the order and of the refund. In any order and as often as it likes, one key
moves points once.
"""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Sum

from membership import ledger, points
from membership.card_designing import live_terms_of
from membership.card_terms import PointRule
from membership.ledger import Fact
from membership.models import MemberCard, PointEntry

Kind = PointEntry.Kind


def points_for(rule: PointRule, *, paid_fen: int, percent: int = 100) -> int:
    """Whole points only; a level's percentage is of the points, not of the money."""
    if rule.fen_per_point is None or paid_fen <= 0:
        return 0
    return paid_fen // rule.fen_per_point * percent // 100


def points_back(earned: int, *, paid_fen: int, refunded_fen: int) -> int:
    """Of what was earned, how much is not earned when so much in all was paid back: all of all."""
    if refunded_fen >= paid_fen:
        return earned
    return earned - earned * (paid_fen - refunded_fen) // paid_fen


def earn_for_order(card: MemberCard, fact: Fact, *, paid_fen: int) -> points.Written | None:
    """At the level the card has now. None: it earns nothing and counts for no level. Raises NotPossible."""
    locked = ledger.lock(card.pk)
    before = ledger.before(PointEntry.objects, locked, Kind.EARNED, fact)
    if before is not None:
        ledger.same(before, spent_fen=paid_fen)
        return points.Written(before, locked, False)
    if paid_fen <= 0:
        return None
    terms = live_terms_of(locked.template)
    percent = locked.level.points_percent if locked.level else 100
    earned = points_for(terms.points, paid_fen=paid_fen, percent=percent)
    if not earned and terms.level_rule.basis == "points":
        return None
    return points.earn(locked, fact, points=earned, spent_fen=paid_fen)


def take_back_for_refund(
    card: MemberCard, fact: Fact, *, order_key: str, refunded_fen: int
) -> points.Written | None:
    """`refunded_fen`: of this refund alone. None: the order earned nothing here, or nothing of it is left."""
    locked = ledger.lock(card.pk)
    earning = ledger.before(PointEntry.objects, locked, Kind.EARNED, replace(fact, source_key=order_key))
    if earning is None or refunded_fen <= 0:
        return None
    before = ledger.before(PointEntry.objects, locked, Kind.RETURNED, fact)
    if before is not None:
        ledger.same(before, undoes_id=earning.pk)
        return points.Written(before, locked, False)
    done = PointEntry.objects.filter(undoes=earning).aggregate(fen=Sum("spent_fen"))["fen"] or 0
    refunded = min(refunded_fen, earning.spent_fen - done)
    if refunded <= 0:
        return None
    paid = {"paid_fen": earning.spent_fen}
    back = points_back(earning.points, refunded_fen=done + refunded, **paid) - points_back(
        earning.points, refunded_fen=done, **paid
    )
    return points.take_back(locked, fact, of=earning, points=back, refunded_fen=refunded)
