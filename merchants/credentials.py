"""From a mini program's stored keys to a client that can call: keys are opened here and never shown again."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gateway import signing
from gateway.client import Client, Timeouts
from merchants import secrets
from merchants.events import record

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from merchants.models import ApiKey, Merchant, MiniProgram, ProviderApp, User

InvalidKey = signing.InvalidKey
CLIENTS_KEPT = 200

# Keyed by all that makes a client, so that a changed key or address takes effect with the next call. A digest
# stands for the sealed keys: nothing readable is held but inside the client itself.
_clients: OrderedDict[tuple[str | Timeouts, ...], Client] = OrderedDict()
_lock = threading.Lock()


class MiniProgramRefused(Exception):
    """The mini program was not added; the message says why."""


class IssuedBefore(Exception):
    """This form issued a key already: it was shown then, and nobody can show it again."""


@dataclass(frozen=True)
class RunBy:
    """The provider's app that signs for a mini program, and the merchant's token where it is known."""

    app: ProviderApp
    token: str = ""


class GatewayNotConfigured(Exception):
    """The mini program cannot call; the message says what to set."""


def gateway_url(mini_program: MiniProgram | ProviderApp) -> str:
    """Address behind the name in the row. Raises GatewayNotConfigured."""
    url: str | None = settings.GATEWAY_URLS.get(mini_program.gateway)
    if not url:
        if mini_program.gateway == "simulated":
            raise GatewayNotConfigured(
                _("%(name)s uses the simulated platform, which has no address here. Set GATEWAY_URL.")
                % {"name": mini_program}
            )
        raise GatewayNotConfigured(
            _("%(name)s uses the gateway “%(gateway)s”, which has no address here. Choose one of: %(known)s.")
            % {"name": mini_program, "gateway": mini_program.gateway, "known": _known_gateways()}
        )
    return url


def _known_gateways() -> str:
    return pgettext("between items of a list", ", ").join(sorted(settings.GATEWAY_URLS))


def client_for(mini_program: MiniProgram) -> Client:
    """The client of this mini program, shared by the whole process.

    Where a provider runs it, the provider's app signs and the merchant's app_auth_token says for whom.
    Raises GatewayNotConfigured, also for keys that cannot be opened or used and for a lost authorisation.
    """
    if trouble := authorisation_trouble(mini_program):
        raise GatewayNotConfigured(trouble)
    token = mini_program.app_auth_token_sealed if mini_program.provider_app_id else ""
    return _client(mini_program, signer_of(mini_program), token=token)


def client_of_provider(app: ProviderApp) -> Client:
    """The client of the provider's app for itself: it names no merchant. Raises GatewayNotConfigured."""
    return _client(app, app, token="")


def signer_of(app: MiniProgram | ProviderApp) -> MiniProgram | ProviderApp:
    """Whose keys are used: the provider's, where it runs the mini program."""
    return getattr(app, "provider_app", None) or app


def _client(named: MiniProgram | ProviderApp, signer: MiniProgram | ProviderApp, *, token: str) -> Client:
    url = gateway_url(named)
    timeouts = Timeouts(
        connect_seconds=settings.GATEWAY_CONNECT_SECONDS,
        read_seconds=settings.GATEWAY_READ_SECONDS,
        total_seconds=settings.GATEWAY_TOTAL_SECONDS,
    )
    identity = (str(named.pk), named.app_id, signer.app_id, url, timeouts, _digest(signer, token))
    with _lock:
        client = _clients.get(identity)
        if client is None:
            client = _clients[identity] = _make(named, signer, token, url, timeouts)
        _clients.move_to_end(identity)
        while len(_clients) > CLIENTS_KEPT:
            _clients.popitem(last=False)
    return client


def fingerprint(mini_program: MiniProgram | ProviderApp) -> str:
    """Of the public half of the app that signs; safe to show.

    Raises GatewayNotConfigured when the key cannot be opened.
    """
    signer = signer_of(mini_program)
    try:
        return signing.fingerprint(signing.load_private_key(_opened(signer.app_private_key_sealed)))
    except InvalidKey as error:
        raise GatewayNotConfigured(
            _("The private key of %(name)s cannot be used. %(why)s") % {"name": signer, "why": error}
        ) from error


def alipay_fingerprint(mini_program: MiniProgram | ProviderApp) -> str:
    signer = signer_of(mini_program)
    try:
        return signing.fingerprint(signer.alipay_public_key)
    except InvalidKey as error:
        raise GatewayNotConfigured(
            _("The Alipay key of %(name)s cannot be used. %(why)s") % {"name": signer, "why": error}
        ) from error


def check_keys(*, app_private_key: str, alipay_public_key: str) -> None:
    """Raises InvalidKey with a sentence unless both can be used, and are not each other's."""
    signing.check_key_pair(app_private_key=app_private_key, alipay_public_key=alipay_public_key)


def add_mini_program(
    *,
    merchant: Merchant,
    name: str,
    app_id: str,
    industry: str,
    gateway: str,
    app_private_key: str = "",
    alipay_public_key: str = "",
    run_by: RunBy | None = None,
    by: User | None = None,
) -> MiniProgram:
    """Checks the keys and stores them sealed; with `run_by` its keys sign and there are none here.

    Raises InvalidKey, or MiniProgramRefused with a sentence.
    """
    if run_by is None:
        check_keys(app_private_key=app_private_key, alipay_public_key=alipay_public_key)
    else:
        _check_signer(run_by.app, gateway, own_key=app_private_key)
    check_app(app_id=app_id, gateway=gateway)
    rows = apps.get_model("merchants", "MiniProgram").objects
    try:
        with transaction.atomic():
            mini_program: MiniProgram = rows.create(
                merchant=merchant,
                name=name,
                app_id=app_id,
                industry=industry,
                gateway=gateway,
                app_private_key_sealed=secrets.encrypt(app_private_key) if app_private_key else "",
                alipay_public_key=alipay_public_key,
                app_auth_token_sealed=secrets.encrypt(run_by.token) if run_by and run_by.token else "",
                provider_app=run_by.app if run_by else None,
                rate_per_second=int(settings.ENGINE_RATE_PER_SECOND),
                reserve_per_second=int(settings.ENGINE_RESERVE_PER_SECOND),
            )
            record(
                "mini_program.added",
                merchant=merchant,
                by=by,
                subject=mini_program,
                mini_program=mini_program,
            )
    except IntegrityError as error:
        raise MiniProgramRefused(
            _("The app ID %(app_id)s is registered here already.") % {"app_id": app_id}
        ) from error
    return mini_program


