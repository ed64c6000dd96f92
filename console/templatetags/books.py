"""What templates ask about the books of a month."""

from __future__ import annotations

from datetime import datetime

from django import template

from messaging.month_books import Month

register = template.Library()


@register.simple_tag
def stale_at(month: Month, at: datetime) -> bool:
    """Whether its figures are older than they should be."""
    return month.is_stale(at=at)
