"""The two causes an outcome can be unknown for, in words, and who is behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from console.messaging.sends.words import UNKNOWN
from messaging.models import UnknownCause
from messaging.reports import SendFigures


@dataclass(frozen=True)
class Cause:
    """`hint` says what speaks for which choice; the person decides."""

    title: str | Promise
    sentence: str | Promise
    hint: str | Promise


CAUSES: Mapping[str, Cause] = {
    UnknownCause.PROCESS: Cause(
        _("Our process stopped before the answer was written down"),
        _(
            "A process ended, or the database stayed away, between sending and writing down. "
            "The request may have left, and the platform may have accepted it."
        ),
        _("An answer that arrives late is still written down by itself, as long as nobody has decided."),
    ),
    UnknownCause.ANSWER: Cause(
        _("The platform gave no answer that can be trusted"),
        _(
            "The request left; its answer came too late, broke off, was wrongly signed or could not be read. "
            "The platform may have accepted it."
        ),
        _("The platform cannot be asked afterwards whether one message arrived."),
    ),
}


@dataclass(frozen=True)
class Group:
    """`reasons`: (words, how many), the most frequent first."""

    code: str
    cause: Cause
    n: int
    reasons: list[tuple[str, int]]


def groups_of(figures: SendFigures) -> list[Group]:
    """The causes that occur; each with who has not been decided about."""
    return [
        Group(
            str(row.cause),
            CAUSES[row.cause],
            row.n,
            [(str(UNKNOWN.get(reason, reason)), n) for reason, n in row.reasons],
        )
        for row in figures.cause_rows
    ]
