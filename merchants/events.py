"""What our house did: an Event row in the transaction of the change, and one Dispatch row per subscriber.

The Celery task that carries a Dispatch is only a hint; the sweep finds rows whose hint was lost.
Rows that are their own ledger (deliveries, consent entries, calls) write no Event.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction

from merchants.enqueue import enqueue
from merchants.models import Dispatch, Event

if TYPE_CHECKING:
    from merchants.models import Merchant, MiniProgram, User

DISPATCH_HINT_SECONDS = 10
DISPATCH_KEEP_DAYS = 14


def record(
    kind: str,
    *,
    merchant: Merchant,
    by: User | None = None,
    mini_program: MiniProgram | None = None,
    subject: models.Model | None = None,
    detail: dict[str, Any] | None = None,
) -> Event:
    """Writes the event and its dispatches in the caller's transaction; refuses to run outside one."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"record({kind!r}) must stand in the transaction of the change it tells of")
    event: Event = Event.objects.create(
        merchant=merchant,
        kind=kind,
        by=by,
        mini_program=mini_program,
        subject_kind=subject._meta.model_name or "" if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        detail=detail or {},
    )
    for subscriber in settings.EVENT_SUBSCRIBERS.get(kind, []):
        Dispatch.objects.create(
            event_id=event.id, event_at=event.at, merchant=merchant, subscriber=subscriber
        )
        enqueue(subscriber, merchant.pk, event.id)
    return event


def load(event_id: int, *, subscriber: str) -> Event | None:
    """The event, if this subscriber has not handled it yet; None when it is done or unknown."""
    waiting = Dispatch.objects.filter(event_id=event_id, subscriber=subscriber, done_at=None).first()
    if waiting is None:
        return None
    found: Event | None = Event.objects.filter(id=event_id, at=waiting.event_at).first()
    return found


def done(event_id: int, *, subscriber: str, at: datetime) -> bool:
    """Marks one dispatch handled, in the subscriber's own transaction. False: it was handled before."""
    rows = Dispatch.objects.filter(event_id=event_id, subscriber=subscriber, done_at=None)
    return bool(rows.update(done_at=at, error=""))


def sweep_dispatches(*, at: datetime, limit: int = 500) -> int:
    """Hints again for dispatches older than 10 s, backing off to ten minutes. Returns how many."""
    with transaction.atomic():
        waiting = list(
            Dispatch.objects.select_for_update(skip_locked=True)
            .filter(done_at=None, hinted_at__lt=at - timedelta(seconds=DISPATCH_HINT_SECONDS))
            .order_by("hinted_at")[:limit]
        )
        for row in waiting:
            row.attempts = min(row.attempts + 1, 1000)
            row.hinted_at = at + timedelta(seconds=min(DISPATCH_HINT_SECONDS * row.attempts, 600))
            row.save(update_fields=["attempts", "hinted_at"])
            enqueue(row.subscriber, row.merchant_id, row.event_id)
    return len(waiting)


def prune_dispatches(*, at: datetime) -> int:
    return Dispatch.objects.filter(done_at__lt=at - timedelta(days=DISPATCH_KEEP_DAYS)).delete()[0]
