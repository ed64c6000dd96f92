"""Audiences: the lists, and one page for the whole life of a list. How they are made: see its siblings."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, poll_seconds, redirect, toast
from console.lists import numbered_page
from console.membership.forms import NAME_CHARACTERS, ListFilters, RenameForm
from membership import downloads, lists, reports
from membership.models import PeopleList
from messaging.sends import uses

SHOWN_USES = 10


@require_safe
@merchant_page("lists.view")
def lists_page(request: MerchantRequest) -> HttpResponse:
    filters = ListFilters(request.GET)
    applied = filters.applied
    wanted = {
        "text": applied.get("text", ""),
        "group": applied.get("state", ""),
        "source": applied.get("source", ""),
    }
    page = numbered_page(request, reports.list_rows(request.merchant, **wanted))
    now = timezone.now()
    open_rows = [row for row in page if row.state in reports.UNDER_WAY]
    context = {
        "filters": filters,
        "page": page,
        "uses": uses.sends_per_list(request.merchant),
        "has_open": bool(open_rows),
        "poll_seconds": poll_seconds(open_rows[0].created_at if open_rows else None, at=now),
        "at": now,
    }
    return answer(request, "membership/lists.html", "membership/_table.html", context)


@require_safe
@merchant_page("lists.view")
def list_page(request: MerchantRequest, list_id: int) -> HttpResponse:
    """Polled while its Job runs; the same address shows the result for ever after."""
    people_list = list_or_404(request, list_id)
    return answer(
        request, "membership/list.html", "membership/_list_answer.html", _context(request, people_list)
    )


def _context(request: MerchantRequest, people_list: PeopleList) -> dict[str, Any]:
    outcome = reports.import_outcome(people_list)
    is_open = people_list.state in reports.UNDER_WAY
    return {
        "people_list": people_list,
        "job": people_list.job,
        "is_open": is_open,
        "is_waiting": people_list.state in lists.WAITING,
        "poll_seconds": poll_seconds(people_list.job.created_at, at=timezone.now()) if people_list.job else 0,
        "outcome": outcome,
        "terms": _terms(outcome) if outcome else [],
        "examples": reports.examples(people_list) if outcome else [],
        "sends": uses.sends_to(people_list)[:SHOWN_USES]
        if people_list.state == PeopleList.State.READY
        else [],
        "now": timezone.now(),
    }


def _terms(outcome: reports.ImportOutcome) -> list[dict[str, Any]]:
    """The parts of the equation; a rule knows other reasons than a file."""
    usable = (outcome.usable, _("usable"))
    by_file = [
        (outcome.malformed, _("malformed")),
        (outcome.repeated, _("repeated")),
        (outcome.unknown, _("never seen here")),
    ]
    parts = (
        [usable, (outcome.opted_out, _("opted out of profiling"))] if outcome.by_rule else [usable, *by_file]
    )
    return [
        {"n": n, "label": label, "sign": "+" if number else "="} for number, (n, label) in enumerate(parts)
    ]


@require_POST
@merchant_page("lists.upload")
def list_cancel(request: MerchantRequest, list_id: int) -> HttpResponse:
    people_list = list_or_404(request, list_id)
    if lists.cancel(people_list):
        toast(request, _("Cancelled. Nothing of this list was taken over."))
    return to_list(request, people_list)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("lists.upload")
def list_rename(request: MerchantRequest, list_id: int) -> HttpResponse:
    people_list = list_or_404(request, list_id)
    form = RenameForm(request.POST or None, initial={"name": people_list.name})
    if request.method == "POST" and form.is_valid():
        if lists.rename(people_list, name=form.cleaned_data["name"], by=request.user):
            toast(request, _("Renamed."))
        return to_list(request, people_list)
    if form.is_bound:
        focus.on_first_problem(form)
    context = {"people_list": people_list, "form": form, "name_limit": NAME_CHARACTERS}
    respond = invalid if request.method == "POST" else answer
    return respond(request, "membership/rename.html", "membership/_rename_form.html", context)


@require_safe
@merchant_page("lists.download")  # type: ignore[arg-type]  # the guard passes any response through
def list_problems(request: MerchantRequest, list_id: int) -> FileResponse:
    people_list = list_or_404(request, list_id)
    path = downloads.take_problem_rows(people_list, by=request.user)
    if path is None:
        raise Http404("no problem rows")
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"problem-rows-{people_list.pk}.csv",
        content_type="text/csv; charset=utf-8",
    )


def to_list(request: MerchantRequest, people_list: PeopleList) -> HttpResponse:
    return redirect(request, "list", merchant=request.merchant.slug, list_id=people_list.pk)


def list_or_404(request: MerchantRequest, list_id: int) -> PeopleList:
    rows = PeopleList.objects.for_merchant(request.merchant)
    found: PeopleList = get_object_or_404(
        rows.select_related("job", "created_by", "mini_program", "merchant"), pk=list_id
    )
    return found
