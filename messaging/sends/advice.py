"""What a reader of the text would say before it goes out (M-10, R-03). It informs and never blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from messaging.sends.claims import ABSOLUTE_CLAIMS

SHORT_TITLE_CHARACTERS = 15
_CLAIM = re.compile("|".join(map(re.escape, sorted(ABSOLUTE_CLAIMS, key=len, reverse=True))))
_BENEFIT = re.compile(
    r"(?:立减|直降|满减|优惠|免|送|赠|返|省|领)[^，。,.;；]{0,8}|[0-9.]+ ?折|\d+% off|\bfree\b|\boff\b", re.I
)
_PRICE = re.compile(r"[¥￥] ?\d+(?:\.\d+)?|\d+(?:\.\d+)? ?元")
_LIMIT = re.compile(
    r"限时|今[天晚日]|明天|本周|本月|周末|截止|截至|到期|仅剩|最后|\d+ ?月 ?\d+ ?日|\d{1,2}[-/]\d{1,2}"
    r"|[0-9一二三两四五六七] ?天内?|\b(?:today|tonight|tomorrow|week|days?|until|ends?)\b",
    re.I,
)
_ACTION = re.compile(r"特价|限时|抢购|领取|立即|马上|点击|速来|\b(?:claim|get|now|save)\b", re.I)


@dataclass(frozen=True)
class Claim:
    """An absolute claim in value `position`; `start` and `end` count characters from 1, both included."""

    position: int
    word: str
    start: int
    end: int
    instead: str


@dataclass(frozen=True)
class Line:
    """`good`: done already."""

    good: bool
    sentence: str


def claims_in(values: Sequence[str]) -> list[Claim]:
    """In reading order."""
    return [
        Claim(position, match[0], match.start() + 1, match.end(), ABSOLUTE_CLAIMS[match[0]])
        for position, value in enumerate(values)
        for match in _CLAIM.finditer(value)
    ]


def repaired(value: str, *, start: int) -> str:
    """`value` with the claim that begins at character `start` (from 1) replaced; unchanged if none does."""
    match = _CLAIM.match(value, start - 1) if start > 0 else None
    if match is None:
        return value
    return value[: match.start()] + ABSOLUTE_CLAIMS[match[0]] + value[match.end() :]


def advice(values: Sequence[str]) -> list[Line]:
    """About the first field, which every surface shows, and about all. Empty while nothing is written."""
    return list(_lines(values)) if any(value.strip() for value in values) else []


def _lines(values: Sequence[str]) -> Iterator[Line]:
    title, whole = values[0], "\n".join(values)
    benefit = _BENEFIT.search(title)
    if benefit:
        yield Line(True, _("The benefit comes first: “%(words)s”.") % {"words": benefit[0].strip()})
    else:
        yield Line(False, _("Say in the first field what the customer gets; every surface shows it."))
    prices = _PRICE.findall(whole)
    if len(set(prices)) > 1:
        shown = pgettext("between items of a list", ", ").join(dict.fromkeys(prices[:4]))
        yield Line(True, _("Prices side by side: %(prices)s.") % {"prices": shown})
    else:
        yield Line(False, _("Put the price beside the original price, if there is one."))
    limit = _LIMIT.search(whole)
    if limit:
        yield Line(True, _("A time limit is named: “%(words)s”.") % {"words": limit[0]})
    else:
        yield Line(False, _("Say until when it holds."))
    length = len(title)
    if length > SHORT_TITLE_CHARACTERS:
        words = _("The first field has %(n)s characters; up to %(limit)s stand out.")
        yield Line(False, words % {"n": length, "limit": SHORT_TITLE_CHARACTERS})
    else:
        yield Line(True, _("The first field is short."))
    if not _ACTION.search(whole):
        yield Line(False, _("Say what to do, such as claim, book or save."))
