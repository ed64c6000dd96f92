"""Why a coupon was not used or not given back, and how a use stands, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console.coupons.giving_words import Why
from console.orders.rows import yuan
from coupons import not_used
from coupons.models import CouponGrant, CouponUse
from coupons.models.use import UseState
from merchants import refusals

Group = Literal["coupon", "order", "moment", "app", "platform"]
GROUPS: Mapping[refusals.Group, Group] = {
    "person": "coupon",
    "message": "coupon",
    "app": "app",
    "platform": "platform",
}

OWN: Mapping[str, Why] = {
    "not_usable": Why(
        gettext_lazy("This coupon is not in the customer's hands"),
        gettext_lazy("It is still being given, or was never got. Its page says where it stands."),
    ),
    "too_early": Why(
        gettext_lazy("It cannot be used yet"),
        gettext_lazy("Its first day stands on the coupon. Ask the customer to come again then."),
    ),
    "too_late": Why(
        gettext_lazy("Its last day is over"),
        gettext_lazy(
            "It cannot be used any more. If you want to make up for it, give the customer a new one."
        ),
    ),
    "wrong_hours": Why(
        gettext_lazy("It cannot be used at this hour"),
        gettext_lazy("The hours of use stand on the coupon."),
    ),
    "reserved": Why(
        gettext_lazy("Another order holds it"),
        gettext_lazy("Use it for that order, or wait until the order lets it go; its page says when."),
    ),
    "too_often": Why(
        gettext_lazy("It does not have that many uses left"),
        gettext_lazy("Use it fewer times at once; its page says how many are left."),
    ),
    not_used.PAY_COUPON: Why(
        gettext_lazy("A pay coupon comes off at the cashier by itself"),
        gettext_lazy(
            "Nothing is to be done: when the customer pays with Alipay it is taken off, and the platform"
            " tells of it."
        ),
    ),
    not_used.NO_CODE: Why(
        gettext_lazy("The platform never told its code"),
        gettext_lazy(
            "Without a code it cannot be used from here. Let the customer show it in the card pack."
        ),
    ),
    not_used.STOPPED: Why(
        gettext_lazy("The mini program is stopped"),
        gettext_lazy("Nothing leaves until it is set going again on the page of the mini program."),
    ),
    not_used.USED_UP: Why(
        gettext_lazy("It was used before"),
        gettext_lazy("No use is left. Its page says when and for which order."),
    ),
    not_used.INVALIDATED: Why(
        gettext_lazy("It was taken back"),
        gettext_lazy("It is not valid any more. Its page says when that was."),
    ),
    not_used.BEING_USED: Why(
        gettext_lazy("It is being used at this moment"),
        gettext_lazy("The platform has not answered yet. Wait for that outcome on the coupon's page."),
    ),
    not_used.DAY_LIMIT: Why(
        gettext_lazy("This customer has used as many coupons today as one person may"),
        gettext_lazy(
            "It stays usable: take it tomorrow if it is still valid, or raise the uses of one person a day"
            " under Coupon limits."
        ),
    ),
    not_used.STORE_NEEDED: Why(
        gettext_lazy("It is only for certain stores"),
        gettext_lazy("Say in which store it is used."),
    ),
    not_used.OTHER_STORE: Why(
        gettext_lazy("It is not for this store"),
        gettext_lazy("The stores stand on the coupon."),
    ),
    not_used.GOODS_NEEDED: Why(
        gettext_lazy("It is for certain items, and nobody said which are on the bill"),
        gettext_lazy("Name the items with their prices; the coupon shows for which it is good."),
    ),
    not_used.OTHER_GOODS: Why(
        gettext_lazy("It is not for what is on this bill"),
        gettext_lazy("The coupon shows for which items it is good. Add one of them, or take another coupon."),
    ),
    not_used.BELOW_FLOOR: Why(
        gettext_lazy("The bill is too small for it"),
        gettext_lazy(
            "Its threshold stands on the coupon; the bill before the coupon counts, of one for certain items"
            " what these come to."
        ),
    ),
    not_used.RESERVATION_OVER: Why(
        gettext_lazy("This order held it before, as long as it may"),
        gettext_lazy("Use it now, or place a new order."),
    ),
    not_used.NOTHING_TO_RETURN: Why(
        gettext_lazy("Nothing of it can be given back"),
        gettext_lazy("It was given back before, or is on its way back, or fewer times were used."),
    ),
    not_used.NOT_DONE: Why(
        gettext_lazy("That use was not done, or nobody knows yet"),
        gettext_lazy("Only a use that the platform has done can be given back."),
    ),
    not_used.TOO_MUCH_MONEY: Why(
        gettext_lazy("That is more than was paid"),
        gettext_lazy("Give back at most what the customer paid for it and did not get back yet."),
    ),
    not_used.NOT_REACHED: Why(
        gettext_lazy("The platform could not be reached"),
        gettext_lazy("It certainly did nothing. Look at the connection, then try again."),
    ),
}


def why(refusal: str) -> Why:
    """Of a code of ours or a sub_code of the platform."""
    if refusal in OWN:
        return OWN[refusal]
    said = refusals.sentence(refusal)
    return Why(said.title, said.remedy, is_platforms=True)


def told(refusal: str) -> str:
    found = why(refusal)
    return _("%(title)s. %(remedy)s") % {"title": found.title, "remedy": found.remedy}


def group_of(refusal: str) -> Group:
    """Whose matter it is, so where it is put right."""
    if refusal in not_used.OF_THE_ORDER:
        return "order"
    if refusal in not_used.OF_NOW:
        return "moment"
    if refusal == not_used.NOT_REACHED:
        return "platform"
    return "coupon" if refusal in OWN else GROUPS[refusals.group_of(refusal)]


def sentence_of(use: CouponUse) -> str:
    """What became of it, and what to do."""
    is_return = use.kind == CouponUse.Kind.REVERT
    if use.state == UseState.REFUSED:
        return told(use.refusal)
    if use.state == UseState.PENDING:
        return _("The platform has not answered yet. It is asked again by itself, under the same number.")
    if use.state == UseState.UNKNOWN:
        return _(
            "Nobody knows whether the platform did it. Ask again: under the same number it does it once."
        )
    if use.entry_id is None:
        return _(
            "The platform did it, but the coupon had no such use here. Compare its page with the platform."
        )
    if is_return:
        return _("Given back.")
    if use.saved_fen is None:
        return _("Redeemed.")
    return _("Redeemed. %(saved)s comes off the bill of %(bill)s.") % {
        "saved": yuan(use.saved_fen),
        "bill": yuan(use.order_fen),
    }


def left_words(grant: CouponGrant) -> str:
    """Uses left; nothing where the coupon has only one."""
    if grant.coupon.max_uses == 1:
        return ""
    left = grant.coupon.max_uses - grant.used_times
    words = ngettext("%(n)s use of %(all)s left", "%(n)s uses of %(all)s left", left)
    return words % {"n": left, "all": grant.coupon.max_uses}


def state_sentence(grant: CouponGrant, *, at: datetime) -> str:
    """Where the coupon stands, for its page."""
    if grant.reserved_for and grant.reserved_until is not None and grant.reserved_until > at:
        return _("Order %(order)s holds it until %(until)s; only that order can use it.") % {
            "order": grant.reserved_for,
            "until": f"{timezone.localtime(grant.reserved_until):%Y-%m-%d %H:%M:%S}",
        }
    return ""
