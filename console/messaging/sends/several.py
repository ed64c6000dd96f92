"""Several sends at once: cancel or copy what was ticked, or all of a filter as confirmed with its count."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import MerchantRequest, merchant_page
from console.htmx import answer, invalid
from console.messaging.sends.forms import CancelForm, SendFilters, token
from console.messaging.sends.rows import can_be_cancelled
from console.states import send_word
from merchants.numbers import is_number
from messaging import reports
from messaging.engine import control as engine
from messaging.models import BatchSend
from messaging.sends import batches

MOST = 500
PAGE, PARTIAL = "messaging/sends/several.html", "messaging/sends/_several.html"
DONE, DONE_PARTIAL = "messaging/sends/several_done.html", "messaging/sends/_several_done.html"


@dataclass(frozen=True)
class Chosen:
    """`confirmed`: how many of a filter the person saw; None where rows were ticked one by one.

    `shown`: which of them the page restated; None on the way to that page, when only their number is known.
    """

    rows: list[BatchSend]
    confirmed: int | None = None
    filter: str = ""
    shown: frozenset[int] | None = None

    @property
    def changed(self) -> bool:
        """A filter finds others than it did: as many alone says nothing, one may be out and one in."""
        if self.confirmed is None:
            return False
        return self.confirmed != len(self.rows) or (self.shown is not None and self.shown != self._ids)

    @property
    def new(self) -> frozenset[int]:
        """Of a filter that changed: those the page did not show."""
        return frozenset() if self.shown is None else self._ids - self.shown

    @property
    def gone(self) -> frozenset[int]:
        return frozenset() if self.shown is None else self.shown - self._ids

    @property
    def restated(self) -> str:
        """For the form that confirms them."""
        return ",".join(map(str, sorted(self._ids)))

    @property
    def _ids(self) -> frozenset[int]:
        return frozenset(batch.pk for batch in self.rows)


@dataclass(frozen=True)
class Left:
    """A send that was left as it is, and why."""

    batch: BatchSend
    why: str


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.brake")
def sends_cancel(request: MerchantRequest) -> HttpResponse:
    def cancel(batch: BatchSend, form: CancelForm, _form_token: uuid.UUID) -> None:
        engine.cancel(batch.control, by=request.user, why=form.cleaned_data["why"])

    return _several(request, "cancel", able=can_be_cancelled, act=cancel)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_page("sends.compose")
def sends_copy(request: MerchantRequest) -> HttpResponse:
    def copy(batch: BatchSend, _form: CancelForm, form_token: uuid.UUID) -> None:
        batches.copy(batch, by=request.user, form_token=uuid.uuid5(form_token, str(batch.pk)))

    return _several(request, "copy", able=lambda batch: True, act=copy)


def _several(
    request: MerchantRequest,
    verb: str,
    *,
    able: Callable[[BatchSend], bool],
    act: Callable[[BatchSend, CancelForm, uuid.UUID], None],
) -> HttpResponse:
    """GET restates and asks. POST acts on the very sends that were shown, or asks again."""
    chosen = chosen_of(request, request.POST if request.method == "POST" else request.GET)
    form = CancelForm(request.POST if request.method == "POST" else None)
    form_token = token(request.POST.get("form_token", "")) or uuid.uuid4()
    context: dict[str, Any] = {
        "verb": verb,
        "chosen": chosen,
        "able": [batch for batch in chosen.rows if able(batch)],
        "left": [_left(batch) for batch in chosen.rows if not able(batch)],
        "form": form,
        "form_token": form_token,
        "most": MOST,
        "too_many": len(chosen.rows) > MOST,
        "at": timezone.now(),
    }
    if request.method != "POST":
        return answer(request, PAGE, PARTIAL, context)
    if not context["able"] or chosen.changed or context["too_many"] or not form.is_valid():
        return invalid(request, PAGE, PARTIAL, context)
    done: list[BatchSend] = []
    left: list[Left] = context["left"]
    for batch in context["able"]:
        try:
            act(batch, form, form_token)
        except engine.MoveRefused:
            batch.control.refresh_from_db()
            left.append(_left(batch))
        else:
            done.append(batch)
    return answer(request, DONE, DONE_PARTIAL, {"verb": verb, "done": done, "left": left})


def chosen_of(request: MerchantRequest, given: QueryDict) -> Chosen:
    """The sends the form names; another merchant's are not among them. One more than MOST at most."""
    rows: QuerySet[BatchSend] = reports.send_list(request.merchant)
    confirmed = given.get("all", "")
    kept = given.get("filter", "")[:1_000]
    if confirmed.isascii() and confirmed.isdigit() and len(confirmed) < 10:
        narrowed = SendFilters(request.merchant, QueryDict(kept)).narrow(rows)
        shown = frozenset(_numbers(given.get("shown", "").split(","))) if request.method == "POST" else None
        return Chosen(list(narrowed[: MOST + 1]), int(confirmed), kept, shown)
    return Chosen(list(rows.filter(pk__in=_numbers(given.getlist("send")))), filter=kept)


def _numbers(given: list[str]) -> list[int]:
    return [int(one) for one in given if is_number(one)][:MOST]


def _left(batch: BatchSend) -> Left:
    word = send_word(batch.control.state, batch.control.pause_reason).word
    return Left(batch, _("is “%(state)s”, which cannot be cancelled") % {"state": word})
