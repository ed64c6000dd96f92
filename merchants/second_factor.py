"""A person's second factor: codes of an app (RFC 6238) and recovery codes, each of them accepted once.

Every judgement locks the person's row: of two uses of one code one wins, and no wrong guess goes uncounted.
"""

from __future__ import annotations

import base64
import math
import re
import secrets
import unicodedata
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from merchants.events import record
from merchants.models import Merchant, RecoveryCode, SecondFactor, Staff, User
from merchants.secrets import decrypt, encrypt
from merchants.staff import end_sessions

STEP_SECONDS = 30
DIGITS = 6
WINDOW_STEPS = 1  # either way: phones' clocks are off, and people type slowly
SECRET_BYTES = 20
SETTING_UP = timedelta(minutes=10)  # from the password to the first code
WRONG_AT_MOST = 5
WRONG_WITHIN = LOCKED_FOR = timedelta(minutes=5)
RECOVERY_CODES = 10
RECOVERY_BYTES = 10


class CodeRefused(Exception):
    """Nothing was done; the message says why and what to do."""


def factor_of(user: User) -> SecondFactor | None:
    """None until a first code of it was seen."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()


def setting_up(user: User, *, at: datetime) -> SecondFactor | None:
    """The one that waits for its first code, for ten minutes."""
    return SecondFactor.objects.filter(
        user=user, confirmed_at=None, begun_at__gt=at - SETTING_UP, begun_at__lte=at
    ).first()


def codes_left(factor: SecondFactor) -> int:
    return RecoveryCode.objects.filter(factor=factor, used_at=None).count()


# --- The code -----------------------------------------------------------------------------------------------
def step_at(at: datetime) -> int:
    return int(at.timestamp()) // STEP_SECONDS


def step_of(key: bytes, code: str, *, at: datetime, after: int) -> int | None:
    """The step within the window, later than `after`, whose code this is."""
    now = step_at(at)
    for step in range(max(now - WINDOW_STEPS, after + 1), now + WINDOW_STEPS + 1):
        try:
            _generator(key).verify(code.encode(), step * STEP_SECONDS)
        except InvalidToken:
            continue
        return step
    return None


def _generator(key: bytes) -> TOTP:
    return TOTP(key, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - the one hash that every app knows


def manual_key(factor: SecondFactor) -> str:
    """Base32, for an app that cannot look at a picture. Raises secrets.CannotDecrypt."""
    return decrypt(factor.secret_sealed)


def otpauth_uri(factor: SecondFactor, *, issuer: str) -> str:
    key = base64.b32decode(manual_key(factor))
    return _generator(key).get_provisioning_uri(factor.user.username, issuer)


# --- Set up, used, turned off -------------------------------------------------------------------------------
def begin(user: User, *, at: datetime) -> SecondFactor:
    """A fresh secret, which counts once confirm() saw a code of it. Raises CodeRefused where one counts."""
    sealed = encrypt(base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode())
    fresh = {"secret_sealed": sealed, "begun_at": at}
    with transaction.atomic():
        factor, created = SecondFactor.objects.get_or_create(user=user, defaults=fresh)
        waiting = SecondFactor.objects.filter(pk=factor.pk, confirmed_at=None)
        if not created and not waiting.update(**fresh, last_step=0):
            raise CodeRefused(_("Your second factor is set up already."))
    factor.refresh_from_db()
    return factor


def confirm(user: User, code: str, *, at: datetime) -> list[str]:
    """From the first code on it counts. Returns the recovery codes, readable only now. Raises CodeRefused."""
    with transaction.atomic():
        waiting = setting_up(user, at=at)
        factor = _locked(user) if waiting else None
        if factor is None or factor.confirmed_at is not None:
            raise CodeRefused(_("The time to set it up is over. Begin again."))
        why = _judge(factor, code, at=at)
        codes = []
        if not why:
            SecondFactor.objects.filter(pk=factor.pk, confirmed_at=None).update(confirmed_at=at)
            codes = _new_codes(factor)
            _tell(user, "staff.second_factor_on", by=user)
    if why:
        raise CodeRefused(why)
    return codes


def accept(user: User, code: str, *, at: datetime) -> None:
    """Uses up a code of the app or a recovery code. Raises CodeRefused; a wrong one has then been counted."""
    with transaction.atomic():
        factor = _locked(user)
        if factor is None or factor.confirmed_at is None:
            raise CodeRefused(_("You have no second factor. Set it up first."))
        why = _judge(factor, code, at=at)
    if why:
        raise CodeRefused(why)


def renew_codes(user: User, code: str, *, at: datetime) -> list[str]:
    """Ten new recovery codes in place of the old ones. Raises CodeRefused as accept() does."""
    accept(user, code, at=at)
    with transaction.atomic():
        factor = _locked(user)
        if factor is None:
            raise CodeRefused(_("You have no second factor. Set it up first."))
        RecoveryCode.objects.filter(factor=factor).delete()
        codes = _new_codes(factor)
        _tell(user, "staff.recovery_codes_renewed", by=user)
    return codes


def turn_off(user: User, code: str, *, at: datetime) -> None:
    """Raises CodeRefused as accept() does."""
    accept(user, code, at=at)
    with transaction.atomic():
        if _removed(user):
            _tell(user, "staff.second_factor_off", by=user)


def reset(user: User, *, by: User | None) -> None:
    """For somebody who lost app and recovery codes; signs the person out everywhere. Raises CodeRefused."""
    with transaction.atomic():
        if not _removed(user):
            raise CodeRefused(_("%(person)s has no second factor.") % {"person": user})
        end_sessions(user)
        _tell(user, "staff.second_factor_reset", by=by)


def ask_at_launch(merchant: Merchant, wanted: bool, *, by: User) -> bool:
    """False when it was so before."""
    with transaction.atomic():
        rows = Merchant.objects.filter(pk=merchant.pk, asks_second_factor=not wanted)
        if not rows.update(asks_second_factor=wanted):
            return False
        record("rules.second_factor_on" if wanted else "rules.second_factor_off", merchant=merchant, by=by)
    merchant.asks_second_factor = wanted
    return True


# --- Under the lock of the person's row ---------------------------------------------------------------------
def _locked(user: User) -> SecondFactor | None:
    return SecondFactor.objects.select_for_update().filter(user=user).first()


def _removed(user: User) -> bool:
    """One that only waited for its first code goes too, and is none."""
    counted = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()
    SecondFactor.objects.filter(user=user).delete()
    return counted


def _judge(factor: SecondFactor, code: str, *, at: datetime) -> str:
    """Uses the code up, or counts a wrong one and says why; empty: accepted."""
    if factor.locked_until and factor.locked_until > at:
        return _locked_words(factor.locked_until - at)
    if _is_used_up(factor, code, at=at):
        return ""
    wrong = [*(one for one in factor.wrong_at if one > at - WRONG_WITHIN), at]
    mine = SecondFactor.objects.filter(pk=factor.pk)
    if len(wrong) < WRONG_AT_MOST:
        mine.update(wrong_at=wrong)
        return _("This code does not fit, or was used before. Type the one your app shows now.")
    mine.update(wrong_at=[], locked_until=at + LOCKED_FOR)
    _tell(factor.user, "staff.second_factor_locked", by=factor.user)
    return _locked_words(LOCKED_FOR)


def _locked_words(left: timedelta) -> str:
    minutes = max(1, math.ceil(left.total_seconds() / 60))
    words = ngettext(
        "Too many wrong codes. No code is accepted for %(n)s minute; then try again.",
        "Too many wrong codes. No code is accepted for %(n)s minutes; then try again.",
        minutes,
    )
    return words % {"n": minutes}


def _is_used_up(factor: SecondFactor, code: str, *, at: datetime) -> bool:
    typed = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).upper()
    if re.fullmatch(rf"[0-9]{{{DIGITS}}}", typed):
        key = base64.b32decode(manual_key(factor))
        step = step_of(key, typed, at=at, after=factor.last_step)
        if step is None:
            return False
        return bool(SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step))
    unused = RecoveryCode.objects.filter(factor=factor, hash=RecoveryCode.digest(typed), used_at=None)
    if not factor.confirmed_at or not unused.update(used_at=at):
        return False
    _tell(factor.user, "staff.recovery_code_used", by=factor.user)
    return True


def _new_codes(factor: SecondFactor) -> list[str]:
    plain = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _n in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(factor=factor, hash=RecoveryCode.digest(code)) for code in plain
    )
    return ["-".join(re.findall(".{4}", code)) for code in plain]


def _tell(user: User, kind: str, *, by: User | None) -> None:
    """At each merchant of the person; a name from elsewhere is told to none."""
    for seat in Staff.objects.filter(user=user, disabled_at=None).select_related("merchant"):
        known = by is not None and by.seats.filter(merchant=seat.merchant, disabled_at=None).exists()
        record(kind, merchant=seat.merchant, by=by if known else None, subject=seat)
