"""What a look found is kept here, once each; and what a person then does about it.

A difference is locked before the grant it is about. Taking the platform's word is a movement in the ledger
with a key of its own, only while ours is still what the difference says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from coupons import ledger, taking
from coupons.comparing import Found, ours_of
from coupons.models import Coupon, CouponDifference, CouponGrant, CouponUse, GrantEntry
from coupons.models.difference import DifferenceKind as Kind
from coupons.models.use import OPEN_USES
from merchants import events
from merchants.enqueue import enqueue

if TYPE_CHECKING:
    from merchants.models import User

How = CouponDifference.How
TAKEABLE = (Kind.CLAIMED_THERE, Kind.CLAIMED_HERE, Kind.USED_THERE, Kind.USED_HERE, Kind.ENDED_THERE)
LOOK_TASK = "coupons.look_again"
HINT_TAKES, GIVEN_UP_AFTER = timedelta(seconds=20), timedelta(minutes=5)
SWEPT_AT_ONCE = 10


class Settled(Exception):
    """Somebody was faster, or ours moved meanwhile: nothing was changed."""


# --- what a look found --------------------------------------------------------------------------------------


def put(coupon: Coupon, found: Sequence[Found], *, scope: QuerySet[CouponDifference], at: datetime) -> int:
    """Keeps what was found, ends what of `scope` was not; how many are new. In the caller's transaction."""
    new = sum(_keep(coupon, one, at=at) for one in found)
    here = {(one.kind, one.about) for one in found}
    gone = [pk for pk, kind, about in scope.values_list("pk", "kind", "about") if (kind, about) not in here]
    if gone:
        rows = CouponDifference.objects.filter(pk__in=gone, settled_at=None)
        rows.update(settled_at=at, how=How.GONE)
    return new


def open_of(coupon: Coupon, kinds: Sequence[str]) -> QuerySet[CouponDifference]:
    return CouponDifference.objects.filter(coupon=coupon, kind__in=list(kinds), settled_at=None)


def _keep(coupon: Coupon, one: Found, *, at: datetime) -> bool:
    """Whether it is new. What was accepted stays accepted as long as both sides say the same."""
    same = CouponDifference.objects.filter(coupon=coupon, kind=one.kind, about=one.about)
    ours, theirs = dict(one.ours), dict(one.theirs)
    if same.filter(settled_at=None).update(seen_at=at, again_at=None, ours=ours, theirs=theirs):
        return False
    last = same.order_by("-pk").first()
    if last is not None and last.how == How.ACCEPTED and (last.ours, last.theirs) == (ours, theirs):
        CouponDifference.objects.filter(pk=last.pk).update(seen_at=at)
        return False
    try:
        with transaction.atomic():  # two looks at once keep it once
            CouponDifference.objects.create(
                merchant_id=coupon.merchant_id,
                mini_program_id=coupon.mini_program_id,
                coupon=coupon,
                grant_id=one.grant_id,
                customer_id=one.customer_id,
                kind=one.kind,
                about=one.about,
                ours=ours,
                theirs=theirs,
                found_at=at,
                seen_at=at,
            )
    except IntegrityError:
        return False
    return True


# --- what a person does -------------------------------------------------------------------------------------


def may_take(difference: CouponDifference) -> bool:
    return difference.settled_at is None and difference.kind in TAKEABLE


def take(difference: CouponDifference, *, by: User, at: datetime) -> None:
    """The platform's word becomes ours. Raises Settled."""
    with transaction.atomic():
        mine = _locked(difference)
        if not may_take(mine):
            raise Settled
        try:
            TAKE[mine.kind](mine, _fact(mine, by=by, at=at))
        except ledger.NotPossible as error:
            raise Settled from error
        _settle(mine, How.TAKEN, by=by, at=at)
        _tell("coupon.difference_taken", mine, by=by)


def accept(difference: CouponDifference, *, reason: str, by: User, at: datetime) -> None:
    """It stays as it is, for a reason that somebody gave. Raises Settled."""
    with transaction.atomic():
        mine = _locked(difference)
        if mine.settled_at is not None:
            raise Settled
        _settle(mine, How.ACCEPTED, by=by, at=at, reason=reason)
        _tell("coupon.difference_accepted", mine, by=by)


def ask_again(difference: CouponDifference, *, task: str, at: datetime) -> None:
    """`task` looks at it once more; a lost hint is found by the sweep of its floor. Raises Settled."""
    with transaction.atomic():
        rows = CouponDifference.objects.filter(pk=difference.pk, settled_at=None)
        if not rows.update(again_at=at):
            raise Settled
        enqueue(task, difference.merchant_id, difference.pk)


def asked_again(kinds: Sequence[str], *, at: datetime) -> list[CouponDifference]:
    """Those whose hint was lost; whatever the platform does not answer is left after a while."""
    asked = (at - GIVEN_UP_AFTER, at - HINT_TAKES)
    rows = CouponDifference.objects.filter(settled_at=None, kind__in=list(kinds), again_at__range=asked)
    return list(rows.order_by("again_at")[:SWEPT_AT_ONCE])


