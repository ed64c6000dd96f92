"""Undo, cancel, copy, decide: each one call, refused when the crowd send has moved on."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.crowds.lookup import address, crowd_of, moved_on
from console.messaging.sends.forms import CancelForm, token
from messaging.models import CROWD_TRANSITIONS, CrowdDecision, CrowdState
from messaging.sends import crowd as crowds
from messaging.sends.crowd_moves import CrowdMoved


@require_POST
@merchant_page("sends.launch")
def crowd_undo(request: MerchantRequest, crowd_id: int) -> HttpResponse:
    """Back to a draft: undone, changed, or missed and to get a new time."""
    crowd = crowd_of(request, crowd_id)
    try:
        crowds.take_back(crowd, by=request.user)
    except CrowdMoved:
        return moved_on(request, crowd)
    toast(request, _("Undone. Nothing was sent. Your draft is kept."))
    return redirect(request, address("crowd_edit", crowd))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.brake")
def crowd_cancel(request: MerchantRequest, crowd_id: int) -> HttpResponse:
    crowd = crowd_of(request, crowd_id)
    if CrowdState.CANCELLED not in CROWD_TRANSITIONS[crowd.state]:
        return moved_on(request, crowd)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        respond = invalid if request.method == "POST" else answer
        context = {"crowd": crowd, "form": form}
        return respond(request, "messaging/crowds/cancel.html", "messaging/crowds/_cancel_form.html", context)
    try:
        crowds.cancel(crowd, by=request.user, why=form.cleaned_data["why"])
    except CrowdMoved:
        return moved_on(request, crowd)
    return redirect(request, address("crowd", crowd))


@require_POST
@merchant_page("sends.compose")
def crowd_copy(request: MerchantRequest, crowd_id: int) -> HttpResponse:
    crowd = crowd_of(request, crowd_id)
    form_token = token(request.POST.get("form_token", ""))
    if form_token is None:
        return HttpResponseBadRequest(_("This form is incomplete. Reload the page and try again."))
    copied = crowds.copy(crowd, by=request.user, form_token=form_token)
    toast(request, _("Copied as a new draft, without a time."))
    return redirect(request, address("crowd_edit", copied))


@require_POST
@merchant_page("unknown.decide")
def crowd_decide(request: MerchantRequest, crowd_id: int) -> HttpResponse:
    """What a person makes of an outcome nobody knows. It is submitted again in no case."""
    crowd = crowd_of(request, crowd_id)
    decision = request.POST.get("decision", "")
    if decision not in {CrowdDecision.SUBMITTED, CrowdDecision.WRITTEN_OFF}:
        return HttpResponseBadRequest(_("This form is incomplete. Reload the page and try again."))
    if not crowds.decide(crowd, decision, by=request.user, at=timezone.now()):
        return moved_on(request, crowd)
    toast(request, _("Decided. It stays counted in the quota of its day."))
    return redirect(request, address("crowd", crowd))
