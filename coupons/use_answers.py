"""What became of a use or a return: by the answer of its call or the platform's push, whichever is first.

Both lock the grant and then the use, and what the ledger writes has the key of the use: it counts once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from coupons import ledger
from coupons.models import CouponGrant, CouponUse, GrantEntry
from coupons.models.use import OPEN_USES, USE_TRANSITIONS, UseState
from coupons.not_used import NOT_REACHED
from merchants import calls
from merchants.models import GatewayCall

log = logging.getLogger(__name__)
State, By = GatewayCall.State, GrantEntry.By
SLACK = timedelta(minutes=2)  # between our clock and the platform's
MOST_LOOKED_AT = 50  # uses of one coupon in one hand


def settle_use(call_id: int, *, merchant_id: int) -> bool:
    """Takes over what became of the call. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        use = locked(CouponUse.objects.get(pk=call.target_id, merchant=merchant_id))
        _take_over(use, call)
        return calls.settle(call.pk)


def locked(use: CouponUse) -> CouponUse:
    """The grant first, then the use; in the caller's transaction."""
    grant = ledger.lock(use.grant_id)
    rows = CouponUse.objects.select_for_update(of=("self",), no_key=True)
    found: CouponUse = rows.select_related("of", "call").get(pk=use.pk)
    found.grant = grant
    return found


def _take_over(use: CouponUse, call: GatewayCall) -> None:
    """An earlier attempt may still tell that it was done; whether it was not only the last one knows."""
    if call.state == State.ACCEPTED:
        if use.state != UseState.ACCEPTED:
            accept(use)
    elif use.state not in OPEN_USES or use.call_id != call.pk:
        log.info("%s of %s was %s after it was settled", call, use, call.state)
    elif call.state == State.REFUSED:
        words = str(call.answer.get("sub_msg", ""))
        _move(use, UseState.REFUSED, refusal=(call.sub_code or call.code)[:80], words=words[:400])
    elif call.state == State.DEAD and not _was_asked_before(use, call):
        words = str(call.answer.get("reason", ""))
        _move(use, UseState.REFUSED, refusal=NOT_REACHED, words=words[:400])
    else:
        words = str(call.answer.get("detail") or call.answer.get("reason") or "")
        _move(use, UseState.UNKNOWN, words=words[:400])


def _was_asked_before(use: CouponUse, call: GatewayCall) -> bool:
    """It is asked again only where nobody knew what the call before had done."""
    same = GatewayCall.objects.filter(target_kind=call.target_kind, target_id=use.pk)
    return same.exclude(pk=call.pk).exists()


def accept(use: CouponUse, *, push_key: str = "") -> None:
    """The platform has done it, as its answer or its push says. Of a use that is locked, with its grant."""
    entry = _write(use, by=By.PLATFORM if push_key else use.by, call_id=None if push_key else use.call_id)
    if entry is None:
        log.error("%s was done by the platform and does not fit the books of grant %s", use, use.grant_id)
    _move(use, UseState.ACCEPTED, entry=entry, refusal="", words="", push_key=push_key or use.push_key)


def _write(use: CouponUse, *, by: str, call_id: int | None) -> GrantEntry | None:
    """None: it contradicts what was written before.

    What a push told names no call: whoever settles that holds its row and waits for the grant.
    """
    fact = ledger.Fact(
        f"use:{use.pk}",
        use.created_at,
        by,
        user_id=use.user_id,
        order_no=use.order_no,
        trade_no=use.trade_no,
        store_id=use.store_id,
        order_fen=use.order_fen,
        saved_fen=use.saved_fen,
        call_id=call_id,
    )
    try:
        with transaction.atomic():
            if use.of is not None:
                return ledger.revert(use.grant, fact, of=use.of, times=use.times).entry
            return ledger.redeem(use.grant, fact, times=use.times).entry
    except ledger.NotPossible:
        return None


def _move(use: CouponUse, state: UseState, **changes: object) -> None:
    """Raises ValueError for a move there is not. The row is locked, so that its state is what we read."""
    if state not in USE_TRANSITIONS[use.state]:
        raise ValueError(f"a use does not go from {use.state} to {state}")
    CouponUse.objects.filter(pk=use.pk, state=use.state).update(state=state, settled_at=Now(), **changes)
    use.state = state


# --- pushes -----------------------------------------------------------------------------------------------


def told_of(grant: CouponGrant, *, push_key: str, at: datetime, trade_no: str) -> bool:
    """A push of a use, of a grant that is locked: whether it is one that was asked for here.

    Then it counts as that one, also where the answer has not come or was lost. Each push is of one use and
    each use has one push; a push names no number of ours, so the trade and the moment say which it is.
    """
    if CouponUse.objects.filter(merchant=grant.merchant_id, push_key=push_key).exists():
        return True
    found = _asked_here(grant, at=at, trade_no=trade_no)
    if found is None:
        return False
    use = locked(found)
    if use.state == UseState.ACCEPTED:
        CouponUse.objects.filter(pk=use.pk, push_key="").update(push_key=push_key)
    else:
        accept(use, push_key=push_key)
    return True


def _asked_here(grant: CouponGrant, *, at: datetime, trade_no: str) -> CouponUse | None:
    """The same trade, else the nearest in time; any, where the coupon has no room for yet another use."""
    uses = CouponUse.objects.filter(grant=grant, kind=CouponUse.Kind.REDEEM, push_key="")
    may_be_done = ~Q(state=UseState.REFUSED) | Q(call__maybe_done=True)
    rows = uses.filter(may_be_done).select_related("call").order_by("-pk")[:MOST_LOOKED_AT]
    found = sorted(rows, key=lambda use: abs(use.created_at - at))
    of_trade = [use for use in found if trade_no and use.trade_no == trade_no]
    unnamed = [use for use in found if not trade_no or not use.trade_no]
    in_time = [use for use in unnamed if _is_in_time(use, at)]
    is_full = grant.used_times + open_times(grant) >= grant.coupon.max_uses
    return next(iter(of_trade or in_time or (unnamed if is_full else [])), None)


def _is_in_time(use: CouponUse, at: datetime) -> bool:
    ended_at = use.call.finished_at if use.call else None
    return use.created_at - SLACK <= at <= (ended_at or timezone.now()) + SLACK


def open_times(grant: CouponGrant) -> int:
    """Times of uses whose outcome is not there yet: they are held for them."""
    uses = CouponUse.objects.filter(grant=grant, kind=CouponUse.Kind.REDEEM, state__in=OPEN_USES)
    return int(uses.aggregate(n=Sum("times"))["n"] or 0)
