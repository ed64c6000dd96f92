"""Batch issues: the list of them, and the page of one from its beginning to its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.audit.sentences import sentence_of
from console.coupons.giving_words import Situation, Why, grant_words, situation, why
from console.coupons.lookup import run_of
from console.htmx import answer, poll_seconds
from console.lists import FilterForm, keyset_page, numbered_page
from console.messaging.sends.ledger import Ledger, Term
from console.messaging.sends.timeline import Line
from console.states import GRANT_PARTS, run_word
from coupons import held_answers, run_reports, runs
from coupons.models import CouponRun
from coupons.run_reports import NOT_ASKED, RunFigures
from merchants.models import Event

PARTS = ("accepted", "refused", "unknown", "sending", "queued", "left_out")
SWATCHES = {"left_out": "skipped"}
SHOWN_UNKNOWN, SHOWN_EVENTS, PER_PAGE = 10, 30, 50
State = CouponRun.State


@dataclass(frozen=True)
class CauseRow:
    refusal: str
    n: int
    why: Why
    url: str


@require_safe
@merchant_page("coupons.view")
def coupon_runs(request: MerchantRequest) -> HttpResponse:
    """Newest first."""
    page = numbered_page(request, run_reports.runs_of(request.merchant))
    rows = [(run, run_word(run.state, run.paused_because)) for run in page]
    return render(request, "coupons/runs.html", {"page": page, "rows": rows})


@require_safe
@merchant_page("coupons.view")
def coupon_run(request: MerchantRequest, run_id: int) -> HttpResponse:
    """Polled while anything can still change by itself."""
    run = run_of(request, run_id)
    return answer(request, "coupons/run.html", "coupons/_run_answer.html", page_context(request, run))


def page_context(request: MerchantRequest, run: CouponRun) -> dict[str, Any]:
    at = timezone.now()
    figures = run_reports.figures_of(run)
    unknown = list(run_reports.people_of(run, state="unknown").select_related("call")[:SHOWN_UNKNOWN])
    told: Situation = situation(run, figures)
    return {
        "run": run,
        "word": run_word(run.state, run.paused_because),
        "figures": figures,
        "situation": told,
        "ledger": ledger_of(request, run, figures),
        "causes": _causes(request, run, figures),
        "unknown_rows": [(grant, held_answers.may_decide(grant), grant_words(grant)) for grant in unknown],
        "timeline": _timeline(run),
        "undo_seconds": _undo_seconds(run, at),
        "is_live": is_live(run, figures),
        "poll_seconds": poll_seconds(run.started_at, at=at),
        "at": at,
    }


def is_live(run: CouponRun, figures: RunFigures) -> bool:
    """Paused and cancelled ones still get the outcomes of what is on its way."""
    return run.state in (State.PREPARING, State.ISSUING) or bool(figures.sending)


def _undo_seconds(run: CouponRun, at: datetime) -> int:
    if run.state != State.PREPARING:
        return 0
    return max(0, round((runs.undo_until(run) - at).total_seconds()))


def _people_url(request: MerchantRequest, run: CouponRun, query: str) -> str:
    return f"{reverse('coupon_run_people', args=[request.merchant.slug, run.pk])}?{query}"


def ledger_of(request: MerchantRequest, run: CouponRun, figures: RunFigures) -> Ledger | None:
    """None before its people were written down."""
    if not figures.people:
        return None
    terms = [
        Term(
            getattr(figures, name),
            GRANT_PARTS[name].word,
            "＋" if place else "＝",
            SWATCHES.get(name, name),
            _people_url(request, run, f"state={name}"),
        )
        for place, name in enumerate(PARTS)
    ]
    balanced = figures.people == run.people and run.state in (State.FINISHED, State.CANCELLED)
    parts = pgettext("between items of a list", ", ").join(f"{term.label} {term.n:,}" for term in terms)
    words = _("%(total)s people equal %(parts)s.") % {"total": f"{figures.people:,}", "parts": parts}
    tone = "balanced" if balanced and not figures.sending else "plain"
    return Ledger(run.people, terms, tone, False, words)


def _causes(request: MerchantRequest, run: CouponRun, figures: RunFigures) -> list[CauseRow]:
    rows = []
    for cause in figures.causes:
        state = "left_out" if cause.refusal in NOT_ASKED else "refused"
        url = _people_url(request, run, f"state={state}&refusal={cause.refusal}")
        rows.append(CauseRow(cause.refusal, cause.n, why(cause.refusal), url))
    return rows


def _timeline(run: CouponRun) -> list[Line]:
    rows = Event.objects.for_merchant(run.merchant).filter(subject_kind="couponrun", subject_id=run.pk)
    newest = rows.filter(at__gte=run.created_at).select_related("by").order_by("-at", "-id")[:SHOWN_EVENTS]
    return [Line(one.at, str(one.by) if one.by else "", sentence_of(one), "") for one in newest]


class PeopleFilters(FilterForm):
    state = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=[("", gettext_lazy("All")), *((name, GRANT_PARTS[name].word) for name in PARTS)],
    )
    refusal = forms.CharField(max_length=80, widget=forms.HiddenInput)


@require_safe
@merchant_page("coupons.view")
def coupon_run_people(request: MerchantRequest, run_id: int) -> HttpResponse:
    run = run_of(request, run_id)
    filters = PeopleFilters(request.GET)
    wanted = filters.applied
    rows = run_reports.people_of(run, state=wanted.get("state", ""), refusal=wanted.get("refusal", ""))
    keyset = keyset_page(request, rows, per_page=PER_PAGE)
    context = {
        "run": run,
        "filters": filters,
        "cause": why(wanted["refusal"]) if wanted.get("refusal") else None,
        "keyset": keyset,
        "rows": [(grant, grant_words(grant), grant.refusal in NOT_ASKED) for grant in keyset.rows],
    }
    return render(request, "coupons/run_people.html", context)
