"""What became of one single message, in a sentence for whoever asks: a page, or a program by API."""

from __future__ import annotations

from django.utils.translation import gettext as _

from console.help.meanings import PAUSED, SKIPPED, STATES
from console.messaging.sends.words import UNKNOWN
from merchants.refusals import sentence
from messaging.models import Delivery, PauseReason, SendState, SkipReason


def state_of(row: Delivery) -> str:
    """`claimed` is a step inside the engine: to everybody else it is queued."""
    return "queued" if row.state == "claimed" else row.state


def sentence_of(row: Delivery) -> str:
    """What happened and what to do. The row knows its send."""
    state = state_of(row)
    meaning = str(STATES["delivery"][state])
    if state == "queued" and row.send.state == SendState.PAUSED:
        why = row.send.pause_reason
        parts = [dict(PauseReason.choices).get(why, _("Paused by a person")), PAUSED.get(why, "")]
    elif state == "refused":
        said = sentence(row.reason)
        parts = [said.title, said.remedy]
    elif state == "skipped" and row.reason == SkipReason.GAVE_UP and _is_too_late(row):
        parts = [_("Its not-after came before it could leave, so it was given up.")]
    elif state == "skipped":
        parts = [dict(SkipReason.choices).get(row.reason, row.reason), SKIPPED.get(row.reason, "")]
    elif state == "unknown":
        parts = [UNKNOWN.get(row.reason, row.reason), meaning]
    else:
        parts = [meaning]
    return " ".join(_closed(str(part)) for part in parts if part)


def _is_too_late(row: Delivery) -> bool:
    not_after = row.send.not_after
    return not_after is not None and row.recorded_at is not None and row.recorded_at >= not_after


def _closed(words: str) -> str:
    """A sentence ends; titles stand without a full stop where they are titles."""
    if words.endswith((".", "。")):
        return words
    return _("%(parts)s.") % {"parts": words}
