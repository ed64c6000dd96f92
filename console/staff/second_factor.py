"""An owner resets the second factor of a colleague who lost app and recovery codes."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import redirect, toast
from merchants.models import Staff
from merchants.second_factor import CodeRefused, factor_of, reset


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("staff.edit")
def staff_factor(request: MerchantRequest, seat_id: int) -> HttpResponse:
    """Not one's own: that one is turned off with a code, on the person's own page."""
    seats = Staff.objects.for_merchant(request.merchant).select_related("user")
    seat = get_object_or_404(seats, pk=seat_id)
    if seat.user_id == request.user.pk:
        raise Http404("one's own")
    if request.method != "POST":
        return render(request, "staff/second_factor.html", {"seat": seat, "factor": factor_of(seat.user)})
    try:
        reset(seat.user, by=request.user)
        words = _("Reset. %(person)s is signed out and sets up a second factor anew.")
        toast(request, words % {"person": seat.user})
    except CodeRefused:
        pass  # somebody was faster, or it was turned off: the list shows it
    return redirect(request, "staff", merchant=request.merchant.slug)
