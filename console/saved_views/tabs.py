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
    """`query`: the filters in force; `may_save`: they are no tab yet."""

    query: str
    tabs: list[Tab]

    @property
    def current(self) -> SavedView | None:
        return next((tab.view for tab in self.tabs if tab.is_current), None)

    @property
    def may_save(self) -> bool:
        return bool(self.query) and not any(tab.is_current for tab in self.tabs)


def tabs_of(request: MerchantRequest, page: str, *, query: str, count: Callable[[str], int]) -> Tabs:
    """One query for the views and one count for each of at most SHOWN; those of one's own come first."""
    seen = list(saved_views.seen_by(request.user, request.merchant, page))
    seen.sort(key=lambda view: view.owner_id != request.user.pk)
    found = [Tab(None, "", count(""), not query)]
    for view in seen[:SHOWN]:
        found.append(Tab(view, view.query, count(view.query), same(view.query, query)))
    return Tabs(query, found)


def same(one: str, other: str) -> bool:
    return sorted(QueryDict(one).items()) == sorted(QueryDict(other).items())
