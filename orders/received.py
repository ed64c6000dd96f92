"""Statuses as they were received: the rows behind each figure of orders.node_figures, by the same rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, QuerySet

from merchants.models import MiniProgram
from orders.models import StatusChange
from orders.scenes import SCENES

State = StatusChange.State


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    TOLD = "told"
    NOT_TOLD = "not_told"
    WAITING = "waiting"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True)
class Received:
    """`since` and `until`: when it was received, the second not included."""

    since: datetime
    until: datetime
    scene: str = ""
    status: str = ""
    outcome: str = ""


def received(mini_program: MiniProgram, wanted: Received) -> QuerySet[StatusChange]:
    """Newest first, repeats left out. Read along the days, so a page of a rare outcome may read a day."""
    rows = StatusChange.objects.for_merchant(mini_program.merchant).select_related("order__customer")
    rows = rows.filter(
        order__mini_program=mini_program, received_at__gte=wanted.since, received_at__lt=wanted.until
    )
    if wanted.scene:
        rows = rows.filter(order__scene=wanted.scene)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.outcome:
        rows = rows.filter(_of(Outcome(wanted.outcome)))
    ordered: QuerySet[StatusChange] = rows.order_by("-received_at", "-id")
    return ordered


def after(rows: QuerySet[StatusChange], last: StatusChange | None) -> QuerySet[StatusChange]:
    """Those that stand behind `last` in the order of the list."""
    if last is None:
        return rows
    at = last.received_at
    return rows.filter(Q(received_at__lt=at) | Q(received_at=at, id__lt=last.pk), received_at__lte=at)


def _of(outcome: Outcome) -> Q:
    if outcome == Outcome.ACCEPTED:
        return Q(state__in=[State.SYNCED, State.NOT_NOTIFIED])
    if outcome == Outcome.WAITING:
        return Q(state__in=[State.PENDING, State.SYNCING])
    if outcome == Outcome.TOLD:
        return _notifies() & Q(state=State.SYNCED, sub_code="")
    if outcome == Outcome.NOT_TOLD:
        return _notifies() & Q(state__in=[State.SUPERSEDED, State.NOT_NOTIFIED, State.DEAD])
    return _notifies() & (Q(state=State.UNKNOWN) | Q(state=State.SYNCED) & ~Q(sub_code=""))


def _notifies() -> Q:
    """Nodes whose message is expected."""
    found = Q()
    for scene in SCENES.values():
        told = [node.status for node in scene.nodes if node.notifies]
        found |= Q(order__scene=scene.code, status__in=told)
    return found
