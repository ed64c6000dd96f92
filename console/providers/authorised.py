"""The merchant's side: which service providers may work for it, since when; letting one in, and ending it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.providers.forms import GrantForm
from merchants import providers as rights
from merchants.models import ProviderApp, ProviderAuthorisation

PAGE, FORM = "providers/authorised.html", "providers/_grant_form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("provider.authorise")
def providers(request: MerchantRequest) -> HttpResponse:
    posted = request.method == "POST"
    form = GrantForm(request.POST if posted else None)
    if posted and form.is_valid():
        try:
            row = rights.grant(
                merchant=request.merchant, provider_app_id=form.cleaned_data["app_id"], by=request.user
            )
        except rights.GrantRefused as refused:
            form.add_error("app_id", str(refused))
        else:
            words = _("%(name)s may work for this merchant from now on.")
            toast(request, words % {"name": row.provider.name})
            return redirect(request, "authorised_providers", merchant=request.merchant.slug)
    rows = ProviderAuthorisation.objects.for_merchant(request.merchant).filter(revoked_at=None)
    context = {
        "rows": rows.select_related("provider", "granted_by").order_by("granted_at", "pk"),
        "apps": ProviderApp.objects.for_merchant(request.merchant).order_by("pk"),
        "form": form,
    }
    return (invalid if posted else answer)(request, PAGE, FORM, context)


@require_POST
@merchant_page("provider.authorise")
def end(request: MerchantRequest, pk: int) -> HttpResponse:
    rows = ProviderAuthorisation.objects.for_merchant(request.merchant).select_related("merchant", "provider")
    row = get_object_or_404(rows, pk=pk)
    if rights.revoke(row, by=request.user, at=timezone.now()):
        toast(
            request,
            _("Ended. The people of %(name)s see nothing here any more.") % {"name": row.provider.name},
        )
    return redirect(request, "authorised_providers", merchant=request.merchant.slug)
