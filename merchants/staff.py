"""Who works for a merchant: seats, roles, passwords. Whoever loses a right is signed out everywhere."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from merchants.events import record
from merchants.models import Merchant, Staff, User
from merchants.roles import Role


class StaffRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


def open_merchant(
    *, name: str, slug: str, owner_username: str, time_zone: str = "Asia/Shanghai"
) -> tuple[Merchant, User, str]:
    """A merchant with its first owner and the owner's one-time password. Raises StaffRefused."""
    with transaction.atomic():
        if Merchant.objects.filter(slug=slug).exists():
            raise StaffRefused(
                _("There is a merchant at “%(slug)s” already. Choose another.") % {"slug": slug}
            )
        merchant = Merchant.objects.create(name=name, slug=slug, time_zone=time_zone)
        owner, password = add_person(username=owner_username)
        add_staff(merchant=merchant, user=owner, role=Role.OWNER, by=None)
    return merchant, owner, password


def add_person(*, username: str, display_name: str = "") -> tuple[User, str]:
    """A user and a one-time password, readable only now. Raises StaffRefused when the name is taken."""
    password = secrets.token_urlsafe(15)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username=username, password=password, display_name=display_name)
    except IntegrityError as error:
        raise StaffRefused(
            _("Somebody signs in as “%(name)s” already. Choose another name.") % {"name": username}
        ) from error
    return user, password


def add_staff(*, merchant: Merchant, user: User, role: str, by: User | None) -> Staff:
    """A seat; one that was disabled is opened again. Raises StaffRefused for a seat that is in use."""
    _known(role)
    with transaction.atomic():
        seat, created = Staff.objects.get_or_create(merchant=merchant, user=user, defaults={"role": role})
        disabled = Staff.objects.filter(pk=seat.pk, disabled_at__isnull=False)
        if not created and not disabled.update(role=role, disabled_at=None):
            raise StaffRefused(
                _("%(person)s works here already. Change the role instead.") % {"person": user}
            )
        seat.refresh_from_db()
        record("staff.added", merchant=merchant, by=by, subject=seat, detail={"role": role})
    return seat


def change_role(seat: Staff, role: str, *, by: User | None) -> Staff:
    """Signs the person out everywhere.

    Raises StaffRefused for the last owner, and when somebody else changed the seat first.
    """
    _known(role)
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(seat)
        mine = Staff.objects.filter(pk=seat.pk, role=seat.role, disabled_at=None)
        if not mine.update(role=role):
            raise StaffRefused(_("Somebody changed this seat a moment ago. Look at it again."))
        end_sessions(seat.user)
        record(
            "staff.role_changed",
            merchant=seat.merchant,
            by=by,
            subject=seat,
            detail={"from": seat.role, "to": role},
        )
    seat.refresh_from_db()
    return seat


def disable(seat: Staff, *, by: User | None) -> Staff:
    """Closes the seat and signs the person out everywhere. Raises StaffRefused as change_role does."""
    with transaction.atomic():
        _keep_an_owner(seat)
        if not Staff.objects.filter(pk=seat.pk, role=seat.role, disabled_at=None).update(disabled_at=Now()):
            raise StaffRefused(_("Somebody changed this seat a moment ago. Look at it again."))
        end_sessions(seat.user)
        record("staff.disabled", merchant=seat.merchant, by=by, subject=seat, detail={"role": seat.role})
    seat.refresh_from_db()
    return seat


def change_password(user: User, password: str, *, by: User) -> None:
    """Ends every session of the person; the one at hand goes on if its hash is renewed by the caller.

    Raises StaffRefused with the sentences of the password rules.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise StaffRefused(" ".join(error.messages)) from error
    with transaction.atomic():
        user.set_password(password)
        User.objects.filter(pk=user.pk).update(password=user.password)
        end_sessions(user)
        for seat in user.seats.filter(disabled_at=None).select_related("merchant"):
            record("staff.password_changed", merchant=seat.merchant, by=by, subject=seat)


def end_sessions(user: User) -> None:
    """No scan of the session table: a session carries a hash of the epoch and fits no more."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])


def prune_sessions(*, at: datetime) -> int:
    return int(Session.objects.filter(expire_date__lt=at).delete()[0])


def _keep_an_owner(seat: Staff) -> None:
    """Locks the owners' seats, so that two owners cannot remove each other at the same moment."""
    owners = Staff.objects.select_for_update().filter(
        merchant=seat.merchant, role=Role.OWNER, disabled_at=None
    )
    if [owner.pk for owner in owners.order_by("pk")] == [seat.pk]:
        raise StaffRefused(_("This is the only owner. Make somebody else an owner first."))


def _known(role: str) -> None:
    if role not in Role.values:
        raise StaffRefused(_("There is no role “%(role)s”.") % {"role": role})
