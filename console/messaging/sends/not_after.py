"""The latest time of a launched send: another one, or none. What was paused for it then goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.latest_form import NAMES, LatestFields
from console.messaging.sends.lookup import address, moved_on, not_done, send_of
from console.messaging.sends.pace import pace_of
from console.messaging.sends.words import zone_words
from messaging import reports
from messaging.engine.control import LIVE, is_past_not_after
from messaging.engine.not_after import LimitChanged
from messaging.models import BatchSend, PauseReason, SendState
from messaging.sends import latest

PAGE, PARTIAL = "messaging/sends/not_after.html", "messaging/sends/_not_after_form.html"


class LimitForm(LatestFields):
    """`seen`: the instant that was looked at, or nothing."""

    limits = forms.ChoiceField(
        label=gettext_lazy("Not after"),
        choices=[("at", gettext_lazy("A latest time")), ("none", gettext_lazy("No latest time"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of the two.")},
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("limits") == "at" and not self.errors and not given.get("not_after_on"):
            self.add_error("not_after_on", _("Fill in day and time, or choose “No latest time”."))
        return given

    @property
    def wall(self) -> latest.Wall:
        return self.limit if self.cleaned_data["limits"] == "at" else latest.NONE


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.launch")
def send_not_after(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state not in LIVE:
        return moved_on(request, batch)
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, _context(batch, LimitForm(initial=_initial(batch))))
    form = LimitForm(request.POST)
    if not form.is_valid():
        return invalid(request, PAGE, PARTIAL, _context(batch, form))
    return _move(request, batch, form)


def past_latest(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    """It was to be resumed, but its latest time has passed: who may launch is asked for another one."""
    if request.staff.can("sends.launch"):
        return redirect(request, address("send_not_after", batch))
    words = _(
        "The latest time given for this send has passed, so nothing was changed. "
        "Somebody who may launch gives it another one, or lifts it."
    )
    return not_done(request, batch, words)


def _move(request: MerchantRequest, batch: BatchSend, form: LimitForm) -> HttpResponse:
    was_asked = _is_asked(batch)
    seen = parse_datetime(form.cleaned_data["seen"]) if form.cleaned_data["seen"] else None
    try:
        limit = latest.move_limit(batch, by=request.user, wall=form.wall, seen=seen, at=timezone.now())
    except latest.LimitRefused as refused:
        form.add_error("not_after_time", refused.sentence)
        return invalid(request, PAGE, PARTIAL, _context(batch, form))
    except LimitChanged:
        return _too_late(request, batch, form)
    words = _("The latest time is set.") if limit else _("There is no latest time any more.")
    toast(request, f"{words} {_('Sending goes on.')}" if was_asked else words)
    return redirect(request, address("send", batch))


def _too_late(request: MerchantRequest, batch: BatchSend, form: LimitForm) -> HttpResponse:
    """The same wish a second time leads to what it brought about."""
    current = send_of(request, batch.pk)
    if current.control.state not in LIVE:
        return moved_on(request, current)
    if latest.wall_of(current) == form.wall:
        return redirect(request, address("send", current))
    words = _("The latest time was changed meanwhile, so nothing was changed now. Look at it again.")
    return not_done(request, current, words)


def _is_asked(batch: BatchSend) -> bool:
    control = batch.control
    return control.state == SendState.PAUSED and control.pause_reason == PauseReason.NOT_AFTER


def _initial(batch: BatchSend) -> dict[str, Any]:
    """Day and time are asked for anew once they have passed."""
    control = batch.control
    on, wall = latest.NONE if is_past_not_after(control) else latest.wall_of(batch)
    seen = control.not_after.isoformat() if control.not_after else ""
    return {"limits": "at", **dict(zip(NAMES, (on, wall), strict=True)), "seen": seen}


def _context(batch: BatchSend, form: LimitForm) -> dict[str, Any]:
    figures = reports.send_figures(batch.control, at=timezone.now())
    pace = pace_of(batch, is_now=True)
    remaining = figures.queued
    seconds = remaining / pace.per_second if remaining and pace.per_second else None
    return {
        "batch": batch,
        "form": form,
        "is_asked": _is_asked(batch),
        "remaining": remaining,
        "pace": pace,
        "finish": _in(seconds),
        "zone": zone_words(batch.zone),
    }


def _in(seconds: float | None) -> datetime | None:
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)
