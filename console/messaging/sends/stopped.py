"""The people behind one drop of the reach funnel."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import redirect
from console.messaging.sends.lookup import address, send_of
from console.messaging.sends.missed import Due, asked_in, due_of
from messaging.engine.funnel import ORDER
from messaging.models import BatchSend, SendState, SkipReason
from messaging.sends import batches
from messaging.sends.placeholders import PlaceholderError
from messaging.sends.wall_time import NoSuchTime

PEOPLE_PER_PAGE = 100


@require_safe
@merchant_page("sends.launch")
def send_stopped(request: MerchantRequest, send_id: int, gate: str) -> HttpResponse:
    """As the gates stand now; of a missed send for the time of the address, since its own has passed."""
    batch = send_of(request, send_id)
    if gate not in {str(reason) for reason in ORDER}:
        raise Http404("no such gate")
    waits = batch.control.state in {SendState.DRAFT, SendState.MISSED}
    if not waits or batch.template is None or batch.people_list is None:
        return redirect(request, address("send", batch))
    after = request.GET.get("after", "")
    key = int(after) if after.isascii() and after.isdigit() and len(after) <= 18 else 0
    check = "send_missed" if batch.control.state == SendState.MISSED else "send_launch"
    try:
        due = _due(request, batch, at=timezone.now())
        people = batches.people_stopped(batch, gate=gate, due_at=due.at, after=key, limit=PEOPLE_PER_PAGE + 1)
    except (NoSuchTime, PlaceholderError):
        return redirect(request, address(check, batch))
    context = {
        "batch": batch,
        "people": people[:PEOPLE_PER_PAGE],
        "reason": SkipReason(gate).label,
        "next_after": people[PEOPLE_PER_PAGE - 1][0] if len(people) > PEOPLE_PER_PAGE else None,
        "is_first": key == 0,
        "due_at": due.at if due.query else None,
        "query": due.query,
        "back": address(check, batch) + due.query,
    }
    return render(request, "messaging/sends/stopped.html", context)


def _due(request: MerchantRequest, batch: BatchSend, *, at: datetime) -> Due:
    """Raises NoSuchTime."""
    if batch.control.state != SendState.MISSED:
        return Due(batches.due(batch, at=at), "")
    asked = asked_in(request.GET)
    found = due_of(batch, asked.get("scheduled_on"), asked.get("scheduled_time"), at=at)
    return found or Due(batches.due_of(None, None, zone=batch.zone, at=at), "")
