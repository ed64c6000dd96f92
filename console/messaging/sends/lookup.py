"""What every page of a send begins with, and how it answers when the send has moved on meanwhile."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from console.access import MerchantRequest
from console.htmx import invalid, redirect
from console.states import send_word
from messaging.models import BatchSend

RELATED = (
    "control__merchant",
    "control__mini_program",
    "mini_program",
    "merchant",
    "template",
    "people_list",
)


def send_of(request: MerchantRequest, send_id: int) -> BatchSend:
    rows = BatchSend.objects.for_merchant(request.merchant).select_related(*RELATED, "author")
    found: BatchSend = get_object_or_404(rows, pk=send_id)
    return found


def address(name: str, batch: BatchSend) -> str:
    return reverse(name, args=[batch.merchant.slug, batch.pk])


def moved_on(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    """An act came too late: says which state the send is in now. Who only looked is led to its page."""
    if request.method != "POST":
        return redirect(request, address("send", batch))
    batch.control.refresh_from_db()
    word = send_word(batch.control.state, batch.control.pause_reason).word
    sentence = _("This send is now “%(state)s”, so this is no longer possible. Nothing was changed.")
    return not_done(request, batch, sentence % {"state": word})


def not_done(request: MerchantRequest, batch: BatchSend, sentence: str) -> HttpResponse:
    context = {"batch": batch, "sentence": sentence}
    return invalid(request, "messaging/sends/refusal.html", "messaging/sends/_refusal.html", context)
