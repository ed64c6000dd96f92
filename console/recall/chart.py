"""What the drawn chart needs to know, as data: figures, words, and a sentence for who cannot see it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from console.recall.words import short_day, whole_percent
from console.templatetags.console import percent
from messaging.recall.benchmarks import RECALL
from messaging.recall.figures import RecallFigures, Sums


def chart_data(figures: RecallFigures) -> dict[str, Any]:
    """Rates in percent; null where nothing was accepted, so that the line has a gap and not a zero."""
    before = figures.period.before.dates
    first_open = next((place for place, one in enumerate(figures.days) if one.is_open), None)
    return {
        "days": [short_day(one.day) for one in figures.days],
        "daysBefore": [short_day(day) for day in before],
        "rates": [_percent(one.now) for one in figures.days],
        "ratesBefore": [_percent(one.before) for one in figures.days],
        "accepted": [one.now.accepted for one in figures.days],
        "visits": [one.now.visits for one in figures.days],
        "acceptedBefore": [one.before.accepted for one in figures.days],
        "visitsBefore": [one.before.visits for one in figures.days],
        "openFrom": first_open,
        "reference": round((RECALL.share or 0) * 100, 1),
        "words": {
            "now": _("This period"),
            "before": _("Previous period"),
            "reference": _("Reference %(share)s") % {"share": whole_percent(RECALL.share)},
            "quoted": _("quoted in the seed material"),
            "open": _("may still rise"),
            "accepted": _("accepted"),
            "visits": _("visits"),
            "rate": _("Visit rate"),
            "nothing": _("nothing was accepted"),
        },
    }


def summary(figures: RecallFigures) -> str:
    rated = [one for one in figures.days if one.now.rate is not None]
    if not rated:
        return _("No message was accepted in these days.")
    best = max(rated, key=lambda one: one.now.rate or 0)
    worst = min(rated, key=lambda one: one.now.rate or 0)
    words = _(
        "Visit rate per day: %(rate)s over the period, from %(low)s on %(low_day)s to %(high)s on "
        "%(high_day)s; the reference is %(reference)s."
    )
    return words % {
        "rate": percent(figures.now.rate),
        "low": percent(worst.now.rate),
        "low_day": short_day(worst.day),
        "high": percent(best.now.rate),
        "high_day": short_day(best.day),
        "reference": whole_percent(RECALL.share),
    }


def _percent(sums: Sums) -> float | None:
    return None if sums.rate is None else round(sums.rate * 100, 1)
