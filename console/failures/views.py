"""The failure desk: what went wrong in all sends, by cause, with what to do about it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access import MerchantRequest, merchant_page
from console.failures.filters import RANGES, FailureFilters
from console.failures.words import GROUPS, CauseWords, address, cause_words
from membership.uploads import safe_against_formulas
from merchants.refusals import GROUPS as ORDER
from messaging import failures
from messaging.failures import Cause
from messaging.models import SendControl
from messaging.recall.figures import today

HEAD = (
    "group",
    "state",
    "code",
    "cause",
    "what_to_do",
    "people",
    "sends",
    "newest_send_started_at",
    "can_be_sent_again",
)


@dataclass(frozen=True)
class Line:
    """`newest`: (send, its name), the newest first; `url` leads to the cause."""

    cause: Cause
    words: CauseWords
    newest: list[tuple[int, str]]
    url: str

    @property
    def again(self) -> int:
        """Only a look at the cause tells whether it is repaired."""
        return 0 if self.words.never else self.cause.going_on

    @property
    def more(self) -> int:
        return self.cause.sends - len(self.newest)


@dataclass(frozen=True)
class Part:
    title: str | Promise
    remark: str | Promise
    lines: list[Line]

    @property
    def people(self) -> int:
        return sum(line.cause.people for line in self.lines)


@require_safe
@merchant_page("failures.view")
def failures_page(request: MerchantRequest) -> HttpResponse:
    """Two statements for all causes and the names of their newest sends, whatever their number."""
    filters = filters_of(request)
    lines = lines_of(request, filters)
    unknown = [line for line in lines if line.cause.state == "unknown"]
    certain = [line for line in lines if line.cause.state != "unknown"]
    context: dict[str, Any] = {
        "filters": filters,
        "ranges": RANGES,
        "lines": lines,
        "unknown": unknown,
        "parts": parts_of(certain),
        "sums": {state: _sum(lines, state) for state in failures.STATES},
        "again": sum(line.again for line in certain),
        "export_url": address(request, "failures_export", filters.query),
        "at": timezone.now(),
    }
    return render(request, "failures/desk.html", context)


def filters_of(request: MerchantRequest) -> FailureFilters:
    day = today(request.merchant, at=timezone.now())
    return FailureFilters(request.GET, merchant=request.merchant, today=day)


def lines_of(request: MerchantRequest, filters: FailureFilters) -> list[Line]:
    found = failures.causes(request.merchant, filters.which)
    named = failures.controls(request.merchant, [send for cause in found for send in cause.newest])
    return [
        Line(
            cause,
            cause_words(request, state=cause.state, reason=cause.reason),
            [(send, name_of(named[send])) for send in cause.newest if send in named],
            address(request, "failure", filters.query, state=cause.state, code=cause.reason),
        )
        for cause in found
    ]


def name_of(control: SendControl) -> str:
    """Of the batch send; what has none goes by its number."""
    batch = getattr(control, "batch", None)
    return (batch.name if batch else "") or _("number %(n)s") % {"n": control.pk}


def parts_of(lines: Sequence[Line]) -> list[Part]:
    """Groups in which something failed, in the order of merchants.refusals."""
    parts = [Part(*GROUPS[group], [line for line in lines if line.cause.group == group]) for group in ORDER]
    return [part for part in parts if part.lines]


def _sum(lines: Sequence[Line], state: str) -> dict[str, int]:
    ours = [line.cause for line in lines if line.cause.state == state]
    return {"people": sum(cause.people for cause in ours), "causes": len(ours)}


@require_safe
@merchant_page("failures.view")
def failures_export(request: MerchantRequest) -> HttpResponse:
    """The causes of the filter, one a line; nobody's id is among them."""
    zone = ZoneInfo(request.merchant.time_zone)
    text = StringIO("\ufeff")
    text.seek(1)
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for line in lines_of(request, filters_of(request)):
        writer.writerow([safe_against_formulas(str(cell)) for cell in _cells(line, zone)])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="failures.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _cells(line: Line, zone: ZoneInfo) -> list[object]:
    cause = line.cause
    return [
        cause.group,
        cause.state,
        cause.reason,
        line.words.title,
        line.words.remedy,
        cause.people,
        cause.sends,
        f"{cause.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        line.again,
    ]
