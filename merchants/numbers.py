"""Rows looked up by the number a page shows of them."""

from __future__ import annotations

from django.db.models import Q


def is_number(text: str) -> bool:
    """Whether it can be the number of a row: the database's largest has 19 digits."""
    return text.isascii() and text.isdigit() and len(text) < 19


def by_number(text: str) -> Q:
    """The row of exactly this number; none where the text is no number."""
    return Q(pk=int(text)) if is_number(text) else Q(pk__in=[])
