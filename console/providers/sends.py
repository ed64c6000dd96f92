"""One message for many merchants: written once, checked together, launched one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from console import second_factor
from console.access import MerchantRequest, provider_page
from console.htmx import answer, invalid, poll_seconds, redirect, toast
from console.lists import numbered_page
from console.messaging.sends.forms import CountForm
from console.providers.forms import JointForm
from merchants import providers
from merchants.numbers import is_number
from messaging.consent import jointly
from messaging.models import JointPart, JointSend, SendState
from messaging.sends import joint

PAGE, PARTIAL = "providers/send.html", "providers/_send.html"
NEW, FORM = "providers/new.html", "providers/_new_form.html"
MOVING = {
    SendState.SCHEDULED,
    SendState.PREPARING,
    SendState.READY,
    SendState.SENDING,
    SendState.CANCELLING,
}


@require_safe
@provider_page("provider.view")
def sends(request: MerchantRequest) -> HttpResponse:
    rows = JointSend.objects.for_merchant(request.merchant).select_related("author")
    page = numbered_page(request, rows.prefetch_related("parts").order_by("-created_at", "-pk"))
    return render(request, "providers/sends.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@provider_page("provider.act")
def new(request: MerchantRequest) -> HttpResponse:
    """The template stands in the address; its keywords are the fields."""
    offers = jointly.online(list(providers.mini_programs_of(request.merchant)))
    key = request.GET.get("template", "")
    templates = offers.get(key, [])
    context: dict[str, Any] = {
        "offers": [(one, rows[0], len(rows)) for one, rows in offers.items()],
        "chosen": key if templates else "",
        "form": None,
    }
    if not templates:
        return answer(request, NEW, FORM, context)
    posted = request.method == "POST"
    form = JointForm(templates, request.POST if posted else None)
    if posted and form.is_valid():
        made = joint.draft(
            provider=request.merchant,
            by=request.user,
            form_token=form.cleaned_data["form_token"],
            content=form.content,
            choices=form.choices,
        )
        return redirect(request, "provider_send", merchant=request.merchant.slug, joint_id=made.pk)
    return (invalid if posted else answer)(request, NEW, FORM, context | {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@provider_page("provider.view")
def joint_send(request: MerchantRequest, joint_id: int) -> HttpResponse:
    found = get_object_or_404(JointSend.objects.for_merchant(request.merchant), pk=joint_id)
    at = timezone.now()
    context = _context(found, at)
    second_factor.check_of(request, merchants=[one.part.merchant for one in context["ready"]])
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context)
    if not request.staff.can("provider.act"):
        raise PermissionDenied
    confirmed = _confirmed(request)
    meant = [one for one in context["ready"] if one.part.pk in confirmed]
    form = CountForm(request.POST, people=context["total"])
    seen = request.POST.get("total", "")
    if len(meant) != len(context["ready"]) or seen != str(context["total"]):
        if not context["ready"]:
            return redirect(request, "provider_send", merchant=request.merchant.slug, joint_id=found.pk)
        return invalid(request, PAGE, PARTIAL, context | {"changed": True})
    if not form.is_valid():
        return invalid(request, PAGE, PARTIAL, context | {"form": form})
    if not second_factor.passes(request):
        return invalid(request, PAGE, PARTIAL, context | {"form": form})
    launched = joint.launch(found, by=request.user, confirmed=confirmed, at=at)
    n = len(launched.done)
    if n:
        toast(
            request, ngettext("Launched for %(n)s merchant.", "Launched for %(n)s merchants.", n) % {"n": n}
        )
    if waiting := len(launched.asked):
        words = ngettext(
            "At %(n)s merchant a second person approves it first.",
            "At %(n)s merchants a second person approves it first.",
            waiting,
        )
        toast(request, words % {"n": waiting})
    return redirect(request, "provider_send", merchant=request.merchant.slug, joint_id=found.pk)


def _confirmed(request: MerchantRequest) -> dict[int, tuple[int, int]]:
    """Part id, version and count of launches of each draft, as they stood on the page."""
    found = {}
    for given in request.POST.getlist("part"):
        numbers = given.split(":")
        if len(numbers) == 3 and all(is_number(one) for one in numbers):
            found[int(numbers[0])] = (int(numbers[1]), int(numbers[2]))
    return found


def _context(found: JointSend, at: datetime) -> dict[str, Any]:
    parts = joint.parts_of(found)
    drafts = [part for part in parts if _is_draft(part)]
    checked = [joint.check(part, at=at) for part in drafts]
    ready = [one for one in checked if not one.why_not]
    started = [part for part in parts if not _is_draft(part)]
    figures = joint.figures(started)
    moving = [part for part in started if part.batch and part.batch.control.state in MOVING]
    total = sum(one.will_send for one in ready)
    words = next((part.batch for part in parts if part.batch), None)
    return {
        "joint": found,
        "checked": checked,
        "ready": ready,
        "total": total,
        "listed": sum(one.funnel.total for one in checked if one.funnel),
        "started": [(part, figures[part.pk]) for part in started],
        "sums": joint.total_of(list(figures.values())),
        "words": words,
        "fields": list(zip(words.template.keywords, words.values, strict=False))
        if words and words.template
        else [],
        "form": CountForm(people=total),
        "is_moving": bool(moving),
        "poll_seconds": poll_seconds(found.created_at, at=at),
        "facts": _facts(parts, started),
        "at": at,
    }


def _facts(parts: list[JointPart], started: list[JointPart]) -> str:
    words = ngettext("%(n)s merchant", "%(n)s merchants", len(parts)) % {"n": len(parts)}
    return f"{words} · {_('%(n)s launched') % {'n': len(started)}}"


def _is_draft(part: JointPart) -> bool:
    return part.batch is None or part.batch.control.state == SendState.DRAFT
