"""Coupons that wait for a person: books that differ."""

from __future__ import annotations

from django.db.models import Count, Max
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from console.dashboard.decisions import Decision
from coupons import book_reports
from coupons.book_reports import Wanted
from coupons.models.difference import DifferenceKind
from merchants.models import Merchant, Staff

NAMED = 3  # kinds, the most frequent first


def with_coupons(found: list[Decision], merchant: Merchant, *, staff: Staff) -> list[Decision]:
    """One query."""
    if not staff.can("coupons.view"):
        return found
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
