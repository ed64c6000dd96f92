"""A send that missed its time: now, or a new time. Cancelling has its own page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect
from console.messaging.sends.forms import WhenForm
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.reach import Reach, reach_of
from console.messaging.sends.timing import timing
from messaging.engine.control import MoveRefused
from messaging.models import BatchSend, SendState
from messaging.sends import batches

PAGE, PARTIAL = "messaging/sends/missed.html", "messaging/sends/_missed_form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def send_missed(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state != SendState.MISSED:
        return moved_on(request, batch, same="send.rescheduled")
    at = timezone.now()
    reach = reach_of(batch, at=at)
    people = reach.funnel.will_send if reach else 0
    if request.method != "POST":
        return answer(
            request, PAGE, PARTIAL, _context(batch, WhenForm(initial={"when": "now"}, people=people), reach)
        )
    form = WhenForm(request.POST, people=people)
    if not form.is_valid():
        return invalid(request, PAGE, PARTIAL, _context(batch, form, reach))
    given = form.cleaned_data
    try:
        batches.reschedule(
            batch, by=request.user, at=at, on=given["scheduled_on"], wall=given["scheduled_time"]
        )
    except batches.LaunchRefused as refused:
        for problem in refused.problems:
            form.add_error("scheduled_time" if given["when"] == "at" else None, str(problem.message))
        return invalid(request, PAGE, PARTIAL, _context(batch, form, reach))
    except MoveRefused:
        return moved_on(request, batch, same="send.rescheduled")
    return redirect(request, address("send", batch))


def _context(batch: BatchSend, form: WhenForm, reach: Reach | None) -> dict[str, Any]:
    given = getattr(form, "cleaned_data", {})
    return {
        "batch": batch,
        "form": form,
        "reach": reach,
        "at": reach.funnel.computed_at if reach else None,
        "timing": timing(given.get("scheduled_on"), given.get("scheduled_time"), batch.zone),
    }
