"""A coupon is designed: the two families explained, the form with the customer's view, drafts."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console import focus
from console.access import MerchantRequest, merchant_page
from console.coupons import advice_words, words
from console.coupons.forms import CouponForm, initial_of
from console.coupons.lookup import address, coupon_of, not_done
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.forms import token
from coupons import designing
from coupons.models import Coupon
from coupons.models.coupon import CouponState, Family, Kind, Period, Rounding, Scope, Validity
from coupons.terms import BEIJING

PAGE, FORM, PREVIEW = "coupons/form.html", "coupons/_form.html", "coupons/_preview.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.design")
def coupon_new(request: MerchantRequest) -> HttpResponse:
    """Without `?family=` the two families are explained first."""
    family = request.GET.get("family", "")
    if request.mini_program is None or family not in Family.values:
        return render(request, "coupons/guide.html", {"has_mini_program": request.mini_program is not None})
    if request.method != "POST":
        form = _form(request, family, initial=_fresh())
        return answer(request, PAGE, FORM, _context(form, form_token=str(uuid.uuid4())))
    form, form_token = _form(request, family, data=request.POST), token(request.POST.get("form_token", ""))
    if form_token is None or not form.is_valid():
        focus.on_first_problem(form)
        return invalid(request, PAGE, FORM, _context(form, form_token=str(form_token or uuid.uuid4())))
    made = designing.create_draft(
        request.merchant,
        request.mini_program,
        form.columns,
        stores=form.chosen_stores,
        by=request.user,
        form_token=form_token,
    )
    toast(request, _("Saved as a draft. Nobody can see it yet."))
    return redirect(request, address("coupon", made))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.design")
def coupon_edit(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    if coupon.state != CouponState.DRAFT:
        return not_done(
            request, coupon, _("It was handed to the platform, so it cannot be changed any more.")
        )
    if request.method != "POST":
        form = _form(request, coupon.family, initial=initial_of(coupon))
        return answer(request, PAGE, FORM, _context(form, coupon=coupon, version=coupon.version))
    form, version = _form(request, coupon.family, data=request.POST), version_of(request)
    if not form.is_valid():
        focus.on_first_problem(form)
        return invalid(request, PAGE, FORM, _context(form, coupon=coupon, version=version))
    try:
        designing.update_draft(
            coupon, form.columns, stores=form.chosen_stores, version=version, by=request.user
        )
    except designing.DraftChanged:
        form.add_error(None, _changed())
        coupon = coupon_of(request, coupon_id)
        return invalid(request, PAGE, FORM, _context(form, coupon=coupon, version=coupon.version))
    toast(request, _("Saved."))
    return redirect(request, address("coupon", coupon))


@require_POST
@merchant_page("coupons.design")
def coupon_preview(request: MerchantRequest) -> HttpResponse:
    """The customer's view and the forecast of what the fields say. Changes nothing."""
    family = request.POST.get("family", "")
    form = _form(request, family if family in Family.values else Family.PAY.value, data=request.POST)
    form.is_valid()
    return render(request, PREVIEW, _picture(form))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.design")
def coupon_delete(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    if coupon.state != CouponState.DRAFT or coupon.operations:
        return not_done(request, coupon, _("Only a draft that the platform never heard of can be deleted."))
    if request.method != "POST":
        return answer(request, "coupons/delete.html", "coupons/_delete_form.html", {"coupon": coupon})
    try:
        designing.delete_draft(coupon, version=version_of(request), by=request.user)
    except designing.DraftChanged:
        return not_done(request, coupon, _changed())
    toast(request, _("Deleted. The platform never knew of it."))
    return redirect(request, "coupons", merchant=request.merchant.slug)


def _changed() -> str:
    return _("Somebody saved it meanwhile. What you typed stands here still; save again to replace theirs.")


def _form(request: MerchantRequest, family: str, *, data: Any = None, initial: Any = None) -> CouponForm:
    return CouponForm(data, merchant=request.merchant, family=family, initial=initial)


def version_of(request: MerchantRequest) -> int:
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1


def _fresh() -> dict[str, Any]:
    """Safe to begin with: 30 days, one a person, a week to use it."""
    tomorrow = (timezone.now() + timedelta(days=1)).astimezone(BEIJING).date()
    begins = datetime.combine(tomorrow, time(0), tzinfo=BEIJING)
    return {
        "kind": Kind.REDUCTION,
        "scope": Scope.ALL,
        "publish_from": begins,
        "publish_until": begins + timedelta(days=30),
        "validity": Validity.RELATIVE,
        "valid_days": 7,
        "wait_days": 0,
        "rounding": Rounding.FORWARD,
        "per_person": 1,
        "per_person_period": Period.LIFE,
        "max_uses": 1,
    }


def _context(form: CouponForm, *, coupon: Coupon | None = None, **more: Any) -> dict[str, Any]:
    return {"form": form, "coupon": coupon, "family": form.family, **_picture(form), **more}


def _picture(form: CouponForm) -> dict[str, Any]:
    if not form.is_bound:
        shown = CouponForm(_as_typed(form), merchant=form.merchant, family=form.family)
        shown.is_valid()
        form = shown
    likeness = form.likeness
    return {
        "ticket": words.ticket(likeness, tuple(one.name for one in form.chosen_stores)),
        "forecast": designing.forecast(likeness) if likeness.stock else None,
        "stock": likeness.stock,
        "advice": advice_words.lines(likeness),
    }


def _as_typed(form: CouponForm) -> dict[str, Any]:
    """What a browser would post of the form as it stands."""
    return {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
