"""The list of crowd sends, and the page of one: the platform's count, no list of people."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import FAST_SECONDS, SLOW_SECONDS, answer, poll_seconds
from console.lists import SIZES, numbered_page, page_size
from console.messaging.crowds.lookup import crowd_of
from console.messaging.crowds.words import platform_words, quota_words, situation, timeline
from console.messaging.phone import Message
from console.states import word_of
from messaging.models import CrowdSend, CrowdState
from messaging.sends.crowd_submit import ASK_FOR, OVER

NEAR = timedelta(minutes=2)
ORDER = ("-due_at", "-created_at", "-id")


@require_safe
@merchant_page("sends.view")
def crowds_page(request: MerchantRequest) -> HttpResponse:
    """Drafts first, then by time, the future on top."""
    at = timezone.now()
    rows = CrowdSend.objects.for_merchant(request.merchant).select_related("template", "mini_program")
    page = numbered_page(request, rows.order_by(*ORDER), per_page=page_size(request))
    context = {
        "page": page,
        "sizes": SIZES,
        "rows": [(crowd, platform_words(crowd)) for crowd in page],
        "quota": quota_words(request.mini_program, at=at) if request.mini_program else "",
        "at": at,
    }
    return answer(request, "messaging/crowds/list.html", "messaging/crowds/_table.html", context)


@require_safe
@merchant_page("sends.view")
def crowd_page(request: MerchantRequest, crowd_id: int) -> HttpResponse:
    """Polled while anything can still change by itself."""
    crowd = crowd_of(request, crowd_id)
    context = page_context(crowd, sender=request.merchant.name, at=timezone.now())
    return answer(request, "messaging/crowds/detail.html", "messaging/crowds/_answer.html", context)


def page_context(crowd: CrowdSend, *, sender: str, at: datetime) -> dict[str, Any]:
    fields = fields_of(crowd)
    return {
        "crowd": crowd,
        "situation": situation(crowd, at=at),
        "platform": platform_words(crowd),
        "fields": fields,
        "message": message_of(crowd, fields, sender=sender),
        "timeline": timeline(crowd),
        "undo_seconds": _undo_seconds(crowd, at),
        "is_live": is_live(crowd, at=at),
        "poll_seconds": _pace(crowd, at),
        "say": word_of("crowd", crowd.state).word,
        "form_token": uuid.uuid4(),
        "at": at,
    }


def fields_of(crowd: CrowdSend) -> list[tuple[str, str]]:
    keywords = crowd.template.keywords if crowd.template else []
    return [
        (keyword, crowd.values[position] if position < len(crowd.values) else "")
        for position, keyword in enumerate(keywords)
    ]


def message_of(crowd: CrowdSend, fields: list[tuple[str, str]], *, sender: str) -> Message:
    template = crowd.template
    return Message(
        sender=sender,
        name=template.name if template else "",
        fields=fields,
        has_push=bool(template and template.has_push),
    )


def is_live(crowd: CrowdSend, *, at: datetime) -> bool:
    if crowd.state in {CrowdState.SCHEDULED, CrowdState.SUBMITTING}:
        return True
    if crowd.state != CrowdState.SUBMITTED or crowd.answered_at is None or not crowd.batch_msg_id:
        return False
    return crowd.platform_status not in OVER and crowd.answered_at > at - ASK_FOR


def _undo_seconds(crowd: CrowdSend, at: datetime) -> int:
    """Whole seconds left to undo; 0 when the window is over."""
    if crowd.state != CrowdState.SCHEDULED or crowd.undo_until is None:
        return 0
    return max(0, round((crowd.undo_until - at).total_seconds()))


def _pace(crowd: CrowdSend, at: datetime) -> int:
    """Seconds until the next poll: one far ahead of its time is asked for seldom."""
    if crowd.state == CrowdState.SCHEDULED and crowd.due_at:
        undoing = crowd.undo_until is not None and crowd.undo_until > at
        return FAST_SECONDS if undoing or crowd.due_at - at < NEAR else SLOW_SECONDS
    return poll_seconds(crowd.submitting_at, at=at)
