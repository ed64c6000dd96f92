"""Orders as lists and pages show them, and their figures. Every read is bounded and led by an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from membership.models import Customer
from merchants.models import Event, Merchant, MiniProgram
from orders.models import Order, StatusChange

LOOKS_BACK_DAYS = 30
MOST_READ = 2_000  # orders whose people are looked at for a second order
MOST_FEW = 1_000  # statuses
SECOND_ORDER_DAYS = 30
ORDER_EVENTS = ("order.by_hand", "order.status_by_hand", "order.repaired", "order.sync_retried")
TAIL = 4  # characters of an open_id that pages show
# Whether each came again is looked up along the index of that person's orders.
SECOND_ORDERS = """
WITH newest AS (
    SELECT customer_id, order_created_at, row_number() OVER (ORDER BY order_created_at DESC, id DESC) AS place
    FROM orders_order
    WHERE mini_program_id = %(app)s
        AND order_created_at >= %(end)s - %(window)s AND order_created_at < %(end)s
    ORDER BY order_created_at DESC, id DESC LIMIT %(most)s + 1
), people AS (
    SELECT customer_id, min(order_created_at) AS at FROM newest WHERE place <= %(most)s GROUP BY customer_id
)
SELECT count(*)::int, count(*) FILTER (WHERE EXISTS (
    SELECT FROM orders_order o
    WHERE o.customer_id = p.customer_id AND o.mini_program_id = %(app)s
        AND o.order_created_at > p.at AND o.order_created_at <= p.at + %(window)s
))::int, (SELECT count(*) FROM newest) > %(most)s
FROM people p
"""


@dataclass(frozen=True)
class Wanted:
    """`since` and `until`: creation of the order, the second not included."""

    text: str = ""
    scene: str = ""
    status: str = ""
    sync: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def looks_back(self) -> bool:
        """A filter no index leads to looks at the last LOOKS_BACK_DAYS only, unless days are chosen."""
        return bool(self.text or self.scene or self.status or self.sync) and self.since is None


def order_list(mini_program: MiniProgram, wanted: Wanted, *, at: datetime) -> QuerySet[Order]:
    """Newest first. A whole order or trade number is found however old it is."""
    rows = Order.objects.filter(mini_program=mini_program).select_related("customer", "mini_program")
    if wanted.text:
        named = rows.filter(pk__in=_numbered(mini_program, wanted.text))
        if named.exists():
            return named.order_by("-order_created_at", "-id")
        rows = rows.filter(out_biz_no__startswith=wanted.text)
    if wanted.scene:
        rows = rows.filter(scene=wanted.scene)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.sync:
        rows = rows.filter(_with_a_change(mini_program, wanted.sync))
    since = at - timedelta(days=LOOKS_BACK_DAYS) if wanted.looks_back else wanted.since
    if since:
        rows = rows.filter(order_created_at__gte=since)
    if wanted.until:
        rows = rows.filter(order_created_at__lt=wanted.until)
    return rows.order_by("-order_created_at", "-id")


def _numbered(mini_program: MiniProgram, text: str) -> list[int]:
    """Two look-ups, each of one unique index."""
    rows = Order.objects.filter(mini_program=mini_program)
    by_number = rows.filter(out_biz_no=text).values_list("pk", flat=True)
    by_trade = rows.filter(trade_no=text).exclude(trade_no="").values_list("pk", flat=True)
    return [*by_number, *by_trade]


def _with_a_change(mini_program: MiniProgram, state: str) -> Q:
    """Few changes lead to their orders. Where there are many, whoever walks the list soon meets them."""
    changes = StatusChange.objects.filter(state=state)
    own = changes.filter(merchant=mini_program.merchant_id).order_by("received_at")
    if state != StatusChange.State.SYNCED and not own[MOST_FEW : MOST_FEW + 1].exists():
        return Q(pk__in=own.values("order")[: 2 * MOST_FEW])
    return Q(Exists(changes.filter(order=OuterRef("pk"))))


def after(rows: QuerySet[Order], last: Order | None) -> QuerySet[Order]:
    """Those that stand behind `last` in the order of the list."""
    if last is None:
        return rows
    moment = last.order_created_at
    return rows.filter(
        Q(order_created_at__lt=moment) | Q(order_created_at=moment, id__lt=last.pk),
        order_created_at__lte=moment,
    )


def changes_of(orders: Sequence[Order]) -> dict[int, list[StatusChange]]:
    """By order, in the order of modified time."""
    found: dict[int, list[StatusChange]] = {order.pk: [] for order in orders}
    for change in StatusChange.objects.filter(order__in=list(found)).order_by("modified_at"):
        found[change.order_id].append(change)
    return found


def found_for(mini_program: MiniProgram, text: str, *, by_tail: bool, at: datetime, most: int) -> list[Order]:
    """By order or trade number; `by_tail` also by the last TAIL characters of the person's open_id."""
    found = list(order_list(mini_program, Wanted(text=text), at=at)[:most])
    if found or not by_tail or len(text) != TAIL:
        return found
    rows = order_list(mini_program, Wanted(since=at - timedelta(days=LOOKS_BACK_DAYS)), at=at)
    return list(rows.filter(customer__open_id__endswith=text)[:most])


def orders_of(customer: Customer, *, most: int, but: Order | None = None) -> list[Order]:
    rows = Order.objects.filter(customer=customer).order_by("-order_created_at")
    return list((rows.exclude(pk=but.pk) if but else rows)[:most])


@dataclass(frozen=True)
class Returning:
    """Of `people` with an order in the 30 days before the last 30, `again` placed another within 30 days.

    `is_part`: only the people of the newest MOST_READ orders of those days were looked at.
    """

    people: int
    again: int
    is_part: bool

    @property
    def most(self) -> int:
        return MOST_READ

    @property
    def share(self) -> float | None:
        return self.again / self.people if self.people else None


def second_orders(mini_program: MiniProgram, *, at: datetime) -> Returning:
    """One bounded query. The days of a person count from the earliest order that is read, and are over."""
    window = timedelta(days=SECOND_ORDER_DAYS)
    asked: dict[str, Any] = {"app": mini_program.pk, "end": at - window, "window": window, "most": MOST_READ}
    with connection.cursor() as cursor:
        cursor.execute(SECOND_ORDERS, asked)
        return Returning(*cursor.fetchone())


def events_of(order: Order, changes: Sequence[int], *, most: int) -> list[Event]:
    """What people did to the order and to its statuses (`changes`: their numbers), newest first."""
    rows = Event.objects.for_merchant(order.merchant).filter(kind__in=ORDER_EVENTS)
    of_order = Q(subject_kind="order", subject_id=order.pk)
    of_status = Q(subject_kind="statuschange", subject_id__in=list(changes))
    return list(rows.filter(of_order | of_status).select_related("by").order_by("-at", "-id")[:most])


def of_merchant(merchant: Merchant) -> QuerySet[Order]:
    rows: QuerySet[Order] = Order.objects.for_merchant(merchant)
    return rows.select_related("customer", "mini_program", "merchant")
