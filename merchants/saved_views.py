"""Saved views: who sees which, and who may change one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q

from merchants.models import SavedView

if TYPE_CHECKING:
    from merchants.models import Merchant, User
    from merchants.owned import OwnedQuerySet

MOST = 30  # of one person on one page


class NameTaken(Exception):
    """The person has a view of that name on this page."""


class TooMany(Exception):
    """The person has MOST views on this page."""


def seen_by(user: User, merchant: Merchant, page: str) -> OwnedQuerySet:
    """Own ones and those shared with the team."""
    return (
        SavedView.objects.for_merchant(merchant)
        .filter(Q(owner=user) | Q(is_shared=True), page=page)
        .select_related("owner")
    )


def keep(
    *, merchant: Merchant, by: User, page: str, name: str, query: str, is_shared: bool = False
) -> SavedView:
    """Raises NameTaken, TooMany."""
    if SavedView.objects.for_merchant(merchant).filter(owner=by, page=page).count() >= MOST:
        raise TooMany
    try:
        with transaction.atomic():
            view: SavedView = SavedView.objects.create(
                merchant=merchant, owner=by, page=page, name=name, query=query, is_shared=is_shared
            )
    except IntegrityError as error:
        raise NameTaken from error
    return view


def change(view: SavedView, *, name: str, is_shared: bool) -> None:
    """Raises NameTaken. A view that is gone meanwhile stays gone."""
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(name=name, is_shared=is_shared)
    except IntegrityError as error:
        raise NameTaken from error


def drop(view: SavedView) -> None:
    SavedView.objects.filter(pk=view.pk).delete()
