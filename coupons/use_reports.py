"""One coupon in somebody's hands for its page: every movement, what is being asked, what may come back."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from coupons.models import Coupon, CouponGrant, CouponUse, GrantEntry
from coupons.models.grant import GrantState
from coupons.models.use import OPEN_USES, UseState
from merchants.models import Merchant

MOST = 200  # movements of one coupon; more than a coupon with the most uses has in its life


@dataclass(frozen=True)
class Movement:
    """`left`: uses of it that may still be given back."""

    entry: GrantEntry
    left: int = 0


def movements_of(grant: CouponGrant) -> list[Movement]:
    """Newest first, by two statements."""
    related = ("user", "store", "reverts")
    entries = list(GrantEntry.objects.filter(grant=grant).select_related(*related).order_by("-id")[:MOST])
    back: dict[int, int] = {}
    for entry in entries:
        if entry.reverts_id is not None:
            back[entry.reverts_id] = back.get(entry.reverts_id, 0) + entry.times
    under_way = CouponUse.objects.filter(grant=grant, kind=CouponUse.Kind.REVERT, state__in=OPEN_USES)
    for of_id, times in under_way.values_list("of", "times"):
        back[of_id] = back.get(of_id, 0) + times
    return [
        Movement(one, -one.times - back.get(one.pk, 0))
        if one.kind == GrantEntry.Kind.REDEEMED
        else Movement(one)
        for one in entries
    ]


def asked_of(grant: CouponGrant, *, most: int = 20) -> list[CouponUse]:
    """What was asked of the platform and is not in the ledger: open, or refused; newest first."""
    rows = CouponUse.objects.filter(grant=grant).exclude(state=UseState.ACCEPTED, entry__isnull=False)
    return list(rows.select_related("user", "store", "call").order_by("-id")[:most])


def unknown_of(merchant: Merchant, *, most: int) -> list[CouponUse]:
    """Outcomes nobody knows, newest first."""
    rows = CouponUse.objects.for_merchant(merchant).filter(state=UseState.UNKNOWN)
    return list(rows.select_related("grant__coupon", "grant__customer").order_by("-id")[:most])


def came_back_late(grant: CouponGrant, movements: list[Movement]) -> bool:
    """Its use was given back after its last day, so that it is expired and not used."""
    if grant.state != GrantState.EXPIRED or grant.ends_at is None:
        return False
    returns = [one.entry for one in movements if one.entry.kind == GrantEntry.Kind.REVERTED]
    return bool(returns) and returns[0].happened_at > grant.ends_at


def held_of(coupon: Coupon, *, state: str = "") -> QuerySet[CouponGrant]:
    """Everybody who has it or was to have it."""
    rows: QuerySet[CouponGrant] = CouponGrant.objects.filter(coupon=coupon).select_related("customer")
    return rows.filter(state=state) if state else rows


def used_in(rows: QuerySet[CouponGrant], store_id: int | None) -> QuerySet[CouponGrant]:
    """Those of which a use was in this store, also one that came back; None: in one that nobody told."""
    of_store = Q(store=None) if store_id is None else Q(store=store_id)
    uses = GrantEntry.objects.filter(of_store, kind=GrantEntry.Kind.REDEEMED)
    return rows.filter(pk__in=uses.values("grant"))
