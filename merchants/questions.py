"""A question to the platform that changes nothing there, asked at once and written down nowhere.

What changes something goes through merchants.calls.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from gateway.methods import R, Request
from gateway.outcomes import Accepted, Outcome
from merchants import credentials, rate
from merchants.calls import TOKEN_WAIT_SECONDS

if TYPE_CHECKING:
    from merchants.models import MiniProgram

log = logging.getLogger(__name__)


class NotAsked(Exception):
    """Nothing left this machine; the message says why, for logs."""

    def __init__(self, reason: Literal["not_configured", "no_token", "no_redis"], words: str) -> None:
        super().__init__(words)
        self.reason = reason


def ask(mini_program: MiniProgram, request: Request[R], *, seconds: float = TOKEN_WAIT_SECONDS) -> Outcome[R]:
    """Waits at most `seconds` for a token. Never inside a transaction. Raises NotAsked."""
    try:
        client = credentials.client_for(mini_program)
        if not rate.wait_for_token(mini_program, seconds):
            raise NotAsked("no_token", f"{mini_program} is at its limit of calls")
    except credentials.GatewayNotConfigured as error:
        raise NotAsked("not_configured", str(error)) from error
    except rate.RateUnavailable as error:
        raise NotAsked("no_redis", str(error)) from error
    return client.call(request)


def answer(mini_program: MiniProgram, request: Request[R]) -> R | None:
    """What the platform said to it; None where it did not say. Never inside a transaction."""
    try:
        outcome = ask(mini_program, request)
    except NotAsked as error:
        log.warning("%s was not asked: %s", request.method, error)
        return None
    if isinstance(outcome, Accepted):
        return outcome.response
    log.info("%s was not answered: %s", request.method, outcome)
    return None
