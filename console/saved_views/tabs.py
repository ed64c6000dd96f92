"""The tabs above a list: everything, then the views this person sees, each with its count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import QueryDict

from console.lists import FilterForm
from console.saved_views.places import Place
from merchants import saved_views
from merchants.models import SavedView

if TYPE_CHECKING:
    from console.access import MerchantRequest

SHOWN = 8  # each costs a count


@dataclass(frozen=True)
class Tab:
    """`view` is None for the tab of everything, `count` where only the rows could tell."""

    view: SavedView | None
    address: str
    count: int | None
    is_current: bool


@dataclass(frozen=True)
class Tabs:
    """`new_address`: where the filters in force can be kept; empty without any, or where a tab has them."""

    tabs: list[Tab]
    new_address: str
    change_address: str

    @property
    def current(self) -> SavedView | None:
        return next((tab.view for tab in self.tabs if tab.is_current), None)


def tabs_of(
    request: MerchantRequest, place: Place, filters: FilterForm, *, count: Callable[[str], int | None]
) -> Tabs:
    """One query for the views and one count for each of at most SHOWN; those of one's own come first."""
    seen = list(saved_views.seen_by(request.user, request.merchant, place.page))
    seen.sort(key=lambda view: view.owner_id != request.user.pk)
    views = [
        Tab(view, place.showing(view.query), count(view.query), same(view.query, filters.query))
        for view in seen[:SHOWN]
    ]
    current = next((tab.view for tab in views if tab.is_current), None)
    kept = filters.query_to_keep
    is_new = kept and not any(same(view.query, kept) for view in seen[:SHOWN])
    everything = Tab(None, place.address, count(""), not filters.chips and current is None)
    return Tabs(
        [everything, *views],
        f"{place.new_address}?{kept}" if is_new else "",
        place.change_address(current) if current and current.owner_id == request.user.pk else "",
    )


def same(one: str, other: str) -> bool:
    """Whatever the order of the parameters and of the values of one of them."""
    return _told(one) == _told(other)


def _told(query: str) -> dict[str, list[str]]:
    return {name: sorted(values) for name, values in QueryDict(query).lists()}
