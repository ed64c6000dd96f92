"""The one way to put work on a queue: after commit, by name, merchant first. A queue entry is a hint."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from celery import Task, current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def enqueue(task_name: str, merchant_id: int, *args: Any, expires_seconds: float | None = None) -> None:
    """Sends the hint once the transaction has committed. With the queue away a sweep finds the row."""
    transaction.on_commit(partial(_send, task_name, merchant_id, *args, expires_seconds=expires_seconds))


def hint(task_name: str, *args: Any, expires_seconds: float) -> None:
    """At once, for tasks that look for their own work (slots). Losing or doubling it is harmless."""
    _send(task_name, *args, expires_seconds=expires_seconds)


def _send(task_name: str, *args: Any, expires_seconds: float | None) -> None:
    try:
        current_app.send_task(task_name, args=args, expires=expires_seconds)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("hint %s%r was not queued (%s); the sweep will find its row", task_name, args, error)


class MerchantTask(Task):
    """Base of every task that works for one merchant: refuses to run without an id of one."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        merchant_id = args[0] if args else kwargs.get("merchant_id")
        if not isinstance(merchant_id, int) or isinstance(merchant_id, bool):
            raise TypeError(f"{self.name} takes merchant_id first, got {merchant_id!r}")
        return super().__call__(*args, **kwargs)
