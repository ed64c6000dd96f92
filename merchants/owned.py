"""The only definition of tenancy: who owns a row, and the one door through which rows are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from merchants.models import Merchant


class OwnedQuerySet(models.QuerySet[Any]):
    def for_merchant(self, merchant: Merchant) -> Self:
        return self.filter(merchant=merchant)


class MerchantOwned(models.Model):
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="+")

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
