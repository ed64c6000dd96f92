"""The platform's side of acting for a merchant: a code becomes a token, the token is renewed, or is lost.

The network is asked outside any transaction; what it said is written by compare-and-set on the token that was
there before, so that two who ask at the same moment cannot undo each other.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from gateway.methods.auth import OpenAuthTokenApp, OpenAuthTokenAppResponse
from gateway.outcomes import Accepted, Refused
from merchants import credentials, inbox, secrets
from merchants.events import record
from merchants.models import MiniProgram, ProviderApp, User

log = logging.getLogger(__name__)
AUTHORISED_NOTICE = "open_app_auth_notify"
REFRESH_BEFORE = timedelta(days=30)
# The platform refuses the token itself, whatever is asked with it.
LOST = frozenset({"aop.invalid-app-auth-token", "aop.app-auth-token-time-out", "invalid-auth-relations"})


class NotAuthorised(Exception):
    """No token was stored; the message says why and what to do."""


def exchange(mini_program: MiniProgram, *, code: str, by: User | None, at: datetime) -> None:
    """Turns the code of a fresh authorisation into the mini program's token. Raises NotAuthorised.

    A code works once: an answer that never came may have used it up, and the merchant authorises again.
    """
    app = mini_program.provider_app
    if app is None:
        raise NotAuthorised(_("%(name)s is not run by a service provider.") % {"name": mini_program})
    answer = _ask(app, OpenAuthTokenApp(grant_type="authorization_code", code=code))
    if answer.auth_app_id != mini_program.app_id:
        raise NotAuthorised(
            _("This code belongs to another mini program. Take the code that %(name)s gave.")
            % {"name": mini_program}
        )
    _store(mini_program, answer, by=by, at=at)


def refresh(mini_program: MiniProgram, *, at: datetime) -> bool:
    """A new token for one that still works. False: it was not renewed; a later turn tries again."""
    app, sealed = mini_program.provider_app, mini_program.app_refresh_token_sealed
    if app is None or not sealed:
        return False
    try:
        request = OpenAuthTokenApp(grant_type="refresh_token", refresh_token=secrets.decrypt(sealed))
        answer = _ask(app, request)
    except (NotAuthorised, secrets.CannotDecrypt) as error:
        log.warning("the authorisation of %s was not renewed: %s", mini_program, error)
        return False
    return _store(mini_program, answer, by=None, at=at)


def due_for_refresh(*, at: datetime) -> list[MiniProgram]:
    rows = MiniProgram.objects.exclude(provider_app=None).exclude(app_refresh_token_sealed="")
    due = rows.filter(app_auth_refusal="", app_auth_ends_at__lt=at + REFRESH_BEFORE)
    return list(due.select_related("provider_app", "merchant").order_by("app_auth_ends_at"))


def refresh_due(*, at: datetime) -> int:
    return sum(refresh(mini_program, at=at) for mini_program in due_for_refresh(at=at))


def refused(mini_program: MiniProgram, *, sub_code: str) -> bool:
    """Notes that the platform takes the token no more. False: another token is there already, or it is noted.

    `mini_program` as it was when the call was made.
    """
    with transaction.atomic():
        same = MiniProgram.objects.filter(
            pk=mini_program.pk,
            app_auth_token_sealed=mini_program.app_auth_token_sealed,
            app_auth_refusal="",
        )
        if not same.update(app_auth_refusal=sub_code[:80]):
            return False
        _tell("mini_program.authorisation_lost", mini_program, detail={"refusal": sub_code})
    return True


def take_notice(notice_id: int, *, merchant_id: int, at: datetime) -> bool:
    """The platform told that a merchant authorised its provider: the code in the notice is exchanged.

    False when it was handled before. A notice whose code is refused is done too: it stays refused.
    """
    with transaction.atomic():
        notice = inbox.load(notice_id, merchant_id=merchant_id)
    if notice is None:
        return False
    mini_program = MiniProgram.objects.select_related("provider_app", "merchant").get(
        pk=notice.mini_program_id
    )
    code = str(notice.fields.get("app_auth_code") or "")
    try:
        exchange(mini_program, code=code, by=None, at=at)
    except (NotAuthorised, ValueError) as error:
        log.warning("the authorisation of %s was not taken: %s", mini_program, error)
    return inbox.handled(notice_id)


def _ask(app: ProviderApp, request: OpenAuthTokenApp) -> OpenAuthTokenAppResponse:
    try:
        outcome = credentials.client_of_provider(app).call(request)
    except credentials.GatewayNotConfigured as error:
        raise NotAuthorised(str(error)) from error
    if isinstance(outcome, Accepted):
        return outcome.response
    if isinstance(outcome, Refused):
        raise NotAuthorised(
            _(
                "The platform refused the authorisation (%(code)s). A code works once and for a day: "
                "ask the merchant to authorise again."
            )
            % {"code": outcome.sub_code or outcome.code}
        )
    raise NotAuthorised(_("The platform gave no answer. Try again in a minute."))


def _store(
    mini_program: MiniProgram, answer: OpenAuthTokenAppResponse, *, by: User | None, at: datetime
) -> bool:
    ends_at = at + timedelta(seconds=answer.re_expires_in) if answer.re_expires_in else None
    with transaction.atomic():
        same = MiniProgram.objects.filter(
            pk=mini_program.pk, app_auth_token_sealed=mini_program.app_auth_token_sealed
        )
        stored = same.update(
            app_auth_token_sealed=secrets.encrypt(answer.app_auth_token),
            app_refresh_token_sealed=secrets.encrypt(answer.app_refresh_token),
            app_auth_ends_at=ends_at,
            app_auth_refusal="",
        )
        if stored:
            _tell("mini_program.authorised", mini_program, by=by)
    return bool(stored)


def _tell(
    kind: str, mini_program: MiniProgram, *, by: User | None = None, detail: dict[str, object] | None = None
) -> None:
    record(
        kind,
        merchant=mini_program.merchant,
        by=by,
        mini_program=mini_program,
        subject=mini_program,
        detail=detail or {},
    )
