"""What became of the call that gave a coupon: taken over once, also where it comes late or comes again.

A refusal after an attempt that got no answer is believed only with the platform's list of what the person
holds: until that came the grant is unknown, and keeps its stock.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from coupons import held_questions, ledger, taking
from coupons.models import CouponGrant
from coupons.models.grant import GrantEntry, GrantState
from coupons.not_given import NOT_REACHED
from merchants import calls
from merchants.enqueue import enqueue
from merchants.models import GatewayCall

log = logging.getLogger(__name__)
UNDECIDED = (GrantState.SENDING, GrantState.UNKNOWN)
State = GatewayCall.State


def settle_gift(call_id: int, *, merchant_id: int) -> bool:
    """Takes over what became of the call. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        grant = locked(call.target_id, merchant_id=merchant_id)
        _take_over(grant, call)
        if grant.run_id is not None and call.state == State.REFUSED:
            enqueue("coupons.watch_run", merchant_id, grant.run_id, call.pk)
        return calls.settle(call.pk)


def locked(grant_id: int, *, merchant_id: int) -> CouponGrant:
    """In the caller's transaction."""
    rows = CouponGrant.objects.select_for_update(of=("self",), no_key=True)
    named = rows.select_related("coupon", "customer", "mini_program__merchant")
    found: CouponGrant = named.get(pk=grant_id, merchant_id=merchant_id)
    return found


def _take_over(grant: CouponGrant, call: GatewayCall) -> None:
    if call.state == State.ACCEPTED:
        voucher_id = str(call.answer.get("voucher_id") or "")
        code = str(call.answer.get("voucher_code") or "")
        given(grant, call, voucher_id=voucher_id, code=code, at=call.finished_at or call.created_at)
    elif call.state == State.REFUSED and not call.maybe_done:
        ledger.refused(grant, sub_code=call.sub_code or call.code, words=str(call.answer.get("sub_msg", "")))
    elif call.state == State.DEAD:
        ledger.refused(grant, sub_code=NOT_REACHED, words=str(call.answer.get("reason", "")))
    else:
        _doubt(grant, call)


def given(grant: CouponGrant, call: GatewayCall, *, voucher_id: str, code: str, at: datetime) -> None:
    """The platform gave it, as `call` told. What was told before changes nothing; of a grant that was given
    up meanwhile it comes in as one that nobody had counted.

    In the transaction that holds the grant.
    """
    fact = ledger.Fact(taking.key_of(grant), at, GrantEntry.By.ANSWER, call_id=call.pk)
    if grant.state in UNDECIDED:
        ledger.claimed(grant, fact, voucher_id=voucher_id, code=code)
    elif not (voucher_id and grant.voucher_id == voucher_id) and not (code and grant.code == code):
        log.warning("%s was %s when the platform told that it had given it", grant, grant.state)
        taking.take_in(grant.coupon, grant.customer, fact, voucher_id=voucher_id, code=code)


def _doubt(grant: CouponGrant, call: GatewayCall) -> None:
    """Nobody knows; the platform is asked what the person holds. `refusal`: what it said in the end."""
    if grant.state not in UNDECIDED:
        return
    words = str(call.answer.get("sub_msg") or call.answer.get("detail") or "")
    ledger.unknown(grant, words=words)
    CouponGrant.objects.filter(pk=grant.pk).update(refusal=call.sub_code[:80], words=words[:400])
    held_questions.ask(grant, call)
