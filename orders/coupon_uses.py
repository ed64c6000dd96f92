"""Uses of coupons set beside the orders they were for. The arrow points down: coupons know of no order.

Goes through the grants of a coupon beside the look that asks the platform, and writes where it stands. Three
things can differ: a use names an order that nobody returned; an order says that just this much came off and
no use is known; use and order tell other money. Where no order is returned at all nothing can be said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Now

from coupons import comparing, differences, reconciling, terms
from coupons.comparing import Found
from coupons.models import Coupon, CouponCheck, CouponDifference, CouponGrant, GrantEntry
from coupons.models.difference import OF_ORDERS
from coupons.models.difference import DifferenceKind as Kind
from orders.models import Order

GRANTS_AT_ONCE = 200
SLICES_AT_ONCE = 10
CHECKS_AT_ONCE = 20
MOST_ORDERS = 2_000  # of the people of one slice
BEFORE_USE = timedelta(days=1)  # an order may be placed as long before its coupon is used


@dataclass(frozen=True)
class Use:
    """A redemption of which something stands; money of it alone, None where nobody told."""

    entry: GrantEntry
    saved_fen: int | None
    bill_fen: int | None

    @property
    def is_named(self) -> bool:
        return bool(self.entry.order_no or self.entry.trade_no)


@dataclass
class Slice:
    """`new` differences; of the uses that name an order those whose order is here, and both sides' money."""

    found: list[Found] = field(default_factory=list)
    named: int = 0
    matched: int = 0
    ours_fen: int | None = None
    orders_fen: int | None = None


def go_on(*, at: datetime) -> int:
    """Some slices of each open look; how many looks."""
    for asked in differences.asked_again(OF_ORDERS, at=at):
        look_again(asked.pk, merchant_id=asked.merchant_id, at=at)
    rows = CouponCheck.objects.filter(finished_at=None, uses_at=None).select_related("coupon")
    checks = list(rows.order_by("pk")[:CHECKS_AT_ONCE])
    for check in checks:
        for _slice in range(SLICES_AT_ONCE):
            if not _step(check, at=at):
                break
            check.refresh_from_db()
        reconciling.close(check.pk)
    return len(checks)


def _step(check: CouponCheck, *, at: datetime) -> bool:
    """One slice, written only where the look still stands where it was read. False: over, or overtaken."""
    coupon = check.coupon
    rows = CouponGrant.objects.filter(coupon=coupon, pk__gt=check.uses_cursor, claimed_at__isnull=False)
    grants = list(rows.order_by("pk")[:GRANTS_AT_ONCE])
    stands = CouponCheck.objects.filter(pk=check.pk, uses_cursor=check.uses_cursor, uses_at=None)
    has_orders = Order.objects.filter(mini_program=check.mini_program_id).exists()
    if not grants or not has_orders:
        stands.update(uses_at=Now(), has_orders=has_orders)
        return False
    with transaction.atomic():
        seen = _look_at(coupon, grants, at=at)
        moved = {"uses_cursor": grants[-1].pk, "has_orders": True}
        counted = {
            "uses_named": F("uses_named") + seen.named,
            "uses_matched": F("uses_matched") + seen.matched,
        }
        if not stands.update(**moved, **counted, **_money(check, seen)):
            return False
        new = _put(coupon, grants, seen.found, at=at)
        CouponCheck.objects.filter(pk=check.pk).update(found=F("found") + new)
    return True


def _money(check: CouponCheck, seen: Slice) -> dict[str, int | None]:
    return {
        "ours_saved_fen": _add(check.ours_saved_fen, seen.ours_fen),
        "orders_saved_fen": _add(check.orders_saved_fen, seen.orders_fen),
    }


def _put(coupon: Coupon, grants: Sequence[CouponGrant], found: Sequence[Found], *, at: datetime) -> int:
    scope = differences.open_of(coupon, OF_ORDERS).filter(grant__in=[one.pk for one in grants])
    return differences.put(coupon, found, scope=scope, at=at)


