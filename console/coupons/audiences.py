"""A list of those who used a coupon, or have not yet: see how many, name it, make it, write to them."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from console import focus
from console.access import MerchantRequest, merchant_page
from console.coupons.lookup import coupon_of
from console.htmx import answer, invalid
from console.membership.forms import NAME_CHARACTERS, PURPOSE_CHARACTERS, ConsentForm
from console.membership.views import to_list
from coupons import audiences
from coupons.audiences import Who

PAGE, FORM = "coupons/audience.html", "coupons/_audience_form.html"
WORDS = {Who.USED: _("Used it"), Who.UNUSED: _("Hold it and have not used it")}


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("lists.upload")
def coupon_audience(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    """?who= in the address chooses; the form posts back to the same address."""
    coupon = coupon_of(request, coupon_id)
    who = Who(request.GET["who"]) if request.GET.get("who") in set(Who) else Who.USED
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("name", "purpose", "form_token")}
        return to_list(request, audiences.make_list(coupon, who, **given, by=request.user))
    if form.is_bound:
        focus.on_first_problem(form)
    context = {
        "coupon": coupon,
        "who": who.value,
        "choices": [(one.value, words) for one, words in WORDS.items()],
        "form": form,
        "reach": audiences.reach(coupon, who, at=timezone.now()),
        "name_limit": NAME_CHARACTERS,
        "purpose_limit": PURPOSE_CHARACTERS,
    }
    respond = invalid if request.method == "POST" else answer
    return respond(request, PAGE, FORM, context)
