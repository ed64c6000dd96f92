"""Undo, pause, resume, speed, cancel, copy: each one call, refused when the send has moved on."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.forms import CancelForm, SpeedForm, token
from console.messaging.sends.lookup import address, moved_on, not_done, send_of
from console.messaging.sends.not_after import past_latest
from console.messaging.sends.pauses import sums
from messaging import reports, under_way
from messaging.engine import control as engine
from messaging.models import TRANSITIONS, BatchSend, SendState
from messaging.sends import batches, carrying

NOT_SHOWN = gettext_lazy(
    "Its messages carry a coupon that is not shown now, so nothing was resumed. Show the coupon in this"
    " template's messages again, or go on without it."
)


@require_POST
@merchant_page("sends.launch")
def send_undo(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    try:
        batches.take_back(batch, by=request.user)
    except engine.MoveRefused:
        return moved_on(request, batch, same="send.taken_back", to="send_edit")
    toast(request, _("Undone. Nothing was sent. Your draft is kept."))
    return redirect(request, address("send_edit", batch))


@require_POST
@merchant_page("sends.brake")
def send_pause(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    return _braked(request, batch, engine.pause, "send.paused", lambda: _("Paused.") + " " + _left(batch))


@require_POST
@merchant_page("sends.brake")
def send_resume(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    return _braked(request, batch, engine.resume, "send.resumed", lambda: _("Sending goes on."))


@require_POST
@merchant_page("sends.brake")
def send_without_coupon(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    words = _("Sending goes on; its messages carry no coupon.")
    return _braked(request, batch, carrying.go_on_without, "send.resumed", lambda: words)


def _braked(
    request: MerchantRequest,
    batch: BatchSend,
    brake: Callable[..., None],
    event: str,
    done: Callable[[], str],
) -> HttpResponse:
    try:
        brake(batch.control, by=request.user)
    except engine.MoveRefused:
        return moved_on(request, batch, same=event)
    except engine.PastNotAfter:
        return past_latest(request, batch)
    except engine.NotCarried:
        return not_done(request, batch, str(NOT_SHOWN))
    toast(request, done())
    return redirect(request, address("send", batch))


def _left(batch: BatchSend) -> str:
    return sums(under_way.of_send(batch.control))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.brake")
def send_speed(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state not in engine.LIVE:
        return moved_on(request, batch)
    most = batch.mini_program.rate_per_second
    now = {"rate_per_second": batch.control.rate_per_second}
    form = SpeedForm(request.POST if request.method == "POST" else None, initial=now, most=most)
    if request.method != "POST" or not form.is_valid():
        respond = invalid if request.method == "POST" else answer
        sent = under_way.of_send(batch.control)
        context = {"batch": batch, "form": form, "most": most, "under_way": sent}
        return respond(request, "messaging/sends/speed.html", "messaging/sends/_speed_form.html", context)
    try:
        engine.set_speed(batch.control, by=request.user, rate_per_second=form.cleaned_data["rate_per_second"])
    except engine.MoveRefused:
        return moved_on(request, batch)
    toast(request, _("Speed changed. It holds within 2 seconds."))
    return redirect(request, address("send", batch))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.brake")
def send_cancel(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if SendState.CANCELLING not in TRANSITIONS[batch.control.state]:
        return moved_on(request, batch, same="send.cancelling")
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        respond = invalid if request.method == "POST" else answer
        figures = reports.send_figures(batch.control, at=timezone.now())
        context = {"batch": batch, "form": form, "figures": figures}
        return respond(request, "messaging/sends/cancel.html", "messaging/sends/_cancel_form.html", context)
    try:
        engine.cancel(batch.control, by=request.user, why=form.cleaned_data["why"])
    except engine.MoveRefused:
        return moved_on(request, batch, same="send.cancelling")
    return redirect(request, address("send", batch))


@require_POST
@merchant_page("sends.compose")
def send_copy(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    form_token = token(request.POST.get("form_token", ""))
    if form_token is None:
        return HttpResponseBadRequest(_("This form is incomplete. Reload the page and try again."))
    copied = batches.copy(batch, by=request.user, form_token=form_token)
    toast(request, _("Copied as a new draft, without a time."))
    return redirect(request, address("send_edit", copied))
