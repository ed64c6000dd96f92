"""Single messages as pages and the API show them. No page counts a big table: filters look at a few days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from merchants.models import Merchant
from messaging.models import (
    Delivery,
    DeliveryCounter,
    SendControl,
    SendKind,
    SendState,
    SingleSend,
    SubscriptionTemplate,
)

FILTER_DAYS = 7  # a filter without a day looks this far back
OPEN = ("queued", "sending", "undecided")  # their books are open, so they are found however old they are


def rows_of(sent: Sequence[SingleSend]) -> dict[int, Delivery]:
    """The delivery of each, by its id. One query for each month; what was detached is left out."""
    found: dict[int, Delivery] = {}
    by_month: dict[date, dict[int, int]] = {}
    for one in sent:
        by_month.setdefault(one.books_month, {})[one.delivery_id] = one.pk
    for month, ids in by_month.items():
        rows = Delivery.objects.filter(books_month=month, id__in=ids).select_related("send", "customer")
        found |= {ids[row.id]: row for row in rows}
    return found


def of_rows(rows: Sequence[Delivery]) -> dict[int, SingleSend]:
    """By delivery id, of those that are single messages. At most one query."""
    ids = [row.id for row in rows if row.send.kind == SendKind.SINGLE]
    if not ids:
        return {}
    months = {row.books_month for row in rows}
    found = SingleSend.objects.filter(delivery_id__in=ids, books_month__in=months).select_related("template")
    return {one.delivery_id: one for one in found}


def single_list(
    merchant: Merchant,
    *,
    at: datetime,
    state: str = "",
    template: SubscriptionTemplate | None = None,
    day: tuple[datetime, datetime] | None = None,
) -> QuerySet[SingleSend]:
    """Page it by id. `state`: of a delivery, or "undecided": unknown and not decided. `day`: from, to.

    Filtered without a day it holds the last FILTER_DAYS, but for states of OPEN.
    """
    rows: QuerySet[SingleSend] = SingleSend.objects.for_merchant(merchant)
    rows = rows.select_related("template", "mini_program")
    if template is not None:
        rows = rows.filter(template=template)
    if state in OPEN:
        rows = rows.filter(delivery_id__in=_under_way(merchant, state).values("id"))
    elif state:
        here = Q(books_month=OuterRef("books_month"), id=OuterRef("delivery_id"))
        rows = rows.filter(Exists(Delivery.objects.filter(here, state=state)))
    if day is not None:
        return rows.filter(created_at__gte=day[0], created_at__lt=day[1])
    if looks_back(state, template, day):
        return rows.filter(created_at__gte=at - timedelta(days=FILTER_DAYS))
    return rows


def looks_back(
    state: str, template: SubscriptionTemplate | None, day: tuple[datetime, datetime] | None
) -> int:
    """How many days these filters look back; 0 where they look at everything."""
    is_bounded = day is None and state not in OPEN and (bool(state) or template is not None)
    return FILTER_DAYS if is_bounded else 0


def _under_way(merchant: Merchant, state: str) -> QuerySet[Delivery]:
    """Read from the few control rows whose books are open."""
    open_books = SendControl.objects.for_merchant(merchant).filter(kind=SendKind.SINGLE, books_closed_at=None)
    rows: QuerySet[Delivery] = Delivery.objects.filter(send__in=open_books)
    if state == "undecided":
        return rows.filter(state="unknown", decision="")
    return rows.filter(state__in=["queued", "claimed"] if state == "queued" else [state])


@dataclass(frozen=True)
class SinglesWaiting:
    """Single messages whose outcome waits for a person, and requests that stand still, with the first why."""

    undecided: int = 0
    paused: int = 0
    pause_reason: str = ""
    pause_detail: str = ""
    paused_since: datetime | None = None


def singles_waiting(merchant: Merchant) -> SinglesWaiting:
    """From the counters and the control rows: three queries."""
    standing = paused(merchant)
    first = standing.first()
    if first is None:
        return SinglesWaiting(_undecided(merchant))
    return SinglesWaiting(
        _undecided(merchant),
        standing.count(),
        first.pause_reason,
        first.pause_detail,
        first.touched_at,
    )


def _undecided(merchant: Merchant) -> int:
    counted = {"unknown": 0, "decided": 0}
    open_books = DeliveryCounter.objects.filter(
        send__merchant=merchant,
        send__kind=SendKind.SINGLE,
        send__books_closed_at=None,
        state__in=counted,
        n__gt=0,
    )
    for state, n in open_books.values_list("state", "n"):
        counted[state] += n
    return counted["unknown"] - counted["decided"]


def paused(merchant: Merchant) -> QuerySet[SendControl]:
    """What single messages wait behind until a person resumes it, the oldest first."""
    rows: QuerySet[SendControl] = SendControl.objects.for_merchant(merchant).filter(
        kind=SendKind.SINGLE, state=SendState.PAUSED
    )
    return rows.select_related("merchant", "mini_program").order_by("due_at", "id")
