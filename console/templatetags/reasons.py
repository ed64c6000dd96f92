"""What to do about a reason, where a page shows people by reason; gates and outcomes in words."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise

from console.help.meanings import SKIPPED
from console.messaging.sends.reach import PASSED
from console.messaging.sends.words import reason_words
from messaging.models import Delivery

register = template.Library()


@register.filter
def skip_remedy(reason: str) -> str | Promise:
    return SKIPPED.get(reason, "")


@register.filter
def gate_words(reason: str) -> str | Promise:
    """What is true of who passed it."""
    return PASSED.get(reason, reason)


@register.filter
def outcome_words(row: Delivery) -> str:
    """Why it was refused, skipped or is unknown; a refusal with the platform's own code."""
    words = reason_words(row.state, row.reason)
    return f"{words} ({row.reason})" if row.state == "refused" else words
