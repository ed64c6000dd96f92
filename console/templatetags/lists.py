"""Small readings of rows for list pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from membership.models import PeopleList

register = template.Library()


@register.filter
def left_out(people_list: PeopleList) -> int:
    return people_list.malformed + people_list.repeated + people_list.unknown + people_list.opted_out


@register.filter
def of(counts: Mapping[Any, int], key: Any) -> int:
    """`{{ uses|of:row.pk }}`; 0 for what is not counted."""
    return counts.get(key, 0)


@register.filter
def masked_text(value: str) -> str:
    """The first character and nothing of its length: for roles that may not see personal data."""
    return f"{value[:1]}***" if value else ""
