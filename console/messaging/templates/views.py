"""Templates: mine, the platform's library, an adoption and what becomes of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.audit.sentences import sentence_of
from console.htmx import answer, invalid, poll_seconds, redirect, toast
from console.lists import numbered_page
from console.messaging.phone import Message
from console.messaging.templates import ordering
from console.messaging.templates.forms import SHOW, AdoptForm, LibraryFilters, TemplateFilters
from console.messaging.templates.samples import sample
from console.messaging.templates.states import STAGE_WORDS, explain, harm
from merchants.models import MiniProgram
from messaging.consent import adopting, drift, reports
from messaging.consent.adopting import MAX_KEYWORDS, MIN_KEYWORDS
from messaging.consent.asking import NotAnswered
from messaging.consent.library import sync_library
from messaging.consent.recommended import recommended_to
from messaging.models import LibraryTemplate, SubscriptionTemplate
from messaging.sends import uses


@require_safe
@merchant_page("templates.view")
def templates(request: MerchantRequest) -> HttpResponse:
    apps = MiniProgram.objects.for_merchant(request.merchant).count()
    filters = TemplateFilters(request.GET, chosen=request.mini_program, apps=apps)
    rows = filters.rows(request.merchant)
    page, now = numbered_page(request, rows), timezone.now()
    waiting = [row for row in page if row.state in reports.WAITING]
    context = {
        "filters": filters,
        "of_all": "app" in filters.applied,
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
    app = request.mini_program
    if app is None:
        none = LibraryTemplate.objects.for_merchant(request.merchant).none()
        page = numbered_page(request, none)
        return {"filters": LibraryFilters(request.GET), "page": page, "entries": [], "problem": problem}
    industries, scenes = reports.library_offers(app)
    filters = LibraryFilters(request.GET, industries=industries, scenes=scenes)
    page = numbered_page(request, reports.library_rows(app, **filters.applied))
    adopted, counts = reports.adopted(app), reports.library_counts(app, **filters.applied)
    return {
        "filters": filters,
        "page": page,
        "entries": [(row, adopted.get((row.code, row.kind))) for row in page],
        "views": [(key, words, counts.get(key, 0)) for key, words in SHOW],
        "shown": filters.applied.get("show", ""),
        "recommended": counts["recommended"],
        "synced_at": reports.synced_at(app),
        "problem": problem,
    }


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
    """The order of keywords stands in the address: each move is a GET of another one."""
    rows = LibraryTemplate.objects.for_merchant(request.merchant).select_related("mini_program", "merchant")
    entry: LibraryTemplate = get_object_or_404(rows, pk=library_id)
    posted = request.method == "POST"
    form = AdoptForm(entry, request.POST) if posted else AdoptForm(entry, chosen=request.GET)
    if posted and form.is_valid() and (made := _adopt(request, entry, form)) is not None:
        return redirect(request, "template", merchant=request.merchant.slug, template_id=made.pk)
    context = {**_adopt_context(request, entry, form), "limits": (MIN_KEYWORDS, MAX_KEYWORDS)}
    how = invalid if posted else answer
    return how(request, "messaging/templates/adopt.html", "messaging/templates/_adopt_form.html", context)


def _adopt_context(request: MerchantRequest, entry: LibraryTemplate, form: AdoptForm) -> dict[str, Any]:
    keywords, other = form.keywords, reports.other_kind(entry)
    samples = [sample(keyword, request.merchant.name) for keyword in keywords]
    return {
        "entry": entry,
        "form": form,
        "places": ordering.places(keywords, samples),
        "message": Message(
            sender=request.merchant.name,
            name=entry.name,
            fields=list(zip(keywords, samples, strict=True)),
            has_push=entry.has_push,
        ),
        "additions": ordering.additions(form),
        "other": other,
        "other_order": ordering.address_of(keywords),
        "is_recommended": entry.name in recommended_to(entry.mini_program.industry),
        "living": reports.adopted(entry.mini_program).get((entry.code, entry.kind)),
    }


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
    return answer(
        request,
        "messaging/templates/template.html",
        "messaging/templates/_template_answer.html",
        _template_context(found),
    )


@require_POST
@merchant_page("templates.adopt")
def take_over(request: MerchantRequest, template_id: int) -> HttpResponse:
    found: SubscriptionTemplate = get_object_or_404(reports.template_rows(request.merchant), pk=template_id)
    try:
        drift.take_over(found, seen=request.POST.get("seen", ""), by=request.user)
    except drift.TakeOverRefused as refusal:
        context = {**_template_context(found), "problem": str(refusal)}
        page, part = "messaging/templates/template.html", "messaging/templates/_template_answer.html"
        return invalid(request, page, part, context)
    toast(request, _("Taken over. Name and keywords are the platform's now."))
    return redirect(request, "template", merchant=request.merchant.slug, template_id=found.pk)


def _template_context(found: SubscriptionTemplate) -> dict[str, Any]:
    now, source = timezone.now(), None
    if found.state in reports.OVER or found.differs:
        source = reports.source_of(found)
    stages = uses.stages_of(found)
    samples = [sample(keyword, found.merchant.name) for keyword in found.keywords]
    return {
        "template": found,
        "explanation": explain(found),
        "is_waiting": found.state in reports.WAITING,
        "poll_seconds": poll_seconds(found.applied_at, at=now),
        "source": source,
        "again": again_address(source, found) if source else "",
        "theirs": drift.platform_copy(found),
        "harm": harm(found, stages),
        "held": reports.consents_of(found),
        "stages": [(stage, STAGE_WORDS[stage.name]) for stage in stages],
        "places": ordering.places(found.keywords, samples),
        "message": Message(
            sender=found.merchant.name,
            name=found.name,
            fields=list(zip(found.keywords, samples, strict=True)),
            has_push=found.has_push,
        ),
        "history": [(event, sentence_of(event)) for event in reports.history(found)],
        "at": now,
    }


def again_address(source: LibraryTemplate, found: SubscriptionTemplate) -> str:
    """The adopt page with the keywords it had, those the library still has."""
    kept = [keyword for keyword in found.keywords if keyword in source.keywords]
    page = reverse("template_adopt", kwargs={"merchant": source.merchant.slug, "library_id": source.pk})
    return f"{page}{ordering.address_of(kept)}" if kept else page
