"""Private keys at rest: encrypted with FIELD_KEYS, newest first, apart from SECRET_KEY."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotDecrypt(Exception):
    """None of FIELD_KEYS opens this value: the key it was written with is missing."""


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def encrypt(plain: str) -> str:
    return _box().encrypt(plain.encode()).decode()


def decrypt(sealed: str) -> str:
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotDecrypt(
            "No key in FIELD_KEYS opens this value. Put the old key back behind the new one."
        ) from error


def rotate(sealed: str) -> str:
    """The same value under the newest key."""
    try:
        return _box().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotDecrypt(
            "No key in FIELD_KEYS opens this value. Put the old key back behind the new one."
        ) from error
