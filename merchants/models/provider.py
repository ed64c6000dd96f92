"""Service providers: the app that signs for others, and which merchants let its people work for them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.owned import MerchantOwned


class ProviderApp(MerchantOwned):
    """A third-party app of the provider `merchant`. It signs; whose data is meant, app_auth_token says."""

    name = models.CharField(max_length=80)
    app_id = models.CharField(max_length=32, unique=True)
    gateway = models.CharField(max_length=12)
    app_private_key_sealed = models.TextField()
    alipay_public_key = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(gateway__in=["production", "sandbox", "simulated"]),
                name="provider_app_gateway_known",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProviderAuthorisation(MerchantOwned):
    """`merchant` lets the people of `provider` work for it as operators, until it is revoked."""

    provider = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="+")
    granted_by = models.ForeignKey("merchants.User", on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "provider"],
                name="provider_authorised_once",
                condition=Q(revoked_at=None),
            ),
            models.CheckConstraint(
                condition=~Q(merchant=models.F("provider")), name="provider_is_somebody_else"
            ),
        ]
        indexes = [models.Index(fields=["provider"], name="provider_acts_for", condition=Q(revoked_at=None))]

    def __str__(self) -> str:
        return f"{self.provider_id} for {self.merchant_id}"
