"""Who is acting, for whom, with which rights."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from merchants.owned import MerchantOwned
from merchants.roles import Role, may

USE_NOTED_SECONDS = 60


class User(AbstractUser):
    """A person who signs in. `language` empty means the browser's wish, then Chinese."""

    display_name = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_demo = models.BooleanField(default=False)
    session_epoch = models.PositiveIntegerField(default=0)  # raised to end every session of this person

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(models.functions.Lower("username"), name="user_username_ci_unique")
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's own, with the epoch mixed in: a session made before the epoch was raised fits no more."""
        content = f"{self.password}:{self.session_epoch}"
        return salted_hmac(
            "merchants.models.User.session", content, secret=secret, algorithm="sha256"
        ).hexdigest()


class Merchant(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=40, unique=True)
    time_zone = models.CharField(max_length=60, default="Asia/Shanghai")
    is_provider = models.BooleanField(default=False)
    asks_second_factor = models.BooleanField(default=False)  # a code of the person's app at each launch
    has_developers = models.BooleanField(
        default=True
    )  # else: only what the platform does without an interface
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class MiniProgram(MerchantOwned):
    """One app_id with its keys. `gateway` is a name; addresses live in settings only."""

    class Gateway(models.TextChoices):
        PRODUCTION = "production", _("Production")
        SANDBOX = "sandbox", _("Sandbox")
        SIMULATED = "simulated", _("Simulated")

    name = models.CharField(max_length=80)
    app_id = models.CharField(max_length=32, unique=True)
    industry = models.CharField(max_length=40)
    gateway = models.CharField(max_length=12, choices=Gateway.choices)
    app_private_key_sealed = models.TextField(blank=True)  # empty where a provider's app signs
    alipay_public_key = models.TextField(blank=True)
    app_auth_token_sealed = models.TextField(blank=True)
    provider_app = models.ForeignKey(  # it signs the calls, with the token above; else the keys above do
        "merchants.ProviderApp", null=True, blank=True, on_delete=models.PROTECT, related_name="mini_programs"
    )
    app_refresh_token_sealed = models.TextField(blank=True)
    app_auth_ends_at = models.DateTimeField(null=True, blank=True)  # until then it can be refreshed
    app_auth_refusal = models.CharField(max_length=80, blank=True)  # why the platform takes it no more
    rate_per_second = models.PositiveIntegerField(default=500)
    reserve_per_second = models.PositiveIntegerField(default=20)
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(gateway__in=["production", "sandbox", "simulated"]),
                name="mini_program_gateway_known",
            ),
            models.CheckConstraint(condition=Q(rate_per_second__gte=1), name="mini_program_rate_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def app_id_tail(self) -> str:
        return self.app_id[-4:]


class Store(MerchantOwned):
    name = models.CharField(max_length=80)
    address = models.CharField(max_length=200, blank=True)
    platform_shop_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "name"], name="store_name_unique")]

    def __str__(self) -> str:
        return self.name


class Staff(MerchantOwned):
    """A person's seat at one merchant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="seats")
    role = models.CharField(max_length=10, choices=Role.choices)
    disabled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "user"], name="staff_one_seat_per_merchant"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="staff_role_known"),
        ]

    def __str__(self) -> str:
        return str(self.user)

    def can(self, capability: str) -> bool:
        return self.disabled_at is None and may(self.role, capability)


class ApiKey(MerchantOwned):
    """`server` keys may hold scopes; `client` keys sit in the mini program and only report what a person did.

    Only a hash is stored; the key itself is shown once.
    """

    class Kind(models.TextChoices):
        SERVER = "server", _("Server key")
        CLIENT = "client", _("Public client key")

    mini_program = models.ForeignKey(MiniProgram, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    scopes = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    prefix = models.CharField(max_length=12)
    hash = models.CharField(max_length=64, unique=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True)  # to the minute: written at most once in it
    form_token = models.UUIDField(null=True, unique=True)  # of the form that issued it
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="server") | Q(scopes__len=0), name="api_key_client_keys_have_no_scopes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def digest(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def issue(
        cls,
        *,
        mini_program: MiniProgram,
        name: str,
        kind: str,
        scopes: list[str],
        key: str = "",
        form_token: uuid.UUID | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its only readable copy. Give `key` only where both sides agree on it beforehand."""
        key = key or f"{'sk' if kind == cls.Kind.SERVER else 'pk'}_{secrets.token_urlsafe(30)}"
        row = cls.objects.create(
            merchant=mini_program.merchant,
            mini_program=mini_program,
            name=name,
            kind=kind,
            scopes=scopes,
            prefix=key[:12],
            hash=cls.digest(key),
            form_token=form_token,
        )
        return row, key

    @classmethod
    def find(cls, key: str) -> ApiKey | None:
        digest = cls.digest(key)
        row = (
            cls.objects.select_related("mini_program__merchant").filter(hash=digest, revoked_at=None).first()
        )
        return row if row and hmac.compare_digest(row.hash, digest) else None

    def note_use(self, *, at: datetime) -> None:
        """Writes down that it was used, once in USE_NOTED_SECONDS, whoever else notes it now."""
        before = at - timedelta(seconds=USE_NOTED_SECONDS)
        if self.last_used_at is None or self.last_used_at < before:
            stale = Q(last_used_at=None) | Q(last_used_at__lt=before)
            ApiKey.objects.filter(stale, pk=self.pk).update(last_used_at=at)

    def revoke(self, *, at: datetime) -> bool:
        """False when somebody else revoked it first."""
        return bool(ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=at))
