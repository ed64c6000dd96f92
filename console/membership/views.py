"""Audiences: the lists, an upload, and one page for the whole life of a list."""

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
from console.membership.forms import ADD, NAME_CHARACTERS, PURPOSE_CHARACTERS, ListFilters, UploadForm
from membership import downloads, lists, reports, uploads
from membership.models import PeopleList
from merchants import jobs
from messaging.sends import uses

SHOWN_USES = 10


@require_safe
@merchant_page("lists.view")
def lists_page(request: MerchantRequest) -> HttpResponse:
    filters = ListFilters(request.GET)
    wanted = {"text": filters.applied.get("text", ""), "group": filters.applied.get("state", "")}
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


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("lists.upload")
def list_new(request: MerchantRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and request.mini_program is None:
        form.add_error(None, _("This merchant has no mini program yet, so there is nobody to recognise."))
    if request.method == "POST" and form.is_valid():
        people_list = _receive(request, form)
        if people_list is not None:
            return redirect(request, "list", merchant=request.merchant.slug, list_id=people_list.pk)
    if form.is_bound:
        form.keep_file()
        focus.on_first_problem(form)
    context = {"form": form, "name_limit": NAME_CHARACTERS, "purpose_limit": PURPOSE_CHARACTERS}
    respond = invalid if request.method == "POST" else answer
    return respond(request, "membership/upload.html", "membership/_upload_form.html", context)


def _receive(request: MerchantRequest, form: UploadForm) -> PeopleList | None:
    """None when the file was refused at the door; the form then says why."""
    given = form.cleaned_data
    if request.mini_program is None:
        return None
    try:
        return lists.receive(
            merchant=request.merchant,
            mini_program=request.mini_program,
            file=given["file"],
            file_name=given["file"].name,
            name=given["name"],
            purpose=given["purpose"],
            add_unknown=given["unknown"] == ADD,
            by=request.user,
            form_token=given["form_token"],
        )
    except uploads.UploadRefused as refusal:
        form.add_error("file", str(refusal))
        return None


@require_safe
@merchant_page("lists.view")
def list_page(request: MerchantRequest, list_id: int) -> HttpResponse:
    """Polled while its Job runs; the same address shows the result for ever after."""
    people_list = _list(request, list_id)
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
        "poll_seconds": poll_seconds(people_list.created_at, at=timezone.now()),
        "outcome": outcome,
        "terms": _terms(outcome) if outcome else [],
        "sends": [] if is_open else uses.sends_to(people_list)[:SHOWN_USES],
        "now": timezone.now(),
    }


def _terms(outcome: reports.ImportOutcome) -> list[dict[str, Any]]:
    parts = [
        (outcome.usable, _("usable")),
        (outcome.malformed, _("malformed")),
        (outcome.repeated, _("repeated")),
        (outcome.unknown, _("never seen here")),
    ]
    return [
        {"n": n, "label": label, "sign": "+" if number else "="} for number, (n, label) in enumerate(parts)
    ]


@require_POST
@merchant_page("lists.upload")
def list_cancel(request: MerchantRequest, list_id: int) -> HttpResponse:
    people_list = _list(request, list_id)
    if people_list.job is not None and jobs.cancel(people_list.job) and lists.mark_failed(people_list):
        toast(request, _("Cancelled. Nothing of this file was taken over."))
    return redirect(request, "list", merchant=request.merchant.slug, list_id=people_list.pk)


@require_safe
@merchant_page("lists.download")  # type: ignore[arg-type]  # the guard passes any response through
def list_problems(request: MerchantRequest, list_id: int) -> FileResponse:
    people_list = _list(request, list_id)
    path = downloads.take_problem_rows(people_list, by=request.user)
    if path is None:
        raise Http404("no problem rows")
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"problem-rows-{people_list.pk}.csv",
        content_type="text/csv; charset=utf-8",
    )


def _list(request: MerchantRequest, list_id: int) -> PeopleList:
    rows = PeopleList.objects.for_merchant(request.merchant)
    found: PeopleList = get_object_or_404(
        rows.select_related("job", "created_by", "mini_program", "merchant"), pk=list_id
    )
    return found
