"""Who has a seat at this merchant, with which role, and what each role may do."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.staff.rights import rights_table
from merchants.models import Staff
from merchants.roles import Role


@require_safe
@merchant_page("staff.view")
def staff(request: MerchantRequest) -> HttpResponse:
    seats = Staff.objects.for_merchant(request.merchant).select_related("user__second_factor")
    context = {"seats": seats.order_by("created_at", "pk"), "roles": Role.labels, "rights": rights_table()}
    return render(request, "staff/list.html", context)
