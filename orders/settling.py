"""What became of the call that carried a status. Accepted means stored; why no message went is beside it."""

from __future__ import annotations

import copy
import logging
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from gateway.methods.orders import MerchantOrderSyncResponse
from merchants import calls
from merchants.enqueue import enqueue
from merchants.models import GatewayCall
from orders import rollups
from orders.diagnosis import cause_of, is_told
from orders.models import Order, StatusChange
from orders.reasons import MESSAGE_NOT_KNOWN, NOT_REACHED

log = logging.getLogger(__name__)
State = StatusChange.State
REPEATED_WORDS = "幂等拦截"  # of the platform's sub_msg 短时间内重复请求，幂等拦截


def settle_sync(call_id: int, *, merchant_id: int) -> bool:
    """Takes over what became of the call. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        changes = StatusChange.objects.select_related("order")
        change = changes.get(pk=call.target_id, merchant_id=merchant_id)
        if not _take_over(change, call):
            log.warning("%s: its change is %s, nothing to take over", call, change.state)
        enqueue("orders.sync_order", merchant_id, change.order_id)
        return calls.settle(call.pk)


def _take_over(change: StatusChange, call: GatewayCall) -> bool:
    """A late answer may still end `unknown`."""
    to = outcome_of(call, maybe_had=_may_have_it(change, call))
    before = [State.SYNCING] if to["state"] == State.UNKNOWN else [State.SYNCING, State.UNKNOWN]
    mine = StatusChange.objects.filter(pk=change.pk, call=call, state__in=before)
    answered = copy.copy(change)
    answered.state, answered.sub_code, answered.words = to["state"], to["sub_code"], to["words"]
    if not mine.update(**to, cause=cause_of(answered), settled_at=Now()):
        return False
    if is_told(answered):
        rollups.first_told(change.order)
    if to["state"] in (State.SYNCED, State.NOT_NOTIFIED):
        behind = Q(synced_at=None) | Q(synced_at__lt=change.modified_at)
        Order.objects.filter(behind, pk=change.order_id).update(
            synced_status=change.status, synced_at=change.modified_at
        )
    return True


def _may_have_it(change: StatusChange, call: GatewayCall) -> bool:
    """An answer to it was lost: of this call, or of one before that was given up."""
    if call.maybe_done or change.again_at is None:
        return call.maybe_done
    mine = GatewayCall.objects.filter(target_kind=call.target_kind, target_id=call.target_id)
    return mine.filter(pk__lt=call.pk, maybe_done=True).exists()


def outcome_of(call: GatewayCall, *, maybe_had: bool) -> dict[str, Any]:
    """Columns of the change: state, sub_code, words. `call` is over. `maybe_had`: an answer was lost."""
    states = GatewayCall.State
    if call.state == states.ACCEPTED:
        words = "; ".join(MerchantOrderSyncResponse.model_validate(call.answer).not_distributed)
        return _columns(State.NOT_NOTIFIED if words else State.SYNCED, words=words)
    if call.state == states.REFUSED:
        words = str(call.answer.get("sub_msg", ""))
        if maybe_had and _says_it_has_it(call.sub_code, words):
            return _columns(State.SYNCED, MESSAGE_NOT_KNOWN, words)
        return _columns(State.DEAD, call.sub_code or call.code, words)
    if call.state == states.DEAD:
        return _columns(State.DEAD, NOT_REACHED, str(call.answer.get("reason", "")))
    return _columns(State.UNKNOWN, words=str(call.answer.get("detail", "")))


def _says_it_has_it(sub_code: str, sub_msg: str) -> bool:
    return sub_code == "DUPLICATE_REQUEST" or (sub_code == "INVALID_PARAMETER" and REPEATED_WORDS in sub_msg)


def _columns(state: str, sub_code: str = "", words: str = "") -> dict[str, Any]:
    return {"state": state, "sub_code": sub_code[:80], "words": words[:400]}
