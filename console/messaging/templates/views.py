"""Templates: mine, the platform's library, an adoption and what becomes of it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import focus
from console.access import MerchantRequest, merchant_page
from console.audit.sentences import sentence_of
from console.htmx import answer, invalid, poll_seconds, redirect, toast
from console.lists import numbered_page
from console.messaging.templates.forms import AdoptForm, LibraryFilters, TemplateFilters
from console.messaging.templates.states import explain
from messaging.consent import adopting, reports
from messaging.consent.asking import NotAnswered
from messaging.consent.library import sync_library
from messaging.models import LibraryTemplate, SubscriptionTemplate
from messaging.sends import uses

SHOWN_USES = 10


@require_safe
@merchant_page("templates.view")
def templates(request: MerchantRequest) -> HttpResponse:
    filters = TemplateFilters(request.GET)
    rows: QuerySet[SubscriptionTemplate] = SubscriptionTemplate.objects.for_merchant(request.merchant).none()
    if request.mini_program is not None:
        rows = reports.templates_of(request.mini_program, **filters.applied)
    page, now = numbered_page(request, rows), timezone.now()
    waiting = [row for row in page if row.state in reports.WAITING]
    context = {
        "filters": filters,
        "page": page,
        "uses": uses.sends_per_template(request.merchant),
        "is_waiting": bool(waiting),
        "poll_seconds": poll_seconds(waiting[0].applied_at if waiting else None, at=now),
        "at": now,
    }
    return answer(request, "messaging/templates/mine.html", "messaging/templates/_mine.html", context)


@require_safe
@merchant_page("templates.view")
def library(request: MerchantRequest) -> HttpResponse:
    return answer(
        request,
        "messaging/templates/library.html",
        "messaging/templates/_library.html",
        _library_context(request),
    )


def _library_context(request: MerchantRequest, *, problem: str = "") -> dict[str, Any]:
    filters = LibraryFilters(request.GET)
    rows: QuerySet[LibraryTemplate] = LibraryTemplate.objects.for_merchant(request.merchant).none()
    adopted, synced_at = {}, None
    if request.mini_program is not None:
        rows = reports.library_rows(request.mini_program, **filters.applied)
        adopted, synced_at = reports.adopted(request.mini_program), reports.synced_at(request.mini_program)
    page = numbered_page(request, rows)
    entries = [(row, adopted.get((row.code, row.kind))) for row in page]
    return {"filters": filters, "page": page, "entries": entries, "synced_at": synced_at, "problem": problem}


@require_POST
@merchant_page("templates.adopt")
def sync(request: MerchantRequest) -> HttpResponse:
    """Asks the platform at once: a page of ten entries a call, each call ends within its own timeout."""
    problem = _("This merchant has no mini program yet, so there is no library to read.")
    if request.mini_program is not None:
        try:
            total = sync_library(request.mini_program, at=timezone.now(), by=request.user)
        except NotAnswered as error:
            problem = str(error)
        else:
            toast(request, _("Synced: the library has %(n)s templates.") % {"n": total})
            return redirect(request, "template_library", merchant=request.merchant.slug)
    context = _library_context(request, problem=problem)
    return invalid(request, "messaging/templates/library.html", "messaging/templates/_library.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("templates.adopt")
def adopt(request: MerchantRequest, library_id: int) -> HttpResponse:
    """A swap that only asks (GET) previews the order chosen so far."""
    rows = LibraryTemplate.objects.for_merchant(request.merchant).select_related("mini_program", "merchant")
    entry: LibraryTemplate = get_object_or_404(rows, pk=library_id)
    posted = request.method == "POST"
    form = AdoptForm(entry, request.POST) if posted else AdoptForm(entry, chosen=request.GET)
    if posted and form.is_valid() and (made := _adopt(request, entry, form)) is not None:
        return redirect(request, "template", merchant=request.merchant.slug, template_id=made.pk)
    context = {
        "entry": entry,
        "form": form,
        "keywords": form.keywords,
        "twice": form.twice,
        "living": reports.adopted(entry.mini_program).get((entry.code, entry.kind)),
    }
    if posted:
        focus.on_first_problem(form)
        return invalid(
            request, "messaging/templates/adopt.html", "messaging/templates/_adopt_form.html", context
        )
    return answer(request, "messaging/templates/adopt.html", "messaging/templates/_preview.html", context)


def _adopt(request: MerchantRequest, entry: LibraryTemplate, form: AdoptForm) -> SubscriptionTemplate | None:
    """None when it was refused before anything was sent; the form then says why."""
    try:
        return adopting.adopt(
            library_template=entry,
            keywords=form.keywords,
            by=request.user,
            form_token=form.cleaned_data["form_token"],
        )
    except adopting.AdoptRefused as refusal:
        form.add_error(None, str(refusal))
        return None


@require_safe
@merchant_page("templates.view")
def template(request: MerchantRequest, template_id: int) -> HttpResponse:
    """Polled while the platform has not decided."""
    found: SubscriptionTemplate = get_object_or_404(reports.template_rows(request.merchant), pk=template_id)
    context = {
        "template": found,
        "explanation": explain(found),
        "is_waiting": found.state in reports.WAITING,
        "poll_seconds": poll_seconds(found.applied_at, at=timezone.now()),
        "source": reports.source_of(found) if found.state in reports.OVER else None,
        "history": [(event, sentence_of(event)) for event in reports.history(found)],
        "sends": uses.sends_of(found)[:SHOWN_USES],
    }
    return answer(
        request, "messaging/templates/template.html", "messaging/templates/_template_answer.html", context
    )
