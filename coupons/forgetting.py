"""What coupons keep of a person who was forgotten: the ledger, and no judgement of the person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from coupons.models import CouponAlert
from merchants import events

SUBSCRIBER = "coupons.forget_customer"


def forget(event_id: int, *, at: datetime) -> bool:
    """Erases the alerts of the person, with what was written about them. False: done before."""
    event = events.load(event_id, subscriber=SUBSCRIBER)
    if event is None or event.subject_id is None:
        return False
    with transaction.atomic():
        CouponAlert.objects.filter(merchant=event.merchant, customer=event.subject_id).delete()
        return events.done(event_id, subscriber=SUBSCRIBER, at=at)
