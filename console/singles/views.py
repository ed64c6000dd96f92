"""Single messages: which came by API, what became of each, and the two choices about an unknown outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page, show_mini_program
from console.htmx import redirect, toast
from console.lists import KeysetPage, keyset_page
from console.messaging.sends.words import reason_words
from console.singles.forms import SingleFilters
from console.singles.words import sentence_of, state_of
from messaging import person as people
from messaging import singles as reports
from messaging.engine import control, decisions
from messaging.models import Delivery, SendState, SingleSend

PER_PAGE = 25
SHOWN_PAUSED = 3


@dataclass(frozen=True)
class Line:
    """`row` is None where its month was put away."""

    sent: SingleSend
    row: Delivery | None

    @property
    def why(self) -> str:
        return reason_words(self.row.state, self.row.reason) if self.row else ""


@require_safe
@merchant_page("sends.view")
def singles(request: MerchantRequest) -> HttpResponse:
    at = timezone.now()
    filters = SingleFilters(request.merchant, request.GET)
    wanted = filters.applied
    rows = reports.single_list(
        request.merchant,
        at=at,
        state=wanted.get("state", ""),
        template=wanted.get("template"),
        day=filters.span,
    )
    keyset: KeysetPage = keyset_page(request, rows, per_page=PER_PAGE)
    found = reports.rows_of(keyset.rows)
    standing = reports.paused(request.merchant)
    context = {
        "filters": filters,
        "keyset": keyset,
        "lines": [Line(sent, found.get(sent.pk)) for sent in keyset.rows],
        "paused": list(standing[:SHOWN_PAUSED]),
        "paused_total": standing.count(),
        "looks_back": reports.looks_back(wanted.get("state", ""), wanted.get("template"), filters.span),
        "at": at,
    }
    return render(request, "singles/list.html", context)


@require_POST
@merchant_page("sends.brake")
def singles_resume(request: MerchantRequest) -> HttpResponse:
    """All that stand still. What moved on meanwhile is left as it is."""
    resumed = 0
    for one in reports.paused(request.merchant):
        try:
            control.resume(one, by=request.user)
        except control.MoveRefused:
            continue
        resumed += 1
    if resumed:
        words = ngettext(
            "Resumed. Messages of %(n)s request go on.", "Resumed. Messages of %(n)s requests go on.", resumed
        )
        toast(request, words % {"n": f"{resumed:,}"})
    return redirect(request, "singles", merchant=request.merchant.slug)


@require_safe
@merchant_page("sends.view")
def single(request: MerchantRequest, single_id: int) -> HttpResponse:
    sent = _single(request, single_id)
    row = reports.rows_of([sent]).get(sent.pk)
    context: dict[str, Any] = {"sent": sent, "row": row}
    if row is not None:
        context |= {
            "state": state_of(row),
            "sentence": sentence_of(row),
            "texts": _texts(sent, row),
            "message": people.messages_of([row])[0],
            "may_send_again": may_send_again(row),
        }
    return render(request, "singles/single.html", context)


def _texts(sent: SingleSend, row: Delivery) -> list[tuple[str, str]]:
    """Each keyword with what was said; erased where the person was forgotten."""
    said = row.data or {}
    return [
        (keyword, said.get(f"keyword{n}", {}).get("value", ""))
        for n, keyword in enumerate(sent.template.keywords, start=1)
    ]


def may_send_again(row: Delivery) -> bool:
    not_after = row.send.not_after
    is_in_time = not_after is None or not_after > timezone.now()
    return is_in_time and row.send.state in decisions.MAY_GO_ON and row.data is not None


def _treat(row: Delivery, request: MerchantRequest) -> str:
    decided = decisions.treat_as_sent(row.send, delivery_ids=[row.id], by=request.user, at=timezone.now())
    return _("Treated as sent. The consent stays spent.") if decided else ""


def _send_again(row: Delivery, request: MerchantRequest) -> str:
    if not may_send_again(row):
        return ""
    try:
        again = decisions.send_again(row.send, delivery_ids=[row.id], by=request.user, at=timezone.now())
    except decisions.NothingToSendAgain:
        return ""
    return _("It goes out once more.") if again else ""


CHOICES: Mapping[str, Callable[[Delivery, MerchantRequest], str]] = {"treat": _treat, "again": _send_again}


@require_POST
@merchant_page("unknown.decide")
def single_decide(request: MerchantRequest, single_id: int) -> HttpResponse:
    """About an unknown outcome. The same choice twice changes nothing; the page shows what holds."""
    sent = _single(request, single_id)
    choice = CHOICES.get(request.POST.get("choice", ""))
    if choice is None:
        return HttpResponseBadRequest("unknown choice")
    row = reports.rows_of([sent]).get(sent.pk)
    if row is not None and row.send.state != SendState.CANCELLED and (told := choice(row, request)):
        toast(request, told)
    return redirect(request, "single", merchant=request.merchant.slug, single_id=sent.pk)


def _single(request: MerchantRequest, single_id: int) -> SingleSend:
    rows = SingleSend.objects.for_merchant(request.merchant).select_related("template", "mini_program")
    found: SingleSend = get_object_or_404(rows, pk=single_id)
    show_mini_program(request, found.mini_program)
    return found
