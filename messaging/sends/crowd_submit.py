"""The one call of a crowd send: begun at its due time, through the outbox, never made a second time.

What is due and may not leave now (stopped, quiet, template offline) is held for ENGINE_MISSED_SECONDS and
then missed. An outcome that nobody knows is `unknown`: it keeps its place in the quota, and a person decides.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from gateway.methods import crowds
from merchants import calls
from merchants.models import GatewayCall, MiniProgram
from messaging.consent import asking
from messaging.engine.quiet import Quiet
from messaging.models import CrowdSend, CrowdState, Kind, MissedReason, SubscriptionTemplate
from messaging.sends.crowd import quiet_of
from messaging.sends.crowd_moves import CrowdMoved, move, move_freeing

log = logging.getLogger(__name__)
METHOD = crowds.OpenAppMiniTemplatemessageBatchsend.method
SETTLE_TASK = "messaging.settle_crowd"
OVER = ("SUCCESS", "PARTIAL", "FAILED", "CANCELED")  # the platform's own words for an ended batch
ASK_FOR = timedelta(days=3)
ASKED_AT_ONCE = 20


def advance(*, at: datetime) -> int:
    """One look at what is due; how many moved. Two at once are harmless: each move is compare-and-set."""
    rows = CrowdSend.objects.filter(state=CrowdState.SCHEDULED, due_at__lte=Now())
    due = rows.select_related("merchant", "mini_program", "template").order_by("due_at", "id")
    return sum(_miss(crowd, at) if _is_late(crowd, at) else _begin(crowd, at) for crowd in due)


def _is_late(crowd: CrowdSend, at: datetime) -> bool:
    return crowd.due_at is None or at - crowd.due_at >= timedelta(seconds=settings.ENGINE_MISSED_SECONDS)


def held_by(crowd: CrowdSend, *, at: datetime) -> str:
    """Why it may not leave now, as a MissedReason; empty: it may."""
    quiet = quiet_of(crowd.merchant)
    if crowd.mini_program.stopped_at is not None:
        return MissedReason.STOPPED
    if quiet is not None and quiet.until(at) is not None:
        return MissedReason.QUIET
    if crowd.template is None or not crowd.template.is_sendable:
        return MissedReason.TEMPLATE
    return ""


def _miss(crowd: CrowdSend, at: datetime, *, reason: str = "") -> int:
    why = reason or held_by(crowd, at=at) or MissedReason.LATE
    try:
        move_freeing(
            crowd,
            CrowdState.MISSED,
            by=None,
            only_from={CrowdState.SCHEDULED},
            only_if={"due_at": crowd.due_at},
            detail={"missed": why},
            changes={"missed_reason": why},
        )
    except CrowdMoved:
        return 0
    return 1


def _begin(crowd: CrowdSend, at: datetime) -> int:
    """scheduled → submitting, and the intended call in the same transaction."""
    if held_by(crowd, at=at):
        return 0
    # a subquery, so that the state is judged on the row itself
    running = MiniProgram.objects.filter(pk=crowd.mini_program_id, stopped_at=None)
    try:
        with transaction.atomic():
            move(
                crowd,
                CrowdState.SUBMITTING,
                by=None,
                only_if={"due_at": crowd.due_at, "mini_program__in": running},
                changes={"submitting_at": Now()},
            )
            call = calls.intend(
                mini_program=crowd.mini_program,
                method=METHOD,
                target=crowd,
                body=_body(crowd),
                idempotency_key=f"crowd:{crowd.pk}:{crowd.launches}",
                settle_task=SETTLE_TASK,
                repeatable=False,  # the platform has no key for it: made twice, it goes out twice
            )
            calls.expire_at(call, _last_moment(crowd, quiet_of(crowd.merchant), at))
    except CrowdMoved:
        return 0
    return 1


def _body(crowd: CrowdSend) -> dict[str, str]:
    body = {"template_id": crowd.platform_template_id, "data": crowd.data, "page": crowd.sent_page}
    return body | ({"crowd_code": crowd.crowd_code} if crowd.crowd_code else {})


def _last_moment(crowd: CrowdSend, quiet: Quiet | None, at: datetime) -> datetime:
    """Busy and unreachable are tried again until here: ten minutes late, or the start of the quiet hours."""
    last = (crowd.due_at or at) + timedelta(seconds=settings.ENGINE_MISSED_SECONDS)
    if quiet is None:
        return last
    wall = at.astimezone(quiet.zone)
    starts = [
        datetime.combine(wall.date() + timedelta(days=days), quiet.start, tzinfo=quiet.zone)
        for days in (0, 1)
    ]
    return min([last, *(start for start in starts if start > wall)])


def settle(call_id: int, *, merchant_id: int) -> bool:
    """Takes over what became of the call. False when it is open or was handled. Repeatable."""
    with transaction.atomic():
        call = calls.load_outcome(call_id, merchant_id=merchant_id)
        if call is None:
            return False
        rows = CrowdSend.objects.select_related("merchant", "mini_program")
        crowd = rows.get(pk=call.target_id, merchant_id=merchant_id)
        try:
            _take_over(crowd, call)
        except CrowdMoved as moved:
            log.warning("%s: its crowd send is %s, nothing to take over", call, moved.state)
        return calls.settle(call.pk)


def _take_over(crowd: CrowdSend, call: GatewayCall) -> None:
    states, told = GatewayCall.State, {"answered_at": call.finished_at}
    if call.state == states.ACCEPTED:
        number = str(call.answer["batch_msg_id"])[:64]
        _answered(crowd, CrowdState.SUBMITTED, told | {"batch_msg_id": number})
        _mark_balances(crowd)
    elif call.state == states.REFUSED:
        refusal = (call.sub_code or call.code)[:80]
        _answered(crowd, CrowdState.REFUSED, told | {"refusal": refusal}, detail={"refusal": refusal})
    elif call.state == states.DEAD:
        why = MissedReason.STOPPED if crowd.mini_program.stopped_at else MissedReason.BUSY
        move_freeing(
            crowd,
            CrowdState.MISSED,
            by=None,
            only_from={CrowdState.SUBMITTING},
            detail={"missed": why},
            changes={"missed_reason": why},
        )
    elif crowd.state != CrowdState.UNKNOWN:
        _answered(crowd, CrowdState.UNKNOWN, {})
        _mark_balances(crowd)


def _answered(
    crowd: CrowdSend, to: str, changes: dict[str, object], *, detail: dict[str, object] | None = None
) -> None:
    """A late answer may still end `unknown`, but not what a person decided about it."""
    move(crowd, to, by=None, only_if={"decision": ""}, changes=changes, detail=detail)


def _mark_balances(crowd: CrowdSend) -> None:
    """It may have spent one-time units of people whom the platform does not name."""
    if crowd.template_kind == Kind.ONE_TIME and crowd.template_id is not None:
        SubscriptionTemplate.objects.filter(pk=crowd.template_id).update(crowd_sent_at=Now())


def halt_all(*, at: datetime) -> int:
    """After a restore: what was due may have been submitted already, so nothing of it leaves by itself.

    Scheduled ones whose time has come are missed; what was being submitted is unknown. Returns how many.
    """
    due = CrowdSend.objects.filter(state=CrowdState.SCHEDULED, due_at__lte=Now())
    halted = sum(
        _miss(crowd, at, reason=MissedReason.RESTORED)
        for crowd in due.select_related("merchant", "mini_program", "template")
    )
    for call in GatewayCall.objects.filter(method=METHOD, state__in=calls.OPEN):
        halted += calls.doubt(call)
    return halted


def ask_counts(*, at: datetime) -> int:
    """What the platform says of batches that had not ended; how many it told. Nothing is moved by it."""
    rows = CrowdSend.objects.filter(state=CrowdState.SUBMITTED, answered_at__gt=at - ASK_FOR)
    waiting = rows.exclude(batch_msg_id="").exclude(platform_status__in=OVER)
    told = 0
    for crowd in waiting.select_related("mini_program").order_by("platform_told_at", "pk")[:ASKED_AT_ONCE]:
        told += ask_count(crowd, at=at)
    return told


def ask_count(crowd: CrowdSend, *, at: datetime) -> bool:
    """One question that changes nothing at the platform. False: no answer now."""
    try:
        request = crowds.OpenAppMiniBatchtemplatemsgQuery(batch_msg_id=crowd.batch_msg_id)
        record = asking.ask(crowd.mini_program, request).record
    except asking.NotAnswered as error:
        log.warning("crowd send %s: no count now: %s", crowd.pk, error)
        return False
    CrowdSend.objects.filter(pk=crowd.pk).update(
        platform_status=(record.msg_send_status or "")[:20],
        platform_count=record.msg_send_count,
        platform_told_at=at,
    )
    return True
