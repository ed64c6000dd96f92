"""What every page of a crowd send begins with, and how it answers when the send has moved on meanwhile."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from console.access import MerchantRequest, show_mini_program
from console.htmx import invalid, redirect
from console.states import word_of
from messaging.models import CrowdSend

RELATED = ("merchant", "mini_program", "template", "author", "decided_by")


def crowd_of(request: MerchantRequest, crowd_id: int) -> CrowdSend:
    """The header then names its mini program. Raises Http404, for another merchant's too."""
    rows = CrowdSend.objects.for_merchant(request.merchant).select_related(*RELATED)
    found: CrowdSend = get_object_or_404(rows, pk=crowd_id)
    show_mini_program(request, found.mini_program)
    return found


def address(name: str, crowd: CrowdSend) -> str:
    return reverse(name, args=[crowd.merchant.slug, crowd.pk])


def moved_on(request: MerchantRequest, crowd: CrowdSend) -> HttpResponse:
    """An act came too late: says what it is now. Who only looked is led to its page."""
    if request.method != "POST":
        return redirect(request, address("crowd", crowd))
    crowd.refresh_from_db()
    words = _("This crowd send is now “%(state)s”, so this is no longer possible. Nothing was changed.")
    context = {"crowd": crowd, "sentence": words % {"state": word_of("crowd", crowd.state).word}}
    return invalid(request, "messaging/crowds/refusal.html", "messaging/crowds/_refusal.html", context)
