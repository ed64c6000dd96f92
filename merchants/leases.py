"""Taking rows for a while: claim, fence, release, for any table with `token`, `lease_until` and `worker_pid`.

A claim writes a fresh token. Whoever holds rows names that token in every later UPDATE; an UPDATE that
changes nothing means that the lease was over and somebody else decides about the row now.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models.functions import Now

M = TypeVar("M", bound=models.Model)
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # only Linux has the first


def boot_seconds() -> float:
    """The process's own clock for ages: it goes on while the process is stopped or the machine sleeps."""
    return time.clock_gettime(_BOOT_CLOCK)


def claim(
    rows: models.QuerySet[M], *, seconds: float, limit: int, changes: Mapping[str, Any] | None = None
) -> list[M]:
    """At most `limit` of `rows`, under one fresh token for `seconds`, committed when this returns.

    Rows that another worker is just taking are passed over. Refuses to run inside a transaction: a claim that
    is not committed protects nothing.
    """
    token = uuid.uuid4()
    with transaction.atomic(durable=True):
        free = rows.select_for_update(skip_locked=True, of=("self",))
        taken = [row.pk for row in free[:limit]]
        rows.model._base_manager.filter(pk__in=taken).update(
            token=token,
            lease_until=Now() + timedelta(seconds=seconds),
            worker_pid=os.getpid(),
            **(changes or {}),
        )
    return list(rows.model._base_manager.filter(pk__in=taken, token=token).order_by("pk"))


def held(row: M) -> models.QuerySet[M]:
    """The row as long as this worker's token is on it and the lease runs: the fence before acting."""
    mine: models.QuerySet[M] = type(row)._base_manager.filter(pk=row.pk, token=row.token)  # type: ignore[attr-defined]
    return mine.filter(lease_until__gt=Now())


def release(row: M, **changes: Any) -> bool:
    """Gives the row back with `changes`. False when it was not ours any more: nothing is written then."""
    mine = type(row)._base_manager.filter(pk=row.pk, token=row.token)  # type: ignore[attr-defined]
    return bool(mine.update(token=None, lease_until=None, worker_pid=None, **changes))
