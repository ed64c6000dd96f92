"""THE outbox: one row per intended gateway call, written with the change that intends it, sent after commit.

States: waiting -> claimed -> accepted | refused | unknown | dead; claimed -> waiting (busy, not sent, no
token, lease over before the call began, or an Unknown that may be repeated). `started_at` says that bytes may
have left: a lease that ran out after it is an Unknown, repeated only if the platform de-duplicates by a key
in the body. `dead` means that the platform certainly did nothing and we gave up. A late answer under the same
token may still turn `unknown` into what really happened.

Who intended the call names `settle_task`, called as (merchant_id, call_id) once the outcome is known; it is
hinted again until `settle()` marks it handled.
"""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from pydantic import ValidationError

from gateway.client import Client
from gateway.methods import (
    Request,
    Response,
    activities,
    card_templates,
    cards,
    crowds,
    deliveries,
    held_coupons,
    merchant_coupons,
    messages,
    orders,
    pay_coupons,
    topics,
)
from gateway.outcomes import Accepted, Busy, NotSent, Outcome, Refused, Unknown
from merchants import credentials, leases, rate
from merchants.enqueue import enqueue
from merchants.models import GatewayCall

if TYPE_CHECKING:
    from merchants.models import MiniProgram

log = logging.getLogger(__name__)

LEASE_SECONDS = 30
HINT_SECONDS = 10
TOKEN_WAIT_SECONDS = 1.0
GUARD_SECONDS = 2.0  # a process that was stopped this long sends nothing any more
MAX_ATTEMPTS = 12
LONGEST_WAIT_SECONDS = 600

METHODS: Mapping[str, type[Request[Any]]] = {
    request.method: request
    for request in (
        messages.OpenMiniMessageTemplateApply,
        crowds.OpenAppMiniTemplatemessageBatchsend,
        orders.MerchantOrderSync,
        topics.OpenAppMessageTopicSubscribe,
        pay_coupons.MarketingActivityVoucherCreate,
        pay_coupons.MarketingActivityVoucherPublish,
        pay_coupons.MarketingActivityVoucherModify,
        pay_coupons.MarketingActivityVoucherAppend,
        pay_coupons.MarketingActivityVoucherStop,
        pay_coupons.MarketingActivityVoucherSend,
        merchant_coupons.MarketingActivityOrdervoucherCreate,
        merchant_coupons.MarketingActivityOrdervoucherModify,
        merchant_coupons.MarketingActivityOrdervoucherAppend,
        merchant_coupons.MarketingActivityOrdervoucherStop,
        merchant_coupons.MarketingActivityOrdervoucherCodedeposit,
        merchant_coupons.MarketingActivityOrdervoucherSend,
        merchant_coupons.MarketingActivityOrdervoucherUse,
        merchant_coupons.MarketingActivityOrdervoucherRefund,
        merchant_coupons.MarketingActivityOrdervoucherInvalid,
        deliveries.MarketingActivityDeliveryCreate,
        deliveries.MarketingActivityDeliveryStop,
        held_coupons.MarketingActivityUserBatchqueryvoucher,
        activities.MarketingActivityQuery,
        card_templates.MarketingCardTemplateCreate,
        card_templates.MarketingCardTemplateModify,
        card_templates.MarketingCardFormtemplateSet,
        card_templates.MarketingCardBenefitModify,
        card_templates.MarketingCardBenefitDelete,
        cards.MarketingCardOpen,
        cards.MarketingCardUpdate,
        cards.MarketingCardDelete,
        cards.MarketingCardMessageNotify,
        cards.MarketingCardConsumeSync,
    )
}
# Never kept after a call is over and never shown, wherever they stand in a body or an answer.
PERSONAL_FIELDS = frozenset(
    [
        *("open_id", "user_id", "to_open_id", "to_user_id", "buyer_id", "buyer_open_id", "alipay_user_id"),
        *("union_id", "buyer_logon_id", "data", "form_id", "user_name", "real_name", "receiver_name"),
        *("contact_name", "mobile", "phone", "phone_no", "phone_number", "tel_number", "email", "address"),
        *("detailed_address", "cert_no", "birth_date", "auth_token", "app_auth_token", "access_token"),
        *("refresh_token", "user_uni_id", "member_ext_info", "infos", "nick_name"),
    ]
)
REDACTED = "***"


