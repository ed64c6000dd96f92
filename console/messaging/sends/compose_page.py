"""The page of the composer: what it shows of a form, written, looked at or given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from console.access import MerchantRequest
from console.forms import reading
from console.htmx import answer, invalid
from console.messaging.sends import coupon_words
from console.messaging.sends.compose_form import NAME_CHARACTERS, ComposeForm
from console.messaging.sends.kept_forms import writer_of
from console.messaging.sends.marking import marked
from console.messaging.sends.preview import LOOKS, lines, preview_of, rows_that_fit
from console.messaging.sends.reach import reach_of
from console.messaging.sends.timing import NEXT_TIME, Timing, repaired_time, timing
from console.messaging.sends.words import span_words
from coupons import placing
from coupons.models import Placement
from gateway import wire
from messaging.models import BatchSend
from messaging.sends.advice import repaired

SHOWN_PLANS = 5
FILL = "fill-coupon"  # the button that writes a coupon's words into the empty fields
PAGE, PARTIAL = "messaging/sends/form.html", "messaging/sends/_form.html"


def looked_at(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> HttpResponse | None:
    """What the page asks for while it is being written, and nothing is saved; None: it asks for more."""
    action = form.action
    is_look = action == "preview" or action in LOOKS
    if not is_look and action not in ("refresh", NEXT_TIME, FILL) and not action.startswith("repair-"):
        return None
    written = unjudged(form, form.address)
    written.look = action
    if is_look:
        context = context_of(request, written, batch)
        context["has_fields"] = request.POST.get("shown_template", "") == written["shown_template"].value()
        return answer(request, PAGE, "messaging/sends/_looked.html", context)
    if action == NEXT_TIME:
        written = _changed(written, "scheduled_time", **repaired_time(timing_of(written, batch)))
    elif action.startswith("repair-"):
        written = _repaired(written, action)
    elif action == FILL:
        written = _filled(written)
    return answer(request, PAGE, PARTIAL, context_of(request, written, batch))


def _filled(form: ComposeForm) -> ComposeForm:
    """Empty fields get the words of the coupon that is chosen."""
    if form.chosen_coupon is None or not form.keywords:
        return form
    names = [f"value_{position}" for position in range(len(form.keywords))]
    values = [str(form.initial.get(name) or "") for name in names]
    said = coupon_words.filled(form.keywords, values, form.chosen_coupon)
    return _changed(form, names[0], **dict(zip(names, said, strict=True)))


def _repaired(form: ComposeForm, action: str) -> ComposeForm:
    """`repair-<field>-<character>`: the claim that begins there is replaced."""
    position, _sign, start = action.removeprefix("repair-").partition("-")
    name = f"value_{position}"
    if name not in form.fields or not (start.isascii() and start.isdigit()):
        return form
    return _changed(form, name, **{name: repaired(str(form.initial.get(name) or ""), start=int(start[:6]))})


def _changed(form: ComposeForm, focus: str, **values: str) -> ComposeForm:
    """With other values in some fields; focus goes to the field of the one that was repaired."""
    better = ComposeForm(offered=form.offered, address=form.address, initial={**form.initial, **values})
    better.fields[focus].widget.attrs["autofocus"] = True
    better.look = form.look
    return better


def unjudged(form: ComposeForm, address: str) -> ComposeForm:
    """The same values in the fields of the newly chosen template, not judged: it is still being written."""
    values = {name: form[name].value() for name in form.fields if name != "shown_template"}
    initial = {name: value for name, value in values.items() if value is not None}
    return ComposeForm(offered=form.offered, address=address, initial=initial)


def given_back(
    request: MerchantRequest,
    form: ComposeForm,
    batch: BatchSend | None,
    *,
    look: str = "given-back",
    status: int = 200,
) -> HttpResponse:
    """What was posted in vain, shown again: only a person saves or launches it."""
    written = unjudged(form, form.address)
    written.look = look
    return answer(request, PAGE, PARTIAL, context_of(request, written, batch), status=status)


def wrong(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> HttpResponse:
    """Judged, and not to be saved, or not complete: focus goes to the first field that says so."""
    form.focus_first()
    return invalid(request, PAGE, PARTIAL, context_of(request, form, batch))


def timing_of(form: ComposeForm, batch: BatchSend | None) -> Timing:
    zone = batch.zone if batch else form.offered.zone
    return timing(reading(form, "scheduled_on"), reading(form, "scheduled_time"), zone)


def _carried(form: ComposeForm) -> list[Placement]:
    """Coupons that messages of the chosen template carry now or later, whatever this send names."""
    if form.chosen is None or not form.chosen.template_id:
        return []
    now = timezone.now()
    year = now + timedelta(days=366)
    rows = placing.planned(form.offered.mini_program, form.chosen.template_id, now, year)
    return list(rows.select_related("coupon").order_by("begins_at")[:SHOWN_PLANS])


def context_of(request: MerchantRequest, form: ComposeForm, batch: BatchSend | None) -> dict[str, Any]:
    """Counts who is reached only of what is saved, and not for what asks for a preview alone."""
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
        "undo_window": span_words(settings.ENGINE_UNDO_SECONDS),
        "timing": timing_of(form, batch),
        "preview": preview,
        "written": list(zip(form.value_fields, said, strict=True)),
        "has_claims": any(one.parts for one in said),
        "lines": lines(form),
        "carried": _carried(form),
        "reach": reach_of(batch, at=at) if counts and batch else None,
        "rows_fit": rows_that_fit(form, may_see_people=sees) if counts else None,
        "writer": writer_of(request.user),
        "at": at,
    }