def look_again(difference_id: int, *, merchant_id: int, at: datetime) -> bool:
    """What a person asked for about one difference. False: settled meanwhile."""
    rows = CouponDifference.objects.filter(pk=difference_id, merchant=merchant_id, settled_at=None)
    found = rows.select_related("coupon", "grant").first()
    if found is None or found.grant is None:
        return False
    with transaction.atomic():
        seen = _look_at(found.coupon, [found.grant], at=at)
        _put(found.coupon, [found.grant], seen.found, at=at)
    return True


# --- looking ------------------------------------------------------------------------------------------------


def _look_at(coupon: Coupon, grants: Sequence[CouponGrant], *, at: datetime) -> Slice:
    seen, uses = Slice(), uses_of(grants)
    orders = _orders_of(coupon, uses)
    for use in (one for of_grant in uses.values() for one in of_grant if one.is_named):
        seen.named += 1
        order = orders.get(("no", use.entry.order_no)) or orders.get(("trade", use.entry.trade_no))
        if order is not None:
            seen.matched += 1
            _compare_money(coupon, use, order, seen)
        elif use.entry.order_no and use.entry.happened_at <= at - comparing.slack():
            seen.found.append(_without_order(use))
    seen.found += _without_use(coupon, grants, uses, at=at)
    return seen


def uses_of(grants: Iterable[CouponGrant]) -> dict[int, list[Use]]:
    """By grant, those that were not given back; one query for them and one for what came back of them."""
    found: dict[int, list[Use]] = {grant.pk: [] for grant in grants}
    rows = GrantEntry.objects.filter(grant__in=list(found), kind=GrantEntry.Kind.REDEEMED)
    back = {
        row["reverts"]: row
        for row in GrantEntry.objects.filter(grant__in=list(found), kind=GrantEntry.Kind.REVERTED)
        .values("reverts")
        .annotate(times=Sum("times"), saved=Sum("saved_fen"), bill=Sum("order_fen"))
        .order_by()
    }
    for entry in rows.select_related("grant").order_by("pk"):
        gone: Mapping[str, Any] = back.get(entry.pk, {})
        if -entry.times > (gone.get("times") or 0):
            saved = _less(entry.saved_fen, gone.get("saved"))
            found[entry.grant_id].append(Use(entry, saved, _less(entry.order_fen, gone.get("bill"))))
    return found


def _orders_of(coupon: Coupon, uses: Mapping[int, Sequence[Use]]) -> dict[tuple[str, str], Order]:
    """The orders that uses name, by their number and by that of their trade."""
    named = [use.entry for of_grant in uses.values() for use in of_grant if use.is_named]
    numbers = {entry.order_no for entry in named} - {""}
    trades = {entry.trade_no for entry in named} - {""}
    rows = Order.objects.filter(mini_program=coupon.mini_program_id)
    found = {("no", one.out_biz_no): one for one in rows.filter(out_biz_no__in=numbers)} if numbers else {}
    if trades:
        found |= {("trade", one.trade_no): one for one in rows.filter(trade_no__in=trades)}
    return found


def _compare_money(coupon: Coupon, use: Use, order: Order, seen: Slice) -> None:
    """Of a use that stands alone on its order: what several took off together cannot be told apart."""
    ours = {"saved": use.saved_fen, "bill": use.bill_fen}
    theirs = {"saved": order.discount_fen, "bill": _bill(order)}
    if use.saved_fen is not None and order.discount_fen is not None:
        seen.ours_fen = _add(seen.ours_fen, use.saved_fen)
        seen.orders_fen = _add(seen.orders_fen, order.discount_fen)
    differs = any(
        ours[name] is not None and theirs[name] is not None and ours[name] != theirs[name] for name in ours
    )
    if differs and not _is_shared(coupon, use, order):
        named = {"order_no": order.out_biz_no, "trade_no": order.trade_no}
        seen.found.append(
            _found(Kind.MONEY_DIFFERS, f"use:{use.entry.pk}", use.entry.grant, ours, theirs | named)
        )


