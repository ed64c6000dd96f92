"""The draft was launched while somebody was writing in it: what they wrote comes back as a new send."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from console.access import MerchantRequest
from console.htmx import answer
from console.messaging.sends.compose_form import ComposeForm
from console.messaging.sends.compose_page import PAGE, PARTIAL, context_of, looked_at
from console.messaging.sends.keeping import not_kept
from console.messaging.sends.lookup import moved_on
from console.messaging.sends.moves import last_launch
from console.messaging.sends.preview import LOOKS
from console.messaging.sends.rows import UNDER_REVIEW
from console.states import send_word
from messaging.models import BatchSend
from messaging.sends import batches


def draft_is_gone(
    request: MerchantRequest, form: ComposeForm, batch: BatchSend, *, status: int = 422
) -> HttpResponse:
    """Answers whatever comes from its form. Where no word differs from what was saved, nothing is lost."""
    if form.action == "keep":
        words = _("Nothing was saved. %(gone)s What you wrote stays on this page; “Save draft” keeps it.")
        return not_kept(request, form, batch, words % {"gone": gone_words(batch, request)})
    if form.action == "preview" or form.action in LOOKS or request.htmx.target == "when-hint":
        looked = looked_at(request, form, batch)
        if looked is not None:
            return looked
    if form.is_valid() and not batches.differs(batch, form.content()):
        return moved_on(request, batch)
    return _as_new_send(request, form, batch, status)


def _as_new_send(request: MerchantRequest, form: ComposeForm, batch: BatchSend, status: int) -> HttpResponse:
    """Every word, in a form of its own: saving it makes a new draft and touches nothing that was launched."""
    values = {name: form[name].value() for name in form.fields if name not in ("shown_template", "version")}
    initial = {name: value for name, value in values.items() if value is not None}
    initial |= {"form_token": uuid.uuid4(), "window": uuid.uuid4(), "version": ""}
    written = ComposeForm(
        offered=form.offered, address=reverse("send_new", args=[request.merchant.slug]), initial=initial
    )
    written.look = "gone"
    context = context_of(request, written, None)
    context |= {"gone": batch, "gone_words": gone_words(batch, request)}
    return answer(request, PAGE, PARTIAL, context, status=status)


def gone_words(batch: BatchSend, request: MerchantRequest) -> str:
    """Who launched it and when; its state, where nobody did."""
    batch.control.refresh_from_db()
    launch = last_launch(batch.control)
    if launch is None or batch.control.state in UNDER_REVIEW:
        word = send_word(batch.control.state, batch.control.pause_reason).word
        return _("This send is now “%(state)s”.") % {"state": word}
    if launch.by == request.user:
        return _("You launched this send in another window, at %(time)s.") % {"time": launch.time}
    return _("%(who)s launched this send at %(time)s.") % {"who": launch.by, "time": launch.time}
