"""The people behind one drop of the reach funnel, with what each would get where their text is the cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import redirect
from console.messaging.sends.lookup import address, send_of
from console.messaging.sends.misfits import Misfit, misfit
from console.messaging.sends.missed import Due, asked_in, due_of
from merchants.numbers import is_number
from messaging.engine.funnel import ORDER
from messaging.models import BatchSend, SendState, SkipReason
from messaging.sends import batches, personal, wall_time
from messaging.sends.placeholders import PlaceholderError
from messaging.sends.wall_time import NoSuchTime

PEOPLE_PER_PAGE = 100
CHECKED_ON: Mapping[str, str] = {SendState.MISSED: "send_missed", SendState.IN_REVIEW: "send_review"}


@dataclass(frozen=True)
class Line:
    """`misfit` is None where the text is not the cause."""

    customer_id: int
    open_id: str | None
    misfit: Misfit | None


@require_safe
@merchant_page("sends.launch")
def send_stopped(request: MerchantRequest, send_id: int, gate: str) -> HttpResponse:
    """As the gates stand now; of a missed send for the time of the address, since its own has passed."""
    batch = send_of(request, send_id)
    if gate not in {str(reason) for reason in ORDER}:
        raise Http404("no such gate")
    waits = batch.control.state in {
        SendState.DRAFT,
        SendState.IN_REVIEW,
        SendState.APPROVED,
        SendState.MISSED,
    }
    if not waits or batch.template is None or batch.people_list is None:
        return redirect(request, address("send", batch))
    after = request.GET.get("after", "")
    key = int(after) if is_number(after) else 0
    check = CHECKED_ON.get(batch.control.state, "send_launch")
    try:
        due = _due(request, batch, at=timezone.now())
        people = batches.people_stopped(batch, gate=gate, due_at=due.at, after=key, limit=PEOPLE_PER_PAGE + 1)
    except (NoSuchTime, PlaceholderError):
        return redirect(request, address(check, batch))
    shown = people[:PEOPLE_PER_PAGE]
    misfits: Mapping[int, Misfit] = {}
    if gate == SkipReason.DOES_NOT_FIT:
        misfits = _misfits(
            batch, [row[0] for row in shown], may_see_people=request.staff.can("people.reveal")
        )
    context = {
        "batch": batch,
        "lines": [Line(customer_id, open_id, misfits.get(customer_id)) for customer_id, open_id in shown],
        "by_text": gate == SkipReason.DOES_NOT_FIT,
        "reason": SkipReason(gate).label,
        "next_after": shown[-1][0] if len(people) > PEOPLE_PER_PAGE else None,
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
    return found or Due(wall_time.due_of(None, None, zone=batch.zone, at=at), "")


def _misfits(batch: BatchSend, people: list[int], *, may_see_people: bool) -> Mapping[int, Misfit]:
    """By customer id. Raises PlaceholderError."""
    if batch.template is None or batch.people_list is None:
        return {}
    texts = personal.texts_of(batch.people_list, batches.pieces_of(batch), people)
    return {
        customer_id: misfit(batch.template.keywords, said, may_see_people=may_see_people)
        for customer_id, said in texts.items()
    }
