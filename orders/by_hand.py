"""What an operator enters: the same doors as the API, and an Event in the same transaction."""

from __future__ import annotations

from django.db import transaction

from merchants import events
from merchants.models import MiniProgram, User
from orders.given import OrderGiven, StatusGiven
from orders.intake import Received, StatusOutcome, receive_orders, receive_status
from orders.models import Order, Source


def enter_order(mini_program: MiniProgram, given: OrderGiven, *, by: User) -> tuple[Received, Order | None]:
    """None where it was refused; then nothing is kept."""
    with transaction.atomic():
        (received,) = receive_orders(mini_program, [given], source=Source.HAND)
        if received.outcome == "refused":
            return received, None
        order: Order = Order.objects.get(mini_program=mini_program, out_biz_no=given.out_biz_no)
        if received.outcome != "unchanged":
            detail = {"order": order.out_biz_no, "status": given.status.status if given.status else ""}
            _record("order.by_hand", order, by, detail)
    return received, order


def enter_status(order: Order, given: StatusGiven, *, by: User) -> StatusOutcome:
    """Raises OrderRefused as receive_status does; a repeat is no move and leaves no Event."""
    with transaction.atomic():
        outcome = receive_status(order.mini_program, order.out_biz_no, given, source=Source.HAND)
        if outcome == "taken":
            _record("order.status_by_hand", order, by, {"order": order.out_biz_no, "status": given.status})
    return outcome


def _record(kind: str, order: Order, by: User, detail: dict[str, str]) -> None:
    events.record(
        kind,
        merchant=order.merchant,
        by=by,
        mini_program=order.mini_program,
        subject=order,
        detail=detail,
    )
