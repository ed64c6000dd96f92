"""Sub_codes of member cards and of who somebody is, as a person reads them; `refusals` holds the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# (codes, title, remedy)
OF_CARDS: tuple[tuple[str, _StrPromise, _StrPromise], ...] = (
    (
        "isv.code-invalid isv.refresh-token-invalid isv.refresh-token-time-out isv.refreshed-token-invalid"
        " isv.grant-type-invalid",
        _("The person's authorisation cannot be used any more"),
        _("It serves once and not for long. The person has to authorise the mini program again."),
    ),
    (
        "isv.unmatched-app-id",
        _("The person authorised another app"),
        _("Check that the callback address belongs to the mini program that asks."),
    ),
    (
        "USER_AUTH_FAIL OPEN_CARD_NEED_OPENFORM OPEN_PROFILE_QUERY_FAIL REQUEST_ID_EXPIRE REQUEST_ID_INVALID",
        _("The person has to fill in the card's form again"),
        _("Their form is missing, too old or used. Let them open the card's link once more."),
    ),
    (
        "OPEN_CARD_CONCURRENTLY",
        _("The same card was being opened twice at once"),
        _("One of the two goes through. Look at the member first, then open again if there is no card."),
    ),
    (
        "CARD_HAS_OPENED",
        _("Holds this card already"),
        _("One person holds one card of a template. Their card stands on the member's page."),
    ),
    (
        "CARD_NOT_EXIT CARD_IS_DELETED_ALREADY",
        _("The card is no longer in the person's card pack"),
        _("It was ended here or thrown away by its holder. They may open a new one by the card's link."),
    ),
    (
        "TEMPLATE_NOT_EXIT CARD_TEMPLATE_NOT_EXIST NO_CARD_TYPE",
        _("The platform does not know this card template as ours"),
        _("Compare the template with the platform; it may be of another mini program."),
    ),
    (
        "TEMPLATE_OVER_LIMIT",
        _("The mini program has as many card templates as it may"),
        _("Change a template that is there instead of making a new one."),
    ),
    (
        "DUPLICATE_FORM_FIELD DUPLICATE_BIRTHDAY_FIELD DUPLICATE_CERT_NO FORM_FIELD_INVALID"
        " INVALID_CERT_TYPE_AND_NO ILLEGAL_NULL_ARGUMENT",
        _("The card's form is not taken as it is"),
        _("A field is missing, unknown or asked for twice. Correct the form and push it again."),
    ),
    (
        "OPEN_FORM_SET_FAIL",
        _("The app may not ask for all fields of this form"),
        _("Phone, name, birthday and email need an approval of the platform. Ask for it, or leave them out."),
    ),
    (
        "OPEN_FORM_TEMPLATE_NOT_EXIST",
        _("The card has no form yet"),
        _("Set the form of the card first, then ask for its link."),
    ),
    (
        "ILLEGAL_ARGUMENT_OUT_STRING",
        _("The platform does not take this name of a channel"),
        _("Use a shorter one of letters and digits."),
    ),
    (
        "PAID_OUTER_CARD_LACK_TEMPLATE_CONFIG PAIDOUTERCARD_LACK_TEMPLATE_CONFIG",
        _("The card template has no price"),
        _("Only a template with a price takes a purchase. Set its price, or open a free card."),
    ),
    (
        "BENEFIT_NOT_EXIST",
        _("The platform does not know this benefit of the card"),
        _("It was deleted meanwhile. Add it again if it still holds."),
    ),
)
