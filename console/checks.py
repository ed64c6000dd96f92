"""What must be true before the console serves anybody. Web and workers refuse to start otherwise.

The settings file itself refuses when a value is missing; here values are judged.
"""

from collections.abc import Iterator
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from gateway.client import checked_gateway_url

SECRET_KEY_CHARACTERS = 40
# Keys that stand in our own files, or that generators mark as made for development.
KNOWN_KEYS = ("django-insecure", "for-checks-only", "tests-only", "change-me", "changeme")
CHECK_FIELD_KEY = "A" * 43 + "="


@checks.register("console")
def settings_are_safe(**_: Any) -> list[checks.CheckMessage]:
    found = [*_keys(), *_gateways()]
    return found if settings.DEBUG else [*found, *_production()]


def _keys() -> Iterator[checks.CheckMessage]:
    for number, key in enumerate(settings.FIELD_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            yield checks.Error(
                f"Key {number} of FIELD_KEYS is not a valid key.",
                hint="`manage.py make_field_key` prints one.",
                id="console.E001",
            )


def _gateways() -> Iterator[checks.CheckMessage]:
    for name, url in settings.GATEWAY_URLS.items():
        try:
            checked_gateway_url(url)
        except ValueError as error:
            yield checks.Error(f"The gateway {name!r} cannot be used: {error}", id="console.E002")


def _production() -> Iterator[checks.CheckMessage]:
    """With DEBUG=0 strangers may come."""
    key = settings.SECRET_KEY
    if len(key) < SECRET_KEY_CHARACTERS or len(set(key)) < 10 or key.startswith(KNOWN_KEYS):
        yield checks.Error(
            f"SECRET_KEY is too easy to guess. Use at least {SECRET_KEY_CHARACTERS} random characters.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="console.E003",
        )
    if CHECK_FIELD_KEY in settings.FIELD_KEYS:
        yield checks.Error("FIELD_KEYS holds the key of the Makefile's checks.", id="console.E004")
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield checks.Error(
            "ALLOWED_HOSTS must name the hosts of the console; it is empty or holds '*'.",
            hint="For example ALLOWED_HOSTS=console.example.com",
            id="console.E005",
        )
    if not settings.SECURE_HTTPS:
        yield checks.Warning(
            "SECURE_HTTPS=0: sign-ins travel in the clear. Only for a try on one machine.", id="console.W001"
        )


def refuse_unsafe_start() -> None:
    """Called by the web process and the workers as they start. Raises ImproperlyConfigured."""
    told = [
        f"{message.msg} {message.hint or ''}".strip()
        for message in checks.run_checks(tags=["console"])
        if message.is_serious()
    ]
    if not settings.DEBUG and not told and get_user_model().objects.filter(is_demo=True).exists():
        told.append(
            "This database holds demo users, whose passwords are known. Use another database, or remove them."
        )
    if told:
        raise ImproperlyConfigured("The console does not start. " + " ".join(told))
