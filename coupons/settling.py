"""What became of an operation: by the answer of its call, by the platform's push, or by asking.

The three come in any order, repeated or not at all. Each moves the coupon by compare-and-set, and the first
that says "done" wins; for the others there is nothing left to do. An answer to create and the like says that
it was taken up, not that it is done (domain D8.1).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from coupons import bodies
from coupons.listening import PREFIX
from coupons.models import Coupon
from coupons.models.coupon import LIVE, UNDER_WAY, CouponState, Family
from coupons.terms import BEIJING
from merchants import calls, events, inbox, questions
from merchants.enqueue import enqueue
from merchants.models import GatewayCall

log = logging.getLogger(__name__)
State = CouponState
# Beside the platform's sub_codes: the call never left; the platform took it up and did not do it.
NOT_REACHED, NOT_DONE = "not_reached", "not_done"
ASK_TASK = "coupons.ask"
DRIFT_SECONDS = 600
ASKED_AT_ONCE = 50
# What each push says is done, and of which states.
DONE: Mapping[str, tuple[State, ...]] = {
    "created": (State.CREATING, State.PUBLISHING),
    "modified": (State.MODIFYING,),
    "appended": (State.APPENDING,),
    "stopped": (State.STOPPING,),
}
AGAIN = (State.MODIFYING, State.APPENDING)


def settle_operation(call_id: int, *, merchant_id: int) -> bool:
    """Takes over what became of the call. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        coupon = Coupon.objects.select_for_update(of=("self",)).get(pk=call.target_id, merchant=merchant_id)
        if coupon.call_id == call.pk and coupon.state in UNDER_WAY:
            _take_over(coupon, call)
        return calls.settle(call.pk)


def _take_over(coupon: Coupon, call: GatewayCall) -> None:
    if call.state == GatewayCall.State.ACCEPTED:
        if coupon.state == State.CREATING and not coupon.activity_id:
            activity_id = str(call.answer.get("activity_id", ""))
            Coupon.objects.filter(pk=coupon.pk).update(activity_id=activity_id)
            coupon.activity_id = activity_id
            if coupon.family == Family.PAY:  # there at once; a merchant coupon once it was reviewed
                _to(coupon, State.CREATED, event="coupon.created", wish={})
    elif call.state == GatewayCall.State.REFUSED:
        words = str(call.answer.get("sub_msg", ""))
        _back(coupon, refusal=call.sub_code or call.code, words=words)
    elif call.state == GatewayCall.State.DEAD:
        _back(coupon, refusal=NOT_REACHED, words=str(call.answer.get("reason", "")))
    else:
        log.warning("%s of coupon %s is unknown; the query or a person goes on", call.method, coupon.pk)


def _back(coupon: Coupon, *, refusal: str, words: str) -> None:
    """To where it was before the wish."""
    before = State(coupon.wish.get("from", State.DRAFT))
    _to(
        coupon,
        before,
        event="coupon.refused",
        wish={},
        refusal=refusal[:80],
        words=words[:400],
        detail={"refusal": refusal[:80], "wished": coupon.state},
    )


# --- pushes -----------------------------------------------------------------------------------------------


def take_notice(notice_id: int, *, merchant_id: int) -> bool:
    """A push about an activity. False: handled before, or its activity is not known here yet.

    A stop or a creation happens once, so its push is the proof. A change and an addition happen again and
    again, and a push says not which one it means: it is the reason to ask at once.
    """
    with transaction.atomic():
        notice = inbox.load(notice_id, merchant_id=merchant_id)
        if notice is None:
            return False
        what = notice.kind.removeprefix(PREFIX)
        activity_id = str(notice.fields.get("activity_id", ""))
        rows = Coupon.objects.select_for_update(of=("self",)).filter(mini_program=notice.mini_program)
        coupon = rows.filter(activity_id=activity_id).first() if activity_id else None
        if coupon is None:
            if rows.filter(state=State.CREATING, activity_id="").exists():
                return False  # the answer that names it is still to come; the sweep asks again
            return inbox.handled(notice.pk)  # made somewhere else
        if what == "stopped" and coupon.state not in DONE["stopped"]:
            _stopped_elsewhere(coupon)
        elif coupon.state in AGAIN and coupon.state in DONE.get(what, ()):
            enqueue(ASK_TASK, merchant_id, coupon.pk)  # lost it does no harm: ask_due comes by
        elif coupon.state in DONE.get(what, ()):
            _done(coupon)
        return inbox.handled(notice.pk)


