"""What one person holds of a coupon, ours and as the platform listed it, set side by side.

Nothing is asked or written here. What may still be on its way is no difference: whoever moved within
COUPON_CHECK_SETTLE_SECONDS is left for the next look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from coupons.models import Coupon, CouponGrant
from coupons.models.difference import DifferenceKind as Kind
from coupons.models.grant import USABLE, GrantState
from gateway import wire
from gateway.methods.held_coupons import HeldVoucher

OVER = (GrantState.EXPIRED, GrantState.INVALIDATED)
NOT_GOT = (GrantState.SENDING, GrantState.UNKNOWN, GrantState.REFUSED)
OPEN = (GrantState.SENDING, GrantState.UNKNOWN)
LISTED_FOR = timedelta(days=170)  # after its end; the platform shows it for six months


@dataclass(frozen=True)
class Found:
    """A difference as it is seen now; `about` as CouponDifference has it."""

    kind: str
    about: str
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    grant_id: int | None = None
    customer_id: int | None = None


@dataclass(frozen=True)
class Held:
    """One coupon of a person in the platform's words. None: it did not tell."""

    voucher_id: str
    code: str
    status: str
    used: int | None
    got_at: datetime | None
    ends_at: datetime | None
    trade_no: str = ""

    @classmethod
    def of(cls, told: HeldVoucher, *, max_uses: int) -> Held:
        base = told.user_voucher_base_info
        status = (base.voucher_status if base else None) or told.voucher_status or ""
        used = base.voucher_used_times if base else None
        return cls(
            voucher_id=told.voucher_id or (base.voucher_id if base else None) or "",
            code=(base.voucher_code if base else None) or "",
            status=status,
            used=max_uses if used is None and status == "USED" else used,
            got_at=_moment(told.create_time or (base.create_time if base else None)),
            ends_at=_moment(base.valid_end_time if base else None),
            trade_no=(base.associate_trade_no if base else None) or "",
        )

    @property
    def facts(self) -> dict[str, Any]:
        """As a difference keeps them."""
        told = {
            "voucher_id": self.voucher_id,
            "code": self.code,
            "status": self.status,
            "used": self.used,
            "got_at": self.got_at.isoformat() if self.got_at else "",
            "ends_at": self.ends_at.isoformat() if self.ends_at else "",
            "trade_no": self.trade_no,
        }
        return {name: value for name, value in told.items() if value not in ("", None)}


@dataclass
class Person:
    """`skipped`: grants that were left for the next look; what is open about them stays open."""

    found: list[Found] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)


def slack() -> timedelta:
    return timedelta(seconds=settings.COUPON_CHECK_SETTLE_SECONDS)


def ours_of(grant: CouponGrant) -> dict[str, Any]:
    return {"state": grant.state, "used": grant.used_times}


def compare(grants: Sequence[CouponGrant], held: Iterable[Held], *, customer_id: int, at: datetime) -> Person:
    """`grants`: all that this person has of it here, with `moved_at`, their last movement in the ledger, and
    `is_being_used`: the platform has not said what became of a use."""
    person, left = Person(), list(held)
    for grant in grants:
        if grant.state in NOT_GOT:
            continue
        theirs = next((one for one in left if _same(grant, one)), None)
        if theirs is not None:
            left.remove(theirs)
        if _is_fresh(grant, at=at):
            person.skipped.add(grant.pk)
        elif theirs is None:
            person.found += _missing_there(grant, at=at)
        else:
            person.found += _differing(grant, theirs, at=at)
    if not any(grant.state in OPEN for grant in grants):  # one of them may be what is on its way
        person.found += [
            Found(Kind.CLAIMED_THERE, f"voucher:{one.voucher_id}", {}, one.facts, customer_id=customer_id)
            for one in left
            if one.voucher_id and not (one.got_at and one.got_at > at - slack())
        ]
    return person


def _same(grant: CouponGrant, theirs: Held) -> bool:
    if grant.voucher_id and theirs.voucher_id:
        return grant.voucher_id == theirs.voucher_id
    return bool(grant.code) and grant.code == theirs.code


def _is_fresh(grant: CouponGrant, *, at: datetime) -> bool:
    moved_at = getattr(grant, "moved_at", None)
    is_being_used = getattr(grant, "is_being_used", False)
    return is_being_used or (moved_at is not None and moved_at > at - slack())


def _missing_there(grant: CouponGrant, *, at: datetime) -> list[Found]:
    is_named = bool(grant.voucher_id or grant.code)
    if not is_named or grant.ends_at is None or grant.ends_at < at - LISTED_FOR:
        return []
    return [_found(Kind.CLAIMED_HERE, grant, {})]


def _differing(grant: CouponGrant, theirs: Held, *, at: datetime) -> list[Found]:
    """One at most: what differs in uses is not asked whether it is over too."""
    if theirs.used is not None and theirs.used != grant.used_times:
        kind = Kind.USED_THERE if theirs.used > grant.used_times else Kind.USED_HERE
        return [_found(kind, grant, theirs.facts)]
    if theirs.status == "EXPIRED" and grant.state in USABLE and not _just(theirs.ends_at, at=at):
        return [_found(Kind.ENDED_THERE, grant, theirs.facts)]
    if theirs.status == "SENDED" and grant.state in OVER and not _just(grant.ends_at, at=at):
        return [_found(Kind.ENDED_HERE, grant, theirs.facts)]
    return []


def _just(moment: datetime | None, *, at: datetime) -> bool:
    return moment is not None and at - slack() < moment <= at


def _found(kind: str, grant: CouponGrant, theirs: Mapping[str, Any]) -> Found:
    return Found(kind, f"grant:{grant.pk}", ours_of(grant), theirs, grant.pk, grant.customer_id)


def totals(coupon: Coupon, *, before: Mapping[str, int], after: Mapping[str, int]) -> list[Found]:
    """`before` and `after`: our figures on both sides of the question, for people claim while it is asked.

    The platform counts coupons of which some use is gone; of those with several uses ours are known to lie
    between those used up and all uses.
    """
    found = []
    claimed, used = coupon.platform_claimed, coupon.platform_used
    if claimed is not None and not before["claimed"] <= claimed <= after["claimed"]:
        ours = {"claimed": after["claimed"]}
        found.append(Found(Kind.TOTAL_CLAIMED, "", ours, {"claimed": claimed}))
    least, most = min(before["redeemed"], after["redeemed"]), max(before["redemptions"], after["redemptions"])
    if used is not None and not least <= used <= most:
        found.append(Found(Kind.TOTAL_USED, "", {"used": after["redemptions"]}, {"used": used}))
    return found


def _moment(text: str | None) -> datetime | None:
    try:
        return wire.moment_from_beijing(text) if text else None
    except ValueError:
        return None
