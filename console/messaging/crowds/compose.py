"""Writing a crowd send: a new one or a draft, looked at while it is written."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.forms import reading
from console.htmx import answer, invalid, redirect, toast
from console.messaging.crowds.forms import CrowdForm, fresh, of_crowd
from console.messaging.crowds.lookup import address, crowd_of, moved_on
from console.messaging.crowds.words import quota_words
from console.messaging.sends.compose_form import NAME_CHARACTERS, Offer, posted
from console.messaging.sends.marking import marked
from console.messaging.sends.preview import lines, preview_of
from console.messaging.sends.timing import NEXT_TIME, Timing, repaired_time, timing
from gateway import wire
from messaging.models import CrowdSend, CrowdState
from messaging.sends import crowd as crowds
from messaging.sends.advice import repaired

PAGE, PARTIAL = "messaging/crowds/form.html", "messaging/crowds/_form.html"
LOOKED = "messaging/crowds/_looked.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose")
def crowd_new(request: MerchantRequest) -> HttpResponse:
    if request.mini_program is None:
        return render(request, "messaging/sends/no_mini_program.html")
    if request.method != "POST":
        initial = fresh(request.GET)
        offered = Offer(request.mini_program, asked=initial)
        form = CrowdForm(offered=offered, address=request.path, initial=initial)
        context = _context(request, form, None) | {"left_out": offered.left_out}
        return answer(request, PAGE, PARTIAL, context)
    offered = Offer(request.mini_program, asked=request.POST)
    form = CrowdForm(request.POST, offered=offered, address=request.path)
    if looked := _looked_at(request, form, None):
        return looked
    if not form.is_valid():
        return _wrong(request, form, None)
    made = crowds.new_draft(
        merchant=request.merchant,
        mini_program=request.mini_program,
        by=request.user,
        form_token=form.cleaned_data["form_token"],
        content=form.crowd_content(),
    )
    return _onward(request, made, form.action)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose")
def crowd_edit(request: MerchantRequest, crowd_id: int) -> HttpResponse:
    crowd = crowd_of(request, crowd_id)
    if crowd.state != CrowdState.DRAFT:
        return moved_on(request, crowd)
    offered = Offer(crowd.mini_program, asked=request.POST or {"template": crowd.template_id})
    if request.method != "POST":
        form = CrowdForm(offered=offered, address=request.path, initial=of_crowd(crowd))
        if "check" in request.GET:
            form = _judged(crowd, offered, request.path)
        return answer(request, PAGE, PARTIAL, _context(request, form, crowd))
    form = CrowdForm(request.POST, offered=offered, address=request.path)
    if looked := _looked_at(request, form, crowd):
        return looked
    if not form.is_valid():
        return _wrong(request, form, crowd)
    try:
        saved = crowds.save_draft(
            crowd,
            by=request.user,
            version=form.cleaned_data["version"] or 0,
            content=form.crowd_content(),
            at=timezone.now(),
        )
    except crowds.CrowdConflict as conflict:
        return _conflict(request, form, conflict.current)
    return _onward(request, saved, form.action)


def _onward(request: MerchantRequest, crowd: CrowdSend, action: str) -> HttpResponse:
    """Saved. "Check before sending" goes on when nothing is missing, and else shows what is."""
    if action != "review":
        toast(request, _("Draft saved. Nothing is sent until you confirm it."))
        return redirect(request, address("crowd_edit", crowd))
    if not crowds.problems(crowd, at=timezone.now()):
        return redirect(request, address("crowd_launch", crowd))
    offered = Offer(crowd.mini_program, asked={"template": crowd.template_id})
    response = _wrong(request, _judged(crowd, offered, address("crowd_edit", crowd)), crowd)
    response["HX-Push-Url"] = address("crowd_edit", crowd)
    return response


def _judged(crowd: CrowdSend, offered: Offer, at: str) -> CrowdForm:
    """The form of a draft with all that keeps it from being launched, each at its field."""
    form = CrowdForm(posted(of_crowd(crowd)), offered=offered, address=at)
    if form.is_valid():
        form.tell(crowds.problems(crowd, at=timezone.now()))
    return form


def _conflict(request: MerchantRequest, form: CrowdForm, current: CrowdSend) -> HttpResponse:
    """Somebody saved it first: what was typed stays, and saving again replaces theirs."""
    if current.state != CrowdState.DRAFT:
        return moved_on(request, current)
    data = request.POST.copy()
    data["version"] = str(current.version)
    again = CrowdForm(data, offered=form.offered, address=form.address)
    again.is_valid()
    return invalid(request, PAGE, PARTIAL, _context(request, again, current) | {"conflict": current})


def _wrong(request: MerchantRequest, form: CrowdForm, crowd: CrowdSend | None) -> HttpResponse:
    form.focus_first()
    return invalid(request, PAGE, PARTIAL, _context(request, form, crowd))


def _looked_at(request: MerchantRequest, form: CrowdForm, crowd: CrowdSend | None) -> HttpResponse | None:
    """What the page asks for while it is being written, and nothing is saved; None: it asks for more."""
    action = form.action
    if action == "preview" and request.htmx:
        return answer(request, PAGE, LOOKED, _context(request, _unjudged(form), crowd))
    if action in ("refresh", "preview"):
        written = _unjudged(form)
    elif action == NEXT_TIME:
        written = _unjudged(form, **repaired_time(_timing(form, crowd)))
    elif action.startswith("repair-"):
        written = _repaired(form, action)
    else:
        return None
    return answer(request, PAGE, PARTIAL, _context(request, written, crowd))


def _unjudged(form: CrowdForm, **better: str) -> CrowdForm:
    """The same values in the fields of the newly chosen template, not judged: it is still being written."""
    values = {name: form[name].value() for name in form.fields if name != "shown_template"}
    initial = {name: value for name, value in values.items() if value is not None} | better
    return CrowdForm(offered=form.offered, address=form.address, initial=initial)


def _repaired(form: CrowdForm, action: str) -> CrowdForm:
    """`repair-<field>-<character>`: the claim that begins there is replaced."""
    position, _sign, start = action.removeprefix("repair-").partition("-")
    name = f"value_{position}"
    if name not in form.fields or not (start.isascii() and start.isdigit()):
        return _unjudged(form)
    return _unjudged(form, **{name: repaired(str(form[name].value() or ""), start=int(start[:6]))})


def _timing(form: CrowdForm, crowd: CrowdSend | None) -> Timing:
    zone = crowd.zone if crowd else form.offered.zone
    return timing(reading(form, "scheduled_on"), reading(form, "scheduled_time"), zone)


def _context(request: MerchantRequest, form: CrowdForm, crowd: CrowdSend | None) -> dict[str, Any]:
    preview = preview_of(form, sender=request.merchant.name, may_see_people=False)
    said = marked(form, preview)
    at = timezone.now()
    return {
        "form": form,
        "crowd": crowd,
        "name_limit": NAME_CHARACTERS,
        "value_limit": wire.KEYWORD_VALUE_MAX_CHARACTERS,
        "timing": _timing(form, crowd),
        "preview": preview,
        "written": list(zip(form.value_fields, said, strict=True)),
        "lines": lines(form),
        "quota": quota_words(form.offered.mini_program, at=at),
        "at": at,
    }
