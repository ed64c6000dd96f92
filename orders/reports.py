"""Orders as lists and pages show them, and their figures. Every read is bounded and led by an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from membership.models import Customer
from merchants.models import Event, Merchant, MiniProgram
from orders.diagnosis import LACKING, Reason, Step, steps_of
from orders.models import Order, StatusChange
from orders.scenes import SCENES, Scene

LOOKS_BACK_DAYS = 30
WEEK_DAYS = 7
MOST_READ = 2_000  # orders that the figures of a week are taken from
SECOND_ORDER_DAYS = 30
ORDER_EVENTS = ("order.by_hand", "order.status_by_hand", "order.repaired", "order.sync_retried")
TAIL = 4  # characters of an open_id that pages show


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
        rows = rows.filter(Exists(StatusChange.objects.filter(order=OuterRef("pk"), state=wanted.sync)))
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


@dataclass
class SceneWeek:
    """`reasons`: most frequent first, only what is no message for a cause. `skipped`: statuses, likewise.

    `complete` of `judged` orders returned every notifying status between their first and their latest.
    """

    scene: Scene
    orders: int = 0
    judged: int = 0
    complete: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    one_status: int = 0

    @property
    def coverage(self) -> float | None:
        return self.complete / self.judged if self.judged else None

    @property
    def messages(self) -> int:
        return self.told.total()

    @property
    def top_reasons(self) -> list[tuple[Reason, int]]:
        return self.reasons.most_common(5)


@dataclass(frozen=True)
class Flag:
    """A status that will notify and lacks fields."""

    order: Order
    step: Step


@dataclass(frozen=True)
class Week:
    """Of the newest `orders` of the last WEEK_DAYS; `is_part`: there were more than MOST_READ."""

    scenes: list[SceneWeek]
    flags: list[Flag]
    orders: int
    is_part: bool
    by_day: dict[tuple[str, str], int]  # (day as 2026-11-22, scene) → orders


def week_of(mini_program: MiniProgram, *, at: datetime, zone: Any) -> Week:
    """Three bounded queries; days are those of `zone`."""
    rows = Order.objects.filter(
        mini_program=mini_program, order_created_at__gte=at - timedelta(days=WEEK_DAYS)
    ).order_by("-order_created_at", "-id")
    found = list(rows[: MOST_READ + 1])
    orders, changes = found[:MOST_READ], changes_of(found[:MOST_READ])
    scenes: dict[str, SceneWeek] = {}
    flags: list[Flag] = []
    by_day: Counter[tuple[str, str]] = Counter()
    for order in orders:
        scene = SCENES.get(order.scene)
        by_day[f"{order.order_created_at.astimezone(zone):%Y-%m-%d}", order.scene] += 1
        if scene is None:
            continue
        steps = steps_of(order, changes[order.pk])
        _count(scenes.setdefault(scene.code, SceneWeek(scene)), steps)
        flags += [Flag(order, step) for step in steps if step.reason in LACKING]
    return Week(
        sorted(scenes.values(), key=lambda one: -one.orders),
        flags,
        len(orders),
        len(found) > MOST_READ,
        dict(by_day),
    )


def _count(week: SceneWeek, steps: Sequence[Step]) -> None:
    week.orders += 1
    for step in steps:
        if step.is_trouble:
            week.reasons[step.reason] += 1
        if step.is_distributed:
            week.told[step.change.status] += 1
    if not steps:
        return
    week.judged += 1
    week.one_status += len({step.change.status for step in steps}) == 1
    skipped = skipped_nodes(week.scene, [step.change.status for step in steps])
    week.complete += not skipped
    week.skipped.update(skipped)


def skipped_nodes(scene: Scene, path: Sequence[str]) -> list[str]:
    """Notifying statuses between two returned ones, that should have come there and were not returned."""
    known = {node.status: place for place, node in enumerate(scene.nodes)}
    skipped = []
    for before, status in pairwise(one for one in path if one in known):
        if scene.nodes[known[status]].course == "breaks_off":
            continue
        for node in scene.nodes[known[before] + 1 : known[status]]:
            on_the_way = scene.may_follow(before, node.status) and scene.may_follow(node.status, status)
            if node.notifies and node.course == "usual" and on_the_way and node.status not in path:
                skipped.append(node.status)
    return skipped


@dataclass(frozen=True)
class Returning:
    """Of `people` with an order in the 30 days before the last 30, `again` placed another within 30 days."""

    people: int
    again: int

    @property
    def share(self) -> float | None:
        return self.again / self.people if self.people else None


def second_orders(mini_program: MiniProgram, *, at: datetime) -> Returning:
    """Of the newest MOST_READ people whose 30 days are over: did a second order follow within them."""
    end = at - timedelta(days=SECOND_ORDER_DAYS)
    rows = Order.objects.filter(
        mini_program=mini_program,
        order_created_at__gte=end - timedelta(days=SECOND_ORDER_DAYS),
        order_created_at__lt=end,
    ).order_by("-order_created_at", "-id")
    first: Mapping[int, datetime] = dict(rows.values_list("customer_id", "order_created_at")[:MOST_READ])
    later: dict[int, list[datetime]] = {person: [] for person in first}
    again = Order.objects.filter(mini_program=mini_program, customer__in=list(first))
    for person, moment in again.filter(order_created_at__gte=end - timedelta(days=30)).values_list(
        "customer_id", "order_created_at"
    ):
        later[person].append(moment)
    window = timedelta(days=SECOND_ORDER_DAYS)
    count = sum(
        any(moment < other <= moment + window for other in later[person]) for person, moment in first.items()
    )
    return Returning(len(first), count)


def events_of(order: Order, changes: Sequence[int], *, most: int) -> list[Event]:
    """What people did to the order and to its statuses (`changes`: their numbers), newest first."""
    rows = Event.objects.for_merchant(order.merchant).filter(kind__in=ORDER_EVENTS)
    of_order = Q(subject_kind="order", subject_id=order.pk)
    of_status = Q(subject_kind="statuschange", subject_id__in=list(changes))
    return list(rows.filter(of_order | of_status).select_related("by").order_by("-at", "-id")[:most])


def of_merchant(merchant: Merchant) -> QuerySet[Order]:
    rows: QuerySet[Order] = Order.objects.for_merchant(merchant)
    return rows.select_related("customer", "mini_program", "merchant")
