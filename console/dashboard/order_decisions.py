"""Orders that wait for a person: statuses that need fixing, and days on which fields were missing."""

from __future__ import annotations

from django.db.models import Count, Max
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.dashboard.decisions import Decision
from merchants.models import Merchant, Staff
from orders import digests, fixing
from orders.models import OrderDigest

SHOWN = 3


def with_orders(found: list[Decision], merchant: Merchant, *, staff: Staff) -> list[Decision]:
    """Behind what stands still: customers who were not told. Two queries."""
    if not staff.can("orders.view"):
        return found
    dead = fixing.dead(merchant).aggregate(n=Count("pk"), newest=Max("settled_at"))
    told = [_digest(merchant, one) for one in digests.unread(merchant)[:SHOWN]]
    if not dead["n"]:
        return [*found, *told]
    words = ngettext("%(n)s order status needs fixing", "%(n)s order statuses need fixing", dead["n"])
    needs_fixing = Decision(
        tone="bad",
        icon="alert-triangle",
        title=words % {"n": f"{dead['n']:,}"},
        sentence=_("The platform refused them, or could not be reached. They stand by cause, with the fix."),
        since=dead["newest"],
        verb=_("Look"),
        url=reverse("order_fixing", args=[merchant.slug]),
    )
    return [*found, needs_fixing, *told]


def _digest(merchant: Merchant, digest: OrderDigest) -> Decision:
    words = ngettext(
        "%(n)s order lacked fields of its message on %(day)s",
        "%(n)s orders lacked fields of their messages on %(day)s",
        digest.orders,
    )
    return Decision(
        tone="warn",
        icon="alert-circle",
        title=words % {"n": f"{digest.orders:,}", "day": f"{digest.day:%Y-%m-%d}"},
        sentence=_("Without them the platform tells the customer nothing. Fill them in and sync again."),
        since=digest.made_at,
        verb=_("Look"),
        url=reverse("order_digest", args=[merchant.slug, digest.pk]),
    )