def _done(coupon: Coupon) -> None:
    wish = dict(coupon.wish)
    before = State(wish.pop("from", State.PUBLISHED))
    wish.pop("attempt", None)
    if coupon.state in (State.CREATING, State.PUBLISHING):
        _to(coupon, State.PUBLISHED, event="coupon.live", wish={})
    elif coupon.state == State.STOPPING:
        _to(coupon, State.STOPPED, event="coupon.stopped", wish={})
    else:
        columns = {name: _read(name, value) for name, value in wish.items()}
        is_extended = coupon.state == State.MODIFYING
        _to(
            coupon,
            before,
            event="coupon.extended" if is_extended else "coupon.appended",
            wish={},
            detail=wish,
            **columns,
        )


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name == "publish_until" else value


def _stopped_elsewhere(coupon: Coupon) -> None:
    if coupon.state in (State.CREATED, State.PUBLISHED, State.MODIFYING, State.APPENDING):
        _to(coupon, State.STOPPED, event="coupon.stopped", wish={}, detail={"elsewhere": True})


# --- asking -----------------------------------------------------------------------------------------------


def ask_due(*, at: datetime) -> int:
    """Those under way that nobody told about for COUPON_POLL_SECONDS, and live ones every ten minutes.

    Not in a transaction: the platform is called in between. Two at once ask twice and find the same.
    """
    waited = at - timedelta(seconds=settings.COUPON_POLL_SECONDS)
    rows = Coupon.objects.exclude(activity_id="").filter(mini_program__stopped_at=None)
    rows = rows.select_related("merchant", "mini_program", "mini_program__provider_app")
    open_ones = rows.filter(state__in=UNDER_WAY, wished_at__lt=waited).filter(_not_since(waited))
    drifting = rows.filter(state__in=["created", "published"]).filter(
        _not_since(at - timedelta(seconds=DRIFT_SECONDS))
    )
    asked = 0
    for found in (open_ones, drifting):
        for coupon in found.order_by(F("asked_at").asc(nulls_first=True), "pk")[:ASKED_AT_ONCE]:
            asked += ask(coupon, at=at)
    return asked


def _not_since(moment: datetime) -> Q:
    return Q(asked_at=None) | Q(asked_at__lt=moment)


def ask_one(coupon_id: int, *, merchant_id: int, at: datetime) -> bool:
    """What a push was about. False: nothing is under way any more, or the platform did not answer."""
    rows = Coupon.objects.filter(pk=coupon_id, merchant=merchant_id, state__in=UNDER_WAY)
    coupon = rows.select_related("merchant", "mini_program", "mini_program__provider_app").first()
    return coupon is not None and ask(coupon, at=at)


def ask(coupon: Coupon, *, at: datetime) -> bool:
    """Whether the platform answered."""
    Coupon.objects.filter(pk=coupon.pk).update(asked_at=at)
    request = bodies.QUERY[Family(coupon.family)].model_validate({"activity_id": coupon.activity_id})
    answer = questions.answer(coupon.mini_program, request)
    if answer is None:
        return False
    with transaction.atomic():
        held = Coupon.objects.select_for_update(of=("self",)).get(pk=coupon.pk)
        if held.operations == coupon.operations:  # else the answer is about what was before
            told(held, answer, at=at)
    return True


def told(coupon: Coupon, answer: Any, *, at: datetime) -> None:
    """What the query said, of a coupon that is locked."""
    base, summary, audit = answer.activity_base_info, answer.summary, answer.audit_result_info
    status = answer.activity_status or (base.activity_status if base else "") or ""
    pending = getattr(answer, "activity_operation_status", "") or (
        base.activity_operation_status if base else ""
    )
    Coupon.objects.filter(pk=coupon.pk).update(
        platform_status=status,
        platform_claimed=summary.publish_count if summary else None,
        platform_used=summary.used_count if summary else None,
        platform_told_at=at,
    )
    if coupon.state in UNDER_WAY:
        if audit is not None and audit.audit_result == "REJECT" and coupon.state in DONE["created"]:
            words = (audit.audit_reason or "")[:400]
            _to(
                coupon, State.REJECTED, event="coupon.rejected", wish={}, words=words, detail={"words": words}
            )
        elif not pending:
            _conclude(coupon, status, answer, at=at)
    elif coupon.state in ("created", "published"):
        _compare(coupon, status, answer)


