"""What orders keep of a person who was forgotten: numbers, times and states, nothing said of the person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from membership.models import Customer
from merchants import events
from orders.diagnosis import Reason
from orders.models import Order, StatusChange

SUBSCRIBER = "orders.forget_customer"


def forget(event_id: int, *, at: datetime) -> bool:
    """Erases items, shop, parcels and fields; what still waited is not synced. False: done before.

    Orders and their changes stay, so that received and synced still add up. Held in the order of settling:
    changes, then their orders; what came in while we waited is erased with the rest.
    """
    event = events.load(event_id, subscriber=SUBSCRIBER)
    if event is None or event.subject_id is None:
        return False
    with transaction.atomic():
        customer = Customer.objects.get(pk=event.subject_id, merchant=event.merchant)
        orders = Order.objects.filter(customer=customer)
        changes = StatusChange.objects.filter(order__in=orders)
        for rows in (changes, orders):
            list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk"))
        orders.update(items=[], shop={}, logistics=[], fields={})
        changes.update(fields={})
        changes.filter(state=StatusChange.State.PENDING).update(
            state=StatusChange.State.SUPERSEDED, cause=Reason.FORGOTTEN.value, settled_at=at
        )
        return events.done(event_id, subscriber=SUBSCRIBER, at=at)
