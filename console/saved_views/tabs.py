"""The tabs above a list: everything, then the views this person sees, each with its count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import QueryDict

from merchants import saved_views
from merchants.models import SavedView

if TYPE_CHECKING:
    from console.access import MerchantRequest

SHOWN = 8  # each costs a count


@dataclass(frozen=True)
class Tab:
    """`view` is None for the tab of everything."""

    view: SavedView | None
    query: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class Tabs:
    """`query`: the filters in force and how the rows are shown; `may_save`: that is no tab yet."""

    query: str
    tabs: list[Tab]

    @property
    def current(self) -> SavedView | None:
        return next((tab.view for tab in self.tabs if tab.is_current), None)

    @property
    def may_save(self) -> bool:
        return bool(self.query) and self.current is None


def tabs_of(
    request: MerchantRequest, page: str, *, query: str, count: Callable[[str], int], is_filtered: bool
) -> Tabs:
    """One query for the views and one count for each of at most SHOWN; those of one's own come first.

    `query` may also say how the rows are shown, so `is_filtered` tells whether some are left out.
    """
    seen = list(saved_views.seen_by(request.user, request.merchant, page))
    seen.sort(key=lambda view: view.owner_id != request.user.pk)
    views = [Tab(view, view.query, count(view.query), same(view.query, query)) for view in seen[:SHOWN]]
    is_all = not is_filtered and not any(tab.is_current for tab in views)
    return Tabs(query, [Tab(None, "", count(""), is_all), *views])


def same(one: str, other: str) -> bool:
    """Whatever the order of the parameters and of the values of one of them."""
    return _told(one) == _told(other)


def _told(query: str) -> dict[str, list[str]]:
    return {name: sorted(values) for name, values in QueryDict(query).lists()}
