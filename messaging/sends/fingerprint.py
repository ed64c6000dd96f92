"""What exactly a second person approves, as plain data, its hash, and what differs between two of them.

Built from the fields of Content, so that whatever a draft gets to say later is part of it by itself.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from datetime import date, time
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from membership.models import PeopleList
from messaging.models import SubscriptionTemplate
from messaging.sends.content import written_in

if TYPE_CHECKING:
    from messaging.models import BatchSend, SendControl

Said = dict[str, Any]


def said_in(batch: BatchSend, control: SendControl) -> Said:
    """By name: every field of its content, the zone of its wall time, the mini program and the speed."""
    content = written_in(batch)
    said = {one.name: _plain(getattr(content, one.name)) for one in fields(content)}
    return said | {
        "zone": batch.zone,
        "mini_program": {"app_id": batch.mini_program.app_id, "gateway": batch.mini_program.gateway},
        "rate_per_second": control.rate_per_second,
    }


def fingerprint(said: Said) -> str:
    """SHA-256 in hex."""
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def changes(before: Said, after: Said) -> list[str]:
    """The names of what differs, in the order of the form."""
    return [name for name in after | before if before.get(name) != after.get(name)]


def _plain(value: Any) -> Any:
    if isinstance(value, SubscriptionTemplate):
        return {
            "id": value.pk,
            "template_id": value.template_id,
            "name": value.name,
            "keywords": list(value.keywords),
            "kind": value.kind,
        }
    if isinstance(value, PeopleList):
        return {
            "id": value.pk,
            "name": value.name,
            "count": value.count,
            "hash": value.hash,
            "columns": list(value.columns),
        }
    if isinstance(value, Model):
        return {"id": value.pk, "name": str(value)}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
