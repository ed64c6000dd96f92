"""Coupons that were used, ran out or were taken back on the platform, as its pushes tell: each counted once.

They come in any order, also before the push that somebody got the coupon; then they wait for it and are swept
again. What happened there is a fact, also where we thought the coupon was over. A push tells neither the bill
nor what came off it: those stay unknown, and no figure is made up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from coupons import alerting, ledger, taking, use_answers
from coupons.claims import PATIENCE, Told
from coupons.models import Coupon, CouponGrant
from coupons.models.grant import GrantEntry
from merchants import inbox
from merchants.models import Notice

log = logging.getLogger(__name__)
USED = "alipay.marketing.activity.message.used"
EXPIRED = "alipay.marketing.activity.message.expired"
REFUND = "alipay.marketing.activity.message.refund"


def take_end(notice_id: int, *, merchant_id: int, at: datetime) -> bool:
    """One push of a use or an end. False when it was handled before, or has to wait and comes again."""
    with transaction.atomic():
        notice = inbox.load(notice_id, merchant_id=merchant_id)
        if notice is None:
            return False
        told = Told.of(notice.fields, received_at=notice.received_at)
        if told is None:
            log.warning("%s names no coupon or nobody who holds it", notice)
            return inbox.handled(notice.pk)
        grant = _grant(notice, told)
        if grant is None or grant.claimed_at is None:
            if at < notice.received_at + PATIENCE:
                return False
            log.warning("%s is of a coupon that nobody is known to hold here", notice)
        else:
            ENDS[notice.kind](grant, notice, told)
        return inbox.handled(notice.pk)


def _grant(notice: Notice, told: Told) -> CouponGrant | None:
    rows = Coupon.objects.filter(mini_program=notice.mini_program_id, activity_id=told.activity_id)
    coupon = rows.exclude(activity_id="").first()
    return taking.known(coupon, told.voucher_id, told.code) if coupon else None


def _used(grant: CouponGrant, notice: Notice, told: Told) -> None:
    """A push for each use: of one that was asked for here, or of one that nobody here made. One more than
    there are is kept as a difference and moves nothing."""
    key, trade_no = _key(notice, told), str(notice.fields.get("trade_no", ""))[:64]
    if not _is_written(grant, key) and use_answers.told_of(
        grant, push_key=key, at=told.at, trade_no=trade_no
    ):
        return
    fact = ledger.Fact(key, told.at, GrantEntry.By.PLATFORM, trade_no=trade_no)
    try:
        with transaction.atomic():
            if ledger.redeem(grant, fact).is_new:
                alerting.used(grant, used_at=told.at, at=notice.received_at)
    except ledger.NotPossible as error:
        log.error("%s: grant %s cannot have been used: %s", notice, grant.pk, error)


def _is_written(grant: CouponGrant, key: str) -> bool:
    return GrantEntry.objects.filter(merchant=grant.merchant_id, source_key=key).exists()


def _expired(grant: CouponGrant, notice: Notice, told: Told) -> None:
    ledger.expired(grant, ledger.Fact(f"expired:{grant.pk}", told.at, GrantEntry.By.PLATFORM))


def _refunded(grant: CouponGrant, notice: Notice, told: Told) -> None:
    ledger.invalidated(grant, ledger.Fact(f"refunded:{grant.pk}", told.at, GrantEntry.By.PLATFORM))


def _key(notice: Notice, told: Told) -> str:
    """The platform's id of the event; where it has none what happened to which coupon when."""
    event = str(notice.fields.get("id", "")).strip()[:80]
    return f"used:{notice.mini_program_id}:{event or f'{told.voucher_id}:{told.at.isoformat()}'}"[:120]


ENDS: dict[str, Callable[[CouponGrant, Notice, Told], None]] = {
    USED: _used,
    EXPIRED: _expired,
    REFUND: _refunded,
}
