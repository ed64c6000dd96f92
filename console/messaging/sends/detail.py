"""The page of a send: one address from the draft to the closed books."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import FAST_SECONDS, SLOW_SECONDS, answer, poll_seconds
from console.messaging.sends.ledger import ledger_of
from console.messaging.sends.lookup import send_of
from console.messaging.sends.pauses import in_flight
from console.messaging.sends.review_words import review_situation
from console.messaging.sends.situation import situation
from console.messaging.sends.timeline import again_of, timeline
from console.messaging.sends.words import reason_words
from console.reconciliation.checks import lines_of
from console.states import send_word
from messaging import reports
from messaging.engine.control import LIVE
from messaging.engine.decisions import MAY_GO_ON
from messaging.models import BatchSend, CarriedCount, SendControl, SendState
from messaging.sends import approval

SHOWN_UNKNOWN = 6
SHOWN_TESTS = 5
SHOWN_REVIEWS = 5
SETTLING = timedelta(seconds=60)  # how long a finished page waits for its last check
NEAR = timedelta(minutes=2)


@require_safe
@merchant_page("sends.view")
def send_page(request: MerchantRequest, send_id: int) -> HttpResponse:
    """Polled while anything can still change by itself."""
    batch = send_of(request, send_id)
    context = _context(batch, at=timezone.now())
    context["may_send_again"] = (
        request.staff.can("unknown.decide")
        and batch.control.state in MAY_GO_ON
        and batch.control.archived_at is None
    )
    return answer(request, "messaging/sends/detail.html", "messaging/sends/_answer.html", context)


def _context(batch: BatchSend, *, at: datetime) -> dict[str, Any]:
    control = batch.control
    figures = reports.send_figures(control, at=at)
    undo_seconds = _undo_seconds(control, at)
    unknown = reports.deliveries(control, decision="undecided") if figures.undecided else None
    reviews = list(approval.reviews_of(control)[:SHOWN_REVIEWS])
    word = send_word(control.state, control.pause_reason).word
    return {
        "batch": batch,
        "control": control,
        "figures": figures,
        "situation": review_situation(batch, reviews, at=at)
        or situation(batch, figures, at=at, again=again_of(control) if control.books_month else 0),
        "reviews": reviews,
        "ledger": ledger_of(batch, figures, at=at) if control.books_month else None,
        "checks": lines_of(control),
        "unknown_rows": [(row, reason_words("unknown", row.reason)) for row in unknown[:SHOWN_UNKNOWN]]
        if unknown is not None
        else [],
        "timeline": timeline(control),
        "fields": _fields(batch),
        "carried_count": CarriedCount.objects.filter(control=control).first() if batch.coupon_id else None,
        "tests": batch.tests.select_related("control").order_by("-pk")[:SHOWN_TESTS],
        "undo_seconds": undo_seconds,
        "is_live": is_live(control, at=at),
        "poll_seconds": _pace(control, flying=figures.sending, at=at),
        "flight": in_flight(figures.sending),
        "say": f"{word} {int(figures.percent // 25 * 25)}%" if control.books_month else str(word),
        "form_token": uuid.uuid4(),
        "at": at,
    }


def _fields(batch: BatchSend) -> list[tuple[str, str]]:
    keywords = batch.template.keywords if batch.template else []
    return [
        (keyword, batch.values[position] if position < len(batch.values) else "")
        for position, keyword in enumerate(keywords)
    ]


def _undo_seconds(control: SendControl, at: datetime) -> int:
    """Whole seconds left to undo; 0 when the window is over."""
    if control.state != SendState.SCHEDULED or control.undo_until is None:
        return 0
    return max(0, round((control.undo_until - at).total_seconds()))


def is_live(control: SendControl, *, at: datetime) -> bool:
    if control.state in LIVE or control.state == SendState.CANCELLING:
        return True
    unchecked = control.touched_at is not None and (
        control.checked_at is None or control.checked_at < control.touched_at
    )
    ended = control.finished_at
    return unchecked and ended is not None and at - ended < SETTLING


def _pace(control: SendControl, *, flying: int, at: datetime) -> int:
    """Seconds until the next poll: a send far ahead of its time is asked for seldom, one that a brake brings
    to rest at once.
    """
    is_braked = control.state in {SendState.PAUSED, SendState.CANCELLING} or control.mini_program.stopped_at
    if flying and is_braked:
        return FAST_SECONDS
    if control.state == SendState.SCHEDULED:
        undoing = control.undo_until is not None and control.undo_until > at
        near = control.prepare_at is not None and control.prepare_at - at < NEAR
        return FAST_SECONDS if undoing or near else SLOW_SECONDS
    return poll_seconds(control.started_at or control.launched_at, at=at)
