"""Words for what a template allows."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.models.templates import FatigueRule, FatigueUnit

register = template.Library()


@register.filter
def fatigue_words(rule: FatigueRule) -> str:
    """How many messages a person may get in how long: `10 in 2 days`."""
    if not rule.fatigue_total or not rule.fatigue_value:
        return _("no limit")
    span = rule.fatigue_value
    if rule.fatigue_unit == FatigueUnit.WEEK:
        words = ngettext("%(n)s in %(span)s week", "%(n)s in %(span)s weeks", span)
    else:
        words = ngettext("%(n)s in %(span)s day", "%(n)s in %(span)s days", span)
    return words % {"n": rule.fatigue_total, "span": span}


@register.filter
def in_a_row(keywords: Sequence[str]) -> str:
    return " · ".join(keywords)
