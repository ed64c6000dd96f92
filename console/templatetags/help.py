"""What the pages of help need beyond the usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString

from console.states import StateWord
from console.templatetags.console import drawn

register = template.Library()


@register.filter(name="in")
def inside(mapping: Mapping[str, Any], key: str) -> Any:
    """`{{ titles|in:"not-told" }}`: for keys that a dot cannot name."""
    return mapping[key]


@register.simple_tag
def state_mark(word: StateWord) -> SafeString:
    return drawn(word)
