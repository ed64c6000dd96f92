"""Mini programs: what they are, by which key they sign (never the key), and the emergency stop."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import redirect, toast
from merchants import credentials
from merchants.models import MiniProgram
from messaging.engine import control


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


@require_POST
@merchant_page("sends.brake")
def mini_program_stop(request: MerchantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(MiniProgram.objects.for_merchant(request.merchant), pk=pk)
    if control.stop_mini_program(found, by=request.user, at=timezone.now()):
        toast(request, _("Stopped. Nothing leaves for this mini program until it is released."))
    return redirect(request, "mini_programs", merchant=request.merchant.slug)


@require_POST
@merchant_page("sends.brake")
def mini_program_release(request: MerchantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(MiniProgram.objects.for_merchant(request.merchant), pk=pk)
    if control.release_mini_program(found, by=request.user):
        toast(request, _("Released. Sends that were under way go on."))
    return redirect(request, "mini_programs", merchant=request.merchant.slug)
