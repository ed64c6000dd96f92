"""Uses of coupons by store, from CouponStoreDay alone. Which store it was, a push of a use does not tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Sum

from coupons.figure_reports import Wanted
from coupons.models import Coupon, CouponStoreDay
from coupons.models.coupon import Scope
from merchants.models import Merchant, Store

MOST_PAIRS = 100  # lines of a coupon in a store, those with the most uses first


@dataclass(frozen=True)
class Uses:
    """`bills`: redemptions of which something stands."""

    redemptions: int = 0
    reverted: int = 0
    bills: int = 0
    saved: int = 0
    bill: int = 0

    @property
    def used(self) -> int:
        return self.redemptions - self.reverted

    @property
    def saved_fen(self) -> int | None:
        """None: coupons were used, and nobody told what came off."""
        return None if self.redemptions and not self.saved else self.saved

    @property
    def order_fen(self) -> int | None:
        return None if self.redemptions and not self.bill else self.bill

    def __add__(self, other: Uses) -> Uses:
        return Uses(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Uses)))


@dataclass(frozen=True)
class InStore:
    """`store_id` None: nobody told. `outside`: uses there of coupons that are for other stores only."""

    store_id: int | None
    name: str
    uses: Uses
    outside: int


@dataclass(frozen=True)
class Pair:
    """One coupon in one store."""

    store_id: int | None
    store: str
    coupon_id: int
    coupon: str
    uses: Uses
    is_outside: bool


@dataclass(frozen=True)
class StoreFigures:
    all: Uses
    stores: list[InStore]
    pairs: list[Pair]
    more_pairs: int

    @property
    def outside(self) -> int:
        return sum(one.outside for one in self.stores)


def figures_of(merchant: Merchant, wanted: Wanted) -> StoreFigures:
    """Four statements; the first over coupons × days × stores. The way in is not asked: no store knows it."""
    pairs = _pairs(merchant, wanted)
    by_store: dict[int | None, list[Pair]] = defaultdict(list)
    for one in pairs:
        by_store[one.store_id].append(one)
    stores = [
        InStore(store_id, found[0].store, _sum(found), _sum(one for one in found if one.is_outside).used)
        for store_id, found in by_store.items()
    ]
    return StoreFigures(
        all=_sum(pairs),
        stores=sorted(stores, key=lambda one: (one.store_id is None, -one.uses.used, one.name)),
        pairs=pairs[:MOST_PAIRS],
        more_pairs=max(0, len(pairs) - MOST_PAIRS),
    )


def _pairs(merchant: Merchant, wanted: Wanted) -> list[Pair]:
    rows = CouponStoreDay.objects.filter(coupon__merchant=merchant, day__range=(wanted.first, wanted.last))
    if wanted.mini_program_id:
        rows = rows.filter(coupon__mini_program=wanted.mini_program_id)
    if wanted.coupon_id:
        rows = rows.filter(coupon=wanted.coupon_id)
    summed: Any = rows.order_by().values("store", "coupon")
    found = list(summed.annotate(**{f"{one.name}_sum": Sum(_COLUMNS[one.name]) for one in fields(Uses)}))
    names = dict(Store.objects.for_merchant(merchant).values_list("pk", "name"))
    coupons = Coupon.objects.in_bulk({one["coupon"] for one in found})
    scopes = _scopes(coupons)
    pairs = [
        Pair(
            one["store"],
            names.get(one["store"], ""),
            one["coupon"],
            coupons[one["coupon"]].name,
            Uses(*(one[f"{column.name}_sum"] for column in fields(Uses))),
            bool(one["store"]) and one["store"] not in scopes.get(one["coupon"], {one["store"]}),
        )
        for one in found
    ]
    return sorted(pairs, key=lambda one: (-one.uses.used, one.store, one.coupon_id))


_COLUMNS = {
    "redemptions": "redemptions",
    "reverted": "reverted",
    "bills": "bills",
    "saved": "saved_fen",
    "bill": "order_fen",
}


def _scopes(coupons: Mapping[int, Coupon]) -> dict[int, set[int]]:
    """Of those that are for certain stores: which."""
    found: dict[int, set[int]] = {one.pk: set() for one in coupons.values() if one.scope == Scope.STORES}
    through: Any = Coupon.stores.through
    for coupon_id, store_id in through.objects.filter(coupon__in=found).values_list("coupon", "store"):
        found[coupon_id].add(store_id)
    return found


def _sum(pairs: Iterable[Pair]) -> Uses:
    return sum((one.uses for one in pairs), Uses())
