"""Check before sending: all restated, who is reached, what happens afterwards, and the confirmation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console import second_factor
from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.forms import CountForm, LaunchForm
from console.messaging.sends.latest_check import latest_checks
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.reach import Reach, reach_of
from console.messaging.sends.readiness import anchor, checks_of, passed_of
from console.messaging.sends.review_words import approval_check, void_approval
from console.messaging.sends.sample import Sample, neighbour_in, sample_of
from console.messaging.sends.timing import NEXT_TIME, timing
from console.messaging.sends.words import cap_words, fatigue_words, span_words
from messaging.engine.control import MoveRefused
from messaging.models import BatchSend, SendState
from messaging.sends import approval, batches, carrying, review
from messaging.sends.rules import rules_of

PAGE, PARTIAL = "messaging/sends/launch.html", "messaging/sends/_launch.html"
MESSAGE = "messaging/sends/_message.html"
ASK = "ask"  # the button that asks a second person
LAUNCHABLE = (SendState.DRAFT, SendState.APPROVED)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def send_launch(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state not in LAUNCHABLE:
        return _gone_on(request, batch)
    neighbour = neighbour_in(request.GET)
    if request.htmx and request.method != "POST" and neighbour:
        sample = sample_of(batch, **neighbour)
        return render(request, MESSAGE, {"batch": batch, "sample": sample, "message": sample.message})
    at = timezone.now()
    problems = batches.problems(batch, at=at) + void_approval(batch, at=at)
    reach = reach_of(batch, at=at)
    if reach and not problems:
        problems = batches.nobody_reached(reach.funnel)
    expected = reach.funnel.will_send if reach else 0
    if request.method != "POST":
        sample = sample_of(batch, **neighbour)
        context = _context(batch, _form(batch, expected), problems, reach, at, sample=sample)
        return answer(request, PAGE, PARTIAL, context)
    form = LaunchForm(request.POST, people=expected)
    if request.POST.get("action") == NEXT_TIME:
        return _at_next_time(request, batch, form, at)
    is_valid = form.is_valid()
    if changed := _changed(batch, form):
        context = _context(batch, _form(batch, expected), problems, reach, at)
        return invalid(request, PAGE, PARTIAL, context | {"changed": changed})
    is_asking = request.POST.get("action") == ASK
    if problems or not (is_valid or is_asking):
        return invalid(request, PAGE, PARTIAL, _context(batch, form, problems, reach, at))
    if is_asking:
        return _ask(request, batch, form, at)
    if not second_factor.passes(request):
        return invalid(request, PAGE, PARTIAL, _context(batch, form, problems, reach, at))
    return _launch(request, batch, form, at) or _lost(request, batch, form, at)


def _at_next_time(request: MerchantRequest, batch: BatchSend, form: LaunchForm, at: datetime) -> HttpResponse:
    """The draft gets the first time that exists after the one the clocks skip, and is shown again."""
    if not request.staff.can("sends.compose"):
        raise PermissionDenied
    form.is_valid()
    when = timing(batch.scheduled_on, batch.scheduled_time, batch.zone).next_valid
    try:
        if when is not None:
            batches.change_time(
                batch, by=request.user, version=form.seen_version, on=when.date(), wall=when.time(), at=at
            )
    except (batches.DraftConflict, batches.NotADraft):
        return _lost(request, batch, form, at)
    return redirect(request, address("send_launch", batch))


def _launch(
    request: MerchantRequest, batch: BatchSend, form: LaunchForm, at: datetime
) -> HttpResponse | None:
    """None: somebody else, or this person's other tab, was faster."""
    try:
        batches.launch(batch, by=request.user, version=form.seen_version, launches=form.seen_launches, at=at)
    except batches.LaunchRefused as refused:
        context = _context(batch, form, refused.problems, reach_of(batch, at=at), at)
        return invalid(request, PAGE, PARTIAL, context)
    except (batches.DraftConflict, MoveRefused):
        return None
    return redirect(request, address("send", batch))


def _ask(request: MerchantRequest, batch: BatchSend, form: LaunchForm, at: datetime) -> HttpResponse:
    """draft → in_review, as the page showed it."""
    try:
        review.ask(batch, by=request.user, version=form.seen_version, at=at)
    except (batches.DraftConflict, MoveRefused):
        return _lost(request, batch, form, at)
    toast(request, _("Asked for approval. Nothing is sent until it is approved and then confirmed."))
    return redirect(request, address("send", batch))


def _lost(request: MerchantRequest, batch: BatchSend, form: LaunchForm, at: datetime) -> HttpResponse:
    current = send_of(request, batch.pk)
    if current.control.state not in LAUNCHABLE:
        return _gone_on(request, current)
    reach = reach_of(current, at=at)
    fresh = _form(current, reach.funnel.will_send if reach else 0)
    context = _context(current, fresh, batches.problems(current, at=at), reach, at)
    return invalid(request, PAGE, PARTIAL, context | {"changed": _changed(current, form) or "draft"})


def _gone_on(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    """It was launched meanwhile. The same confirmation by the same person leads to what it brought about."""
    form = LaunchForm(request.POST, people=0)
    form.is_valid()
    same = "send.in_review" if request.POST.get("action") == ASK else "send.scheduled"
    return moved_on(request, batch, same=same, version=form.seen_version)


def _form(batch: BatchSend, people: int) -> LaunchForm:
    return LaunchForm(initial={"version": batch.version, "launches": batch.launches}, people=people)


def _changed(batch: BatchSend, form: LaunchForm) -> str:
    """What happened since the confirmed page was opened: "draft" or "taken_back"; empty: nothing."""
    if form.seen_version != batch.version:
        return "draft"
    return "taken_back" if form.seen_launches not in {None, batch.launches} else ""


def _context(
    batch: BatchSend,
    form: CountForm,
    problems: list[batches.Problem],
    reach: Reach | None,
    at: datetime,
    *,
    sample: Sample | None = None,
) -> dict[str, Any]:
    sample = sample or sample_of(batch)
    standing = approval.standing_of(batch, at=at)
    checks = [
        *checks_of(batch, problems, sample),
        *latest_checks(batch, problems, reach),
        *approval_check(standing),
    ]
    refused = [problem for problem in problems if problem.field == "approval"]
    if must_ask := standing.is_needed and batch.control.state == SendState.DRAFT:
        problems = [problem for problem in problems if problem not in refused]
    when = timing(batch.scheduled_on, batch.scheduled_time, batch.zone)
    template = batch.template
    return {
        "batch": batch,
        "form": form,
        "problems": [(problem, anchor(problem.field)) for problem in problems],
        "checks": checks,
        "passed": passed_of(checks),
        "reach": reach,
        "fields": list(zip(template.keywords, batch.values, strict=False)) if template else [],
        "sample": sample,
        "message": sample.message,
        "timing": when,
        "undo_window": span_words(settings.ENGINE_UNDO_SECONDS),
        "missed_window": span_words(settings.ENGINE_MISSED_SECONDS),
        "carried": carrying.on_its_messages(batch, at=at),
        "fatigue": fatigue_words(template) if template and template.fatigue_total else "",
        "cap": cap_words(rules_of(batch.merchant)[0]),
        "standing": standing,
        "must_ask": must_ask,
        "refused_directly": must_ask and bool(refused),
        "at": at,
    }
