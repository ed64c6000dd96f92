"""Why a code was not taken, and why depositing stopped, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy

from console.coupons import words
from coupons.codes import COUNT_DIFFERS, NOT_TOLD, UNANSWERED
from merchants.refusals import Sentence

CODES: Mapping[str, Sentence] = {
    "VOUCHER_CODE_REPEATED": Sentence(
        gettext_lazy("The platform has this code already"),
        gettext_lazy("It was deposited before, perhaps by another system. Leave it out."),
    ),
    "VOUCHER_CODE_ILLEGAL": Sentence(
        gettext_lazy("The platform does not take this form of code"),
        gettext_lazy("Make another code of letters, digits and - _ + = | with at most 64 characters."),
    ),
    NOT_TOLD: Sentence(
        gettext_lazy("The platform's answer does not name this code"),
        gettext_lazy("Whether it is there is not known. Do not hand it out, and upload another one."),
    ),
}
OTHER = Sentence(
    gettext_lazy("The platform refused this code"),
    gettext_lazy("Its own words stand beside it. Upload another code instead."),
)
HALTS: Mapping[str, Sentence] = {
    "INVALID_PARAMETER": Sentence(
        gettext_lazy("The platform refused a batch of codes"),
        gettext_lazy("Its own words stand below. Compare the coupon with the platform, then let them go on."),
    ),
    UNANSWERED: Sentence(
        gettext_lazy("The platform did not answer a batch of codes"),
        gettext_lazy(
            "It was repeated and counted. Going on is safe: it is the same batch with the same number."
        ),
    ),
    COUNT_DIFFERS: Sentence(
        gettext_lazy("The platform has another number of codes than we deposited"),
        gettext_lazy(
            "Perhaps another system deposited some. If that is right go on: its number becomes the stock."
        ),
    ),
}


def of_code(refusal: str) -> Sentence:
    return CODES.get(refusal, OTHER)


def of_halt(halted: str) -> Sentence:
    return HALTS.get(halted) or words.refusal(halted)
