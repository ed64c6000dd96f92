"""Writing a batch send: a new one, a draft, and two people at the same draft."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends.compose_form import NAME_CHARACTERS, ComposeForm, Offer, fresh, of_batch, posted
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.timing import timing
from gateway import wire
from messaging.models import BatchSend, SendState
from messaging.sends import batches

PAGE, PARTIAL = "messaging/sends/form.html", "messaging/sends/_form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose")
def send_new(request: MerchantRequest) -> HttpResponse:
    if request.mini_program is None:
        return render(request, "messaging/sends/no_mini_program.html")
    offered = Offer(request.mini_program)
    if request.method != "POST":
        form = ComposeForm(offered=offered, address=request.path, initial=fresh(request.GET))
        return answer(request, PAGE, PARTIAL, _context(form, None))
    form = ComposeForm(request.POST, offered=offered, address=request.path)
    if request.POST.get("action") == "refresh":
        return answer(request, PAGE, PARTIAL, _context(_unjudged(form, request.path), None))
    if not form.is_valid():
        form.focus_first()
        return invalid(request, PAGE, PARTIAL, _context(form, None))
    content = form.content()
    made = batches.new_draft(
        merchant=request.merchant,
        mini_program=request.mini_program,
        by=request.user,
        form_token=form.cleaned_data["form_token"],
        content=content,
    )
    if batches.differs(made, content):  # the form was sent before, and changed since
        return _save(request, made, form, version=1)
    return _onward(request, made)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose")
def send_edit(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state == SendState.SCHEDULED and request.method != "POST":
        return render(request, "messaging/sends/take_back.html", {"batch": batch, "control": batch.control})
    if batch.control.state != SendState.DRAFT:
        return moved_on(request, batch)
    offered = Offer(batch.mini_program, batch)
    if request.method != "POST":
        form = ComposeForm(posted(of_batch(batch)), offered=offered, address=request.path)
        if "check" in request.GET:
            form.tell(batches.problems(batch, at=timezone.now()))
        return answer(request, PAGE, PARTIAL, _context(form, batch))
    form = ComposeForm(request.POST, offered=offered, address=request.path)
    if request.POST.get("action") == "refresh":
        return answer(request, PAGE, PARTIAL, _context(_unjudged(form, request.path), batch))
    if not form.is_valid():
        form.focus_first()
        return invalid(request, PAGE, PARTIAL, _context(form, batch))
    return _save(request, batch, form, version=form.cleaned_data["version"] or 0)


def _save(request: MerchantRequest, batch: BatchSend, form: ComposeForm, *, version: int) -> HttpResponse:
    try:
        saved = batches.save_draft(
            batch, by=request.user, version=version, content=form.content(), at=timezone.now()
        )
    except batches.NotADraft:
        return moved_on(request, batch)
    except batches.DraftConflict as conflict:
        return _conflict(request, form, conflict.current)
    return _onward(request, saved)


def _onward(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    """Saved. "Check before sending" goes on when nothing is missing, and else shows what is."""
    if request.POST.get("action") != "review":
        toast(request, _("Draft saved. Nothing is sent until you confirm it."))
        return redirect(request, "send_edit", request.merchant.slug, batch.pk)
    found = batches.problems(batch, at=timezone.now())
    if not found:
        return redirect(request, "send_launch", request.merchant.slug, batch.pk)
    form = ComposeForm(
        posted(of_batch(batch)), offered=Offer(batch.mini_program, batch), address=address("send_edit", batch)
    )
    form.tell(found)
    response = invalid(request, PAGE, PARTIAL, _context(form, batch))
    response["HX-Push-Url"] = address("send_edit", batch)
    return response


def _conflict(request: MerchantRequest, form: ComposeForm, current: BatchSend) -> HttpResponse:
    data = request.POST.copy()
    data["version"] = str(current.version)
    mine = ComposeForm(data, offered=form.offered, address=address("send_edit", current))
    theirs = ComposeForm(
        posted(of_batch(current)),
        offered=Offer(current.mini_program, current),
        address=address("send_edit", current),
    )
    context = {
        "batch": current,
        "mine": mine,
        "rows": _side_by_side(mine, theirs),
        "action": "review" if request.POST.get("action") == "review" else "save",
        "edit_url": address("send_edit", current),
    }
    return invalid(request, "messaging/sends/conflict.html", "messaging/sends/_conflict.html", context)


def _side_by_side(mine: ComposeForm, theirs: ComposeForm) -> list[dict[str, Any]]:
    labels: dict[str, str] = {}
    for form in (mine, theirs):
        labels |= {name: str(form.fields[name].label) for name in [*form.order, "when"]}
    rows = []
    for name, label in labels.items():
        left, right = (_shown(form, name) for form in (mine, theirs))
        rows.append({"label": label, "mine": left, "theirs": right, "differs": left != right})
    return rows


def _shown(form: ComposeForm, name: str) -> str:
    if name not in form.fields:
        return ""
    value = str(form[name].value() or "")
    choices = getattr(form.fields[name], "choices", None)
    return str(dict(choices).get(value, value)) if choices is not None and value else value


def _unjudged(form: ComposeForm, path: str) -> ComposeForm:
    """The same values in the fields of the newly chosen template, not judged: it is still being written."""
    values = {name: form[name].value() for name in form.fields if name != "shown_template"}
    initial = {name: value for name, value in values.items() if value is not None}
    return ComposeForm(offered=form.offered, address=path, initial=initial)


def _context(form: ComposeForm, batch: BatchSend | None) -> dict[str, Any]:
    zone = batch.zone if batch else form.offered.zone
    return {
        "form": form,
        "batch": batch,
        "name_limit": NAME_CHARACTERS,
        "value_limit": wire.KEYWORD_VALUE_MAX_CHARACTERS,
        "page_limit": wire.PAGE_MAX_CHARACTERS,
        "timing": timing(_read(form, "scheduled_on"), _read(form, "scheduled_time"), zone),
        "at": timezone.now(),
    }


def _read(form: ComposeForm, name: str) -> Any:
    """The value of a field as its type; None while it cannot be read."""
    try:
        return form.fields[name].to_python(form[name].value())
    except ValidationError:
        return None
