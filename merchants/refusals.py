"""Every sub_code of the platform as a person reads it: what it means, and what to do about it.

What the code means for the engine (shape, scope) is in gateway/outcomes.py; a test demands a sentence here
for each code there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from django.utils.translation import gettext_lazy as _

from gateway.outcomes import SUB_CODES, Scope
from merchants.refusals_of_cards import OF_CARDS

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Group: TypeAlias = Literal["person", "message", "app", "platform"]
GROUPS: tuple[Group, ...] = ("person", "message", "app", "platform")
_GROUP_OF_SCOPE: Mapping[Scope, Group] = MappingProxyType(
    {"recipient": "person", "batch": "message", "app": "app"}
)

# The person chose to hear less: no second message is offered for these.
BY_CHOICE = frozenset({"MSG_REJECTED", "MSG_CONTENT_NOT_INTERESTED"})


class Sentence(NamedTuple):
    """`title` fits a table row; `remedy` is one or two sentences that name the place to fix it. Both lazy."""

    title: _StrPromise
    remedy: _StrPromise


# (codes, title, remedy)
_SENTENCES: tuple[tuple[str, _StrPromise, _StrPromise], ...] = (
    # --- one person ---------------------------------------------------------------------------------------
    (
        "MSG_UNSUBSCRIBED",
        _("No consent left"),
        _("The person withdrew consent or used it up. Ask again in the mini program when they next visit."),
    ),
    (
        "MSG_REJECTED",
        _("Turned off messages of this mini program"),
        _("The person chose to receive nothing from this mini program. Leave them out of the next list."),
    ),
    (
        "MSG_CONTENT_NOT_INTERESTED",
        _("Marked the content as not interesting"),
        _("The person does not want messages like this one. Leave them out of similar lists."),
    ),
    (
        "MSG_SINGLE_SD_OVER",
        _("Had enough messages for now"),
        _("The platform limits how often one person hears from this template. Send to them on a later day."),
    ),
    (
        "USER_ID_INVALID OPENID_INVALID",
        _("Person unknown to the platform"),
        _("The open_id does not belong to this mini program. Check which mini program the list came from."),
    ),
    (
        "NO_RECENT_VISIT_RECORD",
        _("No recent visit"),
        _("This template reaches only people who visited recently. Use a list of recent visitors."),
    ),
    (
        "NO_PLACE_ORDER_RECORD",
        _("No order with this merchant"),
        _("This template reaches only people with an order. Use a list of customers who ordered."),
    ),
    (
        "FORM_ID_INVALID FORM_ID_NOT_MATCH_APPID",
        _("The form or payment number does not fit"),
        _("The number is unknown or from another mini program. Check where it was collected."),
    ),
    (
        "FORM_ID_OVER_TIME",
        _("The form or payment number is too old"),
        _("Such a number serves for 7 days. Use a subscription template to reach people later."),
    ),
    (
        "FORM_ID_SEND_LIMIT",
        _("The form or payment number is used up"),
        _("Each number serves for a fixed count of messages. Use a subscription template instead."),
    ),
    (
        "TRADE_NO_NOT_MATCH_USERID",
        _("The payment belongs to somebody else"),
        _("The payment is not paid or is another person's. Check the number against the order."),
    ),
    # --- the message, the template, the arguments ---------------------------------------------------------
    (
        "USER_TEMPLATE_ILLEGAL MSG_TEMPLATE_NOT_EXIST MSG_TEMPLATE_ID_VALID MSG_TEMPLATE_INVALID",
        _("The template is not one of this mini program's"),
        _("It was deleted or adopted by another mini program. Adopt it again under Templates, then send."),
    ),
    (
        "TEMPLATE_ILLEGAL USER_TEMPLATE_STATUS_ILLEGAL",
        _("The template is not in use on the platform"),
        _("It was taken offline or is still in review. Sync Templates and choose one that is online."),
    ),
    (
        "USER_TEMPLATE_LACK_KEYWORD",
        _("The keywords do not fit the template"),
        _("The platform's template has other keywords than ours. Sync Templates, then fill them again."),
    ),
    (
        "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL",
        _("A keyword is not allowed in this template"),
        _("The platform does not take this keyword or its content. Choose another keyword or reword it."),
    ),
    (
        "USER_KEYWORD_LENGTH_ERROR",
        _("A keyword's text is too long"),
        _("The platform takes 50 characters for each keyword. Shorten the longest one."),
    ),
    (
        "DATA_IS_EMPTY BIZ_CONTENT_IS_NULL",
        _("The message is empty"),
        _("Fill the keywords of the message and send again."),
    ),
    (
        "DATA_CONTENT_FORMAT_ERROR BIZ_CONTENT_FORMAT_ERROR ILLEGAL_ARGUMENT_PARAMS isv.invalid-parameter"
        " isv.illegal-json",
        _("The platform could not read the message"),
        _("One of the values has a form it does not take. Look for unusual characters in keywords and page."),
    ),
    (
        "isv.suspected-attack",
        _("The platform took the message for an attack"),
        _("Remove markup, links and unusual characters from the message, then send again."),
    ),
    (
        "DATA_SENSITIVE",
        _("The content check stopped the message"),
        _("A word in the message is not allowed. Reword promises and superlatives, then send again."),
    ),
    (
        "PAGE_OVER_LIMIT",
        _("The page path is too long"),
        _("The platform takes 128 characters with all parameters. Use a shorter path."),
    ),
    (
        "SUBSCRIBE_TEMPLATE_OVER_LIMIT",
        _("Too many templates asked for at once"),
        _("The platform answers for 3 templates at a time. Ask for fewer."),
    ),
    (
        "MESSAGE_LIBRARY_ILLEGAL",
        _("The library has no such template"),
        _("It left the library or is for another industry. Sync the library and choose again."),
    ),
    (
        "KEYWORDS_NUMBER_INVALID",
        _("Too few or too many keywords chosen"),
        _("A template is adopted with 2 to 5 keywords. Change the choice and adopt again."),
    ),
    (
        "USER_TEMPLATE_OVER_LIMIT",
        _("The mini program has as many templates as it may"),
        _("Delete a template that is no longer used in the platform's console, then adopt again."),
    ),
    (
        "isv.upload-fail isv.invalid-file-extension isv.invalid-file-size",
        _("The platform did not take the file"),
        _("Check the kind and the size of the file and upload it again."),
    ),
    # --- one message to a crowd -----------------------------------------------------------------------------
    (
        "CROWD_CODE_INVALID",
        _("The platform does not know this crowd"),
        _("The code is of another mini program, or the crowd was deleted. Copy it from the crowd's page."),
    ),
    (
        "SCHEDULE_TIME_INVALID",
        _("The platform does not take this time"),
        _("It is too near, too far ahead or unreadable for the platform. Choose another time."),
    ),
    (
        "BATCH_SEND_QUOTA_OVER_LIMIT",
        _("No crowd message left for this day"),
        _("The platform counts also those sent from its own console. Give this one a time on a later day."),
    ),
    # --- an order of the order centre -----------------------------------------------------------------------
    (
        "INVALID_PARAMETER ARGUMENT_NULL CONTENT_ILLEGAL",
        _("The platform does not take a value of the order"),
        _("Its own words name the value. Correct it in the order, then return the status again."),
    ),
    (
        "MERCHANT_ORDER_STATUS_ILLEGAL ORDER_ERROR_STATUS",
        _("The status does not fit the order's scene"),
        _("The scene lacks the status, or does not allow this move. Return the status that comes next."),
    ),
    (
        "OUT_BIZ_NO_IS_NULL RECORD_ID_IS_NULL RECORD_ID_ILLEGAL RECORD_NOT_EXIST",
        _("The platform cannot tell which order is meant"),
        _("The order number is missing or unknown to it. Check the number that your system gives."),
    ),
    (
        "BUYER_ID_IS_NULL BUYER_INFO_IS_NULL BUYER_NOT_FOUND BUYER_INFO_ERROR BUYER_STATUS_ERROR",
        _("The platform does not know the buyer"),
        _("The open_id is missing, or is not one of this mini program. Check where the order was placed."),
    ),
    (
        "BUYER_NAME_IS_NULL BUYER_MOBILE_ILLEGAL BUYER_MOBILE_IS_NULL BUYER_CERT_NO_IS_NULL",
        _("A fact about the buyer is missing"),
        _("The order's category asks for name, phone or certificate. Choose another category for the order."),
    ),
    (
        "AMOUNT_ILLEGAL AMOUNT_IS_NULL PAY_AMOUNT_IS_NULL",
        _("The amounts of the order do not add up"),
        _("The amount is what was paid plus the discount. Correct the amounts and return the order again."),
    ),
    (
        "TRADE_NOT_EXIST TRADE_NO_NOT_MATCH PAY_CHANNEL_IS_NULL PAY_CHANNEL_ERROR",
        _("The payment does not fit the order"),
        _("The trade number is unknown, or is another buyer's or another order's. Check it in your system."),
    ),
    (
        "TINY_APP_ID_NULL TINY_APP_ID_NOT_SYNC_EQUAL_TRADE",
        _("The payment was made elsewhere"),
        _("The trade was not paid inside this mini program. Return the order without its trade number."),
    ),
    (
        "ITEM_INFO_NOT_COMPLETE ITEM_DUPLICATED ITEM_NOT_MATCH ITEM_HAS_EXIST",
        _("The items of the order cannot be taken"),
        _("One lacks its name, stands there twice, or is known from the payment. Correct the items."),
    ),
    (
        "MATERIAL_ID_ILLEGAL",
        _("The platform does not know the picture"),
        _("An item names a picture that was not uploaded. Correct its number or leave the picture out."),
    ),
    (
        "LOGISTICS_INFO_EXIST LOGISTICS_SIZE_LARGE",
        _("The delivery of the order cannot be taken"),
        _("A tracking number is known already, or there are too many. Correct them."),
    ),
    (
        "MERCHANT_LINK_EXIST",
        _("The link to the order's page changed"),
        _("It stays the same for an order's whole life. Return the order with the link of its first status."),
    ),
    (
        "DUPLICATE_REQUEST NO_NEED_RETRY_ERROR",
        _("The platform has this status already"),
        _("The same change was returned before. Nothing is left to do for it."),
    ),
    (
        "DATA_INCONSISTENT DATA_ACCESS_EXCEPTION",
        _("The order contradicts what the platform holds"),
        _("A value that is fixed, or that only one order may have, differs. Compare with the first status."),
    ),
    (
        "INFO_SEC_ERROR",
        _("The content check stopped the order"),
        _("A text of the order is not allowed. Reword item names and remarks, then return it again."),
    ),
    (
        "PAY_TIMEOUT_EXPRESS_ILLEGAL SELLER_ID_IS_NULL INVALID_ORDER_AUTH_CODE",
        _("A field of the order is not readable"),
        _("The order was written in a form that the platform does not take. Tell whoever runs this console."),
    ),
    (
        "TINY_APP_IS_NOT_ONLINE TINY_APP_ID_ILLEGAL",
        _("The mini program is not online"),
        _("Orders are taken for a published mini program only. Publish it on the platform, then retry."),
    ),
    (
        "NO_PERMISSOON SERVICE_REFUSED SERVICE_CODE_STATUS_ERROR USER_NOT_AUTHORIZED",
        _("The mini program may not return orders"),
        _("Connect the order centre, and the scene's service, in the platform's console. Then retry."),
    ),
    # --- the mini program, its keys and rights ------------------------------------------------------------
    (
        "MSG_UNAUTHORIZED MESSAGE_SEND_AUTH_ERROR",
        _("The mini program may not send messages"),
        _("Turn on messages for this mini program in the platform's console, then resume."),
    ),
    (
        "NO_BIND_PUBLIC_APP",
        _("No service account is bound"),
        _("This template needs a bound service account. Bind one in the platform's console, then resume."),
    ),
    (
        "APP_TYPE_ERROR APP_NO_AVAIABLE isv.invalid-app-state",
        _("The app is not online or not of the needed kind"),
        _("Check in the platform's console that the app is a mini program and online, then resume."),
    ),
    (
        "isv.missing-app-id isv.invalid-app-id",
        _("The platform does not know this app ID"),
        _("Compare the app ID under Settings, Mini programs with the one in the platform's console."),
    ),
    (
        "isv.missing-signature isv.invalid-signature isv.missing-signature-key isv.missing-signature-config"
        " isv.invalid-digest",
        _("The platform does not accept our signature"),
        _("The private key here and the public key on the platform are no pair. Replace one of them."),
    ),
    (
        "isv.missing-signature-type isv.invalid-signature-type isv.missing-default-signature-type",
        _("The app is not set up for RSA2"),
        _("Choose RSA2 as the signature kind of this app in the platform's console."),
    ),
    (
        "isv.missing-encrypt-key isv.invalid-encrypt isv.invalid-encrypt-type"
        " isv.decryption-error-missing-encrypt-type isv.decryption-error-not-valid-encrypt-type"
        " isv.decryption-error-not-valid-encrypt-key isv.decryption-error-unknown",
        _("The platform expects encrypted content"),
        _("Content encryption is on for this app and not used here. Turn it off in the platform's console."),
    ),
    (
        "app-cert-expired",
        _("The app's certificate has expired"),
        _("Renew the certificate in the platform's console, or change the app to public key mode."),
    ),
    (
        "aop.invalid-auth-token aop.auth-token-time-out isv.invalid-token",
        _("The person's authorisation is not valid any more"),
        _("It expired or was withdrawn. The person grants it again inside the mini program."),
    ),
    (
        "aop.invalid-app-auth-token aop.app-auth-token-time-out invalid-auth-relations",
        _("The merchant's authorisation is not valid any more"),
        _("Ask the merchant to authorise this app again; the new token is taken by itself. Then resume."),
    ),
    (
        "aop.invalid-app-auth-token-no-api aop.no-product-reg-by-partner isv.not-support-app-auth",
        _("The merchant's authorisation does not cover this"),
        _("Ask the merchant to authorise again with this product chosen."),
    ),
    (
        "isv.insufficient-isv-permissions isv.forbidden-api",
        _("The product is not signed for this app"),
        _("Sign the product, or bind it to the app, in the platform's console. Then resume."),
    ),
    (
        "isv.insufficient-user-permissions isv.self-invoke-forbidden",
        _("This app may not make the call"),
        _("Check the app's rights for this product in the platform's console."),
    ),
    (
        "isv.ip-forbidden",
        _("Calls from this address are not allowed"),
        _("Add the address of this server to the app's list in the platform's console, or clear the list."),
    ),
    (
        "isv.invalid-timestamp isv.missing-timestamp",
        _("The clock of this server is wrong"),
        _("The platform rejects calls whose time is off. Set the server's clock, then resume."),
    ),
    (
        "isv.missing-method isv.invalid-method isv.missing-version isv.invalid-format isv.invalid-charset",
        _("The platform does not know this call"),
        _("The gateway address or the app's kind does not fit this console. Tell whoever runs it."),
    ),
    # --- coupons ------------------------------------------------------------------------------------------
    (
        "COUNT_OVER_LIMIT",
        _("Has as many of this coupon as one person may get"),
        _("Nothing was given to them. The limit per person stands on the coupon's page."),
    ),
    (
        "VOUCHER_NOT_EXIST",
        _("The platform does not know this coupon of the person"),
        _("Compare the code with the one on the person's phone; they may have deleted the coupon."),
    ),
    (
        "VOUCHER_ASSOCIATE_OTHER_TRADE_NO VOUCHER_ASSOCIATE_TRADE_NO_ERROR",
        _("The coupon belongs to another trade"),
        _("Look at the trade it was bound to first, and give that one's number."),
    ),
    (
        "BUDGET_NOT_ENOUGH",
        _("All claimed, or the budget is used up"),
        _("Add stock on the coupon's page, or wait for tomorrow where it has a limit per day."),
    ),
    (
        "ACTIVITY_NOT_ACTIVE ACTIVITY_NOT_START",
        _("The coupon cannot be claimed yet"),
        _("Publish it, or wait until its time of claiming begins; both stand on the coupon's page."),
    ),
    (
        "ACTIVITY_IS_END ACTIVITY_IS_STOPED",
        _("The coupon cannot be claimed any more"),
        _("Its time of claiming is over or it was stopped. What was claimed stays usable. Make a new one."),
    ),
    (
        "ACTIVITY_NOT_EXIST ACTIVITY_NOT_PERMISSION",
        _("The platform does not know this coupon as ours"),
        _("Check that it was made by this mini program's merchant, then compare it with the platform."),
    ),
    (
        "MATERIAL_AUDIT_WAITING",
        _("A picture of the coupon is still under review"),
        _("The platform takes the coupon once it is approved. Try again later, or choose another picture."),
    ),
    (
        "BUSINESS_HAS_RISK",
        _("The platform sees a risk in this coupon"),
        _("Look at its amount, threshold and words, and ask the platform's service before repeating."),
    ),
    (
        "DISCOUNT_AMOUNT_INSUFFICIENT",
        _("The coupon takes off less than the platform asks for"),
        _("Raise what it takes off, or lower its threshold."),
    ),
    (
        "BIZ_ERROR",
        _("The platform's rules do not allow this"),
        _("Its own words stand beside this; change what they name and try again."),
    ),
    (
        "MERCHANT_RELATION_NOT_EXIST",
        _("The merchant of the coupon has not signed with this app"),
        _("Check in the platform's console that the mini program belongs to this merchant."),
    ),
    # --- no answer to rely on, or not now -----------------------------------------------------------------
    (
        "isv.app-call-limited isv.method-call-limited",
        _("The platform is limiting calls"),
        _("Nothing was lost: sending goes on more slowly by itself. If it lasts, lower the speed."),
    ),
    (
        "QUERY_CONSUMER_REQEUST_ERROR",
        _("The platform could not look the person up"),
        _("Nothing was sent to them. It is tried again by itself."),
    ),
    (
        "isp.unknow-error aop.unknow-error SYSTEM_ERROR MINICENTER_INVOKE_ERROR MSG_SEND_ERROR",
        _("The platform cannot say what happened"),
        _("It may or may not have acted. Decide under Unknown outcomes whether to treat it as sent."),
    ),
)

SENTENCES: Mapping[str, Sentence] = MappingProxyType(
    {
        code: Sentence(title, remedy)
        for codes, title, remedy in (*_SENTENCES, *OF_CARDS)
        for code in codes.split()
    }
)
UNLISTED = Sentence(
    _("A reason this console does not know yet"),
    _("Look the code up in the platform's documentation, and tell whoever runs this console."),
)


def sentence(sub_code: str) -> Sentence:
    """For a code of the platform; UNLISTED for one without a sentence."""
    return SENTENCES.get(sub_code, UNLISTED)


def group_of(sub_code: str) -> Group:
    """Whose matter a cause is, so where it is repaired.

    `platform`: no certain answer, not now, or a code this console does not know.
    """
    known = SUB_CODES.get(sub_code)
    if known is None or known.shape != "refused":
        return "platform"
    return _GROUP_OF_SCOPE[known.scope]
