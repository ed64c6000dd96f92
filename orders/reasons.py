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


def sentence(sub_code: str) -> Sentence:
    return OWN.get(sub_code) or refusals.sentence(sub_code)