def _locked(difference: CouponDifference) -> CouponDifference:
    rows = CouponDifference.objects.select_for_update(of=("self",), no_key=True)
    found: CouponDifference = rows.select_related(
        "merchant", "mini_program", "coupon__mini_program", "customer"
    ).get(pk=difference.pk)
    return found


def _settle(difference: CouponDifference, how: str, *, by: User, at: datetime, reason: str = "") -> None:
    rows = CouponDifference.objects.filter(pk=difference.pk, settled_at=None)
    if not rows.update(how=how, settled_at=at, settled_by=by, reason=reason):
        raise Settled


def _tell(kind: str, difference: CouponDifference, *, by: User) -> None:
    events.record(
        kind,
        merchant=difference.merchant,
        by=by,
        mini_program=difference.mini_program,
        subject=difference,
        detail={"coupon": difference.coupon.name, "difference": difference.kind},
    )


# --- the movements ------------------------------------------------------------------------------------------


def _fact(difference: CouponDifference, *, by: User, at: datetime) -> ledger.Fact:
    return ledger.Fact(
        f"repair:{difference.pk}",
        at,
        GrantEntry.By.REPAIR,
        user_id=by.pk,
        trade_no=str(difference.theirs.get("trade_no", ""))[:64],
    )


def _grant(difference: CouponDifference) -> CouponGrant:
    """Locked, still what the difference says, and no use of it under way. Raises Settled."""
    if difference.grant_id is None:
        raise Settled
    grant = ledger.lock(difference.grant_id)
    is_being_used = CouponUse.objects.filter(grant=grant, state__in=OPEN_USES).exists()
    if is_being_used or ours_of(grant) != difference.ours:
        raise Settled
    return grant


def _take_claim(difference: CouponDifference, fact: ledger.Fact) -> None:
    theirs, customer = difference.theirs, difference.customer
    if customer is None:
        raise Settled
    at = _moment(theirs.get("got_at")) or fact.at
    claim = ledger.Fact("", at, fact.by, user_id=fact.user_id)
    given = {"voucher_id": theirs.get("voucher_id", ""), "code": theirs.get("code", "")}
    if taking.take_in(difference.coupon, customer, claim, **given) is None:
        raise Settled


def _take_back(difference: CouponDifference, fact: ledger.Fact) -> None:
    if ledger.invalidated(_grant(difference), fact) is None:
        raise Settled


def _take_use(difference: CouponDifference, fact: ledger.Fact) -> None:
    """Nobody told when: it counts on the day on which it was found, within its time."""
    grant = _grant(difference)
    latest = grant.ends_at or difference.found_at
    times = int(difference.theirs["used"]) - grant.used_times
    ledger.redeem(grant, _at(fact, min(difference.found_at, latest)), times=times)


def _give_back(difference: CouponDifference, fact: ledger.Fact) -> None:
    """Of the newest uses first; of a use of several times the money comes back in proportion."""
    grant = _grant(difference)
    wanted = grant.used_times - int(difference.theirs["used"])
    uses = GrantEntry.objects.filter(grant=grant, kind=GrantEntry.Kind.REDEEMED).order_by("-pk")
    for number, use in enumerate(uses):
        times = min(wanted, ledger.left_of(use))
        if times:
            grant = ledger.revert(grant, _part(fact, use, times, number), of=use, times=times).grant
            wanted -= times
    if wanted:
        raise Settled


def _part(fact: ledger.Fact, use: GrantEntry, times: int, number: int) -> ledger.Fact:
    saved, bill = use.saved_fen, use.order_fen
    return ledger.Fact(
        f"{fact.source_key}:{number}",
        fact.at,
        fact.by,
        user_id=fact.user_id,
        order_no=use.order_no,
        trade_no=use.trade_no,
        store_id=use.store_id,
        saved_fen=None if saved is None else saved * times // -use.times,
        order_fen=None if bill is None else bill * times // -use.times,
    )


def _end(difference: CouponDifference, fact: ledger.Fact) -> None:
    """Its time was over there, or somebody ended it before."""
    grant, ends_at = _grant(difference), _moment(difference.theirs.get("ends_at"))
    if ends_at is not None and ends_at <= fact.at:
        ledger.expired(grant, _at(fact, ends_at))
    else:
        ledger.invalidated(grant, fact)


def _at(fact: ledger.Fact, at: datetime) -> ledger.Fact:
    return ledger.Fact(fact.source_key, at, fact.by, user_id=fact.user_id, trade_no=fact.trade_no)


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


TAKE: dict[str, Callable[[CouponDifference, ledger.Fact], None]] = {
    Kind.CLAIMED_THERE: _take_claim,
    Kind.CLAIMED_HERE: _take_back,
    Kind.USED_THERE: _take_use,
    Kind.USED_HERE: _give_back,
    Kind.ENDED_THERE: _end,
}
