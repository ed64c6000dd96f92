"""The merchant's limits against abuse of coupons: what is watched, and what is refused."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.coupons.limit_forms import LimitsForm
from console.htmx import invalid, redirect, toast
from coupons.alerting import FEW
from coupons.limits import Limits, LimitsChanged, limits_of, save

PAGE, FORM = "coupons/limits.html", "coupons/_limits_form.html"


@require_safe
@merchant_page("coupons.view")
def coupon_limits(request: MerchantRequest) -> HttpResponse:
    found, version = limits_of(request.merchant.pk)
    form = LimitsForm(initial={**asdict(found), "version": version})
    return render(request, PAGE, _context(request, form, found, version))


@require_POST
@merchant_page("coupons.limits")
def coupon_limits_save(request: MerchantRequest) -> HttpResponse:
    form = LimitsForm(request.POST)
    if form.is_valid():
        try:
            if save(request.merchant, form.limits, version=form.seen_version, by=request.user):
                toast(request, _("Saved. It holds from now on."))
            return redirect(request, "coupon_limits", merchant=request.merchant.slug)
        except LimitsChanged:
            form = _anew(request, form)
    else:
        focus.on_first_problem(form)
    return invalid(request, PAGE, FORM, _context(request, form, *limits_of(request.merchant.pk)))


def _context(request: MerchantRequest, form: LimitsForm, found: Limits, version: int) -> dict[str, Any]:
    return {"form": form, "facts": facts_of(found), "is_usual": not version, "few": FEW}


def facts_of(found: Limits) -> list[tuple[str, str]]:
    """Each limit and what it is set to."""
    off = _("off")
    share = f"{found.hour_percent}%" if found.hour_percent else off
    return [
        (_("Claims of one person in 24 hours"), f"{found.claims or off}"),
        (_("Stock of a coupon in one hour"), share),
        (_("Coupons given to one person a day"), f"{found.grants or off}"),
        (_("Uses of one person a day"), f"{found.uses or off}"),
    ]


def _anew(request: MerchantRequest, form: LimitsForm) -> LimitsForm:
    """What was typed, over the limits of now: saving again replaces what somebody else saved."""
    found, version = limits_of(request.merchant.pk)
    again = LimitsForm({**asdict(form.limits), "version": version})
    again.is_valid()
    words = _(
        "Somebody saved other limits meanwhile (%(limits)s). Yours are still in the fields; save again to"
        " replace theirs."
    )
    told = pgettext("between items of a list", ", ").join(
        f"{name} {value}" for name, value in facts_of(found)
    )
    again.add_error(None, words % {"limits": told})
    return again
