"""Orders in: each number once, each modified time of an order once; whatever else arrives is kept.

A request is one transaction over its orders: they are locked in the order of their numbers, so that two
requests cannot wait for each other. Whoever loses the race for a new number begins again and finds it there.
Repeats are counted after that transaction: a worker that syncs holds a change before its order, and whoever
held an order here and waited for one of its changes would wait for ever.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from datetime import datetime
from typing import Literal, Protocol

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from membership import customers
from membership.models import Customer
from merchants.models import MiniProgram
from orders import at_once
from orders.choosing import chosen_scenes, hold_chosen
from orders.given import (
    OrderGiven,
    OrderRefused,
    StatusGiven,
    check,
    check_fixed,
    check_status,
    merge,
    new_order,
    refuse_forgotten,
)
from orders.models import Order, StatusChange
from orders.scenes import SCENES

SCOPE = "orders"
MAX_ORDERS = 500  # of one request
NOBODY = 0  # id of a customer in a dry run
RACES = 10  # each lost one means that somebody else's order was kept
CHANGING = [
    *("paid_at", "amount_fen", "pay_amount_fen", "discount_fen", "trade_no", "items", "shop", "logistics"),
    *("fields", "status", "status_at"),
]

Outcome = Literal["created", "updated", "unchanged", "refused"]
StatusOutcome = Literal["", "taken", "repeated"]
Time = tuple[str, datetime]  # number of the order, modified time


@dataclass(frozen=True)
class Received:
    """What became of one order handed in. `fields`: a sentence for each that is wrong; empty unless refused.

    `status`: "" where none was given. The same order again is `unchanged`, its status `repeated`. Of a status
    that is taken: `late` when the platform has a newer one already, `lacking` what its message lacks.
    """

    outcome: Outcome
    status: StatusOutcome = ""
    code: str = ""
    fields: dict[str, str] = default(default_factory=dict)
    late: bool = False
    lacking: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return " ".join(f"{name}: {sentence}" for name, sentence in self.fields.items())


class Earlier(Protocol):
    """What orders that were only previewed would have kept, for those that come after them."""

    def lay_over(self, books: Books, orders: Sequence[OrderGiven]) -> None: ...

    def keep(self, books: Books) -> None: ...


class OrderUnknown(Exception):
    """This mini program has no order with this number."""


def receive_orders(
    mini_program: MiniProgram,
    orders: Sequence[OrderGiven],
    *,
    source: str,
    also: Callable[[list[Received]], None] | None = None,
) -> list[Received]:
    """One answer for each, in their order; one that is refused keeps none of the others back.

    A new order of a scene that is not chosen is refused; one that we know keeps its scene and goes on.
    A number named several times is taken one after the other. Buyers never seen become customers.
    `also` gets the answers in the transaction that keeps the orders: what it raises undoes them, and after a
    lost race it is called again. Raises ValueError for more than MAX_ORDERS.
    """
    if len(orders) > MAX_ORDERS:
        raise ValueError(f"at most {MAX_ORDERS} orders at once")
    refused = _refusals(orders)
    judged = [one for n, one in enumerate(orders) if n not in refused]
    people = _people(mini_program, judged)

    def keep_once() -> Books:
        with transaction.atomic():
            books = _judge(mini_program, judged, people, source=source, lock=True)
            _write(books)
            if also is not None:
                also(_whole(books, refused))
            return books

    books = _despite_races(keep_once)
    _count_repeats(books)
    return _whole(books, refused)


def preview_orders(
    mini_program: MiniProgram,
    orders: Sequence[OrderGiven],
    *,
    source: str,
    earlier: Earlier | None = None,
) -> list[Received]:
    """The answers receive_orders would give for all of them together; nothing is kept, nobody remembered.

    `earlier`: what former previews would have kept; it is told what these would.
    """
    refused = _refusals(orders)
    judged = [one for n, one in enumerate(orders) if n not in refused]
    people = dict.fromkeys((one.open_id for one in judged), NOBODY)
    books = _judge(mini_program, judged, people, source=source, lock=False, earlier=earlier)
    if earlier is not None:
        earlier.keep(books)
    return _whole(books, refused)


def _whole(books: Books, refused: dict[int, Received]) -> list[Received]:
    """The answers for all, `refused` by their places."""
    answers = iter(books.answers)
    return [refused[n] if n in refused else next(answers) for n in range(len(books.answers) + len(refused))]


def receive_status(
    mini_program: MiniProgram, out_biz_no: str, given: StatusGiven, *, source: str
) -> StatusOutcome:
    """Keeps the change, or counts it as a repeat of the same time and status.

    Raises OrderUnknown, and OrderRefused for a status the scene lacks or the same time with another one.
    """
    if at_once.take(mini_program, out_biz_no, given, source=source):
        return "taken"
    with transaction.atomic():
        order = _locked(mini_program, {out_biz_no}, lock=True).get(out_biz_no)
        if order is None:
            raise OrderUnknown(out_biz_no)
        refuse_forgotten(order)
        check_status(order.scene, given)
        is_new = not StatusChange.objects.filter(order=order, modified_at=given.at).exists()
        if is_new:
            _change(order, given, source=source).save(force_insert=True)
            take_status(order, given)
            Order.objects.filter(pk=order.pk).filter(_not_later(order)).update(
                status=order.status, status_at=order.status_at, fields=order.fields
            )
    if is_new:
        return "taken"
    same = StatusChange.objects.filter(order=order, modified_at=given.at, status=given.status)
    if not same.update(repeats=F("repeats") + 1):
        raise _clash()
    return "repeated"


def take_status(order: Order, given: StatusGiven) -> None:
    """The latest modified time is the order's status; of a late one only fields it lacks are taken."""
    if order.status_at is None or given.at > order.status_at:
        order.status, order.status_at = given.status, given.at
        order.fields = {**order.fields, **given.fields}
    else:
        order.fields = {**given.fields, **order.fields}


