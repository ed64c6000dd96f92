"""A person's second factor, and the recovery codes for the day the app is lost."""

from __future__ import annotations

import hashlib

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class SecondFactor(models.Model):
    """One per person, at all merchants. It counts once a first code of it was seen (`confirmed_at`).

    `last_step`: the newest 30 s step of which a code was accepted; none of it or before it is accepted again.
    `wrong_at`: wrong codes of the last minutes; enough of them and nothing is accepted until `locked_until`.
    """

    user = models.OneToOneField("merchants.User", on_delete=models.CASCADE, related_name="second_factor")
    secret_sealed = models.TextField()
    begun_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    wrong_at = ArrayField(models.DateTimeField(), default=list, blank=True)
    locked_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_step__gte=0), name="second_factor_step_not_negative")
        ]

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """Only a hash is stored; the code is shown once. 80 random bits: a plain hash cannot be guessed back."""

    factor = models.ForeignKey(SecondFactor, on_delete=models.CASCADE, related_name="recovery_codes")
    hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factor", "hash"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"

    @staticmethod
    def digest(code: str) -> str:
        return hashlib.sha256(code.encode()).hexdigest()
