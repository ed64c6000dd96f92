"""The daily digest: which statuses of a day should have told a customer and lacked a field.

One row for each mini program and day, made once, when the morning after has come where the merchant is. What
was returned again with its fields before that is not in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from merchants.events import record
from merchants.models import MiniProgram
from orders.diagnosis import LACKING, Step, steps_of
from orders.models import ChosenScene, Order, OrderDigest, StatusChange

if TYPE_CHECKING:
    from merchants.models import Merchant, User

MOST_READ = 20_000  # statuses of one day
CHUNK = 500  # orders judged at once
EXAMPLES = 3

Lack = tuple[str, str, tuple[str, ...]]  # scene, status, names of fields


def make_digests(*, at: datetime) -> int:
    """Of every mini program whose morning has come and whose yesterday has none; how many. Safe to repeat."""
    chosen = ChosenScene.objects.values("mini_program")
    apps = MiniProgram.objects.filter(pk__in=chosen).select_related("merchant").order_by("pk")
    due = {app: day for app in apps if (day := _yesterday(app, at)) is not None}
    made = set(
        OrderDigest.objects.filter(mini_program__in=due, day__in=set(due.values())).values_list(
            "mini_program", "day"
        )
    )
    return sum(make_digest(app, day) for app, day in due.items() if (app.pk, day) not in made)


def _yesterday(app: MiniProgram, at: datetime) -> date | None:
    local = at.astimezone(ZoneInfo(app.merchant.time_zone))
    return local.date() - timedelta(days=1) if local.hour >= settings.ORDER_DIGEST_HOUR else None


def make_digest(mini_program: MiniProgram, day: date) -> bool:
    """False when it was there. Of two makers at once one writes."""
    found, is_part = lacks_of(mini_program, day)
    lines = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    _digest, made = OrderDigest.objects.get_or_create(
        mini_program=mini_program,
        day=day,
        defaults={
            "merchant": mini_program.merchant,
            "orders": len({order for orders in found.values() for order in orders}),
            "lacks": [_line(lack, orders) for lack, orders in lines],
            "is_part": is_part,
        },
    )
    return made


def _line(lack: Lack, orders: Sequence[int]) -> dict[str, Any]:
    scene, status, fields = lack
    told = {"scene": scene, "status": status, "fields": list(fields)}
    return {**told, "orders": len(orders), "examples": orders[:EXAMPLES]}


def lacks_of(mini_program: MiniProgram, day: date) -> tuple[dict[Lack, list[int]], bool]:
    """Ids of orders by what their statuses of that day lack, and whether more came in than was read."""
    begin, end = _bounds(mini_program, day)
    rows = StatusChange.objects.for_merchant(mini_program.merchant).filter(
        Q(lacks_fields=True) | Q(state=StatusChange.State.NOT_NOTIFIED),
        received_at__gte=begin,
        received_at__lt=end,
        order__mini_program=mini_program,
    )
    read = list(rows.order_by("-received_at").values_list("order", flat=True)[: MOST_READ + 1])
    found: dict[Lack, list[int]] = defaultdict(list)
    for order, step in _lacking(sorted(set(read[:MOST_READ]))):
        of_lack = found[order.scene, step.change.status, step.missing]
        if begin <= step.change.received_at < end and order.pk not in of_lack:
            of_lack.append(order.pk)
    return {lack: orders for lack, orders in found.items() if orders}, len(read) > MOST_READ


def _bounds(mini_program: MiniProgram, day: date) -> tuple[datetime, datetime]:
    zone = ZoneInfo(mini_program.merchant.time_zone)
    begin = datetime.combine(day, time(), zone)
    return begin, datetime.combine(day + timedelta(days=1), time(), zone)


def _lacking(orders: Sequence[int]) -> Iterator[tuple[Order, Step]]:
    """Statuses that lack a field, and were not returned again without that trouble."""
    for first in range(0, len(orders), CHUNK):
        chunk = Order.objects.filter(pk__in=orders[first : first + CHUNK]).prefetch_related("changes")
        for order in chunk.order_by("pk"):
            steps = steps_of(order, sorted(order.changes.all(), key=lambda change: change.modified_at))
            for place, step in enumerate(steps):
                later = (one for one in steps[place + 1 :] if one.change.status == step.change.status)
                if step.reason in LACKING and not any(one.reason not in LACKING for one in later):
                    yield order, step


def unread(merchant: Merchant) -> QuerySet[OrderDigest]:
    """Those with something in them that nobody has read, the newest day first."""
    rows: QuerySet[OrderDigest] = OrderDigest.objects.for_merchant(merchant)
    return rows.filter(read_at=None, orders__gt=0).order_by("-day", "-pk")


def mark_read(digest: OrderDigest, *, by: User) -> bool:
    """False when somebody was first."""
    with transaction.atomic():
        mine = OrderDigest.objects.filter(pk=digest.pk, read_at=None)
        if not mine.update(read_at=Now(), read_by=by):
            return False
        record(
            "order.digest_read",
            merchant=digest.merchant,
            by=by,
            mini_program=digest.mini_program,
            subject=digest,
            detail={"day": digest.day.isoformat(), "orders": digest.orders},
        )
    return True
