"""Expected, actual, difference: the record behind the seal."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.lists import numbered_page
from console.reconciliation.checks import lines_of
from messaging import reports


@require_safe
@merchant_page("reconciliation.view")
def reconciliation(request: MerchantRequest) -> HttpResponse:
    page = numbered_page(request, reports.reconciliation(request.merchant), per_page=20)
    context = {
        "page": page,
        "sends": [(control, lines_of(control)) for control in page.object_list],
        "seal": reports.seal(request.merchant, at=timezone.now()),
    }
    return render(request, "reconciliation/list.html", context)
