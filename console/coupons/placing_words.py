"""Where coupons are shown: each state as a sentence, each channel with what it is for (domain D.10)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from coupons.models import Placement
from coupons.models.placement import Booth

SENTENCES: Mapping[str, str | Promise] = {
    "draft": _("The platform refused it, so nobody sees the coupon there. Mend the cause, then ask again."),
    "submitting": _("The platform was asked; it has yet to answer."),
    "auditing": _("The platform took it up and reviews it. Customers see it once that is through."),
    "active": _("The review is through: customers see the coupon there during its time."),
    "stopping": _("It is being stopped; for some minutes customers may still see it."),
    "stopped": _("Customers do not see the coupon there any more. What was claimed stays usable."),
    "ended": _("Its time is over. What was claimed stays usable."),
    "rejected": _("The platform's review said no. Read why, change it, and plan it anew."),
    "unknown": _(
        "No answer came, so nobody knows whether the platform took it up. Asked again with the same number it"
        " makes no second one."
    ),
}
PURPOSES: Mapping[Booth, str | Promise] = {
    Booth.SERVICE_MESSAGE: _("every message of one template carries it"),
    Booth.PAYMENT_RESULT: _("who just paid, for buying again soon"),
    Booth.VENUE: _("new customers at low cost"),
    Booth.HOME: _("who the platform thinks may like it"),
    Booth.SEARCH: _("who is looking for something"),
    Booth.LIFE: _("who watches short videos and pictures"),
}


def sentence(placement: Placement) -> str | Promise:
    return SENTENCES[placement.state]
