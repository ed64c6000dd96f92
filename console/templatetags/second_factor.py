"""`{% second_factor as factor %}`: what this request still has to show before it may launch."""

from __future__ import annotations

from typing import Any

from django import template

from console.second_factor import Check, check_of

register = template.Library()


@register.simple_tag(takes_context=True)
def second_factor(context: dict[str, Any]) -> Check:
    return check_of(context["request"])
