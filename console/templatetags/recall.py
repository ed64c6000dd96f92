"""How rates and their differences are written, and the recall part of a send's page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from console.recall import words
from console.recall.send_part import send_part
from console.templatetags.console import MISSING
from messaging.models import SendControl
from messaging.recall import chance
from messaging.recall.benchmarks import RECALL
from messaging.recall.figures import Sums

register = template.Library()
register.filter("short_day", words.short_day)
register.filter("whole_percent", words.whole_percent)
register.filter("points", words.points)
register.filter("signed_points", words.signed_points)
FULL_BAR = 0.5  # the rate at which a small bar is full


@register.inclusion_tag("recall/_rate_bar.html")
def rate_bar(rate: float | None) -> dict[str, Any]:
    """A small bar with the reference as a dashed mark; empty where there is no rate."""
    return {
        "width": min((rate or 0) / FULL_BAR, 1) * 100,
        "reference": (RECALL.share or 0) / FULL_BAR * 100,
        "is_below": rate is not None and rate < (RECALL.share or 0),
        "rate": rate,
    }


@register.inclusion_tag("recall/_send.html", takes_context=True)
def send_recall(context: dict[str, Any], control: SendControl) -> dict[str, Any]:
    """The part of a send's page that tells who came back; nothing before it started or without the right."""
    if "recall.view" not in context.get("capabilities", ()):
        return {}
    return {**send_part(control, at=timezone.now()), "merchant": context["merchant"]}


@register.simple_tag
def points_between(part: Sums, whole: Sums) -> SafeString | str:
    """How far a rate lies from that of the whole period; a word where chance explains it."""
    if part.rate is None or whole.rate is None:
        return MISSING
    # a part is not compared with itself
    rest = Sums(accepted=whole.accepted - part.accepted, visits=whole.visits - part.visits)
    far = words.signed_points(part.rate - whole.rate)
    if rest.accepted > 0 and chance.differs(part.visits, part.accepted, rest.visits, rest.accepted):
        return far
    return format_html('{}<span class="cell-second">{}</span>', far, _("within chance"))
