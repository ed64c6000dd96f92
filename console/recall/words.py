"""How days and differences of rates are written."""

from __future__ import annotations

from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _


def short_day(day: date) -> str:
    """11-19; in English Nov 19."""
    is_chinese = (get_language() or "").startswith("zh")
    return f"{day:%m-%d}" if is_chinese else f"{day:%b} {day.day}"


def whole_percent(share: float | None) -> str:
    """20% rather than 20.0%: for figures that are quoted, not counted."""
    return "--" if share is None else f"{share * 100:.1f}".removesuffix(".0") + "%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, without sign: 1.6 pp."""
    return _("%(n)s pp") % {"n": f"{abs(difference) * 100:.1f}"}


def signed_points(difference: float | None) -> str:
    if difference is None:
        return "--"
    sign = "+" if difference >= 0.0005 else "−" if difference <= -0.0005 else "±"
    return f"{sign}{points(difference)}"
