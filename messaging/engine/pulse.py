"""The pulse of a send: its last outcomes, one letter each, kept where they are recorded.

a accepted · p refused for a reason of this person · b refused for a reason of the message or the mini
program, or with a code nobody knows · u no answer that can be trusted · ! a wrong signature. Busy, and what
never left, say nothing about the send; rows the reaper gave up on had no answer at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from messaging.engine import sql

if TYPE_CHECKING:
    from messaging.engine.record import Answer

KEPT = 200
BAD = frozenset("bu!")

KEEP = """
INSERT INTO messaging_sendpulse AS p (send_id, recent, refused_for)
VALUES (%(send)s, right(%(letters)s::text, %(kept)s::int), %(refused_for)s)
ON CONFLICT (send_id) DO UPDATE SET
    recent = right(p.recent || excluded.recent, %(kept)s::int),
    refused_for = coalesce(nullif(excluded.refused_for, ''), p.refused_for)
"""
READ = "SELECT recent, refused_for FROM messaging_sendpulse WHERE send_id = %(send)s"
FORGET = "DELETE FROM messaging_sendpulse WHERE send_id = %(send)s"


def letter(answer: Answer) -> str:
    """Empty for busy and not_sent."""
    if answer.shape == "accepted":
        return "a"
    if answer.shape == "refused":
        return "p" if answer.scope == "recipient" else "b"
    if answer.shape == "unknown":
        return "!" if answer.alarm else "u"
    return ""


def keep(send_id: int, answers: Sequence[Answer]) -> None:
    """In the transaction that records them; its row is locked after all others but the counters."""
    letters = "".join(map(letter, answers))
    if not letters:
        return
    why = Counter(answer.reason for answer in answers if letter(answer) == "b").most_common(1)
    told = {"send": send_id, "letters": letters, "kept": KEPT, "refused_for": why[0][0] if why else ""}
    sql.run_again(KEEP, told)


def read(send_id: int) -> tuple[str, str]:
    """(recent, refused_for); both empty for a send without outcomes since it began or was resumed."""
    found = sql.rows(READ, {"send": send_id})
    return (found[0][0], found[0][1]) if found else ("", "")


def forget(send_id: int) -> None:
    """Whoever sets a send going again has seen what was wrong: from here it is judged anew."""
    sql.run(FORGET, {"send": send_id})
