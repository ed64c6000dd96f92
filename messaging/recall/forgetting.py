"""What messaging does when a customer is forgotten, and with signals whose time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from membership.models import Customer
from merchants import events
from messaging.consent import ledger
from messaging.models import Delivery, Signal

SUBSCRIBER = "messaging.forget_customer"
DAYS_A_MONTH = 31


def forget(event_id: int, *, at: datetime) -> bool:
    """Erases texts written for the person, ends their consents, unnames their signals. False: done before.

    Deliveries, ledger lines and visits stay, without a name, so that the books still add up.
    """
    event = events.load(event_id, subscriber=SUBSCRIBER)
    if event is None or event.subject_id is None:
        return False
    with transaction.atomic():
        customer = Customer.objects.get(pk=event.subject_id, merchant=event.merchant)
        Delivery.objects.filter(customer=customer, data__isnull=False).update(data=None, page=None)
        ledger.end_all_of(customer, source="forgotten", source_key=f"forgotten:{event.id}", at=at)
        Signal.objects.filter(customer=customer).update(customer=None)
        return events.done(event_id, subscriber=SUBSCRIBER, at=at)


def prune_signals(*, at: datetime, limit: int = 50_000) -> int:
    """Deletes signals older than SIGNAL_KEEP_MONTHS, at most `limit` a run; visits and figures stay."""
    oldest = at - timedelta(days=settings.SIGNAL_KEEP_MONTHS * DAYS_A_MONTH)
    old = Signal.objects.filter(at__lt=oldest, received_at__lt=oldest).order_by("at")[:limit]
    return int(Signal.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0])
