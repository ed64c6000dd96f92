"""Questions to the platform that change nothing: one token, one call, an answer or a sentence why not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from gateway import wire
from gateway.methods import R, Request, Response
from gateway.outcomes import Accepted, Busy, NotSent, Outcome, Refused, Unknown
from merchants import questions, rate, refusals
from merchants.models import MiniProgram

log = logging.getLogger(__name__)
TOKEN_WAIT_SECONDS = 5.0
MAX_PAGES = 1_000


class NotAnswered(Exception):
    """The question has no answer now; the message tells the person what to do.

    `sub_code` is set when the platform refused: asking again gives the same.
    """

    def __init__(self, sentence: str, *, sub_code: str = "") -> None:
        super().__init__(sentence)
        self.sub_code = sub_code


def ask(mini_program: MiniProgram, request: Request[R]) -> R:
    """The platform's answer. Never inside a transaction. Raises NotAnswered."""
    try:
        outcome = questions.ask(mini_program, request, seconds=TOKEN_WAIT_SECONDS)
    except questions.NotAsked as error:
        log.warning("nothing was asked for %s: %s", mini_program, error)
        raise NotAnswered(_not_asked(error)) from error
    if isinstance(outcome, Accepted):
        return outcome.response
    raise _explained(mini_program, outcome)


def ask_all_pages(
    mini_program: MiniProgram,
    page: Callable[[int], Request[R]],
    listed: Callable[[R], Sequence[Any]],
) -> Iterator[Any]:
    """Everything that `listed` finds on pages 1, 2, 3 … until one is not full. Raises NotAnswered."""
    for number in range(1, MAX_PAGES + 1):
        answer = ask(mini_program, page(number))
        found = listed(answer)
        yield from found
        total = getattr(answer, "total_count", None)
        if len(found) < wire.PAGE_SIZE_MAX or (total is not None and number * wire.PAGE_SIZE_MAX >= total):
            return


def _not_asked(error: questions.NotAsked) -> str:
    if error.reason == "no_token":
        return _("This mini program is at its limit of calls. Try again in a minute.")
    if error.reason == "no_redis":
        return _(
            "Redis, which counts our calls, does not answer, so nothing was asked. Try again in a minute."
        )
    return str(error)


def _explained(mini_program: MiniProgram, outcome: Outcome[Response]) -> NotAnswered:
    match outcome:
        case Refused():
            said = refusals.sentence(outcome.sub_code)
            return NotAnswered(f"{said.title}. {said.remedy}", sub_code=outcome.sub_code or outcome.code)
        case Busy():
            _slow_down(mini_program)
            return NotAnswered(_("The platform is busy and did nothing. Try again in a minute."))
        case NotSent():
            return NotAnswered(_("The platform could not be reached, so nothing was asked. Try again."))
        case Unknown(alarm=True):
            log.error("%s: %s. Check its Alipay public key.", mini_program, outcome.detail)
            return NotAnswered(
                _("The answer carried a wrong signature. Check the Alipay public key of this mini program.")
            )
        case _:
            return NotAnswered(_("The platform gave no answer that can be trusted. Try again in a minute."))


def _slow_down(mini_program: MiniProgram) -> None:
    try:
        rate.slow_down(mini_program)
    except rate.RateUnavailable as error:
        log.warning("the rate of %s could not be lowered: %s", mini_program, error)
