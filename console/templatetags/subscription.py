"""Words for what a template allows."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console import industries
from messaging.models.templates import FatigueRule, FatigueUnit, Kind

register = template.Library()


@register.filter
def industry_words(name: str) -> str:
    """`rental` and the platform's code of it in words; what nobody knows as it is."""
    return industries.industry_words(name)


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


@register.filter
def reach_words(delivery_settings: str) -> str:
    """The library's `delivery_settings`; one we do not know as it is, none as --."""
    known = {
        "all": _("everybody who gave consent"),
        "follower": _("only followers of the bound service account who gave consent"),
    }
    return known.get(delivery_settings, delivery_settings or "--")


@register.filter
def kind_words(kind: str) -> str:
    return str(Kind(kind).label) if kind in Kind.values else kind