State = GatewayCall.State
OPEN = (State.WAITING, State.CLAIMED)
HandOver = Callable[[str, int, int], None]


def intend(
    *,
    mini_program: MiniProgram,
    method: str,
    target: models.Model,
    body: Mapping[str, Any],
    idempotency_key: str,
    settle_task: str = "",
    ordering_key: str = "",
    repeatable: bool = False,
    due_at: datetime | None = None,
) -> GatewayCall:
    """Writes the call in the caller's transaction; refuses to run outside one.

    The same key twice gives the row of the first time. Raises ValueError for a method the outbox does not
    know and for a body that the method cannot take.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"intend({method!r}) must stand in the transaction of the change that intends it")
    _request(method, body)
    call, created = GatewayCall.objects.get_or_create(
        mini_program=mini_program,
        method=method,
        idempotency_key=idempotency_key,
        defaults={
            "merchant": mini_program.merchant,
            "target_kind": target._meta.model_name or "",
            "target_id": target.pk,
            "ordering_key": ordering_key,
            "repeatable": repeatable,
            "body": dict(body),
            "settle_task": settle_task,
            **({"due_at": due_at} if due_at else {}),
        },
    )
    if created and due_at is None:
        enqueue("merchants.send_call", mini_program.merchant_id, call.pk)
    return call


def expire_at(call: GatewayCall, moment: datetime) -> None:
    """From then on it is not begun any more: it ends as dead, or as unknown where it may have gone through.

    In the transaction that intends the call.
    """
    GatewayCall.objects.filter(pk=call.pk).update(not_after=moment)


def send_call(call_id: int, *, merchant_id: int, hand_over: HandOver = enqueue) -> None:
    """Makes one call if it is its turn, and records what came of it. Harmless when hinted twice.

    `hand_over` gets the settle task, the merchant and the call once the outcome is committed; what it loses
    the sweep finds.
    """
    turn = _sendable().filter(pk=call_id, merchant_id=merchant_id)
    changes = {"state": State.CLAIMED, "started_at": None}
    for call in leases.claim(turn, seconds=LEASE_SECONDS, limit=1, changes=changes):
        outcome = _make(call)
        if outcome is not None:
            _record(call, outcome, hand_over)


def load_outcome(call_id: int, *, merchant_id: int) -> GatewayCall | None:
    """The finished call, locked in the caller's transaction; None when it is still open or was handled."""
    rows = GatewayCall.objects.select_for_update().filter(pk=call_id, merchant_id=merchant_id)
    found: GatewayCall | None = rows.filter(finished_at__isnull=False, settled_at=None).first()
    return found


def settle(call_id: int) -> bool:
    """Marks the outcome handled, in the handler's own transaction. False: it was handled before."""
    open_rows = GatewayCall.objects.filter(pk=call_id, finished_at__isnull=False, settled_at=None)
    return bool(open_rows.update(settled_at=Now()))


