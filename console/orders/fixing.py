"""Order statuses that need fixing: by cause, in the platform's words and ours, with one retry for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.lists import PER_PAGE
from merchants.numbers import is_number
from merchants.refusals import Sentence
from orders import fixing
from orders.fixing import Cause, Retried
from orders.models import StatusChange
from orders.reasons import OWN, sentence
from orders.scenes import SCENES
from orders.syncing import left_behind

PAGE, PARTIAL = "orders/fixing_retry.html", "orders/_fixing_retry_form.html"


UNKNOWN = Sentence(
    gettext_lazy("Outcome unknown"),
    gettext_lazy(
        "Every answer was lost, so the platform may have it. Synced again it does no harm: the platform"
        " knows a repetition by its time and tells nobody twice."
    ),
)


@dataclass(frozen=True)
class Line:
    cause: Cause
    said: Sentence
    code: str  # of the platform; empty for a cause of our own
    url: str
    retry_url: str


@dataclass(frozen=True)
class Asked:
    """A retry of one change, of all of a cause, or of all whose answers were lost. `back`: where it began."""

    which: QuerySet[StatusChange]
    sub_code: str
    words: str
    change: StatusChange | None
    back: str
    is_unknown: bool = False

    @property
    def said(self) -> Sentence:
        return UNKNOWN if self.is_unknown else sentence(self.sub_code, self.words)

    @property
    def code(self) -> str:
        return code_of(self.sub_code)


@require_safe
@merchant_page("orders.view")
def order_fixing(request: MerchantRequest) -> HttpResponse:
    lines = [_line(request, cause) for cause in fixing.causes(request.merchant)]
    context = {
        "lines": lines,
        "backlog": fixing.backlog(request.merchant),
        "unknown": UNKNOWN,
        "overtaken": fixing.overtaken(request.merchant),
        "most": fixing.MOST_CAUSES,
        "is_cut": len(lines) == fixing.MOST_CAUSES,
        "at": timezone.now(),
    }
    return render(request, "orders/fixing.html", context)


def _line(request: MerchantRequest, cause: Cause) -> Line:
    named = {"code": cause.sub_code, "words": cause.words}
    return Line(
        cause,
        sentence(cause.sub_code, cause.words),
        code_of(cause.sub_code),
        _address(request, "order_fixing_cause", **named),
        _address(request, "order_fixing_retry", **named),
    )


def code_of(sub_code: str) -> str:
    """As an operator reads it: a cause of our own has words and no code."""
    return "" if sub_code in OWN else sub_code


@require_safe
@merchant_page("orders.view")
def order_fixing_cause(request: MerchantRequest) -> HttpResponse:
    """One cause with its orders, the longest waiting first."""
    sub_code, words = _cause_of(request.GET)
    rows = fixing.of_cause(request.merchant, sub_code=sub_code, words=words)
    ordered = rows.select_related("order").order_by("received_at", "pk")
    page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    stale = set(rows.filter(left_behind(), pk__in=[row.pk for row in shown]).values_list("pk", flat=True))
    named = {"code": sub_code, "words": words}
    context = {
        "said": sentence(sub_code, words),
        "code": code_of(sub_code),
        "words": words,
        "page": page,
        "rows": [(row, name_of_status(row), row.pk in stale, _retry_of(request, row)) for row in shown],
        "all": page.paginator.count,
        "retry_url": _address(request, "order_fixing_retry", **named),
        "may_retry": request.staff.can("orders.manage"),
    }
    return render(request, "orders/fixing_cause.html", context)


def name_of_status(change: StatusChange) -> str:
    """In the words of its scene; its code where the scene has no such status."""
    scene = SCENES.get(change.order.scene)
    node = scene.node(change.status) if scene else None
    return str(node.name) if node else change.status


def _retry_of(request: MerchantRequest, change: StatusChange) -> str:
    return _address(request, "order_fixing_retry", change=str(change.pk))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("orders.manage")
def order_fixing_retry(request: MerchantRequest) -> HttpResponse:
    """GET restates and asks. POST acts on the very number that was restated, or asks again."""
    asked = _asked(request, request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, _restated(asked))
    typed = request.POST.get("confirmed", "")
    confirmed = int(typed) if is_number(typed) else 0
    if not confirmed:
        return invalid(request, PAGE, PARTIAL, {**_restated(asked), "changed": True})
    try:
        done = fixing.retry(request.merchant, asked.which, by=request.user, confirmed=confirmed)
    except fixing.CountChanged:
        return invalid(request, PAGE, PARTIAL, {**_restated(asked), "changed": True})
    toast(request, _told(done))
    return redirect(request, "order_fixing", request.merchant.slug)


def _asked(request: MerchantRequest, given: QueryDict) -> Asked:
    """Nothing is chosen where the change is not one of this merchant's that need fixing."""
    number = given.get("change", "")
    home = reverse("order_fixing", args=[request.merchant.slug])
    if given.get("unknown"):
        return Asked(fixing.unknown(request.merchant), "", "", None, home, is_unknown=True)
    if not number:
        sub_code, words = _cause_of(given)
        which = fixing.of_cause(request.merchant, sub_code=sub_code, words=words)
        back = _address(request, "order_fixing_cause", code=sub_code, words=words)
        return Asked(which, sub_code, words, None, back)
    which = fixing.to_try(request.merchant).filter(pk=int(number) if is_number(number) else 0)
    change = which.select_related("order").first()
    if change is None:
        return Asked(which, "", "", None, home)
    if change.state == StatusChange.State.UNKNOWN:
        page = reverse("order", args=[request.merchant.slug, change.order_id])
        return Asked(which, "", "", change, page, is_unknown=True)
    back = _address(request, "order_fixing_cause", code=change.sub_code, words=change.words)
    return Asked(which, change.sub_code, change.words, change, back)


def _restated(asked: Asked) -> dict[str, Any]:
    count = asked.which.count()
    stale = asked.which.filter(left_behind()).count() if count else 0
    return {"asked": asked, "count": count, "stale": stale, "again": count - stale}


def _told(done: Retried) -> str:
    again = ngettext("%(n)s status is synced again.", "%(n)s statuses are synced again.", done.again)
    closed = ngettext("%(n)s was closed as superseded.", "%(n)s were closed as superseded.", done.superseded)
    parts = [(again, done.again), (closed, done.superseded)]
    said = [words % {"n": f"{n:,}"} for words, n in parts if n]
    return " ".join(said) or _("Nothing was left to sync again.")


def _cause_of(given: QueryDict) -> tuple[str, str]:
    """(sub_code, words)."""
    return given.get("code", "")[:80], given.get("words", "")[:400]


def _address(request: MerchantRequest, url_name: str, **query: str) -> str:
    return f"{reverse(url_name, args=[request.merchant.slug])}?{urlencode(query)}"
