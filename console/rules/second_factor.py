"""The owner's switch: each launch asks for a code of the person's app."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console import second_factor
from console.access import MerchantRequest, merchant_page
from console.htmx import redirect, toast
from console.rules.views import page
from merchants.second_factor import ask_at_launch

WANTED = {"on": True, "off": False}


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("rules.edit")
def rules_second_factor(request: MerchantRequest) -> HttpResponse:
    """Turning it off asks for a code too: else an open browser could take the lock away and then launch.

    Looked at, it leads to the rules: so does the way back from setting up a second factor.
    """
    if request.method != "POST":
        return redirect(request, "rules", merchant=request.merchant.slug)
    wanted = WANTED.get(request.POST.get("wanted", ""))
    if wanted is None:
        raise BadRequest(_("This form is incomplete. Reload the page and try again."))
    if not wanted and not second_factor.passes(request):
        return page(request, status=422)
    if ask_at_launch(request.merchant, wanted, by=request.user):
        on, off = _("From now on each launch asks for a code."), _("Launches no longer ask for a code.")
        toast(request, on if wanted else off)
    return redirect(request, "rules", merchant=request.merchant.slug)
