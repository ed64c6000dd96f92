"""Why a status did not reach the customer, as a person reads it: the platform's codes and our own.

Our own stand in StatusChange.sub_code too and are in small letters, which none of the platform's is.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from merchants import refusals
from merchants.refusals import Sentence

CANNOT_BE_WRITTEN = "cannot_be_written"
NOT_REACHED = "not_reached"
# of a synced change: it was made twice, and only the second answer came
MESSAGE_NOT_KNOWN = "message_not_known"

OWN: Mapping[str, Sentence] = {
    CANNOT_BE_WRITTEN: Sentence(
        _("The order cannot be written for the platform"),
        _("Nothing was sent. The words beside it name what is missing; correct the order, then retry."),
    ),
    NOT_REACHED: Sentence(
        _("The platform was not reached"),
        _("It certainly did nothing. Check the connection and the mini program's keys, then retry."),
    ),
    MESSAGE_NOT_KNOWN: Sentence(
        _("Taken; nobody knows whether a message went"),
        _("The first answer was lost, and to the repetition the platform only said that it has the status."),
    ),
}

# One sub_code stands for many causes here; the platform's words tell which.
OUT_OF_ORDER = "订单状态乱序"
OF_WORDS: Mapping[str, Sentence] = {
    OUT_OF_ORDER: Sentence(
        _("The status does not follow the one the platform has"),
        _(
            "The platform has the order at a step from which this one cannot be reached, and kept its own;"
            " nobody was told. Open the order: it names the statuses that may come next. Return one of them"
            " with a new modified time; this one again would be refused again."
        ),
    ),
}


def sentence(sub_code: str, words: str = "") -> Sentence:
    """`words`: the platform's own; where they say more than its code, they count."""
    if sub_code in OWN:
        return OWN[sub_code]
    by_words = (said for part, said in OF_WORDS.items() if part in words)
    return next(by_words, None) or refusals.sentence(sub_code)
