"""From a mini program's stored keys to a client that can call: keys are opened here and never shown again."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from django.conf import settings

from gateway import signing
from gateway.client import Client, Timeouts
from merchants import secrets

if TYPE_CHECKING:
    from merchants.models import MiniProgram

InvalidKey = signing.InvalidKey
CLIENTS_KEPT = 200

# Keyed by all that makes a client, so that a changed key or address takes effect with the next call. A digest
# stands for the sealed keys: nothing readable is held but inside the client itself.
_clients: OrderedDict[tuple[str | Timeouts, ...], Client] = OrderedDict()
_lock = threading.Lock()


class GatewayNotConfigured(Exception):
    """The mini program cannot call; the message says what to set."""


def gateway_url(mini_program: MiniProgram) -> str:
    """Address behind the name in the row. Raises GatewayNotConfigured."""
    url: str | None = settings.GATEWAY_URLS.get(mini_program.gateway)
    if not url:
        known = ", ".join(sorted(settings.GATEWAY_URLS))
        wanted = (
            "Set GATEWAY_URL to the address of the simulated platform"
            if mini_program.gateway == "simulated"
            else f"Choose one of: {known}"
        )
        raise GatewayNotConfigured(
            f"{mini_program} uses the gateway {mini_program.gateway!r}, which has no address here. {wanted}."
        )
    return url


def client_for(mini_program: MiniProgram) -> Client:
    """The client of this mini program, shared by the whole process.

    Raises GatewayNotConfigured, also for keys that cannot be opened or used.
    """
    url = gateway_url(mini_program)
    timeouts = Timeouts(
        connect_seconds=settings.GATEWAY_CONNECT_SECONDS,
        read_seconds=settings.GATEWAY_READ_SECONDS,
        total_seconds=settings.GATEWAY_TOTAL_SECONDS,
    )
    identity = (str(mini_program.pk), mini_program.app_id, url, timeouts, _digest(mini_program))
    with _lock:
        client = _clients.get(identity)
        if client is None:
            client = _clients[identity] = _make(mini_program, url, timeouts)
        _clients.move_to_end(identity)
        while len(_clients) > CLIENTS_KEPT:
            _clients.popitem(last=False)
    return client


def fingerprint(mini_program: MiniProgram) -> str:
    """Of the app's public half; safe to show. Raises GatewayNotConfigured when the key cannot be opened."""
    try:
        return signing.fingerprint(signing.load_private_key(_opened(mini_program.app_private_key_sealed)))
    except InvalidKey as error:
        raise GatewayNotConfigured(f"The private key of {mini_program} cannot be used. {error}") from error


def alipay_fingerprint(mini_program: MiniProgram) -> str:
    try:
        return signing.fingerprint(mini_program.alipay_public_key)
    except InvalidKey as error:
        raise GatewayNotConfigured(f"The Alipay key of {mini_program} cannot be used. {error}") from error


def check_keys(*, app_private_key: str, alipay_public_key: str) -> None:
    """Raises InvalidKey with a sentence unless both can be used, and are not each other's."""
    signing.check_key_pair(app_private_key=app_private_key, alipay_public_key=alipay_public_key)


def _make(mini_program: MiniProgram, url: str, timeouts: Timeouts) -> Client:
    token = mini_program.app_auth_token_sealed
    try:
        return Client(
            app_id=mini_program.app_id,
            app_private_key=_opened(mini_program.app_private_key_sealed),
            alipay_public_key=mini_program.alipay_public_key,
            gateway_url=url,
            timeouts=timeouts,
            app_auth_token=_opened(token) if token else None,
        )
    except ValueError as error:  # InvalidKey is one, and so is an address that is neither https nor loopback
        raise GatewayNotConfigured(f"{mini_program} cannot call the platform. {error}") from error


def _opened(sealed: str) -> str:
    try:
        return secrets.decrypt(sealed)
    except secrets.CannotDecrypt as error:
        raise GatewayNotConfigured(str(error)) from error


def _digest(mini_program: MiniProgram) -> str:
    parts = (
        mini_program.app_private_key_sealed,
        mini_program.alipay_public_key,
        mini_program.app_auth_token_sealed,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _after_fork_in_child() -> None:
    """A lock that another thread held at the fork would stay held in the child for ever."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
