"""A second person looks at one exact send and approves it or sends it back; its author takes it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from console import focus
from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.reach import Reach, reach_of
from console.messaging.sends.readiness import checks_of, passed_of
from console.messaging.sends.review_words import REFUSED, further_lines, names_of, stale_words
from console.messaging.sends.rows import UNDER_REVIEW
from console.messaging.sends.sample import neighbour_in, sample_of
from console.messaging.sends.timing import timing
from console.messaging.sends.words import cap_words, fatigue_words
from messaging.engine.control import MoveRefused
from messaging.models import BatchSend, Review, SendState
from messaging.sends import approval, batches, review
from messaging.sends.fingerprint import fingerprint, said_in
from messaging.sends.rules import rules_of

PAGE, PARTIAL = "messaging/sends/review.html", "messaging/sends/_review.html"
MESSAGE = "messaging/sends/_message.html"
SHOWN_EARLIER = 5
EVENTS = {"approve": "send.approved", "send_back": "send.sent_back"}


class ReviewForm(forms.Form):
    """`seen`: the fingerprint of what the page showed."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    action = forms.ChoiceField(choices=[(name, name) for name in EVENTS], widget=forms.HiddenInput)
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("To send it back, say what has to change. The author reads it."),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("action") == "send_back" and not given.get("comment") and "comment" not in self.errors:
            self.add_error("comment", _("Say what has to change, so that the author knows what to do."))
        return given


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.review")
def send_review(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    asked = request.POST.get("action", "")
    if batch.control.state not in UNDER_REVIEW:
        return moved_on(request, batch, same=EVENTS.get(asked, ""))
    neighbour = neighbour_in(request.GET)
    if request.htmx and request.method != "POST" and neighbour:
        sample = sample_of(batch, **neighbour)
        context = {"batch": batch, "sample": sample, "message": sample.message, "look_url": "send_review"}
        return render(request, MESSAGE, context)
    at = timezone.now()
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, _context(request, batch, None, at))
    form = ReviewForm(request.POST)
    if not form.is_valid():
        focus.on_first_problem(form)
        return invalid(request, PAGE, PARTIAL, _context(request, batch, form, at))
    return _decide(request, batch, form, at)


def _decide(request: MerchantRequest, batch: BatchSend, form: ReviewForm, at: datetime) -> HttpResponse:
    given = form.cleaned_data
    act = review.approve if given["action"] == "approve" else review.send_back
    try:
        act(batch, by=request.user, seen=given["seen"], comment=given["comment"], at=at)
    except review.Refusal as refused:
        words = str(REFUSED.get(refused.why, "")) or stale_words(refused.changed)
        current = send_of(request, batch.pk)
        return invalid(
            request, PAGE, PARTIAL, _context(request, current, form, at) | {"refused_words": words}
        )
    except MoveRefused:
        return moved_on(request, batch, same=EVENTS[given["action"]])
    approved = _("Approved. It goes out once somebody confirms it.")
    toast(request, approved if given["action"] == "approve" else _("Sent back. It is a draft again."))
    return redirect(request, address("send", batch))


@require_POST
@merchant_page("sends.compose")
def send_withdraw(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    try:
        review.take_back(batch, by=request.user, at=timezone.now())
    except MoveRefused:
        return moved_on(request, batch, same="send.withdrawn", to="send_edit")
    toast(request, _("It is a draft again. Ask for approval once more when it is ready."))
    return redirect(request, address("send_edit", batch))


def _context(
    request: MerchantRequest, batch: BatchSend, form: ReviewForm | None, at: datetime
) -> dict[str, Any]:
    said = said_in(batch, batch.control)
    standing = approval.standing_of(batch, at=at)
    sample = sample_of(batch, **neighbour_in(request.GET))
    checks = [
        replace(one, url="", verb="") for one in checks_of(batch, batches.problems(batch, at=at), sample)
    ]
    template, found = batch.template, standing.review
    seen = {"seen": fingerprint(said)}
    current = ReviewForm({**request.POST.dict(), **seen}) if form else ReviewForm(initial=seen)
    return {
        "batch": batch,
        "review": found,
        "form": current,
        "why_not": _why_not(request, batch, standing),
        "changed": names_of(standing.changed),
        "said": said,
        "fingerprint": fingerprint(said),
        "further": further_lines(said),
        "fields": list(zip(template.keywords, batch.values, strict=False)) if template else [],
        "earlier": list(approval.reviews_of(batch.control)[1 : 1 + SHOWN_EARLIER]),
        "reach": _reach(request, batch, at),
        "checks": checks,
        "passed": passed_of(checks),
        "sample": sample,
        "message": sample.message,
        "look_url": "send_review",
        "timing": timing(batch.scheduled_on, batch.scheduled_time, batch.zone),
        "fatigue": fatigue_words(template) if template and template.fatigue_total else "",
        "cap": cap_words(rules_of(batch.merchant)[0]),
        "at": at,
    }


def _why_not(request: MerchantRequest, batch: BatchSend, standing: approval.Standing) -> str:
    """Why this person cannot approve it; empty where they can."""
    found: Review | None = standing.review
    if found is None or batch.control.state != SendState.IN_REVIEW:
        return ""
    why = review.why_not(batch, found, request.user) or ("late" if standing.is_over else "")
    return str(REFUSED.get(why, ""))


def _reach(request: MerchantRequest, batch: BatchSend, at: datetime) -> Reach | None:
    """Who may not launch is not led to the people of a drop either."""
    reach = reach_of(batch, at=at)
    if reach is None or request.staff.can("sends.launch"):
        return reach
    return replace(reach, drops=[drop | {"url": ""} for drop in reach.drops])
