"""An order and a change of its status as somebody hands them in, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from membership import customers
from orders.models import Order
from orders.scenes import SCENES

MAX_FIELDS = 60
FIELD_CHARACTERS = 500
MAX_FEN = 10**13
MAX_ITEMS, MAX_PARCELS = 100, 20
EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
NUMBER_PATTERN = r"^[\x21-\x7e]+$"


class OrderRefused(Exception):
    """`code`: a word for programs. `fields`: a sentence for each that is wrong; none repeats a value."""

    def __init__(self, code: str, fields: Mapping[str, str]) -> None:
        self.code, self.fields = code, dict(fields)
        super().__init__(" ".join(f"{name}: {sentence}" for name, sentence in fields.items()))


@dataclass(frozen=True)
class StatusGiven:
    """`modified_at`: when the merchant's order changed; what is below a millisecond is cut off."""

    status: str
    modified_at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return self.modified_at.replace(microsecond=self.modified_at.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class OrderGiven:
    """None (and empty text): nothing is said about it, an order we have keeps its own. Amounts in fen.

    `shop` and `fields` are merged name by name, `items` and `logistics` replace what was there.
    """

    out_biz_no: str
    open_id: str
    scene: str
    page: str
    order_created_at: datetime
    paid_at: datetime | None = None
    amount_fen: int | None = None
    pay_amount_fen: int | None = None
    discount_fen: int | None = None
    trade_no: str = ""
    items: list[dict[str, Any]] | None = None
    shop: Mapping[str, str] | None = None
    logistics: list[dict[str, str]] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    status: StatusGiven | None = None


def check(given: OrderGiven) -> None:
    """What can be judged without looking at our books. Raises OrderRefused."""
    if given.scene not in SCENES:
        raise OrderRefused("scene_unknown", {"scene": _("There is no scene with this code.")})
    if not customers.is_open_id(given.open_id):
        sentence = _("This is no open_id: it has 8 to 64 letters, digits, - or _.")
        raise OrderRefused("open_id_wrong", {"open_id": sentence})
    check_fields(given.fields)
    if given.status is not None:
        check_status(given.scene, given.status)


def check_status(scene: str, given: StatusGiven) -> None:
    """Only a status that the scene lacks is refused; which moves are legal is judged against the platform's
    last one, where the change is synced."""
    known = SCENES.get(scene)
    if known is None or known.node(given.status) is None:
        names = ", ".join(node.status for node in known.nodes) if known else ""
        sentence = _("The scene has no such status. It has: %(names)s.") % {"names": names}
        raise OrderRefused("status_unknown", {"status": sentence})
    check_fields(given.fields)


def check_fields(fields: Mapping[str, str]) -> None:
    if len(fields) > MAX_FIELDS or any(len(value) > FIELD_CHARACTERS for value in fields.values()):
        sentence = _("At most %(names)s fields with %(characters)s characters each.") % {
            "names": MAX_FIELDS,
            "characters": FIELD_CHARACTERS,
        }
        raise OrderRefused("fields_too_long", {"fields": sentence})


def new_order(given: OrderGiven, *, source: str, **owners: Any) -> Order:
    """Not saved. Raises OrderRefused where the amounts do not add up."""
    order = Order(
        out_biz_no=given.out_biz_no,
        scene=given.scene,
        page=given.page,
        order_created_at=given.order_created_at,
        source=source,
        **owners,
    )
    merge(order, given)
    return order


def check_fixed(order: Order, given: OrderGiven) -> None:
    """Fixed for the life of an order. The platform refuses another scene or page; the others are ours.

    Raises OrderRefused with a sentence for each field that differs.
    """
    refuse_forgotten(order)
    told = {
        "scene": (order.scene != given.scene, _("The scene of an order never changes.")),
        "page": (
            order.page != given.page,
            _("The detail page of an order never changes; the platform refuses another one."),
        ),
        "order_created_at": (
            order.order_created_at != given.order_created_at,
            _("The time an order was created never changes."),
        ),
        "open_id": (
            order.customer.open_id != given.open_id,
            _("The order belongs to another person; its buyer never changes."),
        ),
        "trade_no": (
            bool(order.trade_no and given.trade_no and order.trade_no != given.trade_no),
            _("The order has another trade already; it stays the same for its life."),
        ),
    }
    differing = {name: sentence for name, (differs, sentence) in told.items() if differs}
    if differing:
        raise OrderRefused("fixed_field", differing)


def refuse_forgotten(order: Order) -> None:
    if order.customer.forgotten_at is not None:
        sentence = _("The customer of this order asked to be forgotten. Nothing more is kept about them.")
        raise OrderRefused("person_forgotten", {"open_id": sentence})


def merge(order: Order, given: OrderGiven) -> bool:
    """Takes over what is given; whether anything is other than before. Raises OrderRefused, then changed."""
    before = _state(order)
    for name in ("paid_at", "amount_fen", "pay_amount_fen", "discount_fen", "items", "logistics"):
        value = getattr(given, name)
        if value is not None:
            setattr(order, name, value)
    order.trade_no = given.trade_no or order.trade_no
    order.shop = {**order.shop, **(given.shop or {})}
    order.fields = {**order.fields, **given.fields}
    parts = (order.amount_fen, order.pay_amount_fen, order.discount_fen)
    if None not in parts and order.amount_fen != (order.pay_amount_fen or 0) + (order.discount_fen or 0):
        sentence = _("It is not the amount paid plus the discount; the platform refuses that.")
        raise OrderRefused("amounts_differ", {"amount_fen": sentence})
    return before != _state(order)


def _state(order: Order) -> tuple[Any, ...]:
    return (
        order.paid_at,
        order.amount_fen,
        order.pay_amount_fen,
        order.discount_fen,
        order.trade_no,
        order.items,
        order.shop,
        order.logistics,
        order.fields,
    )
