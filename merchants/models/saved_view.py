"""A filter of a list kept under a name, by one person or for the team."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from merchants.owned import MerchantOwned


class SavedView(MerchantOwned):
    """`page` names the list it belongs to; `query` is the query string of its filters."""

    page = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1_000)
    is_shared = models.BooleanField(default=False)
    owner = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "page", "owner", "name"], name="saved_view_name_once_per_person"
            )
        ]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
