"""What a coupon needs, as a title, a sentence that advises, and where the advice is followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.templatetags.console import percent
from coupons.watching import Finding, Watched


@dataclass(frozen=True)
class Advice:
    """`url_name`: the page of the act, which takes the merchant and the coupon, and who may do it."""

    verb: str | Promise
    url_name: str
    capability: str


ADVICE: Mapping[Finding, Advice] = {
    Finding.GONE: Advice(gettext_lazy("Add stock"), "coupon_append", "coupons.publish"),
    Finding.LOW: Advice(gettext_lazy("Add stock"), "coupon_append", "coupons.publish"),
    Finding.SPENT: Advice(gettext_lazy("Look"), "coupon", "coupons.view"),
    Finding.ENDING: Advice(gettext_lazy("Extend"), "coupon_extend", "coupons.publish"),
    Finding.FEW_USED: Advice(gettext_lazy("Look"), "coupon", "coupons.view"),
}


def title(one: Watched) -> str:
    words = {
        Finding.GONE: _("“%(name)s” is all claimed"),
        Finding.LOW: _("“%(name)s” is running low"),
        Finding.SPENT: _("The budget of “%(name)s” is nearly spent"),
        Finding.ENDING: _("“%(name)s” can be claimed for a short time only"),
        Finding.FEW_USED: _("“%(name)s” is claimed often and used seldom"),
    }[one.finding]
    return words % {"name": one.coupon.name}


def sentence(one: Watched) -> str:
    left = f"{one.left:,}"
    if one.finding == Finding.GONE:
        return _("Customers who tap it are told that it is gone. Add stock, or stop it.")
    if one.finding == Finding.LOW and one.days_left is not None:
        words = _("%(left)s left; at the pace of the last days gone in about %(days)s days.")
        return words % {"left": left, "days": f"{max(one.days_left, 0.1):.1f}"}
    if one.finding == Finding.LOW:
        return _("%(left)s left. Add stock before customers find it gone.") % {"left": left}
    if one.finding == Finding.SPENT:
        words = _("%(share)s of it, as far as bills were told. The platform ends the coupon with its budget.")
        return words % {"share": percent(one.share)}
    if one.finding == Finding.ENDING:
        return _("%(left)s are left. Extend the time, show it somewhere, or let it end.") % {"left": left}
    words = _(
        "%(share)s of those claimed were used. A lower threshold, more days to use it, or a reminder before"
        " its last day may help."
    )
    return words % {"share": percent(one.share)}


def url(one: Watched, *, slug: str, name: str = "") -> str:
    return reverse(name or ADVICE[one.finding].url_name, args=[slug, one.coupon.pk])
