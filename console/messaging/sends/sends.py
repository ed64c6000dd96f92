"""The list of batch sends, and one line of it that keeps itself current."""

from __future__ import annotations

import uuid

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, poll_seconds, redirect, wants_partial
from console.lists import numbered_page
from console.messaging.sends.forms import SendFilters
from console.messaging.sends.rows import row_of
from messaging import reports


@require_safe
@merchant_page("sends.view")
def sends_page(request: MerchantRequest) -> HttpResponse:
    """Drafts first, then by due time with the future on top."""
    at = timezone.now()
    filters = SendFilters(request.GET)
    found = filters.narrow(reports.send_list(request.merchant))
    page = numbered_page(
        request, found.order_by(F("control__due_at").desc(nulls_first=True), "-created_at", "-id")
    )
    rows = [row_of(batch, staff=request.staff, at=at) for batch in page]
    context = {
        "filters": filters,
        "page": page,
        "rows": [(row, poll_seconds(row.batch.control.started_at, at=at), uuid.uuid4()) for row in rows],
        "has_live": any(row.polls for row in rows),
        "at": at,
    }
    return answer(request, "messaging/sends/list.html", "messaging/sends/_table.html", context)


@require_safe
@merchant_page("sends.view")
def send_row(request: MerchantRequest, send_id: int) -> HttpResponse:
    """Only a line of the list; whoever comes here without script wants the page."""
    batch = get_object_or_404(reports.send_list(request.merchant), pk=send_id)
    if not wants_partial(request):
        return redirect(request, "send", request.merchant.slug, batch.pk)
    at = timezone.now()
    context = {
        "row": row_of(batch, staff=request.staff, at=at),
        "pace": poll_seconds(batch.control.started_at, at=at),
        "form_token": uuid.uuid4(),
        "at": at,
    }
    return answer(request, "messaging/sends/_row.html", "messaging/sends/_row.html", context)
