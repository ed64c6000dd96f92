"""A merchant coupon used by its code: judged here, held, asked of the platform, in the ledger once it did it.

Nobody else can have the same use meanwhile: what is asked for holds its times until the outcome is there,
also where nobody knows it. Pay coupons come off at the cashier, and only the platform's push tells of them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction

from coupons import frequency, ledger, terms, use_answers, use_calls
from coupons.ledger import By, Fact, KeyReused, NotPossible
from coupons.limits import limits_of
from coupons.models import Coupon, CouponGrant, CouponUse
from coupons.models.coupon import Family, Scope
from coupons.not_used import (
    BEING_USED,
    BELOW_FLOOR,
    DAY_LIMIT,
    GOODS_NEEDED,
    INVALIDATED,
    NO_CODE,
    OTHER_GOODS,
    OTHER_STORE,
    PAY_COUPON,
    RESERVATION_OVER,
    STOPPED,
    STORE_NEEDED,
    USED_UP,
)

if TYPE_CHECKING:
    from merchants.models import Store, User

SCOPE = "coupons"  # of a server key that may do all this
# What a coupon that cannot be used any more is, in better words than not_usable.
OVER = {"redeemed": USED_UP, "expired": "too_late", "invalidated": INVALIDATED}


@dataclass(frozen=True)
class Item:
    """One line of a bill; `price_fen` of one piece."""

    id: str
    price_fen: int
    quantity: int = 1
    name: str = ""

    @property
    def row(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "price_fen": self.price_fen, "quantity": self.quantity}


@dataclass(frozen=True)
class Bill:
    """What it is used for. `saved_fen`: what came off; None where nobody told, then it follows from the
    coupon if it is used once."""

    order_fen: int
    order_no: str = ""
    times: int = 1
    store: Store | None = None
    channel: str = CouponUse.Channel.OTHER
    trade_no: str = ""
    saved_fen: int | None = None
    items: tuple[Item, ...] = ()

    @property
    def goods(self) -> list[dict[str, Any]]:
        return [item.row for item in self.items]


def redeem(grant: CouponGrant, bill: Bill, *, request_no: str, by: User | None, at: datetime) -> CouponUse:
    """The wish and its call; use_calls.make_now asks. The same request_no gives the first one.

    `by`: who did it by hand; None for the API. Raises NotPossible with a code of coupons.not_used, and
    KeyReused where the number came before with something else.
    """
    first = asked_before(grant, CouponUse.Kind.REDEEM, request_no)
    if first is None:
        try:
            with transaction.atomic():
                return _redeem(ledger.lock(grant.pk), bill, request_no=request_no, by=by, at=at)
        except IntegrityError:
            first = asked_before(grant, CouponUse.Kind.REDEEM, request_no)
            if first is None:
                raise
    return _same(first, grant, bill)


def _redeem(grant: CouponGrant, bill: Bill, *, request_no: str, by: User | None, at: datetime) -> CouponUse:
    first = asked_before(grant, CouponUse.Kind.REDEEM, request_no)  # while we waited for the grant
    if first is not None:
        return _same(first, grant, bill)
    frequency.lock(frequency.USING, grant.customer_id)
    if why := hindrance(grant, at=at, times=bill.times, order_no=bill.order_no) or misfit(grant, bill):
        raise NotPossible(why)
    told = {name: getattr(bill, name) for name in _OF_BILL}
    saved = bill.saved_fen
    if saved is None and bill.times == 1:
        saved = terms.saving_fen(grant.coupon, counted_fen(grant.coupon, bill))
    return ask(grant, CouponUse.Kind.REDEEM, request_no=request_no, by=by, at=at, saved_fen=saved, **told)


_OF_BILL = ("order_fen", "order_no", "times", "store", "channel", "trade_no", "goods")


def _same(first: CouponUse, grant: CouponGrant, bill: Bill) -> CouponUse:
    told = {"grant_id": grant.pk, **{name: getattr(bill, name) for name in _OF_BILL}}
    if any(getattr(first, name) != value for name, value in told.items()):
        raise KeyReused(f"{first.request_no} came before with another coupon or bill")
    if bill.saved_fen is not None and bill.saved_fen != first.saved_fen:
        raise KeyReused(f"{first.request_no} came before with another saving")
    return first


def asked_before(grant: CouponGrant, kind: str, request_no: str) -> CouponUse | None:
    rows = CouponUse.objects.filter(merchant=grant.merchant_id, kind=kind, request_no=request_no)
    related = ("grant__coupon", "grant__customer", "call", "mini_program", "store")
    found: CouponUse | None = rows.select_related(*related).first()
    return found


def ask(
    grant: CouponGrant, kind: str, *, request_no: str, by: User | None, at: datetime, **told: Any
) -> CouponUse:
    """The row with its number, then the call; in the transaction that holds the grant."""
    store = told.get("store")
    use: CouponUse = CouponUse.objects.create(
        merchant_id=grant.merchant_id,
        mini_program=grant.mini_program,
        grant=grant,
        kind=kind,
        request_no=request_no,
        out_biz_no=f"use-{uuid.uuid4().hex}",
        shop_id=store.platform_shop_id if store else "",
        by=By.HAND if by else By.API,
        user=by,
        created_at=at,
        **told,
    )
    use.call = use_calls.intend(use)
    use.save(update_fields=["call"])
    return use


# --- may it be used ---------------------------------------------------------------------------------------


def hindrance(grant: CouponGrant, *, at: datetime, times: int = 1, order_no: str = "") -> str:
    """Why this coupon cannot be used now, whatever the bill; nothing where it can."""
    if grant.coupon.family == Family.PAY:
        return PAY_COUPON
    code = ledger.why_not(grant, at=at, times=times, order_no=order_no)
    if code:
        return OVER.get(grant.state, code) if code == "not_usable" else code
    if not grant.code:
        return NO_CODE
    if grant.used_times + use_answers.open_times(grant) + times > grant.coupon.max_uses:
        return BEING_USED
    if grant.mini_program.stopped_at is not None:
        return STOPPED
    most = limits_of(grant.merchant_id)[0].uses
    too_many = most is not None and frequency.used_on(grant.customer_id, at=at) + times > most
    return DAY_LIMIT if too_many else ""


def misfit(grant: CouponGrant, bill: Bill) -> str:
    """Why it cannot be used for this bill in this store; nothing where it can."""
    coupon = grant.coupon
    if coupon.scope == Scope.STORES:
        if bill.store is None:
            return STORE_NEEDED
        if not coupon.stores.filter(pk=bill.store.pk).exists():
            return OTHER_STORE
    if is_for_items(coupon):
        if not bill.items:
            return GOODS_NEEDED
        if not any(item.id in coupon.item_ids for item in bill.items):
            return OTHER_GOODS
    return BELOW_FLOOR if terms.saving_fen(coupon, counted_fen(coupon, bill)) is None else ""


def counted_fen(coupon: Coupon, bill: Bill) -> int:
    """The part of the bill that the coupon looks at: of one for items no more than these come to."""
    if not is_for_items(coupon):
        return bill.order_fen
    mine = sum(item.price_fen * item.quantity for item in bill.items if item.id in coupon.item_ids)
    return min(mine, bill.order_fen)


def is_for_items(coupon: Coupon) -> bool:
    """A special price may name its item in words alone; then the bill is looked at as a whole."""
    return bool(coupon.scope == Scope.ITEMS and coupon.item_ids)


# --- held for an order ------------------------------------------------------------------------------------


def reserve(grant: CouponGrant, *, order_no: str, minutes: int, at: datetime) -> CouponGrant:
    """Nobody but this order can use it until then; ours alone, the platform knows of none.

    Once for each coupon and order, so that the end stays what it was when it is asked again. Raises
    NotPossible.
    """
    with transaction.atomic():
        held = ledger.lock(grant.pk)
        if held.reserved_for == order_no and held.reserved_until is not None and held.reserved_until > at:
            return held
        if why := hindrance(held, at=at, order_no=order_no):
            raise NotPossible(why)
        until = at + timedelta(minutes=min(minutes, settings.COUPON_RESERVE_MINUTES))
        fact = Fact(f"reserve:{held.pk}:{order_no}", at, By.API, order_no=order_no)
        written = ledger.reserve(held, fact, until=until)
    if not written.is_new:
        raise NotPossible(RESERVATION_OVER)
    return written.grant


def release(grant: CouponGrant, *, order_no: str, at: datetime) -> bool:
    """The order does not want it any more. False: it does not hold it."""
    with transaction.atomic():
        fact = Fact(f"release:{grant.pk}:{order_no}", at, By.API, order_no=order_no)
        written = ledger.release(grant, fact)
    return written is not None and written.is_new


def release_due(*, at: datetime, limit: int = 500) -> int:
    """Those held longer than they may be, in transactions of their own."""
    over = CouponGrant.objects.filter(reserved_until__lt=at).order_by("reserved_until")
    released = 0
    for pk in list(over.values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            grant = ledger.lock(pk)
            if grant.reserved_until is None or grant.reserved_until >= at:
                continue
            fact = Fact(f"release:{pk}:{grant.reserved_for}", at, By.CLOCK, order_no=grant.reserved_for)
            released += ledger.release(grant, fact) is not None
    return released
