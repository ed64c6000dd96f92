"""Send again, or treat as sent, for one cause over several sends: restated, confirmed, left to a Job."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console.access import MerchantRequest, merchant_page
from console.failures.asking import Asked, asked_of
from console.failures.cause import addresses, cause_of
from console.failures.forms import DecideForm
from console.failures.views import name_of
from console.failures.words import address, cause_words
from console.htmx import answer, invalid, poll_seconds, redirect
from console.states import send_word
from messaging import failures
from messaging.engine import retry
from messaging.models import FailureDecision

PAGE, PARTIAL = "failures/decide.html", "failures/_decide_form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("unknown.decide")
def failure_decide(request: MerchantRequest) -> HttpResponse:
    """GET restates and asks. POST acts on the very sends and counts that were restated, or asks again."""
    is_post = request.method == "POST"
    given = request.POST if is_post else request.GET
    state, reason = cause_of(given)
    act = _act(given, state)
    as_of = retry.now()  # before the people are counted
    asked = asked_of(request, given, state=state, reason=reason, act=act)
    data = request.POST if is_post else None
    form = DecideForm(data, people=asked.people, asks_whether_fixed=asked.asks_whether_fixed)
    context = _context(request, asked, form, act=act, query=given.get("filter", "")[:1_000])
    if not is_post:
        return answer(request, PAGE, PARTIAL, context)
    if not asked.able or asked.changed or asked.too_many or not form.is_valid():
        return invalid(request, PAGE, PARTIAL, context)
    wanted = retry.Wanted(act, state, reason, {row.control.pk: row.people for row in asked.able})
    title = _("Send again: %(cause)s") if act == "again" else _("Treat as sent: %(cause)s")
    try:
        decision = retry.decide(
            request.merchant,
            wanted,
            by=request.user,
            form_token=form.cleaned_data["form_token"],
            as_of=as_of,
            title=title % {"cause": asked.words.title},
        )
    except retry.UnderWay as other:
        return invalid(request, PAGE, PARTIAL, context | {"under_way": other.decision, "is_late": True})
    return redirect(request, "failure_decision", request.merchant.slug, decision.pk)


def _act(given: QueryDict, state: str) -> str:
    """Only an unknown outcome can be treated as sent."""
    wants_treat = given.get("act") == retry.Act.TREAT and state == "unknown"
    return str(retry.Act.TREAT if wants_treat else retry.Act.AGAIN)


def _context(
    request: MerchantRequest, asked: Asked, form: DecideForm, *, act: str, query: str
) -> dict[str, Any]:
    named = {"state": asked.state, "code": asked.reason}
    return {
        "asked": asked,
        "form": form,
        "act": act,
        "query": query or asked.query,
        "most": failures.MOST_SENDS,
        "cause_url": address(request, "failure", query or asked.query, **named),
        "under_way": None,
    }


@require_safe
@merchant_page("failures.view")
def failure_decision(request: MerchantRequest, decision_id: int) -> HttpResponse:
    """What was decided and how far it came; the Job on it asks again by itself."""
    rows = FailureDecision.objects.for_merchant(request.merchant).select_related("job", "by")
    decision = get_object_or_404(rows, pk=decision_id)
    done = retry.done_by(decision)
    total = sum(done.values())
    context = {
        "decision": decision,
        "job": decision.job,
        "words": cause_words(request, state=decision.state, reason=decision.reason),
        "lines": _lines(request, decision, done),
        "total": total,
        "left": decision.people - total,
        "result": None,
        "poll_seconds": poll_seconds(decision.created_at, at=timezone.now()),
        "may_cancel": request.staff.can("lists.upload") and not decision.job.is_over,
        "cause_url": address(request, "failure", "", state=decision.state, code=decision.reason),
    }
    return answer(request, "failures/decision.html", "failures/decision.html", context)


def _lines(request: MerchantRequest, decision: FailureDecision, done: dict[int, int]) -> list[dict[str, Any]]:
    """One for each send: confirmed, done, and why not."""
    result = decision.job.result if decision.job else {}
    why = {send: told for send, _n, told in result.get("sends", []) if told}
    controls = failures.controls(request.merchant, [send for send, _n in decision.sends])
    lines = []
    for send, people in decision.sends:
        control = controls.get(send)
        if control is None:
            continue
        left = _("was “%(state)s”") % {"state": send_word(why[send]).word} if send in why else ""
        url, _people_url = addresses(request, control, state=decision.state, reason=decision.reason)
        lines.append(
            {
                "control": control,
                "name": name_of(control),
                "url": url,
                "confirmed": people,
                "done": done.get(send, 0),
                "left": left,
            }
        )
    return lines
