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
from console.messaging.sends.causes import CAUSES, groups_of
from console.messaging.sends.forms import CountForm
from console.messaging.sends.lookup import address, moved_on, not_done, send_of
from console.messaging.sends.words import reason_words
from messaging import reports
from messaging.engine import decisions
from messaging.models import BatchSend, UnknownCause

PER_PAGE = 100
PAGE, PARTIAL = "messaging/sends/again.html", "messaging/sends/_again_form.html"


@require_safe
@merchant_page("deliveries.view")
def send_unknown(request: MerchantRequest, send_id: int) -> HttpResponse:
    """`?cause=` shows the rows of one cause."""
    batch = send_of(request, send_id)
    figures = reports.send_figures(batch.control, at=timezone.now())
    cause = _cause(request.GET)
    rows = reports.deliveries(batch.control, decision="undecided", cause=cause)
    keyset = keyset_page(request, rows, per_page=PER_PAGE)
    context = {
        "batch": batch,
        "figures": figures,
        "groups": groups_of(figures),
        "cause": cause,
        "may_send_again": batch.control.state in decisions.MAY_GO_ON,
        "keyset": keyset,
        "rows": [(row, reason_words("unknown", row.reason)) for row in keyset.rows],
    }
    return render(request, "messaging/sends/unknown.html", context)


@require_POST
@merchant_page("unknown.decide")
def send_treat(request: MerchantRequest, send_id: int) -> HttpResponse:
    """Of ticked rows, or of all of a cause or of both, as many as the page said."""
    batch = send_of(request, send_id)
    chosen, cause = _chosen(request.POST), _cause(request.POST)
    if chosen == []:
        return _nobody_ticked(request, batch)
    confirmed = _confirmed(request.POST)
    if chosen is None and (confirmed is None or confirmed != _how_many(batch, None, cause=cause)):
        return _count_changed(request, batch, cause)
    try:
        n = decisions.treat_as_sent(
            batch.control,
            delivery_ids=chosen,
            by=request.user,
            at=timezone.now(),
            cause=cause if chosen is None else "",
            expected=confirmed if chosen is None else None,
        )
    except decisions.CountChanged:
        return _count_changed(request, batch, cause)
    words = ngettext("%(n)s treated as sent.", "%(n)s treated as sent.", n)
    toast(request, words % {"n": f"{n:,}"})
    figures = reports.send_figures(batch.control, at=timezone.now())
    return redirect(request, address("send_unknown" if figures.undecided else "send", batch))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("unknown.decide")
def send_again(request: MerchantRequest, send_id: int) -> HttpResponse:
    """GET, or a POST of ticked rows with `ask`, restates and asks; POST sends again.

    `reason` names a group of refused people instead, `cause` one of the unknown.
    """
    batch = send_of(request, send_id)
    given = request.POST if request.method == "POST" else request.GET
    reason, cause = given.get("reason", ""), _cause(given)
    chosen = None if reason else _chosen(given)
    if chosen == []:
        return _nobody_ticked(request, batch)
    people = _how_many(batch, chosen, reason=reason, cause=cause)
    is_asking = request.method != "POST" or "ask" in given
    form = CountForm(None if is_asking else request.POST, people=people)
    has_changed = not is_asking and chosen is None and people != _confirmed(given)
    context = _context(batch, form, chosen, reason=reason, cause=cause)
    if is_asking or not people or has_changed or not form.is_valid():
        respond = answer if is_asking else invalid
        return respond(request, PAGE, PARTIAL, context | {"has_changed": has_changed and people})
    try:
        n = decisions.send_again(
            batch.control,
            delivery_ids=chosen,
            by=request.user,
            at=timezone.now(),
            states=("refused",) if reason else ("unknown",),
            reason=reason,
            cause=cause,
            expected=people if chosen is None else None,
        )
    except decisions.CountChanged as changed:
        form = CountForm(people=changed.n)
        context = _context(batch, form, chosen, reason=reason, cause=cause) | {"has_changed": changed.n}
        return invalid(request, PAGE, PARTIAL, context)
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


def _cause(given: QueryDict) -> str:
    cause = given.get("cause", "")
    return cause if cause in UnknownCause.values else ""


def _confirmed(given: QueryDict) -> int | None:
    """How many people the page named that was confirmed; None where it named none."""
    count = given.get("count") or given.get("all", "")
    return int(count) if count.isascii() and count.isdigit() and len(count) < 19 else None


def _count_changed(request: MerchantRequest, batch: BatchSend, cause: str) -> HttpResponse:
    people = _how_many(batch, None, cause=cause)
    words = ngettext(
        "Meanwhile it is %(n)s person. Nothing was changed; look at them, then decide again.",
        "Meanwhile they are %(n)s people. Nothing was changed; look at them, then decide again.",
        people,
    )
    return not_done(request, batch, words % {"n": f"{people:,}"}, back="send_unknown")


def _how_many(batch: BatchSend, chosen: list[int] | None, *, reason: str = "", cause: str = "") -> int:
    if chosen is not None:
        return reports.deliveries(batch.control, decision="undecided").filter(id__in=chosen).count()
    figures = reports.send_figures(batch.control, at=timezone.now())
    if reason:
        return next((row.n for row in figures.refused_rows if row.reason == reason), 0)
    if cause:
        return next((row.n for row in figures.cause_rows if row.cause == cause), 0)
    return figures.undecided


def _context(
    batch: BatchSend, form: CountForm, chosen: list[int] | None, *, reason: str, cause: str
) -> dict[str, Any]:
    return {
        "batch": batch,
        "form": form,
        "people": form.expected,
        "chosen": chosen or [],
        "reason": reason,
        "reason_words": reason_words("refused", reason),
        "cause": cause,
        "cause_words": CAUSES[cause].title if cause else "",
    }


def _nobody_ticked(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    sentence = _("Nobody was ticked. Tick rows, or choose all of a cause.")
    return not_done(request, batch, sentence, back="send_unknown")
