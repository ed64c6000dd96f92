"""The merchant's own sending rules: how many messages one person may get, and when nothing leaves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.coupons.words import yuan
from console.htmx import invalid, redirect, toast
from console.messaging.sends.words import zone_words
from console.rules.forms import RulesForm
from console.rules.launchers import launchers_of
from messaging.sends.rules import Rules, RulesChanged, rules_of, save

PAGE, FORM = "rules/rules.html", "rules/_rules_form.html"


@require_safe
@merchant_page("rules.view")
def rules(request: MerchantRequest) -> HttpResponse:
    return page(request)


def page(request: MerchantRequest, *, status: int = 200) -> HttpResponse:
    found, version = rules_of(request.merchant)
    form = RulesForm(initial={**asdict(found), "version": version})
    return render(request, PAGE, _context(request, found, form), status=status)


@require_POST
@merchant_page("rules.edit")
def rules_save(request: MerchantRequest) -> HttpResponse:
    form = RulesForm(request.POST)
    if form.is_valid():
        try:
            if save(request.merchant, form.rules, version=form.seen_version, by=request.user):
                toast(request, _("Saved. It holds from now on, also for sends that are going out."))
            return redirect(request, "rules", merchant=request.merchant.slug)
        except RulesChanged:
            form = _anew(request, form)
    else:
        focus.on_first_problem(form)
    found, _version = rules_of(request.merchant)
    return invalid(request, PAGE, FORM, _context(request, found, form))


def _context(request: MerchantRequest, found: Rules, form: RulesForm) -> dict[str, Any]:
    return {
        "facts": facts_of(found),
        "form": form,
        "zone": zone_words(request.merchant.time_zone),
        "launchers": launchers_of(request.merchant),
    }


def facts_of(found: Rules) -> list[tuple[str, str]]:
    """Each rule and what it is set to."""
    no_limit = _("no limit")
    hours = _("none")
    if found.quiet_from and found.quiet_to:
        hours = f"{found.quiet_from:%H:%M}–{found.quiet_to:%H:%M}"
    return [
        (_("Most messages a day"), str(found.cap_day or no_limit)),
        (_("Most messages a week"), str(found.cap_week or no_limit)),
        (_("Quiet hours"), hours),
        (_("Approval above"), _people(found.approve_above)),
        (_("Approval above, for coupons"), _cost(found.approve_above_fen)),
    ]


def _people(limit: int | None) -> str:
    if limit is None:
        return _("never")
    return ngettext("%(n)s person", "%(n)s people", limit) % {"n": f"{limit:,}"}


def _cost(limit_fen: int | None) -> str:
    return _("never") if limit_fen is None else _("¥%(n)s") % {"n": yuan(limit_fen)}


def _anew(request: MerchantRequest, form: RulesForm) -> RulesForm:
    """What was typed, over the rules of now: saving again replaces what somebody else saved."""
    found, version = rules_of(request.merchant)
    again = RulesForm({**asdict(form.rules), "version": version})
    again.is_valid()
    words = _(
        "Somebody saved other rules meanwhile (%(rules)s). Yours are still in the fields; save again to"
        " replace theirs."
    )
    told = pgettext("between items of a list", ", ").join(
        f"{name} {value}" for name, value in facts_of(found)
    )
    again.add_error(None, words % {"rules": told})
    return again
