"""Service providers: their apps, and whose merchants their people may work for.

A merchant's owner names the provider by its app ID, and takes the right back at any moment; whoever works at
the provider as owner or operator is an operator there meanwhile. No seat is written: it is asked for each
time, so what was taken back ends with the next request.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from merchants import credentials, secrets
from merchants.events import record
from merchants.models import Merchant, MiniProgram, ProviderApp, ProviderAuthorisation, Staff, User
from merchants.roles import Role

ACTING_ROLES = (Role.OWNER, Role.OPERATOR)  # of the provider's people; what they are elsewhere is the next
ROLE_THERE = Role.OPERATOR


class GrantRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


def add_app(
    *, provider: Merchant, name: str, app_id: str, gateway: str, app_private_key: str, alipay_public_key: str
) -> ProviderApp:
    """Makes `provider` a service provider. Raises InvalidKey, or credentials.MiniProgramRefused."""
    credentials.check_keys(app_private_key=app_private_key, alipay_public_key=alipay_public_key)
    credentials.check_app(app_id=app_id, gateway=gateway)
    try:
        with transaction.atomic():
            app: ProviderApp = ProviderApp.objects.create(
                merchant=provider,
                name=name,
                app_id=app_id,
                gateway=gateway,
                app_private_key_sealed=secrets.encrypt(app_private_key),
                alipay_public_key=alipay_public_key,
            )
            Merchant.objects.filter(pk=provider.pk).update(is_provider=True)
            record("provider.app_added", merchant=provider, subject=app, detail={"name": name})
    except IntegrityError as error:
        raise credentials.MiniProgramRefused(
            _("The app ID %(app_id)s is registered here already.") % {"app_id": app_id}
        ) from error
    return app


def grant(*, merchant: Merchant, provider_app_id: str, by: User) -> ProviderAuthorisation:
    """Named by an app ID, so that nobody can leaf through providers. Twice is once. Raises GrantRefused."""
    app = ProviderApp.objects.select_related("merchant").filter(app_id=provider_app_id.strip()).first()
    if app is None:
        raise GrantRefused(
            _("No service provider here has this app ID. Ask yours for the 16 digits of its third-party app.")
        )
    if app.merchant_id == merchant.pk:
        raise GrantRefused(_("This is an app of your own. Enter the app ID of another company."))
    known = {"merchant": merchant, "provider": app.merchant, "revoked_at": None}
    with transaction.atomic():
        row, created = ProviderAuthorisation.objects.get_or_create(**known, defaults={"granted_by": by})
        if created:
            record(
                "provider.granted", merchant=merchant, by=by, subject=row, detail={"name": app.merchant.name}
            )
    found: ProviderAuthorisation = row
    return found


def revoke(row: ProviderAuthorisation, *, by: User, at: datetime) -> bool:
    """False: it was revoked before."""
    with transaction.atomic():
        mine = ProviderAuthorisation.objects.filter(pk=row.pk, revoked_at=None)
        if not mine.update(revoked_at=at):
            return False
        record(
            "provider.revoked", merchant=row.merchant, by=by, subject=row, detail={"name": row.provider.name}
        )
    return True


def acted_for(provider: Merchant) -> QuerySet[Merchant]:
    """The merchants that let this provider work for them, by name."""
    rows = ProviderAuthorisation.objects.filter(provider=provider, revoked_at=None)
    return Merchant.objects.filter(pk__in=rows.values("merchant")).order_by("name", "pk")


def borrowed_seats(user: User) -> list[Staff]:
    """The seats this person has through a provider, not saved, by the merchant's name.

    Where they have a seat of their own too, that one counts: the caller looks there first.
    """
    at = user.seats.filter(disabled_at=None, role__in=ACTING_ROLES, merchant__is_provider=True)
    rows = ProviderAuthorisation.objects.filter(provider__in=at.values("merchant"), revoked_at=None)
    merchants = Merchant.objects.filter(pk__in=rows.values("merchant")).order_by("name", "pk")
    return [Staff(merchant=merchant, user=user, role=ROLE_THERE) for merchant in merchants]


def borrowed_seat(user: User, slug: str) -> Staff | None:
    """As borrowed_seats(), at one merchant."""
    at = user.seats.filter(disabled_at=None, role__in=ACTING_ROLES, merchant__is_provider=True)
    row = (
        ProviderAuthorisation.objects.select_related("merchant")
        .filter(merchant__slug=slug, provider__in=at.values("merchant"), revoked_at=None)
        .first()
    )
    return Staff(merchant=row.merchant, user=user, role=ROLE_THERE) if row is not None else None


def mini_programs_of(provider: Merchant) -> QuerySet[MiniProgram]:
    """Of all merchants that this provider may work for, by merchant."""
    rows = MiniProgram.objects.filter(merchant__in=acted_for(provider))
    return rows.select_related("merchant", "provider_app").order_by("merchant__name", "name", "pk")
