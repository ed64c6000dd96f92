"""The lines of a reconciliation in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging.models import SendControl

CHECKS: Mapping[str, str | Promise] = {
    "rows": _("People frozen, and rows kept"),
    "counters": _("Rows the counters place elsewhere"),
    "decided": _("Unknown outcomes decided"),
    "units": _("Consent spent by rows"),
    "consent": _("Consent left (granted − revoked − spent)"),
}


@dataclass(frozen=True)
class Line:
    words: str | Promise
    expected: int
    actual: int

    @property
    def difference(self) -> int:
        return self.actual - self.expected


def lines_of(control: SendControl) -> list[Line]:
    return [
        Line(CHECKS.get(line["name"], line["name"]), line["expected"], line["actual"])
        for line in control.check_detail.get("lines", [])
    ]
