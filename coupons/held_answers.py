"""What the platform said of a person's coupons where nobody knew: found, refused for certain, or left open.

A coupon that nobody here accounts for, of the time in which ours was being given, is ours. If the list has
none it stays unknown for a person to decide, since what was deleted from a card pack is on no list; it counts
as refused only where the platform's last answer was a refusal too, or where it refuses the question as it
refused the gift. A person may have it given again under the same number, which gives no second one, or write
it off.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from coupons import answers, giving, held_questions, ledger
from coupons.models import CouponGrant
from coupons.models.grant import GrantState
from coupons.not_given import NOT_KNOWN, WRITTEN_OFF
from gateway import wire
from merchants import calls, events
from merchants.models import GatewayCall

if TYPE_CHECKING:
    from merchants.models import User

log = logging.getLogger(__name__)
SLACK = timedelta(minutes=2)  # between our clock and the platform's
State = GatewayCall.State
Listed = dict[str, Any]


def settle_whose(call_id: int, *, merchant_id: int) -> bool:
    """The merchant of the activity is known, or nothing can be asked. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        grant = answers.locked(call.target_id, merchant_id=merchant_id)
        whose = str(call.answer.get("belong_merchant_id") or "") if call.state == State.ACCEPTED else ""
        if grant.state == GrantState.UNKNOWN and whose and grant.customer.open_id:
            number = call.idempotency_key.removeprefix("whose:")
            held_questions.ask_held(grant, merchant_id=whose, number=number, page=1)
        return calls.settle(call.pk)


def settle_held(call_id: int, *, merchant_id: int) -> bool:
    """One page of what the person holds. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        grant = answers.locked(call.target_id, merchant_id=merchant_id)
        if grant.state == GrantState.UNKNOWN and call.state == State.ACCEPTED:
            _take_over(grant, call)
        elif grant.state == GrantState.UNKNOWN and _is_as_little_known(grant, call):
            ledger.refused(grant, sub_code=grant.refusal, words=grant.words)
        return calls.settle(call.pk)


def _is_as_little_known(grant: CouponGrant, call: GatewayCall) -> bool:
    """The question was refused as the gift was in the end: such a person the platform does not know."""
    return bool(call.state == State.REFUSED and grant.refusal and call.sub_code == grant.refusal)


def _take_over(grant: CouponGrant, call: GatewayCall) -> None:
    listed: list[Listed] = call.answer.get("user_voucher_infos") or []
    ours = _ours(grant, listed)
    if ours is not None:
        base = ours.get("user_voucher_base_info") or {}
        code, at = str(base.get("voucher_code") or ""), _moment(ours) or call.created_at
        answers.given(grant, call, voucher_id=_id_of(ours), code=code, at=at)
        return
    whole, _sign, page = call.idempotency_key.removeprefix("held:").rpartition(":")
    whose = str(call.body.get("belong_merchant_id", ""))
    if listed and int(call.answer.get("total_size") or 0) > int(page) * held_questions.PAGE_SIZE:
        held_questions.ask_held(grant, merchant_id=whose, number=whole, page=int(page) + 1)
    elif grant.refusal:
        ledger.refused(grant, sub_code=grant.refusal, words=grant.words)


def _ours(grant: CouponGrant, listed: Sequence[Listed]) -> Listed | None:
    """The earliest of the time in which ours was being given that no other grant stands for."""
    accounted = _accounted(grant, listed)
    ended_at = grant.call.finished_at if grant.call else None
    first, last = grant.created_at - SLACK, (ended_at or timezone.now()) + SLACK
    found = []
    for one in listed:
        moment, number = _moment(one), _id_of(one)
        if number and number not in accounted and moment is not None and first <= moment <= last:
            found.append((moment, number, one))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _accounted(grant: CouponGrant, listed: Sequence[Listed]) -> set[str]:
    """voucher_ids of those that stand with other grants, by their id or by their code."""
    by_code = {
        str((one.get("user_voucher_base_info") or {}).get("voucher_code") or ""): _id_of(one)
        for one in listed
    }
    by_code.pop("", None)
    same = Q(voucher_id__in=[_id_of(one) for one in listed if _id_of(one)])
    same |= Q(coupon=grant.coupon_id, code__in=list(by_code))
    others = CouponGrant.objects.filter(same, mini_program=grant.mini_program_id).exclude(pk=grant.pk)
    rows = others.values_list("voucher_id", "code")
    return {voucher_id or by_code.get(code, "") for voucher_id, code in rows}


def _id_of(one: Listed) -> str:
    base = one.get("user_voucher_base_info") or {}
    return str(one.get("voucher_id") or base.get("voucher_id") or "")


def _moment(one: Listed) -> datetime | None:
    base = one.get("user_voucher_base_info") or {}
    text = str(one.get("create_time") or base.get("create_time") or "")
    try:
        return wire.moment_from_beijing(text)
    except ValueError:
        return None


def give_again(grant: CouponGrant, *, by: User) -> bool:
    """Under the number of the first time: the platform gives no second one. False when it is decided, or is
    being asked or given."""
    with transaction.atomic():
        mine = _undecided(grant)
        if mine is None:
            return False
        if mine.customer.open_id is None:
            ledger.refused(mine, sub_code=NOT_KNOWN, words="")
            return True
        attempts = GatewayCall.objects.filter(
            target_kind="coupongrant", target_id=mine.pk, method__in=giving.METHODS
        )
        mine.call = giving.intend(mine, attempt=attempts.count() + 1)
        CouponGrant.objects.filter(pk=mine.pk).update(call=mine.call)
        _tell("grant.given_again", mine, by=by)
    return True


def write_off(grant: CouponGrant, *, by: User) -> bool:
    """Counts as not given: the stock is free again. False as for give_again."""
    with transaction.atomic():
        mine = _undecided(grant)
        if mine is None or not ledger.refused(mine, sub_code=WRITTEN_OFF, words=""):
            return False
        _tell("grant.written_off", mine, by=by)
    return True


def may_decide(grant: CouponGrant) -> bool:
    """It is unknown, and neither the platform is being asked nor a call is on its way."""
    if grant.state != GrantState.UNKNOWN or held_questions.is_being_asked(grant):
        return False
    return grant.call is None or grant.call.settled_at is not None


def _undecided(grant: CouponGrant) -> CouponGrant | None:
    mine = answers.locked(grant.pk, merchant_id=grant.merchant_id)
    return mine if may_decide(mine) else None


def _tell(kind: str, grant: CouponGrant, *, by: User) -> None:
    events.record(
        kind,
        merchant=grant.mini_program.merchant,
        by=by,
        mini_program=grant.mini_program,
        subject=grant,
        detail={"coupon": grant.coupon.name, "customer": grant.customer_id},
    )
