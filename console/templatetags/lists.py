"""Small readings of rows for list pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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


@register.filter
def chosen_words(field: BoundField) -> str:
    """What a field of several choices says while its menu is shut."""
    names = {str(value): str(words) for value, words in field.field.choices}  # type: ignore[attr-defined]
    chosen = [names[value] for value in field.value() or [] if value in names]
    if not chosen:
        return _("All")
    if len(chosen) == 1:
        return chosen[0]
    return ngettext("%(n)s chosen", "%(n)s chosen", len(chosen)) % {"n": len(chosen)}
