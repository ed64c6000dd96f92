"""People's ids leaving their mask: each time somebody asked for it is an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet

from merchants import events
from messaging.models import Delivery, SendControl

if TYPE_CHECKING:
    from merchants.models import User

EXPORT_CHUNK = 2_000


def reveal(control: SendControl, *, people: int, by: User) -> None:
    """Writes down who looked at the whole ids of how many people."""
    _tell("people.revealed", control, by=by, detail={"people": people})


def export(
    control: SendControl, *, rows: QuerySet[Delivery], by: User, filters: dict[str, Any]
) -> Iterator[list[Delivery]]:
    """All rows by id, EXPORT_CHUNK at a time; the event stands before the first row leaves."""
    _tell("people.exported", control, by=by, detail=filters)
    return _chunks(rows.order_by("id"))


def _chunks(rows: QuerySet[Delivery]) -> Iterator[list[Delivery]]:
    last = 0
    while chunk := list(rows.filter(id__gt=last)[:EXPORT_CHUNK]):
        yield chunk
        last = chunk[-1].id


def _tell(kind: str, control: SendControl, *, by: User, detail: dict[str, Any]) -> None:
    with transaction.atomic():
        events.record(
            kind,
            merchant=control.merchant,
            by=by,
            mini_program=control.mini_program,
            subject=control,
            detail=detail,
        )
