"""Which status of an order leaves next, and the call that carries it: one per order, earliest time first.

A change waits ORDER_SETTLE_SECONDS after it was received, because an earlier one may still come in; then the
earliest of the order goes. What is not later than a change that the platform took, or may have taken, is
superseded without a call: the platform would answer yes and drop it. Rows are the truth: a lost hint, an
emptied queue or two beats at once change nothing.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from gateway.methods.orders import MerchantOrderSync
from merchants import calls
from merchants.models import GatewayCall, MiniProgram
from orders import bodies
from orders.diagnosis import Reason
from orders.models import Order, StatusChange
from orders.reasons import CANNOT_BE_WRITTEN

METHOD = MerchantOrderSync.method
SETTLE_TASK = "orders.settle_sync"
CHUNK = 100  # changes in one transaction
CHUNKS_AT_ONCE = 20  # in one look; the next beat goes on

State = StatusChange.State
# The platform took it, or may have.
TAKEN = (State.SYNCED, State.NOT_NOTIFIED, State.UNKNOWN)


def sync_due(*, order_id: int | None = None) -> int:
    """One look at what is due, or at one order; how many changes moved. Safe to run twice at once."""
    moved = 0
    for _chunk in range(CHUNKS_AT_ONCE):
        found, done = _sync_chunk(order_id)
        moved += done
        if found < CHUNK:
            break
    return moved


def left_behind() -> Q:
    """Of changes: the platform took a later one, or this one, or may have."""
    later = StatusChange.objects.filter(
        order=OuterRef("order"), modified_at__gt=OuterRef("modified_at"), state__in=TAKEN
    )
    return Q(order__synced_at__gte=F("modified_at")) | Q(Exists(later))


def _sync_chunk(order_id: int | None) -> tuple[int, int]:
    """(changes whose turn it seemed, changes that moved)."""
    with transaction.atomic():
        # The order is held too: whoever takes the turn of another of its changes waits for us or passes.
        turns = _turns().filter(pk__in=_next(order_id))
        held = turns.select_for_update(skip_locked=True, of=("self", "order"), no_key=True)
        named = held.select_related("order__customer", "order__mini_program__merchant")
        found = list(named.order_by("received_at", "pk"))
        return len(found), sum(_move(change) for change in found)


def _next(order_id: int | None) -> list[int]:
    """Ids of the CHUNK longest waiting, read along the index of those that wait.

    In a statement of its own, and with the stopped mini programs by name: joined to all else that is asked,
    PostgreSQL expects next to no row and walks every order there is.
    """
    stopped = list(MiniProgram.objects.exclude(stopped_at=None).values_list("pk", flat=True))
    rows = _waiting() if order_id is None else _waiting().filter(order=order_id)
    rows = rows.exclude(order__mini_program__in=stopped) if stopped else rows
    return list(rows.order_by("received_at", "pk").values_list("pk", flat=True)[:CHUNK])


def _turns() -> QuerySet[StatusChange]:
    return _waiting().filter(order__mini_program__stopped_at=None)


def _waiting() -> QuerySet[StatusChange]:
    """Settled, the earliest waiting change of its order, and nothing of that order under way."""
    of_order = StatusChange.objects.filter(order=OuterRef("order"))
    earlier = of_order.filter(state=State.PENDING, modified_at__lt=OuterRef("modified_at"))
    rows: QuerySet[StatusChange] = StatusChange.objects.filter(
        ~Exists(earlier),
        ~Exists(of_order.filter(state=State.SYNCING)),
        state=State.PENDING,
        received_at__lte=Now() - timedelta(seconds=settings.ORDER_SETTLE_SECONDS),
    )
    return rows


def _move(change: StatusChange) -> int:
    """In the transaction that holds the change and its order. Judged anew: others committed meanwhile."""
    own = StatusChange.objects.filter(pk=change.pk)
    late = own.filter(left_behind(), state=State.PENDING)
    if late.update(state=State.SUPERSEDED, settled_at=Now()):
        return 1
    attempt = change.attempt + 1
    mine = _turns().filter(pk=change.pk, attempt=change.attempt)
    if not mine.update(state=State.SYNCING, attempt=attempt):
        return 0
    try:
        call = _intend(change, attempt)
    except ValueError as error:
        said = {"sub_code": CANNOT_BE_WRITTEN, "words": str(error)[:400], "cause": Reason.NEVER_LEFT.value}
        own.update(state=State.DEAD, settled_at=Now(), **said)
    else:
        own.update(call=call)
    return 1


def _intend(change: StatusChange, attempt: int) -> GatewayCall:
    order = change.order
    if not order.link_page:
        order.link_page = bodies.link_page_of(order)
        Order.objects.filter(pk=order.pk, link_page="").update(link_page=order.link_page)
    return calls.intend(
        mini_program=order.mini_program,
        method=METHOD,
        target=change,
        body=bodies.body_of(change),
        idempotency_key=f"change:{change.pk}:{attempt}",
        ordering_key=f"order:{order.pk}",
        repeatable=True,  # the platform knows a repetition by number and modified time
        settle_task=SETTLE_TASK,
    )