def _not_later(order: Order) -> Q:
    """Compare-and-set: never back to an earlier time."""
    return Q(status_at=None) | Q(status_at__lte=order.status_at)


class Books:
    """The orders of one request as they will stand, judged one after the other."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.chosen: set[str] = set()  # scenes in which new orders are taken
        self.touched: set[str] = set()
        self.changes: dict[Time, StatusChange] = {}
        self.before: dict[Time, str] = {}
        self.trades: dict[str, str] = {}
        self.repeats: Counter[Time] = Counter()
        self.answers: list[Received] = []

    def take(self, given: OrderGiven, *, source: str, customer_id: int | None, app: MiniProgram) -> Received:
        had = self.orders.get(given.out_biz_no)
        if had is None:
            if given.scene not in self.chosen:
                raise OrderRefused(
                    "scene_not_chosen",
                    {
                        "scene": _(
                            "This mini program has not chosen the scene. Choose it in the console first."
                        )
                    },
                )
            if customer_id is None:
                sentence = _("This person was just forgotten. Hand the order in again.")
                raise OrderRefused("person_forgotten", {"open_id": sentence})
            buyer = Customer(pk=customer_id, open_id=given.open_id)
            owners = {"merchant_id": app.merchant_id, "mini_program": app, "customer": buyer}
            order, differs = new_order(given, source=source, **owners), True
        else:
            check_fixed(had, given)
            order = copy.copy(had)
            differs = merge(order, given)
        self._check_trade(given)
        status = self._take_status(order, given, source=source)
        if given.trade_no:
            self.trades[given.trade_no] = given.out_biz_no
        self.orders[given.out_biz_no] = order
        if differs or status == "taken":
            self.touched.add(given.out_biz_no)
        changed: Outcome = "updated" if differs or status == "taken" else "unchanged"
        outcome: Outcome = "created" if had is None else changed
        if given.status is None or status != "taken":
            return Received(outcome, status)
        late = order.synced_at is not None and given.status.at <= order.synced_at
        fields = self.changes[given.out_biz_no, given.status.at].fields
        lacking = SCENES[order.scene].missing_fields(given.status.status, fields)
        return Received(outcome, status, late=late, lacking=lacking)

    def _check_trade(self, given: OrderGiven) -> None:
        if given.trade_no and self.trades.get(given.trade_no, given.out_biz_no) != given.out_biz_no:
            sentence = _("Another order has this trade already; a trade belongs to one order.")
            raise OrderRefused("trade_taken", {"trade_no": sentence})

    def _take_status(self, order: Order, given: OrderGiven, *, source: str) -> StatusOutcome:
        if given.status is None:
            return ""
        key = (given.out_biz_no, given.status.at)
        planned = self.changes.get(key)
        had = planned.status if planned is not None else self.before.get(key)
        if had is not None and had != given.status.status:
            raise _clash()
        if planned is not None:
            planned.repeats += 1
            return "repeated"
        if had is not None:
            self.repeats[key] += 1
            return "repeated"
        self.changes[key] = _change(order, given.status, source=source)
        take_status(order, given.status)
        return "taken"


def _refusals(orders: Sequence[OrderGiven]) -> dict[int, Received]:
    refused = {}
    for n, one in enumerate(orders):
        try:
            check(one)
        except OrderRefused as refusal:
            refused[n] = _refused(refusal)
    return refused


def _people(mini_program: MiniProgram, orders: Sequence[OrderGiven]) -> dict[str, int]:
    """Customers of the orders that are new; the others have theirs."""
    numbers = {one.out_biz_no for one in orders}
    had = set(
        Order.objects.filter(mini_program=mini_program, out_biz_no__in=numbers).values_list(
            "out_biz_no", flat=True
        )
    )
    new = {one.open_id for one in orders if one.out_biz_no not in had}
    return customers.remember(mini_program, new, source="order") if new else {}


def _despite_races(keep_once: Callable[[], Books]) -> Books:
    for _race in range(RACES):
        try:
            return keep_once()
        except IntegrityError:  # another request kept one of the numbers or trades meanwhile
            continue
    return keep_once()


def _judge(
    mini_program: MiniProgram,
    orders: Sequence[OrderGiven],
    people: dict[str, int],
    *,
    source: str,
    lock: bool,
    earlier: Earlier | None = None,
) -> Books:
    """Four queries, however many orders there are."""
    books = Books()
    books.orders = _locked(mini_program, {one.out_biz_no for one in orders}, lock=lock)
    scenes = {one.scene for one in orders if one.out_biz_no not in books.orders}
    if lock:
        books.chosen = hold_chosen(mini_program, scenes)
    elif scenes:
        books.chosen = {scene.code for scene in chosen_scenes(mini_program)}
    times = {one.status.at for one in orders if one.status is not None}
    if times and books.orders:
        rows = StatusChange.objects.filter(order__in=books.orders.values(), modified_at__in=times)
        books.before = {
            (number, at): status
            for number, at, status in rows.values_list("order__out_biz_no", "modified_at", "status")
        }
    trades = {one.trade_no for one in orders if one.trade_no}
    if trades:
        owners = Order.objects.filter(mini_program=mini_program, trade_no__in=trades)
        books.trades = dict(owners.values_list("trade_no", "out_biz_no"))
    if earlier is not None:
        earlier.lay_over(books, orders)
    for one in orders:
        try:
            person = people.get(one.open_id)
            answer = books.take(one, source=source, customer_id=person, app=mini_program)
        except OrderRefused as refusal:
            answer = _refused(refusal)
        books.answers.append(answer)
    return books


def _locked(mini_program: MiniProgram, numbers: set[str], *, lock: bool) -> dict[str, Order]:
    rows = Order.objects.filter(mini_program=mini_program, out_biz_no__in=numbers)
    rows = rows.select_related("customer").order_by("out_biz_no")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    return {row.out_biz_no: row for row in rows}


def _write(books: Books) -> None:
    touched = [books.orders[number] for number in sorted(books.touched)]
    had = [order for order in touched if order.pk is not None]
    Order.objects.bulk_create([order for order in touched if order.pk is None])
    # the rows are locked: an upsert on their ids is one UPDATE of them all
    Order.objects.bulk_create(had, update_conflicts=True, unique_fields=["id"], update_fields=CHANGING)
    for (number, _at), change in books.changes.items():
        change.order = books.orders[number]
    StatusChange.objects.bulk_create(list(books.changes.values()))


def _change(order: Order, given: StatusGiven, *, source: str) -> StatusChange:
    scene, fields = SCENES.get(order.scene), {**order.fields, **given.fields}
    return StatusChange(
        merchant_id=order.merchant_id,
        order=order,
        status=given.status,
        modified_at=given.at,
        fields=fields,
        source=source,
        lacks_fields=bool(scene and scene.missing_fields(given.status, fields)),
    )


def _count_repeats(books: Books) -> None:
    """Locked in one order first: two requests with the same repeats cannot wait for each other."""
    if not books.repeats:
        return
    times = {(books.orders[number].pk, at): n for (number, at), n in books.repeats.items()}
    with transaction.atomic():
        rows = StatusChange.objects.select_for_update().filter(
            order__in={order for order, _at in times}, modified_at__in={at for _order, at in times}
        )
        again: dict[int, list[int]] = {}
        for pk, order_id, at in rows.order_by("pk").values_list("pk", "order_id", "modified_at"):
            if (order_id, at) in times:
                again.setdefault(times[order_id, at], []).append(pk)
        for n, ids in again.items():
            StatusChange.objects.filter(pk__in=ids).update(repeats=F("repeats") + n)


def _clash() -> OrderRefused:
    sentence = _(
        "Another status has this modified time already."
        " Give each change a time of its own, to the millisecond."
    )
    return OrderRefused("status_clash", {"order_modified_time": sentence})


def _refused(refusal: OrderRefused) -> Received:
    return Received("refused", code=refusal.code, fields=refusal.fields)
