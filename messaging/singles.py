"""Single messages as pages and the API show them. No page counts a big table: filters look at a few days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

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
    found = SingleSend.objects.filter(delivery_id__in=ids, books_month__in={row.books_month for row in rows})
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
    if state:
        rows = rows.filter(Exists(_deliveries(state)))
    if day is not None:
        return rows.filter(created_at__gte=day[0], created_at__lt=day[1])
    if (state and state not in OPEN) or template is not None:
        return rows.filter(created_at__gte=at - timedelta(days=FILTER_DAYS))
    return rows


def _deliveries(state: str) -> QuerySet[Delivery]:
    rows: QuerySet[Delivery] = Delivery.objects.filter(
        books_month=OuterRef("books_month"), id=OuterRef("delivery_id")
    )
    if state == "undecided":
        return rows.filter(state="unknown", decision="")
    return rows.filter(state__in=["queued", "claimed"] if state == "queued" else [state])


def undecided(merchant: Merchant) -> int:
    """Single messages whose outcome is unknown and waits for a person: from the counters."""
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
