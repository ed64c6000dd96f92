"""The merchants a service provider works for: may it act, what is online, what leaves soon, what is stuck."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, provider_page
from console.lists import numbered_page
from merchants import providers
from merchants.models import MiniProgram
from messaging.provider_reports import overview

SIGNS: Mapping[str, tuple[str | Promise, str]] = {
    "own_key": (_("Signs with its own key"), ""),
    "authorised": (_("Authorised"), "tag-ok"),
    "waiting": (_("Not authorised yet"), "tag-warn"),
    "lost": (_("Authorisation lost"), "tag-bad"),
}


@require_safe
@provider_page("provider.view")
def merchants(request: MerchantRequest) -> HttpResponse:
    page = numbered_page(request, providers.mini_programs_of(request.merchant))
    rows = [(one, SIGNS[sign_of(one.mini_program)]) for one in overview(list(page), at=timezone.now())]
    return render(request, "providers/merchants.html", {"page": page, "rows": rows})


def sign_of(mini_program: MiniProgram) -> str:
    if mini_program.provider_app_id is None:
        return "own_key"
    if not mini_program.app_auth_token_sealed:
        return "waiting"
    return "lost" if mini_program.app_auth_refusal else "authorised"
