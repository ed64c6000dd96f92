"""Uses of a merchant coupon given back, wholly or so many of several: never more than were used or paid.

The platform takes it also after the last day of the coupon; it then comes back expired.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Sum

from coupons import ledger
from coupons.ledger import KeyReused, NotPossible
from coupons.models import CouponGrant, CouponUse, GrantEntry
from coupons.models.coupon import Family
from coupons.models.use import OPEN_USES
from coupons.not_used import NO_CODE, NOTHING_TO_RETURN, PAY_COUPON, STOPPED, TOO_MUCH_MONEY
from coupons.redeeming import ask, asked_before

if TYPE_CHECKING:
    from merchants.models import User

REVERT = CouponUse.Kind.REVERT
Part = tuple[int, int | None, int | None, int | None]  # times, bill, saving, what the customer gets back


def give_back(
    of: GrantEntry,
    *,
    request_no: str,
    times: int | None = None,
    paid_back_fen: int | None = None,
    by: User | None,
    at: datetime,
) -> CouponUse:
    """`of`: the redemption. `times` None: all that is left of it; `paid_back_fen` None: with all of it all
    that was paid, with a part of it nobody told. The same request_no gives the first one.

    Raises NotPossible with a code of coupons.not_used, and KeyReused.
    """
    first = asked_before(of.grant, REVERT, request_no)
    if first is None:
        try:
            with transaction.atomic():
                grant = ledger.lock(of.grant_id)
                first = asked_before(grant, REVERT, request_no)
                if first is None:
                    return _give_back(grant, of, (times, paid_back_fen), request_no=request_no, by=by, at=at)
        except IntegrityError:
            first = asked_before(of.grant, REVERT, request_no)
            if first is None:
                raise
    if first.of_id != of.pk or (times or first.times) != first.times:
        raise KeyReused(f"{request_no} came before with another use or other times")
    if paid_back_fen is not None and paid_back_fen != first.paid_back_fen:
        raise KeyReused(f"{request_no} came before with another amount")
    return first


def _give_back(
    grant: CouponGrant,
    of: GrantEntry,
    wish: tuple[int | None, int | None],
    *,
    request_no: str,
    by: User | None,
    at: datetime,
) -> CouponUse:
    if why := hindrance(grant):
        raise NotPossible(why)
    times, order_fen, saved_fen, paid_back_fen = _part(of, *wish)
    return ask(
        grant,
        REVERT,
        request_no=request_no,
        by=by,
        at=at,
        of=of,
        times=times,
        order_no=of.order_no,
        trade_no=of.trade_no,
        store=of.store,
        order_fen=order_fen,
        saved_fen=saved_fen,
        paid_back_fen=paid_back_fen,
    )


def hindrance(grant: CouponGrant) -> str:
    if grant.coupon.family == Family.PAY:
        return PAY_COUPON
    if not grant.code:
        return NO_CODE
    return STOPPED if grant.mini_program.stopped_at is not None else ""


def left_of(of: GrantEntry) -> int:
    """Times that can still be given back: neither returned nor on their way back."""
    if of.kind != GrantEntry.Kind.REDEEMED:
        return 0
    under_way = CouponUse.objects.filter(of=of, state__in=OPEN_USES).aggregate(n=Sum("times"))["n"]
    return ledger.left_of(of) - int(under_way or 0)


def _part(of: GrantEntry, times: int | None, paid_back_fen: int | None) -> Part:
    """The bill that is undone is what the customer gets back and what the coupon had taken off."""
    left = left_of(of)
    times = left if times is None else times
    if not 1 <= times <= left:
        raise NotPossible(NOTHING_TO_RETURN)
    bill, saved = _money_left(of)
    if bill is None:
        if paid_back_fen is not None:
            raise NotPossible(TOO_MUCH_MONEY)  # nobody told what was paid
        return times, None, saved if times == left else None, None
    paid = bill - (saved or 0)
    if paid_back_fen is None and times < left:
        return times, None, None, None
    paid_back_fen = paid if paid_back_fen is None else paid_back_fen
    if paid_back_fen > paid:
        raise NotPossible(TOO_MUCH_MONEY)
    saved_back = None if saved is None else saved * times // left
    return times, paid_back_fen + (saved_back or 0), saved_back, paid_back_fen


def _money_left(of: GrantEntry) -> tuple[int | None, int | None]:
    """Of bill and saving, what was not given back and is not on its way back; None where nobody told."""
    sums = {"order": Sum("order_fen"), "saved": Sum("saved_fen")}
    gone = GrantEntry.objects.filter(reverts=of).aggregate(**sums)
    going = CouponUse.objects.filter(of=of, state__in=OPEN_USES).aggregate(**sums)

    def left(told: int | None, name: str) -> int | None:
        return None if told is None else told - int(gone[name] or 0) - int(going[name] or 0)

    return left(of.order_fen, "order"), left(of.saved_fen, "saved")
