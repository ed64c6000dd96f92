"""One search over what a merchant has: its sends, audiences and templates, by name or number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import answer
from console.messaging.sends.forms import called
from membership import reports as lists
from messaging.consent import reports as templates
from messaging.models import BatchSend

MOST_SHOWN = 8
MOST_CHARACTERS = 80
PAGE, PARTIAL = "search/results.html", "search/_results.html"


class SearchForm(forms.Form):
    q = forms.CharField(max_length=MOST_CHARACTERS, required=False)


@dataclass(frozen=True)
class Group:
    """Found things of one kind: the newest of them, how many there are, where all of them stand."""

    key: str
    label: str | Promise
    rows: list[Any]
    total: int
    list_url: str


@require_safe
@merchant_page("search.view")
def search(request: MerchantRequest) -> HttpResponse:
    """Kinds the person may not list are not searched. Two counted queries for each kind at most."""
    form = SearchForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    groups = [group for group in _groups(request, text) if group.total] if text else []
    context = {
        "form": form,
        "text": text,
        "groups": groups,
        "total": sum(group.total for group in groups),
        "most_characters": MOST_CHARACTERS,
    }
    return answer(request, PAGE, PARTIAL, context)


def _groups(request: MerchantRequest, text: str) -> list[Group]:
    merchant, staff, groups = request.merchant, request.staff, []
    if staff.can("sends.view"):
        sends = BatchSend.objects.for_merchant(merchant).select_related("control", "template")
        sends = sends.filter(called(text), test_of=None).order_by("-created_at", "-id")
        groups.append(_group(request, "sends", gettext_lazy("Batch sends"), sends, text))
    if staff.can("lists.view"):
        audiences = lists.list_rows(merchant, text=text)
        groups.append(_group(request, "lists", gettext_lazy("Audiences"), audiences, text))
    if staff.can("templates.view"):
        adopted = templates.template_rows(merchant, text=text)
        groups.append(_group(request, "templates", gettext_lazy("Templates"), adopted, text, app="all"))
    return groups


def _group(
    request: MerchantRequest, key: str, label: str | Promise, found: QuerySet[Any], text: str, **more: str
) -> Group:
    """`more`: what its list has to be asked besides to show the same rows."""
    rows = list(found[: MOST_SHOWN + 1])
    total = found.count() if len(rows) > MOST_SHOWN else len(rows)
    query = QueryDict(mutable=True)
    query.update({"text": text, **more})
    address = f"{reverse(key, args=[request.merchant.slug])}?{query.urlencode()}"
    return Group(key, label, rows[:MOST_SHOWN], total, address)
