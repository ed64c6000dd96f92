"""What the platform tells us: verified, stored once, answered `success`, handled; swept like dispatches."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import redis
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from gateway import notify, signing
from merchants import rate
from merchants.enqueue import enqueue
from merchants.models import Notice

if TYPE_CHECKING:
    from merchants.models import MiniProgram, ProviderApp

log = logging.getLogger(__name__)

Answer = Literal["success", "failure"]
SUCCESS: Answer = "success"
FAILURE: Answer = "failure"
HINT_SECONDS = 10
COUNTS_KEEP_DAYS = 14


def receive(fields: Mapping[str, str]) -> Answer:
    """Verifies, stores once and hints; the answer is what the platform must read, word for word.

    A notification that came before is `success` again. There is no window on its time: the platform repeats
    for 25 hours. Database trouble raises, so that it comes back. What cannot be trusted is only counted.
    """
    receiver = _mini_program(notify.app_id_of(fields)) or _provider_app(notify.app_id_of(fields))
    if receiver is None:
        return _refuse("unknown_app")
    try:
        notification = notify.read(fields, signing.load_public_key(receiver.alipay_public_key))
    except notify.BadNotification as error:
        return _refuse(error.reason)
    except signing.InvalidKey as error:
        log.error("notices for %s cannot be verified: %s", receiver, error)
        return _refuse("no_key")
    about = _about(receiver, notification.auth_app_id)
    if about is None:
        return _refuse("unknown_app")
    _store(notification, about)
    return SUCCESS


def load(notice_id: int, *, merchant_id: int) -> Notice | None:
    """The notice, locked in the caller's transaction; None when it was handled before."""
    rows = Notice.objects.select_for_update().filter(pk=notice_id, merchant_id=merchant_id, handled_at=None)
    found: Notice | None = rows.first()
    return found


def handled(notice_id: int) -> bool:
    """Marks it handled, in the handler's own transaction. False: it was handled before."""
    return bool(Notice.objects.filter(pk=notice_id, handled_at=None).update(handled_at=Now(), error=""))


def sweep_notices(*, at: datetime, limit: int = 500) -> int:
    """Hints again for notices older than 10 s, backing off to ten minutes. Returns how many."""
    with transaction.atomic():
        stale = Notice.objects.filter(handled_at=None, hinted_at__lt=at - timedelta(seconds=HINT_SECONDS))
        waiting = list(stale.select_for_update(skip_locked=True).order_by("hinted_at")[:limit])
        for notice in waiting:
            notice.attempts = min(notice.attempts + 1, 1000)
            notice.hinted_at = at + timedelta(seconds=min(HINT_SECONDS * notice.attempts, 600))
            notice.save(update_fields=["attempts", "hinted_at"])
            _hint(notice)
    return len(waiting)


def prune_notices(*, at: datetime) -> int:
    """Empties what handled notices said, CALL_BODY_KEEP_DAYS after they came; the rows stay."""
    old = Notice.objects.filter(received_at__lt=at - timedelta(days=settings.CALL_BODY_KEEP_DAYS))
    return int(old.exclude(handled_at=None).exclude(fields={}).update(fields={}))


def refused_counts(on: date) -> dict[str, int]:
    """Refused notifications of one UTC day by reason; empty when Redis is away."""
    try:
        counts = rate.connection().hgetall(_counter(on))
    except redis.RedisError:
        return {}
    return {
        str(reason, "ascii") if isinstance(reason, bytes) else reason: int(count)
        for reason, count in counts.items()
    }


def _mini_program(app_id: str) -> MiniProgram | None:
    # by name: models.py imports this module for its Notice
    rows = apps.get_model("merchants", "MiniProgram").objects.select_related("merchant", "provider_app")
    found: MiniProgram | None = rows.filter(app_id=app_id).first() if app_id else None
    return found


def _provider_app(app_id: str) -> ProviderApp | None:
    # by name: models.py imports this module for its Notice
    found: ProviderApp | None = (
        apps.get_model("merchants", "ProviderApp").objects.filter(app_id=app_id).first() if app_id else None
    )
    return found


def _about(receiver: MiniProgram | ProviderApp, auth_app_id: str) -> MiniProgram | None:
    """Whom it concerns. A provider's app is told about the mini programs that it runs, and about no other."""
    about = _mini_program(auth_app_id)
    if about is None or about.app_id == receiver.app_id:
        return about
    runs = about.provider_app
    return about if runs is not None and runs.app_id == receiver.app_id else None


def _store(notification: notify.Notification, about: MiniProgram) -> None:
    routed = notification.kind in settings.NOTIFICATION_ROUTES
    with transaction.atomic():
        notice, created = Notice.objects.get_or_create(
            app_id=notification.app_id,
            notify_id=notification.notify_id,
            defaults={
                "merchant": about.merchant,
                "mini_program": about,
                "kind": notification.kind[:100],
                "fields": dict(notification.content),
                # of a kind that nothing here listens to: kept, and done
                "handled_at": None if routed else Now(),
            },
        )
        if created and routed:
            _hint(notice)


def _hint(notice: Notice) -> None:
    task = settings.NOTIFICATION_ROUTES.get(notice.kind)
    if task is None:
        handled(notice.pk)  # its route was taken away
    else:
        enqueue(task, notice.merchant_id, notice.pk)


def _refuse(reason: str) -> Answer:
    log.warning("a notification was refused: %s", reason)
    key = _counter(datetime.now(UTC).date())
    try:
        with rate.connection().pipeline(transaction=True) as pipe:
            pipe.hincrby(key, reason, 1)
            pipe.expire(key, COUNTS_KEEP_DAYS * 24 * 3600)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("and could not be counted: %s", error)
    return FAILURE


def _counter(on: date) -> str:
    return f"inbox:refused:{on.isoformat()}"
