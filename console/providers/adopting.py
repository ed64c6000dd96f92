"""Adopting one library template for many merchants, and what became of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from console.access import MerchantRequest, provider_page
from console.htmx import answer, invalid, poll_seconds, redirect
from console.providers.forms import AdoptForManyForm
from merchants import providers
from merchants.models import MiniProgram
from merchants.numbers import is_number
from messaging.consent import jointly
from messaging.consent.jointly import Offer

PAGE, FORM = "providers/adopt.html", "providers/_adopt_form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@provider_page("provider.act")
def adopt(request: MerchantRequest) -> HttpResponse:
    """The template stands in the address; it decides which keywords there are."""
    mini_programs = list(providers.mini_programs_of(request.merchant))
    offers = jointly.offers(mini_programs)
    offer = _chosen(offers, request.GET.get("template", ""))
    context: dict[str, Any] = {"offers": offers, "offer": offer, "form": None}
    if offer is None:
        return answer(request, PAGE, FORM, context)
    posted = request.method == "POST"
    form = AdoptForManyForm(offer, mini_programs, request.POST if posted else None)
    context["form"] = form
    if posted and form.is_valid():
        return _adopt(request, offer, form)
    return (invalid if posted else answer)(request, PAGE, FORM, context)


def _chosen(offers: list[Offer], key: str) -> Offer | None:
    return next((offer for offer in offers if offer.key == key), None)


def _adopt(request: MerchantRequest, offer: Offer, form: AdoptForManyForm) -> HttpResponse:
    chosen, token = form.mini_programs, form.cleaned_data["form_token"]
    jointly.adopt_for(
        chosen, offer=offer, keywords=form.cleaned_data["keywords"], by=request.user, form_token=token
    )
    kwargs = {"merchant": request.merchant.slug, "form_token": token}
    query = urlencode({"template": offer.key, "app": [one.pk for one in chosen]}, doseq=True)
    return redirect(request, f"{reverse('provider_adopted', kwargs=kwargs)}?{query}")


@require_safe
@provider_page("provider.act")
def adopted(request: MerchantRequest, form_token: UUID) -> HttpResponse:
    """One row for each merchant that was asked for; again while the platform decides."""
    offers = jointly.offers(list(providers.mini_programs_of(request.merchant)))
    offer = _chosen(offers, request.GET.get("template", ""))
    if offer is None:
        raise Http404("no such template")
    rows = jointly.adoptions(_asked(request), offer=offer, form_token=form_token)
    waiting = [
        row.template for row in rows if row.template and row.template.state in {"submitting", "applied"}
    ]
    context = {
        "offer": offer,
        "rows": rows,
        "made": sum(row.template is not None for row in rows),
        "is_waiting": bool(waiting),
        "poll_seconds": poll_seconds(waiting[0].applied_at if waiting else None, at=timezone.now()),
    }
    return answer(request, "providers/adopted.html", "providers/_adopted.html", context)


def _asked(request: MerchantRequest) -> list[MiniProgram]:
    wanted = {int(pk) for pk in request.GET.getlist("app") if is_number(pk)}
    return list(providers.mini_programs_of(request.merchant).filter(pk__in=wanted))
