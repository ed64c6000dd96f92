"""Lists: filters in the URL, a whitelist of sort orders, pages that cost one bounded query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

PER_PAGE = 25
SIZES = (25, 50, 100)


@dataclass(frozen=True)
class Chip:
    """An applied filter: its words and the query string without it."""

    label: str
    value: str
    remove_query: str


class FilterForm(forms.Form):
    """Every field optional. A value the form refuses filters nothing and is told beside its field.

    The view hands `request.GET`; `applied` holds the cleaned values that say something. A hidden field says
    how the rows are shown, not which: it is kept in `query` and is no chip. A field of `private` names one
    person: no saved view keeps it.
    """

    private: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False
        self.offer()
        self.full_clean()

    def offer(self) -> None:
        """Fills choices that depend on the merchant; runs before anything is cleaned."""

    @property
    def applied(self) -> dict[str, Any]:
        cleaned = getattr(self, "cleaned_data", {})
        return {name: value for name, value in cleaned.items() if value not in (None, "", [])}

    @property
    def query(self) -> str:
        """The filters in force as a query string, with how the rows are shown, without the page."""
        return self._query_of(list(self.applied))

    @property
    def query_to_keep(self) -> str:
        """What a saved view may keep of `query`."""
        return self._query_of([name for name in self.applied if name not in self.private])

    def _query_of(self, names: list[str]) -> str:
        kept = QueryDict(mutable=True)
        for name in names:
            value = self.applied[name]
            kept.setlist(name, value if isinstance(value, list) else [self.data[name]])
        return str(kept.urlencode())

    @property
    def chips(self) -> list[Chip]:
        """One for each value in force."""
        return [chip for name in self._names(hidden=False) for chip in self._chips_of(name)]

    @property
    def shown_as(self) -> list[Chip]:
        """How the rows are shown where it is not the usual way."""
        return [chip for name in self._names(hidden=True) for chip in self._chips_of(name)]

    @property
    def clear_query(self) -> str:
        """No filter at all; the rows are shown as they are now."""
        kept = QueryDict(mutable=True)
        kept.update({name: self.data[name] for name in self._names(hidden=True)})
        return str(kept.urlencode())

    def _names(self, *, hidden: bool) -> list[str]:
        return [name for name in self.applied if self.fields[name].widget.is_hidden is hidden]

    def _chips_of(self, name: str) -> list[Chip]:
        label, value = str(self.fields[name].label or name), self.applied[name]
        return [
            Chip(label, self._words(name, one), self._query_without(name, one))
            for one in (value if isinstance(value, list) else [value])
        ]

    def _words(self, name: str, value: Any) -> str:
        choices = getattr(self.fields[name], "choices", None)
        return str(dict(choices).get(value, value)) if choices is not None else str(value)

    def _query_without(self, name: str, value: Any) -> str:
        query = QueryDict(mutable=True)
        query.update(self.data)
        left = [one for one in query.getlist(name) if one != value]
        for gone in (name, "page", "before"):
            query.pop(gone, None)
        if left and isinstance(self.applied[name], list):
            query.setlist(name, left)
        return str(query.urlencode())


@dataclass(frozen=True)
class Sort:
    """`key` is the parameter's value, with a leading minus for descending; `order` is for order_by()."""

    key: str
    order: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.key.lstrip("-")

    @property
    def direction(self) -> str:
        return "descending" if self.key.startswith("-") else "ascending"


def sorting(request: HttpRequest, allowed: Mapping[str, str], *, default: str) -> Sort:
    """`allowed`: name in the URL → database field. Unknown names fall back to `default` ("-created")."""
    wanted = request.GET.get("sort", default)
    if wanted.lstrip("-") not in allowed:
        wanted = default
    minus = "-" if wanted.startswith("-") else ""
    return Sort(wanted, (f"{minus}{allowed[wanted.lstrip('-')]}", f"{minus}pk"))


def page_size(request: HttpRequest) -> int:
    """What the address asks for, if it is one of SIZES."""
    wanted = request.GET.get("per_page", "")
    return next((size for size in SIZES if str(size) == wanted), PER_PAGE)


def numbered_page(request: HttpRequest, rows: QuerySet[Any], *, per_page: int = PER_PAGE) -> Page[Any]:
    """For lists of thousands. A page number out of range shows the nearest page."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


@dataclass(frozen=True)
class KeysetPage:
    """For tables too big to count: `next_before` is the key to hand to ?before=, None at the end."""

    rows: list[Any]
    next_before: int | None
    is_first: bool


def keyset_page(request: HttpRequest, rows: QuerySet[Any], *, per_page: int = PER_PAGE) -> KeysetPage:
    """Newest `id` first; reads per_page + 1 rows whatever the table's size."""
    before = request.GET.get("before", "")
    is_first = not (before.isascii() and before.isdigit() and len(before) <= 18)
    if not is_first:
        rows = rows.filter(id__lt=int(before))
    found = list(rows.order_by("-id")[: per_page + 1])
    more = len(found) > per_page
    return KeysetPage(found[:per_page], found[per_page - 1].id if more else None, is_first)
