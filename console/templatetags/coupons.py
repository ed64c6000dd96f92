"""Money and the names of moves, as the pages of coupons write them."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

register = template.Library()

MOVES: Mapping[str, str | Promise] = {
    "submit": pgettext_lazy("coupon move", "Create on the platform"),
    "publish": pgettext_lazy("coupon move", "Publish"),
    "append": pgettext_lazy("coupon move", "Add stock"),
    "extend": pgettext_lazy("coupon move", "Extend claiming"),
    "stop": pgettext_lazy("coupon move", "Stop coupon"),
}


SIDES: Mapping[str, str | Promise] = {
    "claimed": pgettext_lazy("coupon books", "Claimed"),
    "used": pgettext_lazy("coupon books", "Redeemed"),
    "named": pgettext_lazy("coupon books", "Uses that name an order"),
    "saved": pgettext_lazy("coupon books", "Taken off on those orders, ¥"),
}


@register.filter
def yuan(fen: int | None) -> str:
    """Always with cents: columns of money line up."""
    return "--" if fen is None else f"{fen / 100:,.2f}"


@register.filter
def move_title(move: str) -> str:
    return str(MOVES[move])


@register.filter
def side_name(name: str) -> str:
    return str(SIDES[name])
