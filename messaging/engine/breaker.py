"""The breaker: a send whose last outcomes say that something is wrong with all of it pauses by itself.

A refusal for a reason of one person (consent used up, turned off messages) is what a list is like, and
never counts. What counts would be the same for everybody who is still queued.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple

from messaging.engine import pulse
from messaging.engine.control import MoveRefused, pause
from messaging.models import PauseReason, SendControl

REFUSED = 40  # 20 % of the last 200 outcomes, as the design has it; fewer outcomes need as many
# A template that the platform switched off refuses everybody from the first on, and needs no 40 to say so:
# at the share above, 20 in a row without anybody accepted would be one case in 10^14.
REFUSED_AND_NOBODY_ACCEPTED = 20
UNTRUSTED = 5
UNTRUSTED_OF = 64  # what one slot may have in flight: a process that was cut off alone may explain as many
EVIDENCE = re.compile(r"(\d+)/(\d+) ?(.*)")


class Verdict(NamedTuple):
    """`n` of the last `of` outcomes were of the kind that `reason` names."""

    reason: PauseReason
    n: int
    of: int


class Evidence(NamedTuple):
    """What a pause detail of the breaker says; `code` is the platform's, empty where none is to blame."""

    n: int
    of: int
    code: str

    def __str__(self) -> str:
        return f"{self.n}/{self.of} {self.code}".strip()

    @classmethod
    def of_text(cls, text: str) -> Evidence | None:
        """None for a text that is none."""
        found = EVIDENCE.fullmatch(text)
        return cls(int(found[1]), int(found[2]), found[3]) if found else None


def verdict(recent: str) -> Verdict | None:
    """Of the last outcomes, the newest last, as pulse.letter() writes them; None: nothing is wrong."""
    if forged := recent.count("!"):
        return Verdict(PauseReason.SIGNATURE, forged, len(recent))
    refused = recent.count("b")
    enough = REFUSED if "a" in recent else REFUSED_AND_NOBODY_ACCEPTED
    if refused >= enough:
        return Verdict(PauseReason.REFUSALS, refused, len(recent))
    last = recent[-UNTRUSTED_OF:]
    if (untrusted := last.count("u")) >= UNTRUSTED:
        return Verdict(PauseReason.UNTRUSTED, untrusted, len(last))
    return None


def trip(control: SendControl) -> bool:
    """Pauses the send if its pulse says so; True: it must not go on. Never inside record's transaction.

    Several slots may find the same: the move is compare-and-set and one of them makes it. A slot held up
    between looking and pausing may pause a send that was resumed meanwhile; a person then resumes again.
    """
    recent, refused_for = pulse.read(control.pk)
    found = verdict(recent)
    if found is None:
        return False
    code = refused_for if found.reason == PauseReason.REFUSALS else ""
    with suppress(MoveRefused):
        pause(control, by=None, reason=found.reason, detail=str(Evidence(found.n, found.of, code)))
    return True
