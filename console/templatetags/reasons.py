"""What to do about a reason, where a page shows people by reason."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise

from console.help.meanings import SKIPPED

register = template.Library()


@register.filter
def skip_remedy(reason: str) -> str | Promise:
    return SKIPPED.get(reason, "")
