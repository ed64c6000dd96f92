"""A difference between our books of a coupon, the platform's and the orders', in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from console.states import word_of
from coupons.models import CouponDifference
from coupons.models.difference import OF_ORDERS, DifferenceKind

Text = str | Promise


@dataclass(frozen=True)
class Told:
    """`taking` is what the platform's word would change; empty where it cannot be taken over."""

    sentence: Text
    remedy: Text
    taking: Text = ""


WORDS: Mapping[str, Told] = {
    "claimed_there": Told(
        gettext_lazy("The person holds a coupon there of which nothing is known here."),
        gettext_lazy("Its push was lost, or somebody gave it outside this console."),
        gettext_lazy("It counts as claimed here, with the platform's number and moment."),
    ),
    "claimed_here": Told(
        gettext_lazy("The person has it here, and the platform's list does not show it."),
        gettext_lazy(
            "Whoever deletes a coupon from the card pack is on no list either, so look before you decide."
        ),
        gettext_lazy("It counts as invalidated here: nobody can use it, and nobody is reminded of it."),
    ),
    "used_there": Told(
        gettext_lazy("The platform counts more uses of this coupon than are known here."),
        gettext_lazy("The push of a use was lost, or it was used outside this console."),
        gettext_lazy(
            "The missing uses are written down for the day they were found; what they saved nobody told."
        ),
    ),
    "used_here": Told(
        gettext_lazy("Uses of this coupon are known here that the platform does not count."),
        gettext_lazy(
            "A return was not told, or the use never arrived there. Ask the till before you decide."
        ),
        gettext_lazy("The newest uses are given back here, with the money that was written down for them."),
    ),
    "ended_there": Told(
        gettext_lazy("It is over there, and usable here."),
        gettext_lazy("It ran out or was taken back there, and the push was lost."),
        gettext_lazy("It ends here too: expired if its time was over there, else invalidated."),
    ),
    "ended_here": Told(
        gettext_lazy("It is over here, and usable there."),
        gettext_lazy(
            "What is over here is not opened again. Take it back there if it must not be used, or accept it: "
            "a use would still be counted."
        ),
    ),
    "total_claimed": Told(
        gettext_lazy("The platform counts another number of claims in all."),
        gettext_lazy(
            "The differences of single people say whose they are, where those people are known here."
        ),
    ),
    "total_used": Told(
        gettext_lazy("The platform counts another number of used coupons in all."),
        gettext_lazy(
            "The differences of single people say whose they are, where those people are known here."
        ),
    ),
    "order_missing": Told(
        gettext_lazy("It was used for an order that nobody returned here."),
        gettext_lazy("Return the order, or correct its number where uses are reported, then look again."),
    ),
    "use_missing": Told(
        gettext_lazy("An order took off just what this coupon gives, and no use of it is known."),
        gettext_lazy(
            "Report the use with the number of the order, or accept it if something else took it off."
        ),
    ),
    "money_differs": Told(
        gettext_lazy("The use and its order tell other money."),
        gettext_lazy("Correct the one that is wrong where it was reported, or accept it, then look again."),
    ),
}
FACTS: Mapping[str, Text] = {
    "claimed": pgettext_lazy("difference", "Claimed"),
    "state": pgettext_lazy("difference", "State"),
    "used": pgettext_lazy("difference", "Uses"),
    "saved": pgettext_lazy("difference", "Saved, ¥"),
    "bill": pgettext_lazy("difference", "Bill, ¥"),
    "order_no": pgettext_lazy("difference", "Order number"),
    "trade_no": pgettext_lazy("difference", "Trade number"),
    "voucher_id": pgettext_lazy("difference", "The platform's number"),
    "code": pgettext_lazy("difference", "Code"),
    "got_at": pgettext_lazy("difference", "Got it at"),
    "ends_at": pgettext_lazy("difference", "Usable until"),
}
STATUS: Mapping[str, Text] = {
    "SENDED": pgettext_lazy("platform status", "Usable"),
    "USED": pgettext_lazy("platform status", "Used up"),
    "EXPIRED": pgettext_lazy("platform status", "Over"),
}
NOT_THERE = pgettext_lazy("difference", "not there")
MONEY, MOMENTS = ("saved", "bill"), ("got_at", "ends_at")


@dataclass(frozen=True)
class Fact:
    """One line of three columns; a moment is a datetime, all else text, and None says that nobody told."""

    name: Text
    ours: Any
    platform: Any
    orders: Any
    is_moment: bool = False


def told_of(difference: CouponDifference) -> Told:
    return WORDS[difference.kind]


def title_of(difference: CouponDifference) -> str:
    return str(DifferenceKind(difference.kind).label)


def state_of(difference: CouponDifference) -> str:
    return difference.how or "open"


def facts_of(difference: CouponDifference) -> list[Fact]:
    """Only what one of the sides told."""
    ours, theirs = dict(difference.ours), dict(difference.theirs)
    if "status" in theirs:
        theirs["state"] = theirs.pop("status")
    of_orders = difference.kind in OF_ORDERS
    lines = [
        _fact(name, words, ours, theirs, of_orders=of_orders)
        for name, words in FACTS.items()
        if name in ours or name in theirs
    ]
    if not of_orders and (not ours or not theirs):  # one side knows of nothing at all
        empty = str(NOT_THERE)
        name = pgettext_lazy("difference", "Coupon")
        lines.insert(0, Fact(name, empty if not ours else "✓", empty if not theirs else "✓", None))
    return lines


def _fact(
    name: str, words: Text, ours: Mapping[str, Any], theirs: Mapping[str, Any], *, of_orders: bool
) -> Fact:
    mine, other = _shown(name, ours.get(name)), _shown(name, theirs.get(name))
    is_moment = name in MOMENTS
    return (
        Fact(words, mine, None, other, is_moment) if of_orders else Fact(words, mine, other, None, is_moment)
    )


def _shown(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "state":
        return str(STATUS[value] if value in STATUS else word_of("grant", value).word)
    if name in MONEY:
        return f"{value / 100:,.2f}"
    if name in MOMENTS:
        return datetime.fromisoformat(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def in_a_line(difference: CouponDifference) -> str:
    """What differs, in a few words, for lists and files."""
    ours, theirs = difference.ours, difference.theirs
    for name in ("claimed", "used", "saved", "bill"):
        if name in ours and name in theirs and ours[name] != theirs[name]:
            here, there = _shown(name, ours[name]), _shown(name, theirs[name])
            return _("%(name)s: here %(here)s, there %(there)s") % {
                "name": FACTS[name], "here": here, "there": there,
            }  # fmt: skip
    number = ours.get("order_no") or theirs.get("order_no") or theirs.get("voucher_id") or ""
    return str(number)