def _conclude(coupon: Coupon, status: str, answer: Any, *, at: datetime) -> None:
    """Nothing is under way there any more: was the wish fulfilled?

    A change or an addition that the platform took up and long after does not have was not made; one it makes
    later still is the same total or the same day, and is found as drift until then.
    """
    if coupon.state in (State.CREATING, State.PUBLISHING):
        if status == "ACTIVE":
            _done(coupon)
    elif coupon.state == State.STOPPING:
        if status == "FINISHED":
            _done(coupon)
    elif all(_told_of(name, answer) == _read(name, value) for name, value in _wished(coupon).items()):
        _done(coupon)
    elif status == "FINISHED":
        _stopped_elsewhere(coupon)
    elif coupon.changed_at < at - timedelta(seconds=settings.COUPON_NOT_DONE_SECONDS) and _is_over(coupon):
        _back(coupon, refusal=NOT_DONE, words="")


def _is_over(coupon: Coupon) -> bool:
    """Its call was made, whatever came of it."""
    call = coupon.call
    return call is not None and call.finished_at is not None


def _wished(coupon: Coupon) -> dict[str, Any]:
    return {name: value for name, value in coupon.wish.items() if name in ("stock", "publish_until")}


def _told_of(name: str, answer: Any) -> Any:
    mode = answer.voucher_send_mode_info
    rule = mode.voucher_send_rule_info if mode else None
    if name == "stock":
        return rule.quantity if rule else None
    text = answer.publish_end_time or (rule.publish_end_time if rule else None)
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING) if text else None


READ: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda answer: answer.activity_name,
    "stock": lambda answer: _told_of("stock", answer),
    "publish_until": lambda answer: _told_of("publish_until", answer),
}


def _compare(coupon: Coupon, status: str, answer: Any) -> None:
    """Drift: the platform's copy is another than ours. Reported, never repaired by itself."""
    differs = {}
    for name, read in READ.items():
        theirs, ours = read(answer), getattr(coupon, name)
        if theirs is not None and theirs != ours:
            differs[name] = [str(ours), str(theirs)]
    if status == "PAUSE":
        differs["status"] = [str(coupon.state), status]
    if status == "FINISHED" and coupon.state == State.PUBLISHED:
        _stopped_elsewhere(coupon)
        return
    if differs != coupon.differs:
        Coupon.objects.filter(pk=coupon.pk).update(differs=differs)
        if differs:
            _record("coupon.differs", coupon, {"differs": differs})


# --- time -------------------------------------------------------------------------------------------------


def end_due(*, at: datetime) -> int:
    """Those whose time of claiming is over. What was claimed stays usable."""
    ended = 0
    over = Coupon.objects.filter(state__in=LIVE, publish_until__lt=at).values_list("pk", flat=True)
    for pk in list(over[:500]):
        with transaction.atomic():
            coupon = Coupon.objects.select_for_update(of=("self",)).get(pk=pk)
            if coupon.state in LIVE and coupon.publish_until < at and not _is_being_extended(coupon):
                _to(coupon, State.ENDED, event="coupon.ended", wish={})
                ended += 1
    return ended


def _is_being_extended(coupon: Coupon) -> bool:
    return coupon.state == State.MODIFYING and "publish_until" in coupon.wish


def _to(
    coupon: Coupon, state: State, *, event: str, detail: Mapping[str, Any] | None = None, **changes: Any
) -> None:
    """Of a coupon that is locked: compare-and-set and Event in the caller's transaction."""
    rows = Coupon.objects.filter(pk=coupon.pk, state=coupon.state)
    if rows.update(state=state, version=F("version") + 1, changed_at=Now(), **changes):
        coupon.state = state
        _record(event, coupon, detail or {})


def _record(kind: str, coupon: Coupon, detail: Mapping[str, Any]) -> None:
    events.record(
        kind,
        merchant=coupon.merchant,
        mini_program=coupon.mini_program,
        subject=coupon,
        detail={"name": coupon.name, **detail},
    )
