"""Coupons that people got, as the platform pushes it: each counted once, in any order with our own answers.

One of ours is known by its voucher_id or its code. While a call that may have given it is on its way the push
waits, and is swept again: the answer says which of the two it is, and is taken over first where it is there.
Where nobody knows any more whether ours was given, the push is the answer. Anything else the person claimed
on the platform, which had its own limits; it is counted whatever ours say, and told where it is too often.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.db import IntegrityError, transaction

from coupons import alerting, answers, ledger, taking, terms
from coupons.models import Coupon, CouponGrant
from coupons.models.grant import GrantEntry, GrantState
from membership import customers
from membership.models import Customer
from merchants import inbox
from merchants.models import GatewayCall, MiniProgram

log = logging.getLogger(__name__)
RECEIVED = "alipay.marketing.activity.message.received"
WHO = ("open_id", "user_id", "receive_user_id")  # older apps have only the last two (domain A7.8)
# The answer that names the activity may still be on its way to us; later it is a coupon that is not ours.
PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    activity_id: str
    voucher_id: str
    code: str
    open_id: str
    at: datetime

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, received_at: datetime) -> Self | None:
        """None for a push that names no coupon or nobody who holds it."""
        texts = {name: str(value).strip() for name, value in fields.items() if value is not None}
        voucher_id = texts.get("voucher_id", "")
        open_id = next((texts[name] for name in WHO if texts.get(name)), "")
        if not voucher_id or not customers.is_open_id(open_id):
            return None
        return cls(
            activity_id=texts.get("activity_id", ""),
            voucher_id=voucher_id[:64],
            code=texts.get("voucher_code", "")[:64],
            open_id=open_id,
            at=moment_of(texts.get("event_time", "")) or received_at,
        )


def moment_of(event_time: str) -> datetime | None:
    """Of the milliseconds that the platform counts in; None where it is no such number."""
    if not (event_time.isascii() and event_time.isdigit() and len(event_time) == 13):
        return None
    return datetime.fromtimestamp(int(event_time) / 1000, UTC)


def take_received(notice_id: int, *, merchant_id: int, at: datetime) -> bool:
    """False when it was handled before, or has to wait and comes again. Repeatable."""
    try:
        handled, ended = _look_at(notice_id, merchant_id=merchant_id, at=at)
        if not ended:
            return handled
        for call_id in ended:
            answers.settle_gift(call_id, merchant_id=merchant_id)
        return _look_at(notice_id, merchant_id=merchant_id, at=at)[0]
    except IntegrityError:
        return False  # another push of the same coupon, or for the same place, was faster; it comes again


def _look_at(notice_id: int, *, merchant_id: int, at: datetime) -> tuple[bool, list[int]]:
    """Whether it was handled now, and the calls whose answers are there and come before it."""
    with transaction.atomic():
        notice = inbox.load(notice_id, merchant_id=merchant_id)
        if notice is None:
            return False, []
        told = Told.of(notice.fields, received_at=notice.received_at)
        coupon = _coupon(notice.mini_program_id, told.activity_id) if told else None
        if told is None:
            log.warning("%s names no coupon or nobody who holds it", notice)
        elif coupon is None:
            if at < notice.received_at + PATIENCE:
                return False, []
            log.info("%s is of a coupon that was not made here", notice)
        elif begun := _take(coupon, told, at=at):
            return False, [call.pk for call in begun if call.finished_at]
        return inbox.handled(notice.pk), []


def _coupon(mini_program_id: int, activity_id: str) -> Coupon | None:
    rows = Coupon.objects.filter(mini_program=mini_program_id).exclude(activity_id="")
    found: Coupon | None = rows.select_related("mini_program").filter(activity_id=activity_id).first()
    return found


def _take(coupon: Coupon, told: Told, *, at: datetime) -> list[GatewayCall]:
    """Counts it, unless there are calls that may have given it and whose outcome nobody took over."""
    known = taking.known(coupon, told.voucher_id, told.code)
    if known is not None:
        _complete(known, told)
        return []
    customer = _customer(coupon.mini_program, told.open_id)
    begun = _begun(coupon, customer)
    if not begun:
        fact = ledger.Fact("", told.at, GrantEntry.By.PLATFORM)
        grant = taking.take_in(coupon, customer, fact, voucher_id=told.voucher_id, code=told.code)
        if grant is not None:
            alerting.claimed(grant, at=at)
    return begun


def _complete(grant: CouponGrant, told: Told) -> None:
    """What the answer of our call could not tell: the id, and the moment from which its days count."""
    better: dict[str, Any] = {
        name: value
        for name, value in {"voucher_id": told.voucher_id, "code": told.code}.items()
        if value and not getattr(grant, name)
    }
    begins_at, ends_at = terms.validity(grant.coupon, told.at)
    if grant.state == GrantState.CLAIMED and grant.ends_at != ends_at:
        better |= {"claimed_at": told.at, "begins_at": begins_at, "ends_at": ends_at}
    if better:
        CouponGrant.objects.filter(pk=grant.pk).update(**better)


def _begun(coupon: Coupon, customer: Customer) -> list[GatewayCall]:
    """One that had not begun gave nothing before this push."""
    grants = CouponGrant.objects.filter(coupon=coupon, customer=customer, state=GrantState.SENDING)
    begun = grants.filter(call__attempts__gt=0).select_related("call").order_by("pk")
    return [grant.call for grant in begun if grant.call is not None]


def _customer(mini_program: MiniProgram, open_id: str) -> Customer:
    found = customers.remember(mini_program, [open_id], source="coupon")
    known: Customer = Customer.objects.get(pk=found[open_id])
    return known
