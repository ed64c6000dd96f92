"""What every page of a send begins with, and how it answers when the send has moved on meanwhile."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from console.access import MerchantRequest, show_mini_program
from console.htmx import invalid, redirect, toast
from console.messaging.sends.moves import last_move
from console.states import send_word
from messaging.models import BatchSend

RELATED = (
    "control__merchant",
    "control__mini_program",
    "mini_program",
    "merchant",
    "template",
    "people_list",
    "coupon__merchant",
    "control__placement",
)


def send_of(request: MerchantRequest, send_id: int) -> BatchSend:
    """The header then names its mini program. Raises Http404, for another merchant's too."""
    rows = BatchSend.objects.for_merchant(request.merchant).select_related(*RELATED, "author")
    found: BatchSend = get_object_or_404(rows, pk=send_id)
    show_mini_program(request, found.mini_program)
    return found


def made_by(request: MerchantRequest, *, form_token: uuid.UUID | None) -> BatchSend | None:
    """What this very form made before."""
    rows = BatchSend.objects.for_merchant(request.merchant).select_related(*RELATED, "author")
    found: BatchSend | None = rows.filter(form_token=form_token).first() if form_token else None
    return found


def address(name: str, batch: BatchSend) -> str:
    return reverse(name, args=[batch.merchant.slug, batch.pk])


def moved_on(
    request: MerchantRequest,
    batch: BatchSend,
    *,
    same: str = "",
    version: int | None = None,
    to: str = "send",
) -> HttpResponse:
    """An act came too late: says which state the send is in now, and who moved it there.

    Who only looked is led to its page. So is who did the very same a moment ago (`same`: the kind of event it
    writes; `version`: the draft's), by a second click, another tab or the way back: `to` names the page.
    """
    if request.method != "POST":
        return redirect(request, address("send", batch))
    batch.control.refresh_from_db()
    last = last_move(batch.control)
    is_same = last is not None and last.kind == same and last.by == request.user
    if last and is_same and (version is None or last.detail.get("version") == version):
        toast(request, last.told_to_oneself)
        return redirect(request, address(to, batch))
    word = send_word(batch.control.state, batch.control.pause_reason).word
    sentence = _("This send is now “%(state)s”, so this is no longer possible. Nothing was changed.")
    told = [sentence % {"state": word}, last.told if last else ""]
    return not_done(request, batch, " ".join(part for part in told if part))


def not_done(
    request: MerchantRequest, batch: BatchSend, sentence: str, *, back: str = "send"
) -> HttpResponse:
    """`back` names the page its button leads to: the send, or where unknown outcomes are decided."""
    context = {"batch": batch, "sentence": sentence, "back": back, "back_address": address(back, batch)}
    return invalid(request, "messaging/sends/refusal.html", "messaging/sends/_refusal.html", context)