def _is_shared(coupon: Coupon, use: Use, order: Order) -> bool:
    others = GrantEntry.objects.filter(merchant=coupon.merchant_id, kind=GrantEntry.Kind.REDEEMED)
    return others.filter(_names(order)).exclude(pk=use.entry.pk).exists()


def _names(order: Order) -> Q:
    same = Q(order_no=order.out_biz_no)
    return same | Q(trade_no=order.trade_no) if order.trade_no else same


def _without_order(use: Use) -> Found:
    ours = {
        "saved": use.saved_fen,
        "bill": use.bill_fen,
        "order_no": use.entry.order_no,
        "trade_no": use.entry.trade_no,
    }
    return _found(Kind.ORDER_MISSING, f"use:{use.entry.pk}", use.entry.grant, ours, {})


def _without_use(
    coupon: Coupon, grants: Sequence[CouponGrant], uses: Mapping[int, Sequence[Use]], *, at: datetime
) -> list[Found]:
    """Orders that say just what this coupon takes off, of people who held it then and whose uses are known.

    A use that names no order may be the one that is missed; then nothing is said.
    """
    clear = [one for one in grants if all(use.is_named for use in uses[one.pk])]
    orders = _orders_of_people(coupon, clear, at=at)
    found = []
    for grant in clear:
        for order in orders.get(grant.customer_id, []):
            if _held_for(grant, order) and _takes_off(coupon, order) and not _is_used(coupon, order):
                theirs = {"saved": order.discount_fen, "bill": _bill(order)}
                named = {"order_no": order.out_biz_no, "trade_no": order.trade_no}
                about = f"order:{order.pk}"
                found.append(_found(Kind.USE_MISSING, about, grant, comparing.ours_of(grant), theirs | named))
    return list({one.about: one for one in reversed(found)}.values())


def _orders_of_people(
    coupon: Coupon, grants: Sequence[CouponGrant], *, at: datetime
) -> Mapping[int, list[Order]]:
    begun = [one.claimed_at for one in grants if one.claimed_at]
    found: dict[int, list[Order]] = defaultdict(list)
    if not begun:
        return found
    rows = Order.objects.filter(
        customer__in={one.customer_id for one in grants},
        order_created_at__gte=min(begun) - BEFORE_USE,
        order_created_at__lte=at - comparing.slack(),
        mini_program=coupon.mini_program_id,
        discount_fen__gt=0,
    )
    for order in rows.order_by("-order_created_at")[:MOST_ORDERS]:
        found[order.customer_id].append(order)
    return found


def _held_for(grant: CouponGrant, order: Order) -> bool:
    when = order.paid_at or order.order_created_at
    return (
        grant.claimed_at is not None
        and grant.ends_at is not None
        and grant.claimed_at <= when <= grant.ends_at
    )


def _takes_off(coupon: Coupon, order: Order) -> bool:
    bill = _bill(order)
    return bill is not None and terms.saving_fen(coupon, bill) == order.discount_fen


def _is_used(coupon: Coupon, order: Order) -> bool:
    """Some coupon's use is known of it, also one that was given back."""
    entries = GrantEntry.objects.filter(merchant=coupon.merchant_id, kind=GrantEntry.Kind.REDEEMED)
    return entries.filter(_names(order)).exists()


def _bill(order: Order) -> int | None:
    if order.amount_fen is None and order.pay_amount_fen is not None and order.discount_fen is not None:
        return int(order.pay_amount_fen + order.discount_fen)
    return order.amount_fen


def _found(
    kind: str, about: str, grant: CouponGrant, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Found:
    said = [
        {name: value for name, value in side.items() if value not in (None, "")} for side in (ours, theirs)
    ]
    return Found(kind, about, said[0], said[1], grant.pk, grant.customer_id)


def _less(told: int | None, back: int | None) -> int | None:
    return None if told is None else told - (back or 0)


def _add(sum_so_far: int | None, more: int | None) -> int | None:
    return sum_so_far if more is None else (sum_so_far or 0) + more