def _check_signer(app: ProviderApp, gateway: str, *, own_key: str) -> None:
    if own_key:
        raise MiniProgramRefused(
            _("A mini program run by a provider takes no keys of its own: the provider's app signs.")
        )
    if app.gateway != gateway:
        raise MiniProgramRefused(
            _("The provider's app uses the gateway “%(name)s”. Choose the same one.") % {"name": app.gateway}
        )


def check_app(*, app_id: str, gateway: str) -> None:
    """Raises MiniProgramRefused with a sentence."""
    if gateway not in settings.GATEWAY_URLS:
        raise MiniProgramRefused(
            _("There is no gateway “%(name)s” here. Choose one of: %(known)s.")
            % {"name": gateway, "known": _known_gateways()}
        )
    if not re.fullmatch(r"\d{16}", app_id):
        raise MiniProgramRefused(
            _("“%(app_id)s” is not an app ID. It has 16 digits; the open platform shows it.")
            % {"app_id": app_id}
        )


def reseal_all() -> int:
    """Every field named `…_sealed` of every model under the newest of FIELD_KEYS. Repeatable. Gives a count.

    Raises CannotDecrypt for a value that no key opens; what came before it stays resealed.
    """
    resealed = 0
    for model in apps.get_models():
        for name in [f.name for f in model._meta.concrete_fields if f.name.endswith("_sealed")]:
            for pk, sealed in model._base_manager.exclude(**{name: ""}).values_list("pk", name).iterator():
                # only if nobody wrote a new value meanwhile, which is sealed with the newest key anyway
                same = model._base_manager.filter(**{"pk": pk, name: sealed})
                resealed += same.update(**{name: secrets.rotate(sealed)})
    return resealed


def authorisation_trouble(mini_program: MiniProgram) -> str:
    """Why the provider's app may not act for it, and what to do; empty where it may, or none is needed."""
    names = {"name": mini_program, "refusal": mini_program.app_auth_refusal}
    if mini_program.provider_app_id is None:
        return ""
    if not mini_program.app_auth_token_sealed:
        return (
            _(
                "%(name)s has not authorised its service provider's app yet, so nothing was sent. "
                "Ask the merchant to authorise it, then go on."
            )
            % names
        )
    if mini_program.app_auth_refusal:
        return (
            _(
                "The platform no longer takes the authorisation of %(name)s (%(refusal)s). "
                "Ask the merchant to authorise the service provider's app again, then go on."
            )
            % names
        )
    return ""


def _make(
    named: MiniProgram | ProviderApp,
    signer: MiniProgram | ProviderApp,
    token: str,
    url: str,
    timeouts: Timeouts,
) -> Client:
    try:
        return Client(
            app_id=signer.app_id,
            app_private_key=_opened(signer.app_private_key_sealed),
            alipay_public_key=signer.alipay_public_key,
            gateway_url=url,
            timeouts=timeouts,
            app_auth_token=_opened(token) if token else None,
        )
    except ValueError as error:  # InvalidKey is one, and so is an address that is neither https nor loopback
        raise GatewayNotConfigured(
            _("%(name)s cannot call the platform. %(why)s") % {"name": named, "why": error}
        ) from error


def _opened(sealed: str) -> str:
    try:
        return secrets.decrypt(sealed)
    except secrets.CannotDecrypt as error:
        raise GatewayNotConfigured(str(error)) from error


def _digest(signer: MiniProgram | ProviderApp, token: str) -> str:
    parts = (signer.app_private_key_sealed, signer.alipay_public_key, token)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _after_fork_in_child() -> None:
    """A lock that another thread held at the fork would stay held in the child for ever."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)


def issue_api_key(
    mini_program: MiniProgram, *, name: str, kind: str, scopes: list[str], by: User, form_token: uuid.UUID
) -> tuple[ApiKey, str]:
    """A key for the merchant's server or mini program, and its only readable copy. Raises IssuedBefore."""
    model = apps.get_model("merchants", "ApiKey")
    try:
        with transaction.atomic():
            row, key = model.issue(
                mini_program=mini_program, name=name, kind=kind, scopes=scopes, form_token=form_token
            )
            detail = {"name": name, "kind": kind, "scopes": ", ".join(scopes)}
            record(
                "api_key.issued",
                merchant=mini_program.merchant,
                by=by,
                mini_program=mini_program,
                subject=row,
                detail=detail,
            )
    except IntegrityError as error:
        if model.objects.filter(form_token=form_token).exists():
            raise IssuedBefore from error
        raise
    return row, key


def revoke_api_key(key: ApiKey, *, by: User, at: datetime) -> bool:
    """From now on nobody gets in with it. False: somebody else revoked it first."""
    with transaction.atomic():
        if not key.revoke(at=at):
            return False
        record(
            "api_key.revoked",
            merchant=key.merchant,
            by=by,
            mini_program=key.mini_program,
            subject=key,
            detail={"name": key.name},
        )
    return True
