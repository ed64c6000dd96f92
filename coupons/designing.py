"""A coupon before the platform knows it: its limits in words, what it may cost, drafts kept and changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from coupons.models import Coupon, CouponCount
from coupons.models.coupon import KINDS, CodeMode, CouponState, Family, Kind, Period, Scope, Validity
from coupons.terms import beijing_day, worth_fen
from merchants import events
from merchants.models import Merchant, MiniProgram, Store, User

LONGEST_CLAIMING = timedelta(days=180)
MOST_STOCK = {Family.PAY: 99_999_999, Family.MERCHANT: 999_999}
MOST_USES = 1_000
MOST_DAYS = 3_650
# What a person writes. The rest follows from what the platform says.
COLUMNS = (
    *("family", "kind", "name", "brand_name", "amount_fen", "floor_fen", "discount_tenths", "ceiling_fen"),
    *("special_fen", "origin_fen", "sale_fen", "goods_name", "scope", "item_ids", "publish_from"),
    *("publish_until", "validity", "use_from", "use_until", "valid_days", "wait_days", "rounding"),
    *("use_hours", "stock", "per_person", "per_person_period", "per_day", "one_per_identity", "max_uses"),
    *("budget_fen", "code_mode", "description", "use_page", "service_phone"),
)


class DraftChanged(Exception):
    """Somebody saved another version, or it was handed to the platform."""


@dataclass(frozen=True)
class Forecast:
    """Fen. `worst`: every one used to its face; None where a discount has no ceiling. `each`: one use."""

    each: int | None
    worst: int | None


def forecast(coupon: Coupon) -> Forecast:
    each = worth_fen(coupon)
    return Forecast(each, None if each is None else each * coupon.stock * coupon.max_uses)


def create_draft(
    merchant: Merchant,
    mini_program: MiniProgram,
    columns: Mapping[str, Any],
    *,
    stores: Iterable[Store] = (),
    by: User,
    form_token: Any,
) -> Coupon:
    """The same form twice gives the draft of the first time. `columns`: of COLUMNS, without `problems`."""
    before: Coupon | None = Coupon.objects.for_merchant(merchant).filter(form_token=form_token).first()
    if before is not None:
        return before
    with transaction.atomic():
        coupon: Coupon = Coupon.objects.create(
            merchant=merchant, mini_program=mini_program, form_token=form_token, author=by, **_known(columns)
        )
        coupon.stores.set(stores)
        CouponCount.objects.create(coupon=coupon)
        _tell("coupon.drafted", coupon, by)
    return coupon


def update_draft(
    coupon: Coupon, columns: Mapping[str, Any], *, stores: Iterable[Store] = (), version: int, by: User
) -> Coupon:
    """Raises DraftChanged when `version` is not the newest any more."""
    with transaction.atomic():
        rows = Coupon.objects.filter(pk=coupon.pk, state=CouponState.DRAFT, version=version)
        if not rows.update(version=F("version") + 1, changed_at=Now(), **_known(columns)):
            raise DraftChanged
        coupon.refresh_from_db()
        coupon.stores.set(stores)
        _tell("coupon.edited", coupon, by)
    return coupon


def delete_draft(coupon: Coupon, *, version: int, by: User) -> None:
    """Of a draft the platform never heard of. Raises DraftChanged."""
    with transaction.atomic():
        rows = Coupon.objects.select_for_update().filter(
            pk=coupon.pk, state=CouponState.DRAFT, version=version, operations=0
        )
        if not rows.exists():
            raise DraftChanged
        _tell("coupon.deleted", coupon, by)
        rows.delete()


def problems(columns: Mapping[str, Any], stores: Iterable[Store] = ()) -> dict[str, str]:
    """By field, what to write instead. Every limit of the platform that is published (domain D.2 to D.4)."""
    found: dict[str, str] = {}
    for look in (_face, _scope, _time, _amounts):
        for name, sentence in look({**columns, "stores": list(stores)}):
            found.setdefault(name, sentence)
    return found


Problems = Iterable[tuple[str, str]]


def _between(columns: Mapping[str, Any], name: str, least: int, most: int, words: str) -> Problems:
    value = columns.get(name)
    if value is None or not least <= value <= most:
        yield name, words


def _face(columns: Mapping[str, Any]) -> Problems:
    kind, family = columns.get("kind"), columns.get("family")
    if kind not in KINDS.get(family or "", ()):
        yield "kind", _("Pay coupons can take money off, give a discount or a special price. Choose one.")
        return
    floor = columns.get("floor_fen")
    if floor is not None and not 10 <= floor <= 5_000_000:
        yield "floor_fen", _("Write ¥0.10 to ¥50,000, or leave it empty for no threshold.")
    if kind in (Kind.REDUCTION, Kind.EXCHANGE, Kind.GROUP_BUY):
        yield from _between(columns, "amount_fen", 10, 300_000, _("Write ¥0.10 to ¥3,000."))
    if kind == Kind.REDUCTION and floor is not None and floor <= (columns.get("amount_fen") or 0):
        yield "floor_fen", _("The threshold is not above what comes off. Raise it, or leave it empty.")
    if kind == Kind.DISCOUNT:
        yield from _between(columns, "discount_tenths", 1, 99, _("Write 0.1 to 9.9: 6.5 takes 35% off."))
        if columns.get("ceiling_fen") is not None:
            yield from _between(columns, "ceiling_fen", 10, 1_500_000, _("Write ¥0.10 to ¥15,000."))
    if kind == Kind.SPECIAL:
        yield from _special(columns)
    if kind in (Kind.EXCHANGE, Kind.GROUP_BUY):
        yield from _between(columns, "sale_fen", 10, 300_000, _("Write ¥0.10 to ¥3,000."))


def _special(columns: Mapping[str, Any]) -> Problems:
    yield from _between(columns, "special_fen", 0, 99_900, _("Write ¥0 to ¥999."))
    yield from _between(columns, "origin_fen", 10, 999_900, _("Write ¥0.10 to ¥9,999."))
    if (columns.get("origin_fen") or 0) <= (columns.get("special_fen") or 0):
        yield "origin_fen", _("The original price is above the special price. Raise it.")
    if not columns.get("goods_name"):
        yield "goods_name", _("Say which item has this price.")


def _scope(columns: Mapping[str, Any]) -> Problems:
    scope, stores = columns.get("scope"), columns["stores"]
    if scope == Scope.STORES and not stores:
        yield "stores", _("Choose at least one store, or let it be used in the whole shop.")
    if scope == Scope.STORES and (unknown := [one.name for one in stores if not one.platform_shop_id]):
        words = _("The platform does not know %(store)s yet: note its shop id first, or leave it out.")
        yield "stores", words % {"store": unknown[0]}
    if scope == Scope.ITEMS and not columns.get("item_ids") and columns.get("kind") != Kind.SPECIAL:
        yield "item_ids", _("Name at least one item, or let it be used for everything.")
    if scope == Scope.ITEMS and columns.get("family") == Family.PAY and columns.get("floor_fen") is None:
        yield "floor_fen", _("With chosen items the platform asks for a threshold; it counts those items.")


def _time(columns: Mapping[str, Any]) -> Problems:
    start, end = columns.get("publish_from"), columns.get("publish_until")
    if start is None or end is None:
        return
    if end <= start:
        yield "publish_until", _("Claiming ends before it begins. Choose a later end.")
    elif end - start > LONGEST_CLAIMING:
        yield (
            "publish_until",
            _("Claiming lasts at most 180 days. Choose an earlier end; it can be extended."),
        )
    if columns.get("validity") == Validity.FIXED:
        first, last = columns.get("use_from"), columns.get("use_until")
        if first is None or last is None:
            yield "use_from" if first is None else "use_until", _("Say from when until when it can be used.")
        elif last <= end:
            yield "use_until", _("It must stay usable longer than it can be claimed. Choose a later end.")
        elif last <= first:
            yield "use_until", _("Use ends before it begins. Choose a later end.")
    else:
        yield from _between(columns, "valid_days", 1, MOST_DAYS, _("Write 1 to 3,650 days."))


def _amounts(columns: Mapping[str, Any]) -> Problems:
    family = columns.get("family")
    most = MOST_STOCK.get(Family(family), 0) if family in Family.values else 0
    if columns.get("code_mode") == CodeMode.UPLOAD:
        if family != Family.MERCHANT:
            yield "code_mode", _("A pay coupon has no codes. Let the platform make it.")
    else:
        yield from _between(columns, "stock", 1, most, _("Write 1 to %(most)s.") % {"most": f"{most:,}"})
    yield from _between(columns, "max_uses", 1, MOST_USES, _("Write 1 to 1,000 uses."))
    stock, per_day = columns.get("stock") or 0, columns.get("per_day")
    start, end = columns.get("publish_from"), columns.get("publish_until")
    if per_day and start and end and end > start and columns.get("code_mode") != CodeMode.UPLOAD:
        days = (beijing_day(end) - beijing_day(start)).days + 1
        if per_day * days > stock:
            words = _("%(days)s days of so many are more than the stock. Write at most %(most)s a day.")
            yield "per_day", words % {"days": f"{days:,}", "most": f"{stock // days:,}"}
    per_person = columns.get("per_person")
    most_each = per_person if columns.get("code_mode") == CodeMode.UPLOAD else max(1, stock)
    if per_person is not None and not 1 <= per_person <= (most_each or 1):
        yield "per_person", _("Write at least 1 and no more than the stock, or leave it empty for no limit.")
    if columns.get("per_person_period") not in Period.values:
        yield "per_person_period", _("Choose one of the periods.")
    yield from _budget(columns)


def _budget(columns: Mapping[str, Any]) -> Problems:
    budget = columns.get("budget_fen")
    if budget is None:
        return
    likeness = Coupon(**{name: columns[name] for name in COLUMNS if name in columns})
    worst = forecast(likeness).worst
    if worst is not None and worst > budget:
        words = _(
            "If everyone uses it, it costs ¥%(worst)s, more than this budget. Lower the stock or raise it."
        )
        yield "budget_fen", words % {"worst": f"{worst / 100:,.2f}"}


def _known(columns: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := columns.keys() - set(COLUMNS):
        raise KeyError(f"a design has no {', '.join(sorted(unknown))}")
    return dict(columns)


def _tell(kind: str, coupon: Coupon, by: User) -> None:
    events.record(
        kind,
        merchant=coupon.merchant,
        by=by,
        mini_program=coupon.mini_program,
        subject=coupon,
        detail={"name": coupon.name},
    )
