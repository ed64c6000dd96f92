"""The call that uses a code or gives it back: written with the wish, made at once where somebody waits.

The platform does it once for each out_biz_no however often it is asked, so the same words leave each time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from coupons import bodies, use_answers
from coupons.models import CouponUse
from coupons.models.use import UseState
from gateway.methods import Request
from gateway.methods.merchant_coupons import (
    MarketingActivityOrdervoucherRefund,
    MarketingActivityOrdervoucherUse,
)
from merchants import calls, events
from merchants.models import GatewayCall, User

SETTLE_TASK = "coupons.settle_use"
METHODS: Mapping[str, type[Request[Any]]] = {
    CouponUse.Kind.REDEEM: MarketingActivityOrdervoucherUse,
    CouponUse.Kind.REVERT: MarketingActivityOrdervoucherRefund,
}
CHANNELS: Mapping[str, str] = {
    CouponUse.Channel.ALIPAY: "ZHIFUBAO_TRADE_CHANNEL",
    CouponUse.Channel.WECHAT: "WX_TRADE_CHANNEL",
    CouponUse.Channel.OTHER: "OTHER_TRADE_CHANNEL",
}
LOOK_SECONDS = 0.05


def intend(use: CouponUse, *, attempt: int = 1) -> GatewayCall:
    """In the caller's transaction. It is not begun any more COUPON_USE_TRY_SECONDS later: by then whoever
    stood at the till has left."""
    call = calls.intend(
        mini_program=use.mini_program,
        method=METHODS[use.kind].method,
        target=use,
        body=_body(use),
        idempotency_key=f"use:{use.pk}:{attempt}",
        repeatable=True,
        settle_task=SETTLE_TASK,
    )
    calls.expire_at(call, call.created_at + timedelta(seconds=settings.COUPON_USE_TRY_SECONDS))
    return call


def _body(use: CouponUse) -> dict[str, Any]:
    coupon = use.grant.coupon
    body: dict[str, Any] = {
        "activity_id": coupon.activity_id,
        "voucher_code": use.grant.code,
        "out_biz_no": use.out_biz_no,
        "biz_dt": bodies.wall(use.created_at),
    }
    if use.order_fen:
        body["total_fee"] = bodies.yuan(use.order_fen)
    several = coupon.max_uses > 1
    if use.kind == CouponUse.Kind.REDEEM:
        body["trade_channel"] = CHANNELS[use.channel]
        body |= {name: value for name, value in _where(use).items() if value}
        if use.goods:
            body["goods_detail"] = [_line(item) for item in use.goods]
        if several:
            body["voucher_use_detail_info"] = {"voucher_use_times": str(use.times)}
        return body
    back: dict[str, Any] = {"voucher_refund_use_times": str(use.times)} if several else {}
    if use.paid_back_fen:
        back["voucher_refund_amount"] = bodies.yuan(use.paid_back_fen)
    return {**body, "voucher_refund_detail_info": back} if back else body


def _where(use: CouponUse) -> dict[str, str]:
    return {"trade_no": use.trade_no, "store_id": use.shop_id}


def _line(item: Mapping[str, Any]) -> dict[str, str]:
    told = {
        "goods_id": str(item["id"]),
        "goods_name": str(item["name"]),
        "price": bodies.yuan(item["price_fen"]),
        "quantity": str(item["quantity"]),
    }
    return {name: value for name, value in told.items() if value}


def make_now(use: CouponUse, *, seconds: float) -> CouponUse:
    """Asks the platform in this process, unless a worker does it already; the use as it then stands.

    Never in a transaction. It stays `pending` where no answer came, and the outbox goes on by itself.
    """
    if use.state != UseState.PENDING or use.call_id is None:
        return use
    until = time.monotonic() + seconds
    calls.send_call(use.call_id, merchant_id=use.merchant_id)
    while True:
        use_answers.settle_use(use.call_id, merchant_id=use.merchant_id)
        now = fresh(use)
        if now.state != UseState.PENDING or not _is_coming(now) or time.monotonic() > until:
            return now
        time.sleep(LOOK_SECONDS)


def _is_coming(use: CouponUse) -> bool:
    """Its outcome is worth waiting for: the first attempt is about to begin, out, or being settled."""
    call = use.call
    if call is None or call.state == GatewayCall.State.WAITING:
        return call is not None and not call.attempts
    return call.settled_at is None


def fresh(use: CouponUse) -> CouponUse:
    rows = CouponUse.objects.select_related(
        "grant__coupon", "grant__customer", "call", "mini_program", "store"
    )
    found: CouponUse = rows.get(pk=use.pk)
    return found


def ask_again(use: CouponUse, *, by: User | None) -> bool:
    """Under the number of the first time, of a use whose outcome nobody knows. False: it is known, or asked.

    `by`: a person who decided so; None where its caller asked again.
    """
    with transaction.atomic():
        mine = use_answers.locked(use)
        if mine.state != UseState.UNKNOWN or mine.call is None or mine.call.settled_at is None:
            return False
        attempts = GatewayCall.objects.filter(target_kind="couponuse", target_id=mine.pk).count()
        call = intend(mine, attempt=attempts + 1)
        moved = CouponUse.objects.filter(pk=mine.pk, state=UseState.UNKNOWN)
        moved.update(state=UseState.PENDING, call=call, settled_at=None)
        if by is not None:
            events.record(
                "coupon_use.asked_again",
                merchant=mine.mini_program.merchant,
                by=by,
                mini_program=mine.mini_program,
                subject=mine.grant,
                detail={"coupon": mine.grant.coupon.name, "customer": mine.grant.customer_id},
            )
    return True
