"""Coupons that wait for a person: what runs out or ends, limits that were passed, uses nobody knows of,
and books that differ.
"""

from __future__ import annotations

from django.db.models import Count, Max, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from console.coupons import watch_words
from console.dashboard.decisions import Decision
from coupons import alert_reports, book_reports, watching
from coupons.book_reports import Wanted
from coupons.models import CouponAlert, CouponUse
from coupons.models.difference import DifferenceKind
from coupons.models.use import UseState
from coupons.watching import Finding
from merchants.models import Merchant, Staff

NAMED = 3  # kinds, the most frequent first
MOST_TOLD = 3
BAD = (Finding.GONE, Finding.SPENT)


def with_coupons(found: list[Decision], merchant: Merchant, *, staff: Staff) -> list[Decision]:
    """Five queries at most, four where no coupon is live."""
    if not staff.can("coupons.view"):
        return found
    found = [*found, *_watched(merchant, staff), *_alerts(merchant, staff), *_unknown_uses(merchant, staff)]
    rows = book_reports.differences_of(merchant, Wanted()).select_related(None).order_by()
    kinds = list(rows.values("kind").annotate(n=Count("pk"), newest=Max("found_at")).order_by("-n", "kind"))
    if not kinds:
        return found
    total = sum(one["n"] for one in kinds)
    words = ngettext("Coupon books are off by %(n)s", "Coupon books are off by %(n)s", total)
    named = pgettext("between items of a list", ", ").join(
        f"{DifferenceKind(one['kind']).label} {one['n']:,}" for one in kinds[:NAMED]
    )
    differ = Decision(
        tone="warn",
        icon="equal-not",
        title=words % {"n": f"{total:,}"},
        sentence=_("%(kinds)s. Open the list to take over or accept them.") % {"kinds": named},
        since=max(one["newest"] for one in kinds),
        verb=_("Look"),
        url=reverse("coupon_differences", args=[merchant.slug]),
    )
    return [*found, differ]


def _unknown_uses(merchant: Merchant, staff: Staff) -> list[Decision]:
    """One line that leads to the till, where each can be asked for again."""
    if not staff.can("coupons.redeem"):
        return []
    rows = CouponUse.objects.for_merchant(merchant).filter(state=UseState.UNKNOWN)
    told = rows.aggregate(n=Count("pk"), oldest=Min("created_at"))
    if not told["n"]:
        return []
    words = ngettext(
        "Nobody knows what became of %(n)s use of a coupon",
        "Nobody knows what became of %(n)s uses of coupons",
        told["n"],
    )
    decision = Decision(
        tone="warn",
        icon="help-circle",
        title=words % {"n": f"{told['n']:,}"},
        sentence=_("The platform gave no answer. Asked again under the same number it is done once at most."),
        since=told["oldest"],
        verb=_("Look"),
        url=reverse("coupon_scan", args=[merchant.slug]),
    )
    return [decision]


def _alerts(merchant: Merchant, staff: Staff) -> list[Decision]:
    """One line, however many stand open."""
    kinds = alert_reports.open_of(merchant)
    if not kinds:
        return []
    total = sum(one.n for one in kinds)
    words = ngettext("%(n)s open coupon alert", "%(n)s open coupon alerts", total)
    named = pgettext("between items of a list", ", ").join(
        f"{CouponAlert.Kind(one.kind).label} {one.n:,}" for one in kinds
    )
    alerts = Decision(
        tone="warn",
        icon="ticket",
        title=words % {"n": f"{total:,}"},
        sentence=_("%(kinds)s. Look at what was counted, then dismiss it or keep the person from coupons.")
        % {"kinds": named},
        since=max(one.newest for one in kinds),
        verb=_("Decide") if staff.can("coupons.guard") else _("Look"),
        url=reverse("coupon_alerts", args=[merchant.slug]),
    )
    return [alerts]


def _watched(merchant: Merchant, staff: Staff) -> list[Decision]:
    """The worst of each coupon; of more coupons than are told the list has the rest."""
    worst: dict[int, watching.Watched] = {}
    for one in watching.watch(merchant, at=timezone.now()):
        worst.setdefault(one.coupon.pk, one)
    told = []
    for one in list(worst.values())[:MOST_TOLD]:
        advice = watch_words.ADVICE[one.finding]
        may = staff.can(advice.capability)
        told.append(
            Decision(
                tone="bad" if one.finding in BAD else "warn",
                icon="ticket",
                title=watch_words.title(one),
                sentence=watch_words.sentence(one),
                since=None,
                verb=str(advice.verb) if may else _("Look"),
                url=watch_words.url(one, slug=merchant.slug, name="" if may else "coupon"),
            )
        )
    return told