def redacted(value: Any) -> Any:
    """The same JSON with every personal field covered."""
    if isinstance(value, Mapping):
        return {
            name: REDACTED if name in PERSONAL_FIELDS and inner not in (None, "") else redacted(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return value


def sweep_calls(*, at: datetime, limit: int = 500) -> int:
    """Takes back rows whose worker died; hints again for what nobody took up. Returns how many."""
    _reap()
    _give_up_late()
    unsettled = GatewayCall.objects.filter(finished_at__isnull=False, settled_at=None)
    return sum(_hint_again(rows, at=at, limit=limit) for rows in (_sendable(), unsettled))


def prune_bodies(*, at: datetime) -> int:
    """Empties bodies and answers that are older than CALL_BODY_KEEP_DAYS; the rows stay."""
    old = Q(finished_at__lt=at - timedelta(days=settings.CALL_BODY_KEEP_DAYS))
    return int(GatewayCall.objects.filter(old).exclude(body={}, answer={}).update(body={}, answer={}))


def _sendable() -> models.QuerySet[GatewayCall]:
    """Due, not stopped, and no earlier call with the same ordering key still open."""
    earlier = GatewayCall.objects.filter(
        mini_program=OuterRef("mini_program"),
        ordering_key=OuterRef("ordering_key"),
        pk__lt=OuterRef("pk"),
        state__in=OPEN,
    )
    rows: models.QuerySet[GatewayCall] = GatewayCall.objects.filter(
        Q(ordering_key="") | ~Exists(earlier),
        Q(not_after=None) | Q(not_after__gt=Now()),
        state=State.WAITING,
        due_at__lte=Now(),
        mini_program__stopped_at=None,
    )
    return rows


def _hint_again(rows: models.QuerySet[GatewayCall], *, at: datetime, limit: int) -> int:
    with transaction.atomic():
        stale = rows.filter(hinted_at__lt=at - timedelta(seconds=HINT_SECONDS)).order_by("hinted_at")
        lost = list(stale.select_for_update(skip_locked=True, of=("self",))[:limit])
        GatewayCall.objects.filter(pk__in=[call.pk for call in lost]).update(hinted_at=at)
        for call in lost:
            task = call.settle_task if call.finished_at else "merchants.send_call"
            enqueue(task, call.merchant_id, call.pk)
    return len(lost)


def _make(call: GatewayCall) -> Outcome[Response] | None:
    """The outcome, or None when the call did not begin and the row was given back."""
    try:
        client = credentials.client_for(call.mini_program)
        request = _request(call.method, call.body)
        if not rate.wait_for_token(call.mini_program, TOKEN_WAIT_SECONDS):
            _give_back(call, wait_seconds=1)
            return None
    except rate.RateUnavailable as error:
        log.warning("%s waits: %s", call, error)
        _give_back(call, wait_seconds=5)
        return None
    except (credentials.GatewayNotConfigured, ValueError) as error:
        log.error("%s waits: %s", call, error)
        _give_back(call, wait_seconds=60)
        return None
    begun = leases.boot_seconds()
    if not leases.held(call).filter(state=State.CLAIMED).update(started_at=Now(), attempts=F("attempts") + 1):
        return None
    call.attempts += 1
    return _ask(client, request, begun)


def _ask(client: Client, request: Request[Any], begun: float) -> Outcome[Response]:
    future = client.submit(request, guard=lambda: leases.boot_seconds() - begun < GUARD_SECONDS)
    try:
        return future.result(client.timeouts.total_seconds + 2)
    except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
        future.cancel()
        return Unknown("timeout", False, "the loop gave no outcome in time", 0.0)


def _give_back(call: GatewayCall, *, wait_seconds: float) -> None:
    """Nothing was tried, so it costs no attempt."""
    leases.release(call, state=State.WAITING, due_at=Now() + timedelta(seconds=wait_seconds))


def _record(call: GatewayCall, outcome: Outcome[Response], hand_over: HandOver = enqueue) -> bool:
    """Writes what came of it under our token, also onto a row that was reaped as unknown meanwhile.

    False when somebody else has the row now.
    """
    if isinstance(outcome, Busy):
        _slow_down(call)
    if isinstance(outcome, Unknown) and outcome.alarm:
        log.error("%s: %s. Check the Alipay public key of %s.", call, outcome.detail, call.mini_program)
    again = isinstance(outcome, Busy | NotSent) or (isinstance(outcome, Unknown) and call.repeatable)
    if again and call.attempts < MAX_ATTEMPTS:
        wait = timedelta(seconds=min(LONGEST_WAIT_SECONDS, 5 * 2 ** (call.attempts - 1)))
        mine = GatewayCall.objects.filter(pk=call.pk, token=call.token, state=State.CLAIMED)
        changes = {"state": State.WAITING, "due_at": Now() + wait, "token": None, "lease_until": None}
        maybe_done = call.maybe_done or isinstance(outcome, Unknown)
        if mine.update(**changes, maybe_done=maybe_done, **_told(outcome)):
            return True
    # onto a row that was reaped as unknown only what is known for certain
    states = [State.CLAIMED] if isinstance(outcome, Unknown) else [State.CLAIMED, State.UNKNOWN]
    return _finish(call, outcome, states=states, hand_over=hand_over)


def _finish(
    call: GatewayCall, outcome: Outcome[Response], *, states: list[State], hand_over: HandOver = enqueue
) -> bool:
    state = {Accepted: State.ACCEPTED, Refused: State.REFUSED, Unknown: State.UNKNOWN}.get(
        type(outcome), State.UNKNOWN if call.maybe_done else State.DEAD
    )
    with transaction.atomic():
        mine = GatewayCall.objects.filter(pk=call.pk, token=call.token, state__in=states)
        written = mine.update(
            state=state,
            body=redacted(call.body),
            lease_until=None,
            finished_at=Now(),
            settled_at=None if call.settle_task else Now(),
            hinted_at=Now(),
            **_told(outcome),
        )
        if written:
            _hint_next(call)
    if written and call.settle_task:
        hand_over(call.settle_task, call.merchant_id, call.pk)
    return bool(written)


def _told(outcome: Outcome[Response]) -> dict[str, Any]:
    """Columns that keep the answer."""
    answer: dict[str, Any]
    match outcome:
        case Accepted(response):
            answer = redacted(response.model_dump(mode="json", exclude_none=True))
        case Refused():
            answer = {"sub_msg": outcome.sub_msg, "scope": outcome.scope, "listed": outcome.listed}
        case NotSent():
            answer = {"reason": outcome.reason}
        case Unknown():
            answer = {"reason": outcome.reason, "detail": outcome.detail}
        case _:
            answer = {}
    return {
        "answer": answer,
        "code": "10000" if isinstance(outcome, Accepted) else getattr(outcome, "code", "")[:10],
        "sub_code": getattr(outcome, "sub_code", "")[:80],
        "duration_ms": outcome.duration_ms,
    }


def _hint_next(call: GatewayCall) -> None:
    """The next call with the same ordering key need not wait for the sweep."""
    if call.ordering_key:
        same = GatewayCall.objects.filter(
            mini_program_id=call.mini_program_id, ordering_key=call.ordering_key
        )
        following = same.filter(state=State.WAITING, pk__gt=call.pk).order_by("pk").first()
        if following is not None:
            enqueue("merchants.send_call", following.merchant_id, following.pk)


def _reap() -> None:
    """Rows whose lease ran out: waiting again if nothing left or it may be repeated, else unknown."""
    over = GatewayCall.objects.filter(state=State.CLAIMED, lease_until__lt=Now())
    free = {"state": State.WAITING, "token": None, "lease_until": None}
    over.filter(started_at=None).update(**free)
    over.filter(repeatable=True, attempts__lt=MAX_ATTEMPTS).update(**free, maybe_done=True)
    for call in over:
        lost = Unknown("cut_off", False, "the process ended before it could tell", 0.0)
        _finish(call, lost, states=[State.CLAIMED])


def _give_up_late() -> None:
    """Rows still waiting at their `not_after`: nothing of them leaves any more."""
    for call in GatewayCall.objects.filter(state=State.WAITING, not_after__lte=Now()):
        _finish(call, NotSent("late", 0.0), states=[State.WAITING])


def doubt(call: GatewayCall) -> bool:
    """After a restore: an open call may have been made before, so it ends as unknown. False: it was over."""
    lost = Unknown("cut_off", False, "the database was restored; the call may have been made before", 0.0)
    return _finish(call, lost, states=list(OPEN))


def _slow_down(call: GatewayCall) -> None:
    try:
        rate.slow_down(call.mini_program)
    except rate.RateUnavailable as error:
        log.warning("the rate of %s could not be lowered: %s", call.mini_program, error)


def _request(method: str, body: Mapping[str, Any]) -> Request[Any]:
    if method not in METHODS:
        raise ValueError(f"The outbox does not make calls of {method}. It knows: {', '.join(METHODS)}.")
    try:
        return METHODS[method].model_validate(body)
    except ValidationError as error:
        fields = sorted({".".join(map(str, part["loc"])) for part in error.errors(include_input=False)})
        raise ValueError(f"{method} cannot take this body; look at: {', '.join(fields)}.") from error
