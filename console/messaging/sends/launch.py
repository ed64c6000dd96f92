"""Check before sending: all restated, who is reached, what happens afterwards, and the confirmation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect
from console.messaging.phone import Message
from console.messaging.sends.forms import CountForm, LaunchForm
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.reach import Reach, reach_of
from console.messaging.sends.timing import timing
from console.messaging.sends.words import fatigue_words
from messaging import reports
from messaging.engine import text
from messaging.engine.control import MoveRefused
from messaging.models import BatchSend, SendState
from messaging.sends import batches
from messaging.sends.personal import next_entry
from messaging.sends.placeholders import PlaceholderError

PAGE, PARTIAL = "messaging/sends/launch.html", "messaging/sends/_launch.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def send_launch(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state != SendState.DRAFT:
        return _gone_on(request, batch)
    at = timezone.now()
    problems = batches.problems(batch, at=at)
    reach = reach_of(batch, at=at)
    if reach and not problems and not reach.funnel.will_send:
        problems = [
            batches.Problem("people_list", _("Nobody on this list can be reached now. Choose another."))
        ]
    expected = reach.funnel.will_send if reach else 0
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, _context(batch, _form(batch, expected), problems, reach, at))
    form = LaunchForm(request.POST, people=expected)
    is_valid = form.is_valid()
    if changed := _changed(batch, form):
        context = _context(batch, _form(batch, expected), problems, reach, at)
        return invalid(request, PAGE, PARTIAL, context | {"changed": changed})
    if problems or not is_valid:
        return invalid(request, PAGE, PARTIAL, _context(batch, form, problems, reach, at))
    return _launch(request, batch, form, at) or _lost(request, batch, form, at)


def _launch(
    request: MerchantRequest, batch: BatchSend, form: LaunchForm, at: datetime
) -> HttpResponse | None:
    """None: somebody else, or this person's other tab, was faster."""
    try:
        batches.launch(batch, by=request.user, version=form.seen_version, launches=form.seen_launches, at=at)
    except batches.LaunchRefused as refused:
        reach = reach_of(batch, at=at)
        return invalid(request, PAGE, PARTIAL, _context(batch, form, refused.problems, reach, at))
    except (batches.DraftConflict, MoveRefused):
        return None
    return redirect(request, address("send", batch))


def _lost(request: MerchantRequest, batch: BatchSend, form: LaunchForm, at: datetime) -> HttpResponse:
    current = send_of(request, batch.pk)
    if current.control.state != SendState.DRAFT:
        return _gone_on(request, current)
    reach = reach_of(current, at=at)
    fresh = _form(current, reach.funnel.will_send if reach else 0)
    context = _context(current, fresh, batches.problems(current, at=at), reach, at)
    return invalid(request, PAGE, PARTIAL, context | {"changed": _changed(current, form) or "draft"})


def _gone_on(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    """It was launched meanwhile. The same confirmation by the same person leads to what it brought about."""
    form = LaunchForm(request.POST, people=0)
    form.is_valid()
    return moved_on(request, batch, same="send.scheduled", version=form.seen_version)


def _form(batch: BatchSend, people: int) -> LaunchForm:
    return LaunchForm(initial={"version": batch.version, "launches": batch.launches}, people=people)


def _changed(batch: BatchSend, form: LaunchForm) -> str:
    """What happened since the confirmed page was opened: "draft" or "taken_back"; empty: nothing."""
    if form.seen_version != batch.version:
        return "draft"
    return "taken_back" if form.seen_launches not in {None, batch.launches} else ""


def _context(
    batch: BatchSend, form: CountForm, problems: list[batches.Problem], reach: Reach | None, at: datetime
) -> dict[str, Any]:
    when = timing(batch.scheduled_on, batch.scheduled_time, batch.zone)
    template = batch.template
    return {
        "batch": batch,
        "form": form,
        "problems": [(problem, _anchor(problem.field)) for problem in problems],
        "reach": reach,
        "fields": list(zip(template.keywords, batch.values, strict=False)) if template else [],
        "message": message_of(batch),
        "timing": when,
        "fatigue": fatigue_words(template) if template and template.fatigue_total else "",
        "sending_now": reports.sending_now(batch.mini_program),
        "finish": _finish(when.due or at, reach),
        "at": at,
    }


def message_of(batch: BatchSend) -> Message:
    """As the first person of the list gets it."""
    template = batch.template
    return Message(
        sender=batch.merchant.name,
        name=template.name if template else "",
        fields=_seen(batch),
        has_push=bool(template and template.has_push),
    )


def _seen(batch: BatchSend) -> list[tuple[str, str]]:
    """Each keyword as the first person of the list gets it; what cannot be read stands as it is."""
    if batch.template is None:
        return []
    try:
        pieces = batches.pieces_of(batch)
    except PlaceholderError:
        return list(zip(batch.template.keywords, batch.values, strict=False))
    first = next_entry(batch.people_list) if batch.people_list and text.is_personal(pieces) else None
    said = [text.render(value, first.values if first else None) for value in pieces]
    return list(zip(batch.template.keywords, said, strict=False))


def _finish(start: datetime, reach: Reach | None) -> datetime | None:
    return start + timedelta(seconds=reach.seconds) if reach else None


def _anchor(field: str) -> str:
    """The id of the form's field a problem belongs to."""
    return "id_" + {"time": "scheduled_time"}.get(field, field.replace("values.", "value_"))
