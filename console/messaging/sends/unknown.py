"""Outcomes nobody can be certain of, and the two honest choices: treat as sent, or send again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.lists import keyset_page
from console.messaging.sends.forms import CountForm
from console.messaging.sends.lookup import address, moved_on, not_done, send_of
from console.messaging.sends.words import reason_words
from messaging import reports
from messaging.engine import decisions
from messaging.models import BatchSend

PER_PAGE = 100
PAGE, PARTIAL = "messaging/sends/again.html", "messaging/sends/_again_form.html"


@require_safe
@merchant_page("deliveries.view")
def send_unknown(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    figures = reports.send_figures(batch.control, at=timezone.now())
    rows = reports.deliveries(batch.control, undecided=True)
    keyset = keyset_page(request, rows, per_page=PER_PAGE)
    context = {
        "batch": batch,
        "figures": figures,
        "keyset": keyset,
        "rows": [(row, reason_words("unknown", row.reason)) for row in keyset.rows],
    }
    return render(request, "messaging/sends/unknown.html", context)


@require_POST
@merchant_page("unknown.decide")
def send_treat(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    chosen = _chosen(request.POST)
    if chosen == []:
        return _nobody_ticked(request, batch)
    if chosen is None and _confirmed(request.POST) != (undecided := _how_many(batch, None, "")):
        return not_done(request, batch, _count_changed(undecided))
    n = decisions.treat_as_sent(batch.control, delivery_ids=chosen, by=request.user, at=timezone.now())
    words = ngettext("%(n)s treated as sent.", "%(n)s treated as sent.", n)
    toast(request, words % {"n": f"{n:,}"})
    return redirect(request, address("send", batch))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("unknown.decide")
def send_again(request: MerchantRequest, send_id: int) -> HttpResponse:
    """GET, or a POST of ticked rows with `ask`, restates and asks; POST sends again.

    `?reason=` names a group of refused people instead.
    """
    batch = send_of(request, send_id)
    given = request.POST if request.method == "POST" else request.GET
    reason = given.get("reason", "")
    chosen = None if reason else _chosen(given)
    if chosen == []:
        return _nobody_ticked(request, batch)
    people = _how_many(batch, chosen, reason)
    is_asking = request.method != "POST" or "ask" in given
    form = CountForm(None if is_asking else request.POST, people=people)
    has_changed = not is_asking and chosen is None and people != _confirmed(given)
    if is_asking or not people or has_changed or not form.is_valid():
        respond = answer if is_asking else invalid
        context = _context(batch, form, chosen, reason) | {"has_changed": has_changed and people}
        return respond(request, PAGE, PARTIAL, context)
    try:
        n = decisions.send_again(
            batch.control,
            delivery_ids=chosen,
            by=request.user,
            at=timezone.now(),
            states=("refused",) if reason else ("unknown",),
            reason=reason,
        )
    except decisions.NothingToSendAgain:
        return moved_on(request, batch)
    words = ngettext("%(n)s person is written to again.", "%(n)s people are written to again.", n)
    toast(request, words % {"n": f"{n:,}"})
    return redirect(request, address("send", batch))


def _chosen(given: QueryDict) -> list[int] | None:
    """Ticked rows; None for all of them."""
    if given.get("all"):
        return None
    return [
        int(one)
        for one in given.getlist("id")[:PER_PAGE]
        if one.isascii() and one.isdigit() and len(one) < 19
    ]


def _confirmed(given: QueryDict) -> int | None:
    """How many people the page named that was confirmed; None where it named none."""
    count = given.get("count") or given.get("all", "")
    return int(count) if count.isascii() and count.isdigit() and len(count) < 19 else None


def _count_changed(people: int) -> str:
    words = ngettext(
        "Meanwhile it is %(n)s person. Nothing was changed; look at them, then decide again.",
        "Meanwhile they are %(n)s people. Nothing was changed; look at them, then decide again.",
        people,
    )
    return words % {"n": f"{people:,}"}


def _how_many(batch: BatchSend, chosen: list[int] | None, reason: str) -> int:
    if chosen is not None:
        return reports.deliveries(batch.control, undecided=True).filter(id__in=chosen).count()
    figures = reports.send_figures(batch.control, at=timezone.now())
    if reason:
        return next((row.n for row in figures.refused_rows if row.reason == reason), 0)
    return figures.undecided


def _context(batch: BatchSend, form: CountForm, chosen: list[int] | None, reason: str) -> dict[str, Any]:
    return {
        "batch": batch,
        "form": form,
        "people": form.expected,
        "chosen": chosen or [],
        "reason": reason,
        "reason_words": reason_words("refused", reason),
    }


def _nobody_ticked(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    return not_done(request, batch, _("Nobody was ticked. Tick rows, or choose all."))
