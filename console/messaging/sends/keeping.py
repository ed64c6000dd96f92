"""A pause in writing: the draft saves itself, and who is reached is counted anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import reswap, retarget

from console.access import MerchantRequest
from console.messaging.sends.compose_form import ComposeForm
from console.messaging.sends.lookup import address
from console.messaging.sends.preview import LOOKS, rows_that_fit
from console.messaging.sends.reach import reach_of
from messaging.models import BatchSend
from messaging.sends import batches

PARTIAL = "messaging/sends/_kept.html"


class NotKept(Exception):
    """The sentence says why, and what to do."""


def keep(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> HttpResponse:
    """Answers with the line that says when it was saved, and the counts; never touches a field."""
    at = timezone.now()
    context: dict[str, Any] = {"form": form, "batch": batch, "at": at}
    try:
        saved = _kept(request, form, batch, at)
    except NotKept as refused:
        return not_kept(request, form, batch, str(refused))
    rows_fit = rows_that_fit(form, may_see_people=request.staff.can("people.reveal"))
    context |= {"batch": saved, "reach": reach_of(saved, at=at), "rows_fit": rows_fit}
    response = render(request, PARTIAL, context | {"is_kept": True})
    if batch is None:
        response["HX-Replace-Url"] = address("send_edit", saved)
    return response


def not_kept(
    request: MerchantRequest, form: ComposeForm, batch: BatchSend | None, words: str
) -> HttpResponse:
    """The line that says why, and what to do; every field stays as it is, and so does the form's version."""
    context = {"form": form, "batch": batch, "at": timezone.now(), "not_kept": words}
    return render(request, PARTIAL, context)


def is_by_itself(action: str) -> bool:
    """Whether the page asks for it while somebody goes on writing, so that no field may be touched."""
    return action in ("keep", "preview", *LOOKS)


def new_token(request: MerchantRequest, batch: BatchSend | None) -> HttpResponse:
    """The form gets a token that fits and saves itself anew: once, should that token not fit either."""
    words = _("You signed in again in another window. Nothing is lost; saving goes on.")
    look = "" if "again" in request.POST else "stale"
    context = {"form": {"look": look}, "batch": batch, "not_kept": words}
    response = render(request, "messaging/sends/_token.html", context)
    return retarget(reswap(response, "outerHTML"), "#draft-saved")


def _kept(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None, at: datetime) -> BatchSend:
    if not form.is_valid():
        first = next(iter(form.errors.values()))[0]
        raise NotKept(_("Not saved yet: %(why)s") % {"why": first})
    content = form.content()
    version = form.cleaned_data["version"] or 1
    if batch is None and request.mini_program is not None:
        batch = batches.new_draft(
            merchant=request.merchant,
            mini_program=request.mini_program,
            by=request.user,
            form_token=form.cleaned_data["form_token"],
            content=content,
        )
    if batch is None:
        raise NotKept(_("Not saved yet: this merchant has no mini program."))
    if batch.version == version and not batches.differs(batch, content):
        return batch
    try:
        return batches.save_draft(
            batch,
            by=request.user,
            version=version,
            content=content,
            at=at,
            by_itself=True,
            window=form.cleaned_data["window"],
        )
    except batches.DraftConflict as conflict:
        if not batches.differs(conflict.current, content):
            return conflict.current
        words = _("Somebody else changed this draft. Yours stays on this page; “Save draft” shows both.")
        raise NotKept(words) from conflict
    except batches.NotADraft as moved:
        raise NotKept(_("This send is no longer a draft, so nothing was saved.")) from moved
