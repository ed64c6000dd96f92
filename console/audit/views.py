"""Who did what, and when."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.audit.forms import AuditFilter
from console.audit.log import log_page
from merchants.models import Event


@require_safe
@merchant_page("audit.view")
def audit(request: MerchantRequest) -> HttpResponse:
    filters = AuditFilter(request.merchant, request.GET)
    rows = filters.narrow(Event.objects.for_merchant(request.merchant))
    page = log_page(rows, before=request.GET.get("before", ""))
    return render(request, "audit/list.html", {"filters": filters, "page": page})
