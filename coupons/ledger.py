"""What happens to a grant: written down once, the grant moved with it, the figures after both.

Everything here stands in the caller's transaction. The grant is locked first, then its entry is written, then
the figures move (docs/locking.md). A `source_key` that was written before changes nothing and gives the entry
of the first time. What happened on the platform is taken as it is, also where we assumed something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from coupons import counting, terms
from coupons.models import Coupon, CouponGrant, GrantEntry
from coupons.models.grant import TRANSITIONS, USABLE, GrantState, Source
from membership.models import Customer

Kind, By = GrantEntry.Kind, GrantEntry.By
HOUR_SECONDS = 3_600
EXPIRE_AT_ONCE = 500


class NotPossible(Exception):
    """`code` is a word for programs: not_usable, too_early, too_late, wrong_hours, reserved, too_often,
    nothing_to_return."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class KeyReused(Exception):
    """The source key came before, of another grant."""


@dataclass(frozen=True)
class Fact:
    """What is known of one movement. `at`: when it happened; money in fen, None where nobody told."""

    source_key: str
    at: datetime
    by: str
    user_id: int | None = None
    order_no: str = ""
    trade_no: str = ""
    store_id: int | None = None
    order_fen: int | None = None
    saved_fen: int | None = None
    call_id: int | None = None


@dataclass(frozen=True)
class Written:
    """`is_new` False: it was written before, and nothing moved now."""

    entry: GrantEntry
    grant: CouponGrant
    is_new: bool


# --- giving -----------------------------------------------------------------------------------------------


def free_slot(coupon: Coupon, customer_id: int, *, at: datetime) -> str | None:
    """For a new grant: its place under the limit per person, "" where there is none; None: all are taken.

    Two who take the same one at once meet at the unique key of the table.
    """
    if coupon.per_person is None:
        return ""
    window = terms.window_of(coupon.per_person_period, at)
    rows = CouponGrant.objects.filter(coupon=coupon, customer_id=customer_id, slot__startswith=f"{window}.")
    taken = set(rows.values_list("slot", flat=True))
    return next((one for n in range(coupon.per_person) if (one := f"{window}.{n + 1}") not in taken), None)


