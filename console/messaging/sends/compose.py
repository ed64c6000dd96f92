"""Writing a batch send: a new one, a draft, and two people at the same draft."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, redirect, toast
from console.messaging.sends import conflict
from console.messaging.sends.compose_form import ComposeForm, Offer, fresh, of_batch, posted, taken_from
from console.messaging.sends.compose_page import PAGE, PARTIAL, context_of, given_back, looked_at, wrong
from console.messaging.sends.forms import token as uuid_of
from console.messaging.sends.gone import draft_is_gone
from console.messaging.sends.keeping import is_by_itself, keep, new_token
from console.messaging.sends.kept_forms import keep_form, own_form, take_form, waiting_token
from console.messaging.sends.lookup import address, made_by, moved_on, send_of
from console.messaging.sends.rows import UNDER_REVIEW
from merchants.models import MiniProgram
from messaging.models import BatchSend, SendState
from messaging.sends import batches
from messaging.sends.uses import latest_sends

SHOWN_EARLIER = 6


def form_again(request: MerchantRequest, send_id: int | None = None) -> HttpResponse:
    """The token went stale by signing in elsewhere: what was typed, with one that fits. Nothing is done."""
    data = own_form(request, person=request.user)
    if data is None or request.mini_program is None:
        return render(request, "console/csrf.html", status=403)
    batch = send_of(request, send_id) if send_id is not None else None
    if request.htmx and is_by_itself(request.POST.get("action", "")):
        return new_token(request, batch)
    form = _form_of(data, batch.mini_program if batch else request.mini_program, batch, at=request.path)
    if batch and batch.control.state != SendState.DRAFT:
        return draft_is_gone(request, form, batch)
    return given_back(request, form, batch, look="stale", status=422)


def _form_of(data: QueryDict, mini_program: MiniProgram, batch: BatchSend | None, *, at: str) -> ComposeForm:
    """What was posted from the composer at this address, or from the choice between two versions."""
    offered = Offer(mini_program, batch, asked=data)
    return ComposeForm(conflict.chosen(data, offered), offered=offered, address=at)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose", signed_out=keep_form, stale=form_again)
def send_new(request: MerchantRequest) -> HttpResponse:
    if request.mini_program is None:
        return render(request, "messaging/sends/no_mini_program.html")
    if request.method != "POST":
        return _came_back(request, request.mini_program) or _begin(request, request.mini_program)
    offered = Offer(request.mini_program, asked=request.POST)
    form = ComposeForm(request.POST, offered=offered, address=request.path)
    looked = looked_at(request, form, None)
    if looked is not None:
        return looked
    made = made_by(request, form_token=uuid_of(request.POST.get("form_token", "")))
    if made and made.control.state != SendState.DRAFT:
        return draft_is_gone(request, form, made)
    if form.action == "keep":
        return keep(request, form, None)
    return _create(request, form, request.mini_program)


def _begin(request: MerchantRequest, mini_program: MiniProgram) -> HttpResponse:
    taken, left_out = _earlier(request, mini_program)
    initial = fresh(request.GET) | taken
    offered = Offer(mini_program, asked=initial)
    form = ComposeForm(offered=offered, address=request.path, initial=initial)
    context = {
        "earlier": latest_sends(mini_program, limit=SHOWN_EARLIER),
        "left_out": left_out + offered.left_out,
    }
    return answer(request, PAGE, PARTIAL, context_of(request, form, None) | context)


def _earlier(request: MerchantRequest, mini_program: MiniProgram) -> tuple[dict[str, Any], list[str]]:
    """`?from=` names an earlier send of this mini program to start from; or why that is not possible."""
    wanted = request.GET.get("from", "")
    if not wanted:
        return {}, []
    batch = None
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 18:
        rows = BatchSend.objects.for_merchant(request.merchant).filter(mini_program=mini_program, pk=wanted)
        batch = rows.select_related("template", "people_list").first()
    if batch is None:
        return {}, [_("The send to start from is not one of this mini program, so nothing was taken over.")]
    return taken_from(batch), []


def _create(request: MerchantRequest, form: ComposeForm, mini_program: MiniProgram) -> HttpResponse:
    if not form.is_valid():
        return wrong(request, form, None)
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
    is_draft = batch.control.state == SendState.DRAFT
    if request.method != "POST":
        return _open(request, batch) if is_draft else _too_late(request, batch)
    form = _form_of(request.POST, batch.mini_program, batch, at=request.path)
    if not is_draft:
        return draft_is_gone(request, form, batch)
    looked = looked_at(request, form, batch)
    if looked is not None:
        return looked
    if form.action == "keep":
        return keep(request, form, batch)
    if not form.is_valid():
        return wrong(request, form, batch)
    return _save(request, batch, form, version=form.cleaned_data["version"] or 0)


def _open(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    kept = take_form(request, person=request.user, form_token=str(batch.form_token))
    if kept is not None:
        given = _form_of(kept, batch.mini_program, batch, at=request.path)
        return given_back(request, given, batch)
    form = ComposeForm(
        posted(of_batch(batch)), offered=Offer(batch.mini_program, batch), address=request.path
    )
    if "check" in request.GET:
        form.tell(batches.problems(batch, at=timezone.now()))
    return answer(request, PAGE, PARTIAL, context_of(request, form, batch))


def _too_late(request: MerchantRequest, batch: BatchSend) -> HttpResponse:
    """It is no draft any more: what was kept while nobody was signed in comes back as a new send."""
    kept = take_form(request, person=request.user, form_token=str(batch.form_token))
    if kept is not None:
        given = _form_of(kept, batch.mini_program, batch, at=request.path)
        return draft_is_gone(request, given, batch, status=200)
    if batch.control.state in UNDER_REVIEW:
        return render(request, "messaging/sends/reopen.html", {"batch": batch, "control": batch.control})
    if batch.control.state == SendState.SCHEDULED:
        return render(request, "messaging/sends/take_back.html", {"batch": batch, "control": batch.control})
    return moved_on(request, batch)


def _came_back(request: MerchantRequest, mini_program: MiniProgram) -> HttpResponse | None:
    """A form kept while nobody was signed in; where it had saved itself before, in its draft."""
    token = uuid_of(waiting_token(request))
    if token is None:
        return None
    known = made_by(request, form_token=token)
    if known and known.control.state == SendState.DRAFT:
        return redirect(request, address("send_edit", known))
    kept = take_form(request, person=request.user)
    if kept is None:
        return None
    form = _form_of(kept, mini_program, None, at=request.path)
    return draft_is_gone(request, form, known, status=200) if known else given_back(request, form, None)


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
        return draft_is_gone(request, form, batch)
    except batches.DraftConflict as found:
        current = found.current
        if current.control.state != SendState.DRAFT:
            return draft_is_gone(request, form, current)
        if not batches.differs(current, form.content()):
            return _onward(request, current, action=form.action)
        return conflict.show(request, form, current, began_at=version)
    return _onward(request, saved, action=form.action)


def _onward(request: MerchantRequest, batch: BatchSend, *, action: str) -> HttpResponse:
    """Saved. "Check before sending" goes on when nothing is missing, and else shows what is."""
    if action == "test":
        return redirect(request, address("send_trial", batch))
    if action != "review":
        toast(request, _("Draft saved. Nothing is sent until you confirm it."))
        return redirect(request, address("send_edit", batch))
    found = batches.problems(batch, at=timezone.now())
    if not found:
        return redirect(request, address("send_launch", batch))
    form = conflict.form_of(batch)
    form.tell(found)
    response = wrong(request, form, batch)
    response["HX-Push-Url"] = address("send_edit", batch)
    return response
