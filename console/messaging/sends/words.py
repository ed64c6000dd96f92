"""Why a delivery is where it is, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from merchants.refusals import sentence
from messaging.models import SkipReason, Unprepared
from messaging.models.templates import FatigueRule, FatigueUnit
from messaging.sends.rules import Rules

PLATFORM_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
UNKNOWN: Mapping[str, str | Promise] = {
    "timeout": gettext_lazy("No answer in time"),
    "cut_off": gettext_lazy("The connection broke while waiting"),
    "http_5xx": gettext_lazy("The platform answered with a server error"),
    "http_status": gettext_lazy("The platform answered with an unexpected status"),
    "system_error": gettext_lazy("The platform cannot say what happened"),
    "bad_signature": gettext_lazy("The answer's signature is wrong"),
    "bad_answer": gettext_lazy("The answer could not be read"),
    "too_large": gettext_lazy("The answer was too large to read"),
    "internal_error": gettext_lazy("Our own fault while reading the answer"),
    "no_record": gettext_lazy("Our process stopped before the answer was written down"),
    "kept": gettext_lazy("An earlier attempt is unknown; the new one never left"),
}


def reason_words(state: str, reason: str) -> str:
    """Empty for states that have no reason."""
    if not reason:
        return ""
    if state == "skipped":
        return str(SkipReason(reason).label) if reason in SkipReason.values else reason
    if state == "unknown":
        return str(UNKNOWN.get(reason, reason))
    return str(sentence(reason).title) if state == "refused" else reason


def failure_words(failure: str) -> str:
    """Why a send was not prepared, and what to do; empty where nothing is known."""
    return str(Unprepared(failure).label) if failure in Unprepared.values else failure


def known_reason(code: str) -> str:
    """Words of a reason that any delivery may have, also a platform's code without a sentence; else empty."""
    for state, is_one in (
        ("skipped", code in SkipReason.values),
        ("unknown", code in UNKNOWN),
        ("refused", bool(PLATFORM_CODE.fullmatch(code))),
    ):
        if is_one:
            return reason_words(state, code)
    return ""


def fatigue_words(rule: FatigueRule) -> str:
    """Of a template with a rule."""
    if rule.fatigue_unit == FatigueUnit.WEEK:
        words = ngettext(
            "at most %(total)s a person in %(n)s week",
            "at most %(total)s a person in %(n)s weeks",
            rule.fatigue_value,
        )
    else:
        words = ngettext(
            "at most %(total)s a person in %(n)s day",
            "at most %(total)s a person in %(n)s days",
            rule.fatigue_value,
        )
    return words % {"total": rule.fatigue_total, "n": rule.fatigue_value}


def cap_words(rules: Rules) -> str:
    """Empty where the merchant set no cap."""
    if rules.cap_day and rules.cap_week:
        words = _("at most %(day)s a day and %(week)s a week to one person, of all templates")
    elif rules.cap_day:
        words = _("at most %(day)s a day to one person, of all templates")
    elif rules.cap_week:
        words = _("at most %(week)s a week to one person, of all templates")
    else:
        return ""
    return words % {"day": rules.cap_day, "week": rules.cap_week}


def span_words(seconds: float) -> str:
    """Of a setting, inside a sentence: 10 seconds, 10 minutes."""
    whole = round(seconds)
    if whole >= 60 and whole % 60 == 0:
        return ngettext("%(n)s minute", "%(n)s minutes", whole // 60) % {"n": f"{whole // 60:,}"}
    return ngettext("%(n)s second", "%(n)s seconds", whole) % {"n": f"{whole:,}"}


def zone_words(zone: str) -> str:
    return _("Beijing time") if zone == "Asia/Shanghai" else str(ZoneInfo(zone))
