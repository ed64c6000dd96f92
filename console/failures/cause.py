"""One cause of failures: its sends with counts, who is behind each, and what may be done for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.failures.views import filters_of, name_of
from console.failures.words import address, cause_words
from console.lists import PER_PAGE
from console.messaging.sends.causes import CAUSES
from messaging import failures
from messaging.engine.retry import open_decision
from messaging.models import FailureDecision, SendControl

LATEST = 5  # decisions about a cause that are shown


@dataclass(frozen=True)
class Row:
    """`people_url` leads to the people behind the count, empty where there is no page of them."""

    control: SendControl
    name: str
    people: int
    goes_on: bool
    url: str
    people_url: str


def cause_of(given: QueryDict) -> tuple[str, str]:
    """State and code of the address. Raises Http404 for what the desk cannot have."""
    state, reason = given.get("state", ""), given.get("code", "")
    if not failures.is_cause(state, reason):
        raise Http404("no such cause")
    return state, reason


@require_safe
@merchant_page("failures.view")
def failure_page(request: MerchantRequest) -> HttpResponse:
    state, reason = cause_of(request.GET)
    filters = filters_of(request)
    found = failures.sends_of(request.merchant, filters.which, state=state, reason=reason)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    words = cause_words(request, state=state, reason=reason)
    named = {"state": state, "code": reason}
    latest = FailureDecision.objects.for_merchant(request.merchant).filter(state=state, reason=reason)
    context = {
        "state": state,
        "code": reason,
        "words": words,
        "hint": CAUSES[reason].hint if state == "unknown" else "",
        "filters": filters,
        "all_people": sum(one.people for one in found),
        "all_sends": len(found),
        "again": sum(one.people for one in found if one.goes_on),
        "most": failures.MOST_SENDS,
        "too_many": len(found) > failures.MOST_SENDS,
        "page": page,
        "rows": rows_of(request, list(page), state=state, reason=reason),
        "may_decide": request.staff.can("unknown.decide") and not words.never,
        "again_url": address(request, "failure_decide", filters.query, **named, act="again", all="1"),
        "treat_url": address(request, "failure_decide", filters.query, **named, act="treat", all="1"),
        "desk_url": address(request, "failures", filters.query),
        "under_way": open_decision(request.merchant, state=state, reason=reason),
        "decisions": latest.select_related("by", "job").order_by("-pk")[:LATEST],
    }
    return render(request, "failures/cause.html", context)


def rows_of(
    request: MerchantRequest, found: list[failures.SendOfCause], *, state: str, reason: str
) -> list[Row]:
    controls = failures.controls(request.merchant, [one.send_id for one in found])
    rows = []
    for one in found:
        control = controls[one.send_id]
        send, people = addresses(request, control, state=state, reason=reason)
        rows.append(Row(control, name_of(control), one.people, one.goes_on, send, people))
    return rows


def addresses(request: MerchantRequest, control: SendControl, *, state: str, reason: str) -> tuple[str, str]:
    """The page of the send, and of its people with this cause; empty for what is no batch send."""
    batch = getattr(control, "batch", None)
    if batch is None:
        return "", ""
    args = [request.merchant.slug, batch.pk]
    if state == "unknown":
        return reverse("send", args=args), f"{reverse('send_unknown', args=args)}?cause={reason}"
    query = urlencode({"state": state, "reason": reason})
    return reverse("send", args=args), f"{reverse('send_deliveries', args=args)}?{query}"