def claimed(
    grant: CouponGrant,
    fact: Fact,
    *,
    voucher_id: str,
    code: str = "",
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Written:
    """Of a grant on its way or unknown: the customer has it. Times follow from the coupon unless told."""
    grant = lock(grant.pk)
    if before := _before(grant, fact):
        return before
    first, last = terms.validity(grant.coupon, fact.at)
    _to(
        grant,
        GrantState.CLAIMED,
        voucher_id=voucher_id,
        code=code,
        claimed_at=fact.at,
        begins_at=begins_at or first,
        ends_at=ends_at or last,
        refusal="",
        words="",
    )
    entry = _write(grant, Kind.CLAIMED, fact)
    counting.move(grant.coupon_id, claimed=1)
    counting.move_day(grant.coupon_id, terms.beijing_day(fact.at), grant.source, claimed=1)
    return Written(entry, grant, True)


def claimed_by_platform(
    coupon: Coupon,
    customer: Customer,
    fact: Fact,
    *,
    voucher_id: str,
    code: str = "",
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Written:
    """Somebody claimed it there: counted whatever stock and limits say here. Once per voucher."""
    known = CouponGrant.objects.filter(mini_program=coupon.mini_program, voucher_id=voucher_id).first()
    if known is not None:
        grant = lock(known.pk)
        before = _before(grant, fact) or _claim_of(grant)
        return Written(before.entry, grant, False)
    first, last = terms.validity(coupon, fact.at)
    grant = CouponGrant.objects.create(
        merchant=coupon.merchant,
        mini_program=coupon.mini_program,
        coupon=coupon,
        customer=customer,
        state=GrantState.CLAIMED,
        source=Source.CLAIM,
        slot=free_slot(coupon, customer.pk, at=fact.at) or "",
        voucher_id=voucher_id,
        code=code,
        claimed_at=fact.at,
        begins_at=begins_at or first,
        ends_at=ends_at or last,
    )
    entry = _write(grant, Kind.CLAIMED, fact)
    counting.move(coupon.pk, taken=1, claimed=1)
    counting.move_day(coupon.pk, terms.beijing_day(fact.at), grant.source, claimed=1)
    return Written(entry, grant, True)


def refused(grant: CouponGrant, *, sub_code: str, words: str) -> bool:
    """The platform gave nothing: its place under the limits and in the stock is free. False: moved before."""
    grant = lock(grant.pk)
    if grant.state not in (GrantState.SENDING, GrantState.UNKNOWN):
        return False
    _to(grant, GrantState.REFUSED, refusal=sub_code[:80], words=words[:400], slot="")
    counting.move(grant.coupon_id, taken=-1)
    return True


def unknown(grant: CouponGrant, *, words: str) -> bool:
    """Nobody knows whether the customer has it; it keeps its place in stock and limits."""
    grant = lock(grant.pk)
    if grant.state != GrantState.SENDING:
        return False
    _to(grant, GrantState.UNKNOWN, words=words[:400])
    return True


# --- using ------------------------------------------------------------------------------------------------


def why_not(grant: CouponGrant, *, at: datetime, times: int = 1, order_no: str = "") -> str:
    """A code of NotPossible, or nothing: whether we would let it be used now."""
    if grant.state not in USABLE or grant.begins_at is None or grant.ends_at is None:
        return "not_usable"
    if at < grant.begins_at:
        return "too_early"
    if at > grant.ends_at:
        return "too_late"
    if not terms.is_in_use_hours(grant.coupon, at):
        return "wrong_hours"
    if grant.reserved_for and grant.reserved_for != order_no and (grant.reserved_until or at) > at:
        return "reserved"
    return "too_often" if grant.used_times + times > grant.coupon.max_uses else ""


def reserve(grant: CouponGrant, fact: Fact, *, until: datetime) -> Written:
    """Held for the order of the fact; again for the same order moves the end. Raises NotPossible."""
    grant = lock(grant.pk)
    if before := _before(grant, fact):
        return before
    if code := why_not(grant, at=fact.at, order_no=fact.order_no):
        raise NotPossible(code)
    _set(grant, reserved_for=fact.order_no, reserved_until=until)
    return Written(_write(grant, Kind.RESERVED, fact), grant, True)


def release(grant: CouponGrant, fact: Fact) -> Written | None:
    """None: it is not held for that order."""
    grant = lock(grant.pk)
    if before := _before(grant, fact):
        return before
    if not grant.reserved_for or grant.reserved_for != fact.order_no:
        return None
    _set(grant, reserved_for="", reserved_until=None)
    return Written(_write(grant, Kind.RELEASED, fact), grant, True)


def redeem(grant: CouponGrant, fact: Fact, *, times: int = 1) -> Written:
    """Uses it up by `times`. What the platform tells or answered is a fact; else NotPossible is raised.

    Also of the platform's telling more uses than there are raise, for then the books cannot be right.
    """
    grant = lock(grant.pk)
    if before := _before(grant, fact):
        return before
    is_fact = fact.by in (By.PLATFORM, By.REPAIR, By.ANSWER) or fact.call_id is not None
    if grant.used_times + times > grant.coupon.max_uses:
        raise NotPossible("too_often")
    code = why_not(grant, at=fact.at, times=times, order_no=fact.order_no)
    if code and not (is_fact and _may_have_been_used(grant)):
        raise NotPossible(code)
    was_expired, used = grant.state == GrantState.EXPIRED, grant.used_times + times
    is_over, is_first = used >= grant.coupon.max_uses, not grant.used_times
    _to(
        grant,
        GrantState.REDEEMED if is_over else GrantState.PARTLY_USED,
        used_times=used,
        reserved_for="",
        reserved_until=None,
    )
    entry = _write(grant, Kind.REDEEMED, fact, times=-times)
    saved, bill = fact.saved_fen or 0, fact.order_fen or 0
    counting.move(
        grant.coupon_id,
        redemptions=times,
        redeemed=int(is_over),
        expired=-int(was_expired),
        saved_fen=saved,
        order_fen=bill,
    )
    if was_expired:
        _take_back_expiry(grant)
    hours = int((fact.at - grant.claimed_at).total_seconds()) // HOUR_SECONDS if grant.claimed_at else 0
    counting.move_day(
        grant.coupon_id,
        terms.beijing_day(fact.at),
        grant.source,
        redemptions=times,
        saved_fen=saved,
        order_fen=bill,
        hours_to_use=max(0, hours) if is_first else 0,
    )
    _count_in_store(grant, entry, redemptions=times, bills=1, saved_fen=saved, order_fen=bill)
    return Written(entry, grant, True)


def revert(grant: CouponGrant, fact: Fact, *, of: GrantEntry, times: int = 1) -> Written:
    """Gives `times` uses of one redemption back. Past its last second it is expired at once (domain D.6).

    Money of the fact is what comes back, above zero. Raises NotPossible("nothing_to_return").
    """
    grant = lock(grant.pk)
    if before := _before(grant, fact):
        return before
    left = left_of(of)
    if of.grant_id != grant.pk or of.kind != Kind.REDEEMED or times > left:
        raise NotPossible("nothing_to_return")
    was_over, used = grant.state == GrantState.REDEEMED, grant.used_times - times
    is_late = grant.ends_at is not None and fact.at > grant.ends_at
    was_expired = grant.state == GrantState.EXPIRED
    state = GrantState.EXPIRED if is_late else GrantState.PARTLY_USED if used else GrantState.REVERTED
    if grant.state == GrantState.INVALIDATED or was_expired:
        _set(grant, used_times=used)
    else:
        _to(grant, state, used_times=used)
    entry = _write(grant, Kind.REVERTED, fact, times=times, reverts=of)
    saved, bill = fact.saved_fen or 0, fact.order_fen or 0
    day = terms.beijing_day(fact.at)
    expires = grant.state == GrantState.EXPIRED and not was_expired
    counting.move(
        grant.coupon_id,
        redemptions=-times,
        redeemed=-int(was_over),
        expired=int(expires),
        saved_fen=-saved,
        order_fen=-bill,
    )
    counting.move_day(grant.coupon_id, day, grant.source, reverted=times, saved_fen=-saved, order_fen=-bill)
    if expires:
        late = Fact(f"{fact.source_key}:expired"[:120], fact.at, By.CLOCK)
        _write(grant, Kind.EXPIRED, late)
        counting.move_day(grant.coupon_id, day, grant.source, expired=1)
    undone = int(times == left)
    _count_in_store(grant, entry, reverted=times, bills=-undone, saved_fen=-saved, order_fen=-bill)
    return Written(entry, grant, True)


def left_of(redemption: GrantEntry) -> int:
    """Uses of it that were not given back yet."""
    back = GrantEntry.objects.filter(reverts=redemption).aggregate(n=Sum("times"))["n"] or 0
    return -redemption.times - int(back)


# --- ending -----------------------------------------------------------------------------------------------

EXPIRE = """
WITH due AS (
    SELECT id, state FROM coupons_coupongrant
    WHERE state IN ('claimed', 'partly_used', 'reverted') AND ends_at < %(at)s
    ORDER BY ends_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE coupons_coupongrant g SET state = 'expired', reserved_for = '', reserved_until = NULL
    FROM due WHERE g.id = due.id
    RETURNING g.id, g.merchant_id, g.coupon_id, g.source, g.used_times, g.ends_at
), written AS (
    INSERT INTO coupons_grantentry (merchant_id, grant_id, kind, "by", source_key, times, "left", order_no,
        trade_no, happened_at)
    SELECT m.merchant_id, m.id, 'expired', 'clock', 'expired:' || m.id, 0, c.max_uses - m.used_times, '', '',
        m.ends_at
    FROM moved m JOIN coupons_coupon c ON c.id = m.coupon_id
    ON CONFLICT DO NOTHING
)
SELECT coupon_id, source, (ends_at AT TIME ZONE 'Asia/Shanghai')::date, count(*)::int FROM moved
GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
"""


def expire_due(*, at: datetime, limit: int = EXPIRE_AT_ONCE) -> int:
    """Those whose last second is over, in transactions of their own; reads what ended and no other."""
    gone = 0
    while True:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(EXPIRE, {"at": at, "limit": limit})
                found = cursor.fetchall()
            for coupon_id in sorted({row[0] for row in found}):
                n = sum(row[3] for row in found if row[0] == coupon_id)
                counting.move(coupon_id, expired=n)
            for coupon_id, source, day, n in found:
                counting.move_day(coupon_id, day, source, expired=n)
        moved = sum(row[3] for row in found)
        gone += moved
        if moved < limit:
            return gone


def expired(grant: CouponGrant, fact: Fact) -> Written | None:
    """The platform says that it is over. None: it is not usable here anyway."""
    return _end(grant, fact, GrantState.EXPIRED, Kind.EXPIRED)


def invalidated(grant: CouponGrant, fact: Fact) -> Written | None:
    """Taken back before it was used up: by the merchant, or by who sold it back. None: nothing to take."""
    return _end(grant, fact, GrantState.INVALIDATED, Kind.INVALIDATED)


def _end(grant: CouponGrant, fact: Fact, state: GrantState, kind: GrantEntry.Kind) -> Written | None:
    grant = lock(grant.pk)
    if before := _before(grant, fact):
        return before
    if grant.state not in USABLE:
        return None
    _to(grant, state, reserved_for="", reserved_until=None)
    entry = _write(grant, kind, fact)
    ended = {kind.value: 1}  # the figures are named like the entries
    counting.move(grant.coupon_id, **ended)
    counting.move_day(grant.coupon_id, terms.beijing_day(fact.at), grant.source, **ended)
    return Written(entry, grant, True)


# --- the ground -------------------------------------------------------------------------------------------


def lock(grant_id: int) -> CouponGrant:
    """Refuses to run outside a transaction."""
    rows = CouponGrant.objects.select_for_update(of=("self",), no_key=True)
    found: CouponGrant = rows.select_related("coupon").get(pk=grant_id)
    return found


def _before(grant: CouponGrant, fact: Fact) -> Written | None:
    entry = GrantEntry.objects.filter(merchant=grant.merchant_id, source_key=fact.source_key).first()
    if entry is None:
        return None
    if entry.grant_id != grant.pk:
        raise KeyReused(f"{fact.source_key} is of grant {entry.grant_id}, not of {grant.pk}")
    return Written(entry, grant, False)


def _claim_of(grant: CouponGrant) -> Written:
    entry = GrantEntry.objects.get(grant=grant, kind=Kind.CLAIMED)
    return Written(entry, grant, False)


def _may_have_been_used(grant: CouponGrant) -> bool:
    return bool(TRANSITIONS[grant.state] & {"partly_used", "redeemed"}) and grant.claimed_at is not None


def _to(grant: CouponGrant, state: GrantState, **changes: Any) -> None:
    """Raises ValueError for a move there is not. The row is locked, so that its state is what we read."""
    if state != grant.state and state not in TRANSITIONS[grant.state]:
        raise ValueError(f"a grant does not go from {grant.state} to {state}")
    _set(grant, state=state, **changes)


def _set(grant: CouponGrant, **changes: Any) -> None:
    CouponGrant.objects.filter(pk=grant.pk).update(**changes)
    for name, value in changes.items():
        setattr(grant, name, value)


def _write(
    grant: CouponGrant, kind: str, fact: Fact, *, times: int = 0, reverts: GrantEntry | None = None
) -> GrantEntry:
    entry: GrantEntry = GrantEntry.objects.create(
        merchant_id=grant.merchant_id,
        grant=grant,
        kind=kind,
        times=times,
        left=grant.coupon.max_uses - grant.used_times,
        reverts=reverts,
        happened_at=fact.at,
        **_columns(fact),
    )
    return entry


def _columns(fact: Fact) -> Mapping[str, Any]:
    names = ("by", "source_key", "order_no", "trade_no", "order_fen", "saved_fen")
    ids = ("user_id", "store_id", "call_id")
    return {name: getattr(fact, name) for name in (*names, *ids)}


def _count_in_store(grant: CouponGrant, entry: GrantEntry, **by: int) -> None:
    """After the day. A return counts where its use did."""
    store_id = (entry.reverts or entry).store_id
    counting.move_store(grant.coupon_id, terms.beijing_day(entry.happened_at), store_id, **by)


def _take_back_expiry(grant: CouponGrant) -> None:
    """It was used in time after all: the day on which it seemed over has one fewer."""
    last = GrantEntry.objects.filter(grant=grant, kind=Kind.EXPIRED).latest("pk")
    counting.move_day(grant.coupon_id, terms.beijing_day(last.happened_at), grant.source, expired=-1)
