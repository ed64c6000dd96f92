"""One coupon to one person, from the coupon's side or the person's; and what nobody knows, decided."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console import focus, second_factor
from console.access import MerchantRequest, merchant_page, show_mini_program
from console.coupons.giving_forms import ChooseCouponForm, GiveForm
from console.coupons.giving_words import told
from console.coupons.lookup import coupon_of
from console.htmx import answer, invalid, redirect, toast
from coupons import giving, held_answers, run_reports
from coupons.models import Coupon, CouponGrant
from membership.models import Customer

GIVE, GIVE_FORM = "coupons/give.html", "coupons/_give_form.html"
PERSON, PERSON_FORM = "coupons/give_person.html", "coupons/_give_person_form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.issue")
def coupon_give(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    data = request.POST if request.method == "POST" else None
    form = GiveForm(data, merchant=request.merchant, mini_program=coupon.mini_program)
    context: dict[str, Any] = {
        "coupon": coupon,
        "form": form,
        "left": run_reports.left_of(coupon),
        "hindrance": _hindrance(coupon),
    }
    if request.method != "POST":
        return answer(request, GIVE, GIVE_FORM, context)
    if not form.is_valid() or form.found is None or not second_factor.passes(request):
        focus.on_first_problem(form)
        return invalid(request, GIVE, GIVE_FORM, context)
    return _give(request, form, coupon, form.found) or invalid(request, GIVE, GIVE_FORM, context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.issue")
def person_give(request: MerchantRequest, customer_id: int) -> HttpResponse:
    rows = Customer.objects.for_merchant(request.merchant).select_related("mini_program", "merchant")
    customer = get_object_or_404(rows, pk=customer_id)
    show_mini_program(request, customer.mini_program)
    form = ChooseCouponForm(request.POST if request.method == "POST" else None, customer=customer)
    context: dict[str, Any] = {"customer": customer, "form": form}
    if request.method != "POST":
        return answer(request, PERSON, PERSON_FORM, context)
    if not form.is_valid() or not second_factor.passes(request):
        focus.on_first_problem(form)
        return invalid(request, PERSON, PERSON_FORM, context)
    given = _give(request, form, form.cleaned_data["coupon"], customer)
    return given or invalid(request, PERSON, PERSON_FORM, context)


def _give(request: MerchantRequest, form: Any, coupon: Coupon, customer: Customer) -> HttpResponse | None:
    """None: it is not possible, and the form says why."""
    token = form.cleaned_data["form_token"]
    try:
        giving.give(coupon, customer, by=request.user, form_token=token, at=timezone.now())
    except giving.NotPossible as refused:
        form.add_error(None, told(refused.why))
        return None
    toast(request, _("On its way. The platform answers within seconds; the outcome stands here."))
    return redirect(request, "person", merchant=request.merchant.slug, customer_id=customer.pk)


def _hindrance(coupon: Coupon) -> str:
    why = giving.hindrance(coupon, at=timezone.now())
    return told(why) if why else ""


@require_POST
@merchant_page("unknown.decide")
def coupon_grant_decide(request: MerchantRequest, grant_id: int) -> HttpResponse:
    """About an outcome nobody knows. The same choice twice changes nothing; the page shows what holds."""
    rows = CouponGrant.objects.for_merchant(request.merchant).select_related("coupon", "mini_program")
    grant = get_object_or_404(rows, pk=grant_id)
    choice = request.POST.get("choice", "")
    if choice == "again":
        if held_answers.give_again(grant, by=request.user):
            toast(request, _("It is given again under the same number; nobody gets a second one by that."))
    elif choice == "write_off":
        if held_answers.write_off(grant, by=request.user):
            toast(request, _("Written off. Its stock is free again."))
    else:
        return HttpResponseBadRequest("unknown choice")
    if grant.run_id is not None:
        return redirect(request, "coupon_run", merchant=request.merchant.slug, run_id=grant.run_id)
    return redirect(request, "person", merchant=request.merchant.slug, customer_id=grant.customer_id)
