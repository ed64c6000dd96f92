"""Orders of the past on both sides: handed in and written for the platform as living ones are, judged by
its own order centre all at once, and settled by the rules of living answers, each at its true time.

intend() is one transaction and settle() another. What a cut-off start leaves between them is calls that wait,
and the next one goes on there: the platform answers the same key the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Model, QuerySet

from console.demo import dates
from console.demo.cast import OWNERS
from console.demo.order_paths import SCENES
from console.demo.order_plan import OrderPast, PastOrder, Return
from console.demo.plan import DAYS
from console.demo.scene import Scene
from gateway.methods.orders import MerchantOrderSyncResponse
from gateway.outcomes import SUB_CODES
from merchants.calls import redacted
from merchants.models import GatewayCall
from orders import bodies, choosing
from orders.diagnosis import cause_of, is_told
from orders.given import OrderGiven, StatusGiven
from orders.intake import MAX_ORDERS, receive_orders
from orders.models import ChosenScene, Order, Source, StatusChange
from orders.rollups import first_told
from orders.settling import outcome_of
from orders.syncing import METHOD, SETTLE_TASK, left_behind

KEY = "orders of the past"
CHOSEN = timedelta(days=DAYS + 2)
WAITED = timedelta(seconds=2)
CALL_MS = 140.0
ANSWERED = [
    *("state", "answer", "code", "sub_code", "body", "attempts", "duration_ms", "started_at", "finished_at")
]
State, CallState = StatusChange.State, GatewayCall.State


def tell(scene: Scene, orders: OrderPast) -> None:
    """Repeatable."""
    _choose(scene)
    if not Order.objects.filter(mini_program=scene.app).exists():
        with transaction.atomic():
            _intend(scene, orders.orders)
    calls = list(_open_calls(scene).order_by("pk"))
    if not calls:
        return
    refused = {(one.number, _status(each).at): each.refused for one in orders.orders for each in one.returns}
    changes = _changes_of(calls)
    returns = [_asked(call, changes[call.pk], refused) for call in calls]
    asked = {"app_id": scene.app.app_id, "key": KEY, "returns": returns}
    answers = scene.platform.post("/sim/orders", asked)["answers"]
    with transaction.atomic():
        _settle(scene, calls, changes, answers)


def _choose(scene: Scene) -> None:
    at = scene.past.began_at - CHOSEN
    for code in SCENES[scene.slug]:
        choosing.choose(scene.app, code, by=scene.users[OWNERS[scene.slug]])
    for row in ChosenScene.objects.filter(mini_program=scene.app):
        dates.events(row, {"scene.chosen": at}, since=scene.past.began_at)
    ChosenScene.objects.filter(mini_program=scene.app).update(chosen_at=at)


# --- Handed in, and written for the platform ----------------------------------------------------------------
def _intend(scene: Scene, orders: Sequence[PastOrder]) -> None:
    """Round by round, so that each status is written with what was known of its order then."""
    for number in range(max((len(one.returns) for one in orders), default=0)):
        here = [(one, one.returns[number]) for one in orders if len(one.returns) > number]
        for start in range(0, len(here), MAX_ORDERS):
            _one_round(scene, here[start : start + MAX_ORDERS])


def _one_round(scene: Scene, here: Sequence[tuple[PastOrder, Return]]) -> None:
    receive_orders(scene.app, [_given(scene, one, each) for one, each in here], source=Source.API)
    named = Order.objects.filter(mini_program=scene.app, out_biz_no__in=[one.number for one, _each in here])
    orders = {order.out_biz_no: order for order in named.select_related("customer", "mini_program__merchant")}
    found = StatusChange.objects.filter(order__in=list(orders.values())).order_by("pk")
    newest = {change.order_id: change for change in found}
    calls, changes = [], []
    for one, each in here:
        order = orders[one.number]
        change = newest[order.pk]
        change.order, change.received_at = order, each.received_at
        if each is one.returns[0]:
            order.created_at, order.link_page = each.received_at, bodies.link_page_of(order)
        changes.append(change)
        if not each.waits and not _is_late(one, each):
            calls.append(_call(scene, change))
    _write(Order, orders.values(), ["created_at", "link_page"])
    GatewayCall.objects.bulk_create(calls)
    by_change = {call.target_id: call for call in calls}
    for change in changes:
        call = by_change.get(change.pk)
        if call is not None:
            change.call, change.attempt = call, 1
    _write(StatusChange, changes, ["received_at", "call", "attempt"])


def _is_late(one: PastOrder, each: Return) -> bool:
    """A later status had reached us before, and the platform had taken it."""
    before = one.returns[: one.returns.index(each)]
    return any(other.modified_at > each.modified_at for other in before)


def _given(scene: Scene, one: PastOrder, each: Return) -> OrderGiven:
    drawn = one.drawn
    paid = drawn.paid_at in one.statuses[: list(one.returns).index(each) + 1]
    paid_at = next((other.modified_at for other in one.returns if other.status == drawn.paid_at), None)
    amount = drawn.amount_fen
    return OrderGiven(
        out_biz_no=one.number,
        open_id=scene.open_id(one.place),
        scene=drawn.scene,
        page=drawn.page,
        order_created_at=one.created_at,
        paid_at=paid_at if paid else None,
        amount_fen=amount,
        pay_amount_fen=amount - drawn.discount_fen if paid and amount is not None else None,
        discount_fen=drawn.discount_fen if paid and amount is not None else None,
        items=[dict(item) for item in drawn.items],
        shop=dict(drawn.shop),
        fields=drawn.fields,
        status=_status(each),
    )


def _status(each: Return) -> StatusGiven:
    return StatusGiven(each.status, each.modified_at, each.stage.fields)


def _call(scene: Scene, change: StatusChange) -> GatewayCall:
    """As syncing intends one; nobody hints at it, since its answer is asked for here."""
    at = change.received_at + WAITED
    return GatewayCall(
        merchant_id=scene.app.merchant_id,
        mini_program=scene.app,
        method=METHOD,
        target_kind=change._meta.model_name or "",
        target_id=change.pk,
        ordering_key=f"order:{change.order_id}",
        idempotency_key=f"change:{change.pk}:1",
        repeatable=True,
        body=bodies.body_of(change),
        settle_task=SETTLE_TASK,
        created_at=at,
        due_at=at,
        hinted_at=at,
    )


# --- Answered -----------------------------------------------------------------------------------------------
def _open_calls(scene: Scene) -> QuerySet[GatewayCall]:
    rows: QuerySet[GatewayCall] = GatewayCall.objects.filter(
        mini_program=scene.app, method=METHOD, state=CallState.WAITING, attempts=0
    )
    return rows


def _changes_of(calls: Sequence[GatewayCall]) -> dict[int, StatusChange]:
    """By call."""
    rows = StatusChange.objects.filter(call__in=[call.pk for call in calls]).select_related("order")
    return {change.call_id: change for change in rows}


def _asked(
    call: GatewayCall, change: StatusChange, refused: Mapping[tuple[str, datetime], str]
) -> dict[str, Any]:
    said = refused.get((change.order.out_biz_no, change.modified_at), "")
    return {"biz_content": call.body, "at": call.created_at.timestamp(), "refused": said}


def _settle(
    scene: Scene,
    calls: Sequence[GatewayCall],
    changes: Mapping[int, StatusChange],
    answers: Sequence[Mapping[str, Any]],
) -> None:
    orders: dict[int, Order] = {}
    for call, node in zip(calls, answers, strict=True):
        change = changes[call.pk]
        _answer(call, node)
        for name, value in outcome_of(call, maybe_had=call.maybe_done).items():
            setattr(change, name, value)
        change.settled_at, change.cause = call.settled_at, cause_of(change)
        if call.state == CallState.ACCEPTED:
            order = orders.setdefault(change.order_id, change.order)
            order.synced_status, order.synced_at = change.status, change.modified_at
    _write(GatewayCall, calls, [*ANSWERED, "settled_at"])
    _write(StatusChange, changes.values(), ["state", "sub_code", "words", "cause", "settled_at"])
    _write(Order, orders.values(), ["synced_status", "synced_at"])
    told = {change.order_id: change for change in reversed(list(changes.values())) if is_told(change)}
    for change in told.values():  # the first of each order
        first_told(change.order, at=change.settled_at)
    late = StatusChange.objects.filter(left_behind(), order__mini_program=scene.app, state=State.PENDING)
    late.update(state=State.SUPERSEDED, settled_at=F("received_at") + WAITED)


def _answer(call: GatewayCall, node: Mapping[str, Any]) -> None:
    """The columns that a call has once it is over."""
    call.code, call.sub_code = str(node["code"]), str(node.get("sub_code", ""))
    if call.code == "10000":
        found = MerchantOrderSyncResponse.model_validate(node)
        call.state, call.answer = (
            CallState.ACCEPTED,
            redacted(found.model_dump(mode="json", exclude_none=True)),
        )
    else:
        known = {"scope": SUB_CODES[call.sub_code].scope, "listed": True}
        call.state, call.answer = CallState.REFUSED, {"sub_msg": node["sub_msg"], **known}
    call.body, call.attempts, call.duration_ms = redacted(call.body), 1, CALL_MS
    call.started_at = call.created_at
    call.finished_at = call.settled_at = call.created_at + timedelta(milliseconds=CALL_MS)


def _write(model: type[Model], rows: Iterable[Model], columns: list[str]) -> None:
    """All of them in one statement; every row is there."""
    known = list(rows)
    model._default_manager.bulk_create(
        known, update_conflicts=True, unique_fields=["id"], update_fields=columns
    )
