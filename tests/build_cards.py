"""Builder functions for member cards: a template with its terms, cards with books that agree."""

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from membership import card_designing, card_life, cards, ledger, points, proof
from membership.models import (
    BalanceEntry,
    CardTemplate,
    Customer,
    LotUse,
    MemberCard,
    PointEntry,
    PointLot,
)
from membership.models.card_ledger import By
from merchants.models import MiniProgram
from tests import build, build_messaging

_numbers = itertools.count(1)

LEVELS = [
    {"code": "basic", "name": "普通会员", "threshold": 0},
    {"code": "silver", "name": "银卡会员", "threshold": 1_000, "protection_days": 30},
    {"code": "gold", "name": "金卡会员", "threshold": 5_000, "protection_days": 90, "points_percent": 150},
]


def design(**parts: Any) -> dict[str, Any]:
    """A free card of 青茶会员 with points and levels, two quick services and a benefit."""
    start = timezone.now().replace(microsecond=0)
    return {
        "mode": "free",
        "face": {"name": "青茶会员", "brand": "青茶", "logo_id": "A*logo", "background_id": "A*background"},
        "columns": [
            {"code": "POINT", "title": "积分"},
            {"code": "LEVEL", "title": "等级"},
        ],
        "actions": [
            {"code": "order", "text": "点单", "page": "pages/order", "is_quick": True},
            {"code": "stores", "text": "附近门店", "page": "pages/stores", "is_quick": True},
        ],
        "benefits": [
            {
                "title": "生日赠饮",
                "lines": ["生日当月赠一杯"],
                "begins_at": start.isoformat(),
                "ends_at": (start + timedelta(days=365)).isoformat(),
            }
        ],
        "form": {"required": ["OPEN_FORM_FIELD_MOBILE"], "optional": ["OPEN_FORM_FIELD_BIRTHDAY"]},
        "levels": LEVELS,
        "points": {"fen_per_point": 100, "valid_days": 365},
        "numbers": {"prefix": "QC", "length": 12},
        **parts,
    }


def draft(app: MiniProgram, **parts: Any) -> CardTemplate:
    return card_designing.create_draft(
        app.merchant,
        app,
        design(**parts),
        by=build.user(f"card-author-{next(_numbers)}"),
        form_token=uuid.uuid4(),
    )


def template(app: MiniProgram, *, at: datetime | None = None, **parts: Any) -> CardTemplate:
    """Live."""
    made = draft(app, **parts)
    card_life.begin(made, version=made.version, by=None)
    template_id = f"2026112300000000{next(_numbers):016d}"
    assert card_life.went_live(made, template_id=template_id, at=at or timezone.now())
    return made


def card(of: CardTemplate, customer: Customer | None = None, *, at: datetime | None = None) -> MemberCard:
    """Open, now or since `at`."""
    person = customer or build_messaging.people(of.mini_program, 1)[0]
    made = cards.begin(of, person, channel="counter")
    assert cards.opened(made, biz_card_no=f"biz{next(_numbers):020d}", at=at or timezone.now())
    made.refresh_from_db()
    return made


def fact(at: datetime | None = None, *, key: str = "", **known: Any) -> ledger.Fact:
    """One that nobody told before, unless `key` says which."""
    by = known.pop("by", By.API)
    return ledger.Fact(key or f"test:fact:{next(_numbers)}", at or timezone.now(), by, **known)


def earn(of: MemberCard, amount: int, *, at: datetime | None = None, **known: Any) -> PointEntry:
    with transaction.atomic():
        return points.earn(of, fact(at, **known), points=amount).entry


def assert_books(of: MemberCard) -> None:
    """Totals, lots and lines of one card agree, counted here and not by the proof."""
    of.refresh_from_db()
    entries = list(PointEntry.objects.filter(card=of).order_by("id"))
    available = frozen = growth = 0
    for entry in entries:
        available, frozen = available + entry.points, frozen + entry.frozen
        growth += entry.growth
        after = (entry.points_after, entry.frozen_after, entry.growth_after)
        assert after == (available, frozen, growth), f"{entry.kind} {entry.source_key}"
        assert min(after) >= 0
    assert (of.points, of.points_frozen, of.growth) == (available, frozen, growth)
    fen = frozen_fen = 0
    for line in BalanceEntry.objects.filter(card=of).order_by("id"):
        fen, frozen_fen = fen + line.fen, frozen_fen + line.frozen_fen
        assert (line.fen_after, line.frozen_fen_after) == (fen, frozen_fen)
        assert min(fen, frozen_fen) >= 0
    assert (of.balance_fen, of.balance_frozen_fen) == (fen, frozen_fen)
    left = 0
    for lot in PointLot.objects.filter(card=of):
        used = LotUse.objects.filter(lot=lot).aggregate(n=Sum("points"))["n"] or 0
        assert 0 <= lot.left == lot.points - used <= lot.points
        left += lot.left
    assert left == of.points
    for entry in entries:
        took = LotUse.objects.filter(entry=entry).aggregate(n=Sum("points"))["n"] or 0
        made = PointLot.objects.filter(entry=entry).aggregate(n=Sum("points"))["n"] or 0
        assert made - took == entry.points
    for use in LotUse.objects.filter(entry__card=of, entry__kind="frozen"):
        given = LotUse.objects.filter(lot=use.lot, entry__undoes=use.entry).aggregate(n=Sum("points"))["n"]
        assert 0 <= -(given or 0) <= use.points, "a lot got back more than was frozen of it"
    assert proof.look(of.merchant, card=of) == []
