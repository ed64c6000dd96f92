"""What became of a delivery plan: by the answer of its call, by the platform's push, or by asking (D9.3).

The three come in any order, repeated or not at all; each moves the plan by compare-and-set from the states
that its word is about.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from coupons.models import Placement
from coupons.models.placement import OPEN, TRANSITIONS, PlacementState
from gateway.methods.deliveries import (
    MarketingActivityDeliveryCreate,
    MarketingActivityDeliveryQuery,
    MarketingActivityDeliveryStop,
)
from merchants import calls, events, inbox, questions
from merchants.models import GatewayCall

log = logging.getLogger(__name__)
State = PlacementState
CREATE, STOP = MarketingActivityDeliveryCreate.method, MarketingActivityDeliveryStop.method
NOT_REACHED = "not_reached"  # beside the platform's sub_codes: the call never left
ASKED_AT_ONCE = 50
QUIET_SECONDS = 600  # between two questions about one that is live
WAITS = (State.AUDITING, State.STOPPING)


def settle_placement(call_id: int, *, merchant_id: int) -> bool:
    """Takes over what became of the call. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        placement = _locked().get(pk=call.target_id, merchant=merchant_id)
        if placement.call_id == call.pk:
            _take_over(placement, call)
        return calls.settle(call.pk)


def _take_over(placement: Placement, call: GatewayCall) -> None:
    is_create = call.method == CREATE
    if call.state == GatewayCall.State.ACCEPTED:
        if is_create and placement.state in (State.SUBMITTING, State.UNKNOWN):
            delivery_id = str(call.answer.get("delivery_id", ""))
            _to(placement, State.AUDITING, event="placement.auditing", delivery_id=delivery_id)
        return  # of a stop: taken up; it is over once the platform says so
    if call.state == GatewayCall.State.UNKNOWN:
        if is_create and placement.state == State.SUBMITTING:
            _to(placement, State.UNKNOWN, event="placement.unknown")
        return
    is_refusal = call.state == GatewayCall.State.REFUSED
    refusal = (call.sub_code or call.code) if is_refusal else NOT_REACHED
    words = str(call.answer.get("sub_msg" if is_refusal else "reason", ""))
    said = {"refusal": refusal[:80], "words": words[:400]}
    if is_create and placement.state in (State.SUBMITTING, State.UNKNOWN):
        _to(placement, State.DRAFT, event="placement.refused", detail={"refusal": refusal[:80]}, **said)
    elif not is_create and placement.state == State.STOPPING:
        # what it was before is asked at once: nothing is assumed
        _to(placement, State.ACTIVE, event="placement.refused", detail={"refusal": refusal[:80]}, **said)
        Placement.objects.filter(pk=placement.pk).update(asked_at=None)


def take_push(notice_id: int, *, merchant_id: int, at: datetime) -> bool:
    """A push about a plan. False: handled before, or its number is still to come."""
    with transaction.atomic():
        notice = inbox.load(notice_id, merchant_id=merchant_id)
        if notice is None:
            return False
        fields = notice.fields
        delivery_id = str(fields.get("delivery_id", ""))
        rows = _locked().filter(mini_program=notice.mini_program)
        placement = rows.filter(delivery_id=delivery_id).first() if delivery_id else None
        if placement is None:
            if rows.filter(state__in=[State.SUBMITTING, State.UNKNOWN], delivery_id="").exists():
                return False  # the answer that names it is still to come; the sweep asks again
            return inbox.handled(notice.pk)  # made somewhere else
        _told(placement, str(fields.get("delivery_status", "")), fields, at=at)
        return inbox.handled(notice.pk)


