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
from console.messaging.sends.keeping import keep
from console.messaging.sends.kept_forms import keep_form, take_form, waiting_token, writer_of
from console.messaging.sends.lookup import address, moved_on, send_of
from console.messaging.sends.preview import LOOKS, lines, preview_of, remarks, rows_that_fit
from console.messaging.sends.reach import reach_of
from console.messaging.sends.timing import timing
from gateway import wire
from merchants.models import MiniProgram, User
from messaging.models import BatchSend, SendState
from messaging.sends import batches
from messaging.sends.advice import repaired
from messaging.sends.uses import latest_sends
from messaging.sends.versions import versions_of

PAGE, PARTIAL = "messaging/sends/form.html", "messaging/sends/_form.html"
SHOWN_EARLIER = 6


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose", signed_out=keep_form)
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
    return _onward(request, made)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose", signed_out=keep_form)
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
            return _given_back(request, ComposeForm(kept, offered=offered, address=request.path), batch)
        form = ComposeForm(posted(of_batch(batch)), offered=offered, address=request.path)
        if "check" in request.GET:
            form.tell(batches.problems(batch, at=timezone.now()))
        return answer(request, PAGE, PARTIAL, context_of(request, form, batch))
    form = ComposeForm(request.POST, offered=offered, address=request.path)
    early = _live(request, form, batch)
    if early is not None:
        return early
    if not form.is_valid():
        form.focus_first()
        return invalid(request, PAGE, PARTIAL, context_of(request, form, batch))
    return _save(request, batch, form, version=form.cleaned_data["version"] or 0)


def _live(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> HttpResponse | None:
    """What the page asks for while it is being written; None: it is to be saved."""
    action = request.POST.get("action", "")
    if action == "keep":
        return keep(request, form, batch)
    if (
        action != "refresh"
        and action != "preview"
        and action not in LOOKS
        and not action.startswith("repair-")
    ):
        return None
    written = _unjudged(form, request.path)
    written.look = action
    if action == "preview" or action in LOOKS:
        return answer(request, PAGE, "messaging/sends/_looked.html", context_of(request, written, batch))
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


def _given_back(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> HttpResponse:
    """What was posted after the session had ended, shown again: only a person saves or launches it."""
    written = _unjudged(form, request.path)
    written.look = "given-back"
    return answer(request, PAGE, PARTIAL, context_of(request, written, batch))


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
    response = invalid(request, PAGE, PARTIAL, context_of(request, form, batch))
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
        "who": _who_saved(current),
        "mine": mine,
        "rows": _side_by_side(mine, theirs),
        "action": "review" if request.POST.get("action") == "review" else "save",
        "edit_url": address("send_edit", current),
    }
    return invalid(request, "messaging/sends/conflict.html", "messaging/sends/_conflict.html", context)


def _who_saved(current: BatchSend) -> User | None:
    """Who wrote the version that stands; None for one saved before versions were kept."""
    row = versions_of(current).filter(version=current.version).first()
    return row.by if row else None


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


def context_of(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> dict[str, Any]:
    """Counts who is reached only of what is saved, and not for what asks for a preview alone."""
    zone = batch.zone if batch else form.offered.zone
    at = timezone.now()
    counts = batch is not None and not form.look
    return {
        "form": form,
        "batch": batch,
        "name_limit": NAME_CHARACTERS,
        "value_limit": wire.KEYWORD_VALUE_MAX_CHARACTERS,
        "page_limit": wire.PAGE_MAX_CHARACTERS,
        "timing": timing(_read(form, "scheduled_on"), _read(form, "scheduled_time"), zone),
        "preview": preview_of(form, may_see_people=request.staff.can("people.reveal")),
        "remarks": remarks(form),
        "lines": lines(form),
        "reach": reach_of(batch, at=at) if counts and batch else None,
        "rows_fit": rows_that_fit(form) if counts else None,
        "writer": writer_of(request.user),
        "at": at,
    }


def _read(form: ComposeForm, name: str) -> Any:
    """The value of a field as its type; None while it cannot be read."""
    try:
        return form.fields[name].to_python(form[name].value())
    except ValidationError:
        return None
