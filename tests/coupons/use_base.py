"""Codes used before a platform on loopback that does each number once, and loses answers when told to."""

import json
import socket
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from coupons import ledger, redeeming, returning, use_calls, uses
from coupons.models import Coupon, CouponGrant, CouponUse, GrantEntry
from coupons.redeeming import Bill
from gateway.methods.merchant_coupons import (
    MarketingActivityOrdervoucherRefund,
    MarketingActivityOrdervoucherUse,
)
from merchants import calls
from merchants.models import GatewayCall, Notice
from tests import build_coupons
from tests.coupons import giving_base
from tests.coupons.giving_base import GivingCase, hang_up, refused, said
from tests.gateway.platform import Behaviour, Platform

USE, REFUND = MarketingActivityOrdervoucherUse.method, MarketingActivityOrdervoucherRefund.method


class Till(giving_base.Counter):
    """`done`: what was asked under each number, once each; the same again is answered the same."""

    def __init__(self) -> None:
        super().__init__()
        self.done: dict[str, dict[str, Any]] = {}

    def _usual(self, method: str, biz: dict[str, Any]) -> Behaviour:
        if method not in (USE, REFUND):
            return super()._usual(method, biz)
        before = self.done.setdefault(biz["out_biz_no"], biz)
        if before != biz:
            return refused("BIZ_ERROR", "out_biz_no 已被使用", method=method)
        return said(method, activity_id=biz["activity_id"])

    def done_and_silent(self, platform: Platform, connection: socket.socket, fields: dict[str, str]) -> None:
        """It does what it is asked, and its answer is lost."""
        biz = json.loads(fields["biz_content"])
        self.done.setdefault(biz["out_biz_no"], biz)
        hang_up(platform, connection, fields)


class UseCase(GivingCase):
    counter: Till

    def setUp(self) -> None:
        super().setUp()
        self.counter = Till()
        self.made = self.live()
        self.grant = self.holding(self.made)

    def live(self, **columns: Any) -> Coupon:
        return self.coupon(**{"family": "merchant", **columns})

    def holding(self, coupon: Coupon, *, code: str = "", **fields: Any) -> CouponGrant:
        return build_coupons.grant(coupon, code=code or f"CODE{uuid.uuid4().hex[:8]}", **fields)

    def redeem(
        self, grant: CouponGrant | None = None, *, no: str = "R1", now: bool = True, **bill: Any
    ) -> CouponUse:
        at = bill.pop("at", timezone.now())
        wish = Bill(**{"order_fen": 2_500, "order_no": "O1", **bill})
        use = redeeming.redeem(self.fresh(grant), wish, request_no=no, by=None, at=at)
        return use_calls.make_now(use, seconds=0) if now else use

    def give_back(self, of: GrantEntry | None, *, no: str = "B1", **wish: Any) -> CouponUse:
        assert of is not None
        at = wish.pop("at", timezone.now())
        use = returning.give_back(of, request_no=no, by=None, at=at, **wish)
        return use_calls.make_now(use, seconds=0)

    def fresh(self, grant: CouponGrant | None = None) -> CouponGrant:
        related = ("coupon", "mini_program__merchant", "customer")
        found: CouponGrant = CouponGrant.objects.select_related(*related).get(pk=(grant or self.grant).pk)
        return found

    def again(self, *, tries: int = 1) -> None:
        """The outbox tries what waits, and settles what ended."""
        for _try in range(tries):
            for call in GatewayCall.objects.filter(state="waiting").order_by("pk"):
                GatewayCall.objects.filter(pk=call.pk).update(due_at=timezone.now() - timedelta(minutes=1))
                calls.send_call(call.pk, merchant_id=call.merchant_id)
        self.settle()

    def lost(self, *, done: bool = True) -> CouponUse:
        """No attempt got an answer; the platform did it at the first, or never."""
        self.counter.plan = {USE: [self.counter.done_and_silent if done else hang_up, hang_up]}
        use = self.redeem()
        self.assertEqual(use.state, "pending")
        GatewayCall.objects.update(attempts=calls.MAX_ATTEMPTS - 1)
        self.again()
        self.counter.plan = {}
        use.refresh_from_db()
        self.assertEqual(use.state, "unknown")
        return use

    def used(self, grant: CouponGrant | None = None, *, event: str = "used_1", **fields: Any) -> Notice:
        """The push of a use, taken over."""
        held = self.fresh(grant)
        notice = self.push(held.coupon, "customer000001", held.voucher_id, id=event, **fields)
        Notice.objects.filter(pk=notice.pk).update(kind=uses.USED)
        at = notice.received_at + timedelta(seconds=1)
        self.assertTrue(uses.take_end(notice.pk, merchant_id=notice.merchant_id, at=at))
        return notice

    def entries(self, grant: CouponGrant | None = None, kind: str = "redeemed") -> list[GrantEntry]:
        rows = GrantEntry.objects.filter(grant=grant or self.grant, kind=kind)
        return list(rows.order_by("pk"))

    def refusal(self, *, at: Any = None, **bill: Any) -> str:
        try:
            self.redeem(no=uuid.uuid4().hex, now=False, **({"at": at} if at else {}), **bill)
        except ledger.NotPossible as error:
            return error.code
        return ""
