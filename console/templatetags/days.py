"""Days, weekdays and months in words, for pages that show a calendar."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.formats import date_format
from django.utils.translation import pgettext

register = template.Library()


@register.filter
def month_words(day: date) -> str:
    return date_format(day, pgettext("date format of a month", "F Y"))


@register.filter
def date_words(day: date) -> str:
    return date_format(day, pgettext("date format of a day in a month", "M j"))


@register.filter
def weekday_word(day: date) -> str:
    # Django's Chinese catalogue has 星期五 for the short form too
    return date_format(day, "D").replace("星期", "周")
