"""Moves of a crowd send: each a compare-and-set with its Event, and what it does to the quota."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import transaction

from merchants import events
from messaging.models import CROWD_TRANSITIONS, CrowdSend
from messaging.sends import crowd_quota

if TYPE_CHECKING:
    from merchants.models import User


class CrowdMoved(Exception):
    """Somebody or something else moved it first; `state` is what it is now."""

    def __init__(self, crowd_id: int, to: str) -> None:
        self.crowd_id = crowd_id
        self.state = CrowdSend.objects.values_list("state", flat=True).get(pk=crowd_id)
        super().__init__(f"crowd send {crowd_id} is {self.state}, not moved to {to}")


def move(
    crowd: CrowdSend,
    to: str,
    *,
    by: User | None,
    only_from: Iterable[str] | None = None,
    only_if: dict[str, Any] | None = None,
    event: str = "",
    detail: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """One conditional UPDATE limited to what CROWD_TRANSITIONS allows, its Event in the same transaction.

    Raises CrowdMoved when the row was not in such a state.
    """
    allowed = {state for state, targets in CROWD_TRANSITIONS.items() if to in targets}
    if only_from is not None:
        allowed &= set(only_from)
    with transaction.atomic():
        rows = CrowdSend.objects.filter(pk=crowd.pk, state__in=allowed, **(only_if or {}))
        if not rows.update(state=to, **(changes or {})):
            raise CrowdMoved(crowd.pk, to)
        tell(event or f"crowd.{to}", crowd, by=by, detail=detail)
    crowd.refresh_from_db()


def move_freeing(crowd: CrowdSend, to: str, *, changes: dict[str, Any] | None = None, **more: Any) -> None:
    """A move after which nothing can have been submitted: the day gets its crowd send back.

    The quota row comes after the send's, as in launch(). Raises CrowdMoved.
    """
    with transaction.atomic():
        current = CrowdSend.objects.select_for_update().get(pk=crowd.pk)
        move(crowd, to, changes={"quota_day": None, **(changes or {})}, **more)
        crowd_quota.give_back(current.mini_program_id, current.quota_day)


def tell(kind: str, crowd: CrowdSend, *, by: User | None, detail: dict[str, Any] | None = None) -> None:
    events.record(
        kind,
        merchant=crowd.merchant,
        by=by,
        mini_program=crowd.mini_program,
        subject=crowd,
        detail={"name": crowd.name, **(detail or {})},
    )
