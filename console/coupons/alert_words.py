"""A coupon alert in sentences: what was counted, and what may be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from coupons.alert_reports import standing_of
from coupons.models import CouponAlert
from coupons.models.limits import AlertState
from coupons.terms import beijing_day

Kind = CouponAlert.Kind
# What to do, where nobody has decided yet.
REMEDIES: Mapping[str, str | Promise] = {
    Kind.CLAIMS: gettext_lazy(
        "Look at what was claimed. A family may share one phone; a script claims everything there is. Claims"
        " cannot be refused here: give the next coupon a lower limit a person, or keep this person from the"
        " coupons you give."
    ),
    Kind.USES: gettext_lazy(
        "The platform took these coupons at the cashier. Ask the store whether one person paid for many; if"
        " not, keep this person from the coupons you give."
    ),
    Kind.BURST: gettext_lazy(
        "A good offer may go fast. If it is not meant to, look at who has it, then stop it or show it in"
        " fewer places; what was claimed stays usable."
    ),
}


def title_of(alert: CouponAlert) -> str:
    return str(Kind(alert.kind).label)


def sentence_of(alert: CouponAlert) -> str:
    """What was counted, beside the limit that was passed."""
    n = {"n": f"{alert.n:,}", "most": f"{alert.most:,}"}
    if alert.kind == Kind.CLAIMS:
        words = ngettext(
            "%(n)s claim within 24 hours over all coupons; your limit was %(most)s.",
            "%(n)s claims within 24 hours over all coupons; your limit was %(most)s.",
            alert.n,
        )
    elif alert.kind == Kind.USES:
        words = ngettext(
            "%(n)s use on one day over all coupons; your limit was %(most)s.",
            "%(n)s uses on one day over all coupons; your limit was %(most)s.",
            alert.n,
        )
    else:
        words = ngettext(
            "%(n)s claim within an hour; your limit was %(most)s for this stock.",
            "%(n)s claims within an hour; your limit was %(most)s for this stock.",
            alert.n,
        )
    return words % n


def remedy_of(alert: CouponAlert) -> str:
    return str(REMEDIES[alert.kind])


def state_of(alert: CouponAlert, *, at: datetime) -> str:
    is_over = alert.kept_until is not None and alert.kept_until <= beijing_day(at)
    return "kept_over" if is_over else alert.state


def standing_context(customer_id: int) -> dict[str, Any]:
    """For templates/coupons/_standing.html."""
    standing = standing_of(customer_id, at=timezone.now())
    return {"standing": standing, "standing_words": standing_words(standing) if standing else ("", "")}


def standing_words(alert: CouponAlert) -> tuple[str, str]:
    """What holds for a person, for the pages of the person and of their coupons."""
    if alert.state == AlertState.KEPT:
        title = _("Kept from coupons until %(day)s.") % {"day": alert.kept_until}
        return title, _("We give this person none before; what is held stays usable.")
    return _("There is an open alert about this person."), sentence_of(alert)
