"""Writing a batch send: a new one, a draft, and two people at the same draft."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid, redirect, toast
from console.messaging.sends import conflict
from console.messaging.sends.compose_form import (
    NAME_CHARACTERS,
    ComposeForm,
    Offer,
    fresh,
    of_batch,
    posted,
    taken_from,
)
from console.messaging.sends.forms import token as uuid_of
from console.messaging.sends.keeping import is_by_itself, keep, new_token
from console.messaging.sends.kept_forms import keep_form, own_form, take_form, waiting_token, writer_of
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.marking import marked
from console.messaging.sends.preview import LOOKS, lines, preview_of, rows_that_fit
from console.messaging.sends.reach import reach_of
from console.messaging.sends.timing import timing
from gateway import wire
from merchants.models import MiniProgram
from messaging.models import BatchSend, SendState
from messaging.sends import batches
from messaging.sends.advice import repaired
from messaging.sends.uses import latest_sends

PAGE, PARTIAL = "messaging/sends/form.html", "messaging/sends/_form.html"
SHOWN_EARLIER = 6


def form_again(request: MerchantRequest, send_id: int | None = None) -> HttpResponse:
    """The token went stale by signing in elsewhere: what was typed, with one that fits. Nothing is done."""
    data = own_form(request, person=request.user)
    if data is None or request.mini_program is None:
        return render(request, "console/csrf.html", status=403)
    batch = send_of(request, send_id) if send_id is not None else None
    if batch and batch.control.state != SendState.DRAFT:
        return moved_on(request, batch)
    if request.htmx and is_by_itself(request.POST.get("action", "")):
        return new_token(request, batch)
    offered = Offer(batch.mini_program, batch) if batch else Offer(request.mini_program)
    form = ComposeForm(conflict.chosen(data, offered), offered=offered, address=request.path)
    return _given_back(request, form, batch, look="stale", status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose", signed_out=keep_form, stale=form_again)
def send_new(request: MerchantRequest) -> HttpResponse:
    if request.mini_program is None:
        return render(request, "messaging/sends/no_mini_program.html")
    offered = Offer(request.mini_program)
    if request.method != "POST":
        came_back = _came_back(request, offered)
        if came_back is not None:
            return came_back
        earlier = latest_sends(request.mini_program, limit=SHOWN_EARLIER)
        initial = fresh(request.GET) | _earlier(request, request.mini_program)
        form = ComposeForm(offered=offered, address=request.path, initial=initial)
        return answer(request, PAGE, PARTIAL, context_of(request, form, None) | {"earlier": earlier})
    form = ComposeForm(request.POST, offered=offered, address=request.path)
    return _live(request, form, None) or _create(request, form, request.mini_program)


def _earlier(request: MerchantRequest, mini_program: MiniProgram) -> dict[str, Any]:
    """`?from=` names an earlier send of this mini program to start from."""
    wanted = request.GET.get("from", "")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) <= 18):
        return {}
    rows = BatchSend.objects.for_merchant(request.merchant).filter(mini_program=mini_program, pk=wanted)
    batch = rows.select_related("template", "people_list").first()
    return taken_from(batch) if batch else {}


def _create(request: MerchantRequest, form: ComposeForm, mini_program: MiniProgram) -> HttpResponse:
    if not form.is_valid():
        form.focus_first()
        return invalid(request, PAGE, PARTIAL, context_of(request, form, None))
    content = form.content()
    made = batches.new_draft(
        merchant=request.merchant,
        mini_program=mini_program,
        by=request.user,
        form_token=form.cleaned_data["form_token"],
        content=content,
    )
    if batches.differs(made, content):  # the form was sent before, and changed since
        return _save(request, made, form, version=form.cleaned_data["version"] or 1)
    return _onward(request, made, action=form.action)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose", signed_out=keep_form, stale=form_again)
def send_edit(request: MerchantRequest, send_id: int) -> HttpResponse:
    batch = send_of(request, send_id)
    if batch.control.state == SendState.SCHEDULED and request.method != "POST":
        return render(request, "messaging/sends/take_back.html", {"batch": batch, "control": batch.control})
    if batch.control.state != SendState.DRAFT:
        return moved_on(request, batch)
    offered = Offer(batch.mini_program, batch)
    if request.method != "POST":
        kept = take_form(request, person=request.user, form_token=str(batch.form_token))
        if kept is not None:
            given = ComposeForm(conflict.chosen(kept, offered), offered=offered, address=request.path)
            return _given_back(request, given, batch)
        form = ComposeForm(posted(of_batch(batch)), offered=offered, address=request.path)
        if "check" in request.GET:
            form.tell(batches.problems(batch, at=timezone.now()))
        return answer(request, PAGE, PARTIAL, context_of(request, form, batch))
    data = conflict.chosen(request.POST, offered)
    form = ComposeForm(data, offered=offered, address=request.path)
    early = _live(request, form, batch)
    if early is not None:
        return early
    if not form.is_valid():
        form.focus_first()
        return invalid(request, PAGE, PARTIAL, context_of(request, form, batch))
    return _save(request, batch, form, version=form.cleaned_data["version"] or 0)


def _live(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> HttpResponse | None:
    """What the page asks for while it is being written; None: it is to be saved."""
    action = form.action
    if action == "keep":
        return keep(request, form, batch)
    is_look = action == "preview" or action in LOOKS
    if not is_look and action != "refresh" and not action.startswith("repair-"):
        return None
    written = _unjudged(form, request.path)
    written.look = action
    if is_look:
        context = context_of(request, written, batch)
        context["has_fields"] = form["shown_template"].value() == written["shown_template"].value()
        return answer(request, PAGE, "messaging/sends/_looked.html", context)
    if action.startswith("repair-"):
        written = _repaired(written, action)
    return answer(request, PAGE, PARTIAL, context_of(request, written, batch))


def _repaired(form: ComposeForm, action: str) -> ComposeForm:
    """`repair-<field>-<character>`: the claim that begins there is replaced, focus goes to its field."""
    position, _sign, start = action.removeprefix("repair-").partition("-")
    name = f"value_{position}"
    if name not in form.fields or not (start.isascii() and start.isdigit()):
        return form
    text = repaired(str(form.initial.get(name) or ""), start=int(start[:6]))
    better = ComposeForm(offered=form.offered, address=form.address, initial={**form.initial, name: text})
    better.fields[name].widget.attrs["autofocus"] = True
    better.look = action
    return better


def _came_back(request: MerchantRequest, offered: Offer) -> HttpResponse | None:
    """A form kept while nobody was signed in; where it had saved itself before, in its draft."""
    token = uuid_of(waiting_token(request))
    if token is None:
        return None
    known = BatchSend.objects.for_merchant(request.merchant).filter(form_token=token)
    if known.filter(control__state=SendState.DRAFT).exists():
        return redirect(request, address("send_edit", known.select_related("merchant").get()))
    kept = take_form(request, person=request.user)
    if kept is None:
        return None
    if known.exists():  # launched meanwhile: the words become a new draft
        kept["form_token"], kept["version"] = str(uuid.uuid4()), ""
    return _given_back(request, ComposeForm(kept, offered=offered, address=request.path), None)


def _given_back(
    request: MerchantRequest,
    form: ComposeForm,
    batch: BatchSend | None,
    *,
    look: str = "given-back",
    status: int = 200,
) -> HttpResponse:
    """What was posted in vain, shown again: only a person saves or launches it."""
    written = _unjudged(form, request.path)
    written.look = look
    return answer(request, PAGE, PARTIAL, context_of(request, written, batch), status=status)


def _save(request: MerchantRequest, batch: BatchSend, form: ComposeForm, *, version: int) -> HttpResponse:
    try:
        saved = batches.save_draft(
            batch,
            by=request.user,
            version=version,
            content=form.content(),
            at=timezone.now(),
            window=form.cleaned_data["window"],
        )
    except batches.NotADraft:
        return moved_on(request, batch)
    except batches.DraftConflict as found:
        if not batches.differs(found.current, form.content()):
            return _onward(request, found.current, action=form.action)
        return conflict.show(request, form, found.current, began_at=version)
    return _onward(request, saved, action=form.action)


def _onward(request: MerchantRequest, batch: BatchSend, *, action: str) -> HttpResponse:
    """Saved. "Check before sending" goes on when nothing is missing, and else shows what is."""
    if action != "review":
        toast(request, _("Draft saved. Nothing is sent until you confirm it."))
        return redirect(request, "send_edit", request.merchant.slug, batch.pk)
    found = batches.problems(batch, at=timezone.now())
    if not found:
        return redirect(request, "send_launch", request.merchant.slug, batch.pk)
    form = conflict.form_of(batch)
    form.tell(found)
    response = invalid(request, PAGE, PARTIAL, context_of(request, form, batch))
    response["HX-Push-Url"] = address("send_edit", batch)
    return response


def _unjudged(form: ComposeForm, path: str) -> ComposeForm:
    """The same values in the fields of the newly chosen template, not judged: it is still being written."""
    values = {name: form[name].value() for name in form.fields if name != "shown_template"}
    initial = {name: value for name, value in values.items() if value is not None}
    return ComposeForm(offered=form.offered, address=path, initial=initial)


def context_of(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> dict[str, Any]:
    """Counts who is reached only of what is saved, and not for what asks for a preview alone."""
    zone = batch.zone if batch else form.offered.zone
    at = timezone.now()
    counts = batch is not None and not form.look
    sees = request.staff.can("people.reveal")
    preview = preview_of(form, sender=request.merchant.name, may_see_people=sees)
    said = marked(form, preview)
    return {
        "form": form,
        "batch": batch,
        "name_limit": NAME_CHARACTERS,
        "value_limit": wire.KEYWORD_VALUE_MAX_CHARACTERS,
        "page_limit": wire.PAGE_MAX_CHARACTERS,
        "timing": timing(_read(form, "scheduled_on"), _read(form, "scheduled_time"), zone),
        "preview": preview,
        "written": list(zip(form.value_fields, said, strict=True)),
        "has_claims": any(one.parts for one in said),
        "lines": lines(form),
        "reach": reach_of(batch, at=at) if counts and batch else None,
        "rows_fit": rows_that_fit(form, may_see_people=sees) if counts else None,
        "writer": writer_of(request.user),
        "at": at,
    }


def _read(form: ComposeForm, name: str) -> Any:
    """The value of a field as its type; None while it cannot be read."""
    try:
        return form.fields[name].to_python(form[name].value())
    except ValidationError:
        return None