def ask_due(*, at: datetime) -> int:
    """Those under way that nobody told about for COUPON_POLL_SECONDS, and live ones every ten minutes.

    Not in a transaction: the platform is called in between. Two at once ask twice and find the same.
    """
    soon = at - timedelta(seconds=settings.COUPON_POLL_SECONDS)
    long_ago = at - timedelta(seconds=QUIET_SECONDS)
    waits = Q(state__in=WAITS, wished_at__lt=soon) & (Q(asked_at=None) | Q(asked_at__lt=soon))
    live = Q(state=State.ACTIVE) & (Q(asked_at=None) | Q(asked_at__lt=long_ago))
    rows = (
        Placement.objects.filter(waits | live).exclude(delivery_id="").filter(mini_program__stopped_at=None)
    )
    rows = rows.select_related("merchant", "coupon", "mini_program", "mini_program__provider_app")
    ordered = rows.order_by(F("asked_at").asc(nulls_first=True), "pk")[:ASKED_AT_ONCE]
    return sum(ask(placement, at=at) for placement in ordered)


def ask(placement: Placement, *, at: datetime) -> bool:
    """Whether the platform answered."""
    Placement.objects.filter(pk=placement.pk).update(asked_at=at)
    request = MarketingActivityDeliveryQuery(delivery_id=placement.delivery_id)
    answer = questions.answer(placement.mini_program, request)
    if answer is None:
        return False
    with transaction.atomic():
        held = _locked().get(pk=placement.pk)
        if held.operations == placement.operations:  # else the answer is about what was before
            said = {"delivery_error_msg": answer.delivery_error_msg or ""}
            _told(held, answer.delivery_status or "", said, at=at)
    return True


def end_due(*, at: datetime) -> int:
    """Those whose time is over, whatever was heard of them."""
    over = Placement.objects.filter(state__in=OPEN, ends_at__lt=at).exclude(delivery_id="")
    ended = 0
    for pk in list(over.values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            held = _locked().get(pk=pk)
            ended += held.state in OPEN and _to(held, State.ENDED, event="placement.ended")
    return ended


def _told(placement: Placement, status: str, fields: Mapping[str, Any], *, at: datetime) -> None:
    """The platform's word about a plan that is locked."""
    Placement.objects.filter(pk=placement.pk).update(platform_told_at=at)
    state = State(placement.state)
    if status == "ACTIVE" and state == State.AUDITING:
        _to(placement, State.ACTIVE, event="placement.live")
    elif status == "AUDIT_NO_PASS" and state in (State.AUDITING, State.ACTIVE, State.STOPPING):
        words = str(fields.get("delivery_error_msg", ""))[:400]
        _to(placement, State.REJECTED, event="placement.rejected", detail={"words": words}, words=words)
    elif status == "INACTIVE" and state in (State.AUDITING, State.ACTIVE, State.STOPPING):
        is_over = placement.ends_at <= at and state != State.STOPPING
        if is_over:
            _to(placement, State.ENDED, event="placement.ended")
        else:
            elsewhere = state != State.STOPPING
            _to(placement, State.STOPPED, event="placement.stopped", detail={"elsewhere": elsewhere})


def _locked() -> Any:
    return Placement.objects.select_for_update(of=("self",), no_key=True).select_related(
        "merchant", "mini_program", "coupon"
    )


def _to(
    placement: Placement, state: State, *, event: str, detail: Mapping[str, Any] | None = None, **changes: Any
) -> bool:
    """Of a plan that is locked: compare-and-set and Event in the caller's transaction."""
    if state not in TRANSITIONS[placement.state]:
        raise ValueError(f"placement {placement.pk} cannot go from {placement.state} to {state}")
    rows = Placement.objects.filter(pk=placement.pk, state=placement.state)
    if not rows.update(state=state, changed_at=Now(), **changes):
        return False
    placement.state = state
    _record(event, placement, detail or {})
    return True


def _record(kind: str, placement: Placement, detail: Mapping[str, Any]) -> None:
    events.record(
        kind,
        merchant=placement.merchant,
        mini_program=placement.mini_program,
        subject=placement,
        detail={"name": placement.name, "coupon": placement.coupon.name, **detail},
    )
