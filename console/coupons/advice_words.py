"""What the terms of a coupon invite, in calm lines beside its design."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.coupons.words import yuan
from coupons.advising import Advice, Point, advice_on
from coupons.models import Coupon


@dataclass(frozen=True)
class Line:
    good: bool
    sentence: str


def lines(coupon: Coupon) -> list[Line]:
    return [Line(one.is_good, _sentence(one, coupon)) for one in advice_on(coupon)]


def _sentence(one: Advice, coupon: Coupon) -> str:
    if one.point == Point.FREE_GOODS:
        words = _("A bill of ¥%(amount)s costs nothing with it. From ¥%(floor)s on it stays a discount.")
        return words % {"amount": yuan(coupon.amount_fen), "floor": yuan(one.floor_fen)}
    if one.point in (Point.LONG, Point.SHORT):
        return _time(one)
    return {
        Point.NO_CEILING: _("A big bill takes much off: say how much it takes off at most."),
        Point.THRESHOLD: _("No bill becomes free of charge by it."),
        Point.NO_LIMIT: _("One person may take all of it: one or two a person reach more people."),
        Point.LIMIT: _("A person can take only so many."),
    }[one.point]


def _time(one: Advice) -> str:
    days = one.days or 0
    if one.point == Point.SHORT:
        words = ngettext(
            "%(n)s day to use it: soon enough to be worth coming back for.",
            "%(n)s days to use it: soon enough to be worth coming back for.",
            days,
        )
    else:
        words = ngettext(
            "%(n)s day to use it is long: coupons get traded. A week or two bring people back.",
            "%(n)s days to use it are long: coupons get traded. A week or two bring people back.",
            days,
        )
    return words % {"n": f"{days:,}"}
