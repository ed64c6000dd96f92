"""Crowd sends in any state, as rows."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from merchants.models import MiniProgram, User
from messaging.models import CrowdSend, SubscriptionTemplate
from messaging.sends import crowd_quota

HOLDS_QUOTA = {"scheduled", "submitting", "submitted", "refused", "unknown"}


def crowd(
    app: MiniProgram, by: User, *, chosen: SubscriptionTemplate | None, state: str = "draft", **fields: Any
) -> CrowdSend:
    """Complete, right away; one that was launched is as launch and submission would have left it."""
    row: CrowdSend = CrowdSend.objects.create(
        merchant=app.merchant,
        mini_program=app,
        template=chosen,
        author=by,
        form_token=uuid.uuid4(),
        state=state,
        **{
            "name": "八月会员日",
            "values": ["满 30 减 5", "8 月 31 日前"],
            "page": "pages/renew/index",
            "zone": app.merchant.time_zone,
            **({} if state == "draft" else _launched(chosen, state, fields)),
            **fields,
        },
    )
    row.refresh_from_db()
    if row.quota_day:
        crowd_quota.take(app, row.quota_day)
    return row


def _launched(chosen: SubscriptionTemplate | None, state: str, fields: dict[str, Any]) -> dict[str, Any]:
    now: datetime = timezone.now()
    usual = now + timedelta(hours=2) if state == "scheduled" else now - timedelta(minutes=3)
    due_at = fields.get("due_at", usual)
    began = state in HOLDS_QUOTA - {"scheduled"}
    return {
        "launches": 1,
        "launched_at": now - timedelta(minutes=10),
        "undo_until": now - timedelta(minutes=9),
        "due_at": due_at,
        "template_kind": chosen.kind if chosen else "",
        "data": '{"keyword1":{"value":"满 30 减 5"}}',
        "sent_page": "pages/renew/index",
        "quota_day": crowd_quota.day_of(due_at) if state in HOLDS_QUOTA else None,
        "submitting_at": due_at if began else None,
        "answered_at": due_at if state in {"submitted", "refused"} else None,
    }
