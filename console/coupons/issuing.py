"""A coupon to everybody on a list: the list is chosen, all is restated, and confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from console import focus, second_factor
from console.access import MerchantRequest, merchant_page
from console.coupons.giving_forms import ChooseListForm, ready_lists
from console.coupons.giving_words import told
from console.coupons.lookup import coupon_of
from console.forms import CreateForm
from console.htmx import answer, invalid, redirect
from console.messaging.sends.forms import CountForm
from console.messaging.sends.words import span_words
from console.orders.rows import yuan
from coupons import giving, run_reports, runs, terms
from coupons.models import Coupon
from membership.models import PeopleList

PAGE, PARTIAL = "coupons/issue_confirm.html", "coupons/_issue_confirm.html"


class IssueForm(CountForm, CreateForm):
    """Confirms the number of people on the list."""


@require_safe
@merchant_page("coupons.issue")
def coupon_issue(request: MerchantRequest, coupon_id: int) -> HttpResponse:
    coupon = coupon_of(request, coupon_id)
    form = ChooseListForm(request.GET if "people_list" in request.GET else None, coupon=coupon)
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data["people_list"]
        names = {"coupon_id": coupon.pk, "list_id": chosen.pk}
        return redirect(request, "coupon_issue_confirm", merchant=request.merchant.slug, **names)
    focus.on_first_problem(form)
    context = {
        "coupon": coupon,
        "form": form,
        "left": run_reports.left_of(coupon),
        "has_lists": form.fields["people_list"].queryset.exists(),  # type: ignore[attr-defined]
        "hindrance": _hindrance(coupon, at=timezone.now()),
    }
    return answer(request, "coupons/issue.html", "coupons/_issue_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("coupons.issue")
def coupon_issue_confirm(request: MerchantRequest, coupon_id: int, list_id: int) -> HttpResponse:
    coupon, at = coupon_of(request, coupon_id), timezone.now()
    people_list = get_object_or_404(ready_lists(coupon), pk=list_id)
    form = IssueForm(request.POST if request.method == "POST" else None, people=people_list.count)
    context = _context(coupon, people_list, form, at=at)
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context)
    if context["problems"] or not form.is_valid() or not second_factor.passes(request):
        focus.on_first_problem(form)
        return invalid(request, PAGE, PARTIAL, context)
    token = form.cleaned_data["form_token"]
    try:
        run = runs.start(coupon, people_list, by=request.user, form_token=token, at=at)
    except giving.NotPossible as refused:
        form.add_error(None, told(refused.why))
        return invalid(request, PAGE, PARTIAL, context)
    return redirect(request, "coupon_run", merchant=request.merchant.slug, run_id=run.pk)


def _context(coupon: Coupon, people_list: PeopleList, form: forms.Form, *, at: datetime) -> dict[str, Any]:
    left, worth = run_reports.left_of(coupon), terms.worth_fen(coupon)
    return {
        "coupon": coupon,
        "people_list": people_list,
        "form": form,
        "left": left,
        "cost": yuan(worth * people_list.count * coupon.max_uses) if worth is not None else "",
        "problems": _problems(coupon, people_list, left=left, at=at),
        "undo_window": span_words(settings.COUPON_UNDO_SECONDS),
    }


def _problems(coupon: Coupon, people_list: PeopleList, *, left: int, at: datetime) -> list[str]:
    """What keeps it from being confirmed, each with its repair."""
    found = [one for one in [_hindrance(coupon, at=at)] if one]
    if not people_list.count:
        found.append(_("Nobody is on this list. Choose another one."))
    missing = people_list.count - left
    if missing > 0:
        words = ngettext(
            "Stock is short by %(n)s. Add stock first, or choose a shorter list.",
            "Stock is short by %(n)s. Add stock first, or choose a shorter list.",
            missing,
        )
        found.append(words % {"n": f"{missing:,}"})
    return found


def _hindrance(coupon: Coupon, *, at: datetime) -> str:
    why = giving.hindrance(coupon, at=at)
    return told(why) if why else ""
