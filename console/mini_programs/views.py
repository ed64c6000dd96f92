"""Mini programs: what they are, by which key they sign (never the key), and the emergency stop."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import redirect, toast
from console.messaging.sends import pauses
from merchants import credentials
from merchants.models import MiniProgram
from merchants.numbers import is_number
from messaging import under_way
from messaging.engine import control
from messaging.models import BatchSend


@dataclass(frozen=True)
class Card:
    """`trouble`: what is wrong with the keys, then both fingerprints are empty, or with the authorisation."""

    mini_program: MiniProgram
    key_fingerprint: str = ""
    alipay_fingerprint: str = ""
    trouble: str = ""


@require_safe
@merchant_page("mini_programs.view")
def mini_programs(request: MerchantRequest) -> HttpResponse:
    own = MiniProgram.objects.for_merchant(request.merchant).order_by("created_at", "pk")
    return render(request, "mini_programs/list.html", {"cards": [card_of(one) for one in own]})


def card_of(mini_program: MiniProgram) -> Card:
    try:
        return Card(
            mini_program,
            credentials.fingerprint(mini_program),
            credentials.alipay_fingerprint(mini_program),
            credentials.authorisation_trouble(mini_program),
        )
    except credentials.GatewayNotConfigured as trouble:
        return Card(mini_program, trouble=str(trouble))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.brake")
def mini_program_stop(request: MerchantRequest, pk: int) -> HttpResponse:
    """Looking shows what it would stop. `send` names the send whose page one came from."""
    found = get_object_or_404(MiniProgram.objects.for_merchant(request.merchant), pk=pk)
    back_to = _send_of(found, request.POST.get("send") or request.GET.get("send", ""))
    back = _back(request, back_to)
    if request.method != "POST":
        sums = under_way.of_mini_program(found)
        context = {"mini_program": found, "under_way": sums, "back_to": back_to, "back": back}
        return render(request, "mini_programs/stop.html", context)
    if control.stop_mini_program(found, by=request.user, at=timezone.now()):
        told = _("Stopped. Nothing leaves for this mini program until it is released.")
        toast(request, f"{told} {pauses.sums(under_way.of_mini_program(found))}")
    return redirect(request, back)


@require_POST
@merchant_page("sends.brake")
def mini_program_release(request: MerchantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(MiniProgram.objects.for_merchant(request.merchant), pk=pk)
    if control.release_mini_program(found, by=request.user):
        toast(request, _("Released. Sends that were under way go on."))
    return redirect(request, _back(request, _send_of(found, request.POST.get("send", ""))))


def _send_of(mini_program: MiniProgram, key: str) -> BatchSend | None:
    rows = BatchSend.objects.for_merchant(mini_program.merchant).filter(mini_program=mini_program)
    return rows.filter(pk=int(key)).first() if is_number(key) else None


def _back(request: MerchantRequest, send: BatchSend | None) -> str:
    if send is None:
        return reverse("mini_programs", args=[request.merchant.slug])
    return reverse("send", args=[request.merchant.slug, send.pk])
