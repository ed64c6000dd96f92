"""The people behind one drop of the reach funnel, with what each would get where their text is the cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import redirect
from console.messaging.sends.lookup import address, send_of
from console.messaging.sends.misfits import Misfit, misfit
from messaging.engine.funnel import ORDER
from messaging.models import SendState, SkipReason, SubscriptionTemplate
from messaging.sends import batches, personal
from messaging.sends.placeholders import PlaceholderError
from messaging.sends.wall_time import NoSuchTime

PEOPLE_PER_PAGE = 100


@dataclass(frozen=True)
class Line:
    """`misfit` is None where the text is not the cause."""

    customer_id: int
    open_id: str | None
    misfit: Misfit | None


@require_safe
@merchant_page("sends.launch")
def send_stopped(request: MerchantRequest, send_id: int, gate: str) -> HttpResponse:
    """As the gates stand now."""
    batch = send_of(request, send_id)
    if gate not in {str(reason) for reason in ORDER}:
        raise Http404("no such gate")
    waits = batch.control.state in {SendState.DRAFT, SendState.MISSED}
    if not waits or batch.template is None or batch.people_list is None:
        return redirect(request, address("send", batch))
    after = request.GET.get("after", "")
    key = int(after) if after.isascii() and after.isdigit() and len(after) <= 18 else 0
    try:
        people = batches.people_stopped(
            batch, gate=gate, at=timezone.now(), after=key, limit=PEOPLE_PER_PAGE + 1
        )
    except (NoSuchTime, PlaceholderError):
        return redirect(request, address("send_launch", batch))
    shown = people[:PEOPLE_PER_PAGE]
    by_text = gate == SkipReason.DOES_NOT_FIT
    misfits: dict[int, Misfit] = {}
    if by_text:
        texts = personal.texts_of(batch.people_list, batches.pieces_of(batch), [row[0] for row in shown])
        misfits = _misfits(batch.template, texts, may_see_people=request.staff.can("people.reveal"))
    context = {
        "batch": batch,
        "lines": [Line(customer_id, open_id, misfits.get(customer_id)) for customer_id, open_id in shown],
        "by_text": by_text,
        "reason": SkipReason(gate).label,
        "next_after": shown[-1][0] if len(people) > PEOPLE_PER_PAGE else None,
        "is_first": key == 0,
    }
    return render(request, "messaging/sends/stopped.html", context)


def _misfits(
    template: SubscriptionTemplate, texts: Mapping[int, list[str]], *, may_see_people: bool
) -> dict[int, Misfit]:
    """By customer id."""
    return {
        customer_id: misfit(template.keywords, said, may_see_people=may_see_people)
        for customer_id, said in texts.items()
    }
