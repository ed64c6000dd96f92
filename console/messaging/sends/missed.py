"""A send that missed its time: now, or a new time. Cancelling has its own page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from django.views.decorators.http import require_http_methods

from console import second_factor
from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect
from console.messaging.sends.forms import WhenForm
from console.messaging.sends.latest_form import still_ahead
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.reach import Reach, reach_of
from console.messaging.sends.timing import NEXT_TIME, repaired_time, timing
from messaging.engine.control import MoveRefused
from messaging.models import BatchSend, SendState
from messaging.sends import approval, batches, review, wall_time
from messaging.sends.wall_time import NoSuchTime

PAGE, PARTIAL = "messaging/sends/missed.html", "messaging/sends/_missed_form.html"
ASK = "ask"  # the button that asks a second person for this time
LOOKS = ("refresh", NEXT_TIME)  # what is posted to be counted, not to be confirmed


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def send_missed(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state != SendState.MISSED:
        return moved_on(request, batch, same="send.rescheduled")
    at = timezone.now()
    form = _form(request, batch)
    reach = _reach(batch, form, at)
    is_asking = request.POST.get("action") == ASK
    form.expected = reach.funnel.will_send if reach and not is_asking else 0
    context = _context(batch, form, reach)
    if not form.is_bound:
        return answer(request, PAGE, PARTIAL, context)
    return _give_time(request, form, context, at)


def _form(request: MerchantRequest, batch: BatchSend) -> WhenForm:
    """Bound when a time is confirmed; else the time that is being looked at."""
    to = address("send_missed", batch)
    look = request.POST.get("action", "") if request.method == "POST" else "refresh"
    if look not in LOOKS:
        return WhenForm(request.POST, people=0, address=to)
    given = request.POST.dict() if request.method == "POST" else asked_in(request.GET)
    kept = still_ahead(batch, at=timezone.now())
    form = WhenForm(initial={"when": "now"} | kept | given, people=0, address=to)
    if look != NEXT_TIME:
        return form
    better = WhenForm(
        initial={**form.initial, **repaired_time(timing(*form.wall, batch.zone))}, people=0, address=to
    )
    better.fields["scheduled_time"].widget.attrs["autofocus"] = True
    return better


def _give_time(
    request: MerchantRequest, form: WhenForm, context: dict[str, Any], at: datetime
) -> HttpResponse:
    """Confirms only the time that the number on the page was counted for; another one is asked for again."""
    batch: BatchSend = context["batch"]
    is_valid = form.is_valid()
    if is_valid and request.POST.get("counted_for", form.counted_for) != form.counted_for:
        return invalid(request, PAGE, PARTIAL, context | {"is_recounted": True})
    if not is_valid or context["problems"]:
        return invalid(request, PAGE, PARTIAL, context)
    if request.POST.get("action") != ASK and not second_factor.passes(request):
        return invalid(request, PAGE, PARTIAL, context)
    on, wall = form.wall
    give = review.ask_for_new_time if request.POST.get("action") == ASK else batches.reschedule
    try:
        give(batch, by=request.user, at=at, on=on, wall=wall, not_after=form.limit)
    except batches.LaunchRefused as refused:
        for problem in refused.problems:
            at_field = "not_after_time" if problem.field == "not_after" else "scheduled_time"
            shown = form.is_timed or problem.field == "not_after"
            form.add_error(at_field if shown else None, str(problem.message))
        return invalid(request, PAGE, PARTIAL, context)
    except MoveRefused:
        return moved_on(request, batch, same="send.rescheduled")
    return redirect(request, address("send", batch))


@dataclass(frozen=True)
class Due:
    """`query` names a wall time in an address; empty for right away."""

    at: datetime
    query: str


def due_of(batch: BatchSend, on: date | None, wall: time | None, *, at: datetime) -> Due | None:
    """When a missed send would go; None at a time that is none, or has passed."""
    try:
        due_at = wall_time.due_of(on, wall, zone=batch.zone, at=at)
    except NoSuchTime:
        return None
    query = f"?on={on:%Y-%m-%d}&at={wall:%H:%M}" if on and wall else ""
    return None if batches.has_passed(due_at, at=at) else Due(due_at, query)


def asked_in(query: QueryDict) -> dict[str, Any]:
    """`?on=` (a day) and `?at=` (a time) as the fields have them; empty for right away and for no time."""
    try:
        on, wall = parse_date(query.get("on", "")), parse_time(query.get("at", ""))
    except ValueError:
        return {}
    return {"when": "at", "scheduled_on": on, "scheduled_time": wall} if on and wall else {}


def _reach(batch: BatchSend, form: WhenForm, at: datetime) -> Reach | None:
    on, wall = form.wall
    if form.is_timed and not (on and wall):
        return None
    due = due_of(batch, on, wall, at=at)
    return reach_of(batch, at=at, due_at=due.at, query=due.query, limit=form.limit) if due else None


def _context(batch: BatchSend, form: WhenForm, reach: Reach | None) -> dict[str, Any]:
    nobody = batches.nobody_reached(reach.funnel) if reach else []
    return {
        "batch": batch,
        "form": form,
        "form_token": uuid.uuid4(),
        "reach": reach,
        "problems": batches.problems_of_missed(batch) or nobody,
        "at": reach.funnel.computed_at if reach else None,
        "timing": timing(*form.wall, batch.zone),
        "must_ask": approval.is_needed(batch),
    }
