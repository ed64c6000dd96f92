"""What became of one call: one of five shapes; and which shape each sub_code of the platform means."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Literal, NamedTuple, TypeAlias, TypeVar

R = TypeVar("R")

Scope = Literal["recipient", "batch", "app"]
NotSentReason = Literal["dns", "connect", "tls", "pool", "guard", "closed", "late"]
UnknownReason = Literal[
    "timeout",
    "cut_off",
    "http_5xx",
    "http_status",
    "system_error",
    "bad_signature",
    "bad_answer",
    "too_large",
    "internal_error",
]


@dataclass(frozen=True, slots=True)
class Accepted(Generic[R]):
    """The platform took the call (code 10000). Not the same as completed: some methods finish later."""

    response: R
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform said no, and did nothing. `listed` is False for a sub_code that SUB_CODES lacks."""

    code: str
    sub_code: str
    sub_msg: str
    scope: Scope
    listed: bool
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Busy:
    """The platform certainly did nothing and may be asked again, more slowly."""

    code: str
    sub_code: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not one byte of the request left this machine."""

    reason: NotSentReason
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes left and no trustworthy answer came: the platform may or may not have acted.

    `alarm` is True for a bad signature: either the configured Alipay public key is wrong or somebody answers
    in the platform's name. `detail` is for operators and logs and holds no personal data.
    """

    reason: UnknownReason
    alarm: bool
    detail: str
    duration_ms: float


Outcome: TypeAlias = Accepted[R] | Refused | Busy | NotSent | Unknown


class SubCode(NamedTuple):
    shape: Literal["refused", "busy", "unknown"]
    scope: Scope


_TABLE: dict[tuple[Literal["refused", "busy", "unknown"], Scope], str] = {
    # Sending one template message, and asking for one person's consent.
    ("refused", "recipient"): """
        USER_ID_INVALID OPENID_INVALID
        FORM_ID_INVALID FORM_ID_NOT_MATCH_APPID FORM_ID_OVER_TIME FORM_ID_SEND_LIMIT TRADE_NO_NOT_MATCH_USERID
        MSG_UNSUBSCRIBED MSG_REJECTED MSG_CONTENT_NOT_INTERESTED MSG_SINGLE_SD_OVER
        NO_RECENT_VISIT_RECORD NO_PLACE_ORDER_RECORD
        BUYER_ID_IS_NULL BUYER_INFO_IS_NULL BUYER_NAME_IS_NULL BUYER_MOBILE_ILLEGAL BUYER_MOBILE_IS_NULL
        BUYER_CERT_NO_IS_NULL BUYER_NOT_FOUND BUYER_INFO_ERROR BUYER_STATUS_ERROR
        COUNT_OVER_LIMIT VOUCHER_NOT_EXIST VOUCHER_ASSOCIATE_OTHER_TRADE_NO VOUCHER_ASSOCIATE_TRADE_NO_ERROR
        isv.code-invalid isv.refresh-token-invalid isv.refresh-token-time-out isv.refreshed-token-invalid
        OPEN_PROFILE_QUERY_FAIL REQUEST_ID_EXPIRE REQUEST_ID_INVALID OPEN_CARD_NEED_OPENFORM
        OPEN_CARD_CONCURRENTLY USER_AUTH_FAIL CARD_HAS_OPENED CARD_NOT_EXIT CARD_IS_DELETED_ALREADY
    """,
    # The message, the template or the arguments: the same for everybody in the batch.
    ("refused", "batch"): """
        USER_TEMPLATE_ILLEGAL TEMPLATE_ILLEGAL USER_TEMPLATE_STATUS_ILLEGAL MSG_TEMPLATE_ID_VALID
        USER_TEMPLATE_LACK_KEYWORD MESSAGE_TEMPLATE_KEYWORD_ILLEGAL USER_KEYWORD_LENGTH_ERROR
        DATA_IS_EMPTY DATA_CONTENT_FORMAT_ERROR BIZ_CONTENT_FORMAT_ERROR BIZ_CONTENT_IS_NULL DATA_SENSITIVE
        PAGE_OVER_LIMIT ILLEGAL_ARGUMENT_PARAMS
        MSG_TEMPLATE_INVALID MSG_TEMPLATE_NOT_EXIST SUBSCRIBE_TEMPLATE_OVER_LIMIT
        MESSAGE_LIBRARY_ILLEGAL KEYWORDS_NUMBER_INVALID USER_TEMPLATE_OVER_LIMIT
        isv.invalid-parameter isv.illegal-json isv.suspected-attack
        isv.upload-fail isv.invalid-file-extension isv.invalid-file-size
        CROWD_CODE_INVALID SCHEDULE_TIME_INVALID
        INVALID_PARAMETER MATERIAL_ID_ILLEGAL CONTENT_ILLEGAL LOGISTICS_INFO_EXIST TRADE_NOT_EXIST
        ITEM_INFO_NOT_COMPLETE ORDER_ERROR_STATUS LOGISTICS_SIZE_LARGE ITEM_HAS_EXIST AMOUNT_ILLEGAL
        RECORD_NOT_EXIST DATA_INCONSISTENT ITEM_DUPLICATED RECORD_ID_IS_NULL OUT_BIZ_NO_IS_NULL
        SELLER_ID_IS_NULL AMOUNT_IS_NULL PAY_AMOUNT_IS_NULL PAY_TIMEOUT_EXPRESS_ILLEGAL
        MERCHANT_ORDER_STATUS_ILLEGAL RECORD_ID_ILLEGAL MERCHANT_LINK_EXIST ARGUMENT_NULL PAY_CHANNEL_IS_NULL
        PAY_CHANNEL_ERROR TRADE_NO_NOT_MATCH INFO_SEC_ERROR ITEM_NOT_MATCH TINY_APP_ID_NOT_SYNC_EQUAL_TRADE
        DATA_ACCESS_EXCEPTION INVALID_ORDER_AUTH_CODE DUPLICATE_REQUEST NO_NEED_RETRY_ERROR TINY_APP_ID_NULL
        BIZ_ERROR MATERIAL_AUDIT_WAITING BUSINESS_HAS_RISK DISCOUNT_AMOUNT_INSUFFICIENT ACTIVITY_NOT_EXIST
        ACTIVITY_NOT_ACTIVE ACTIVITY_NOT_START ACTIVITY_IS_END ACTIVITY_IS_STOPED BUDGET_NOT_ENOUGH
        ACTIVITY_NOT_PERMISSION
        isv.grant-type-invalid TEMPLATE_NOT_EXIT NO_CARD_TYPE TEMPLATE_OVER_LIMIT CARD_TEMPLATE_NOT_EXIST
        DUPLICATE_FORM_FIELD FORM_FIELD_INVALID OPEN_FORM_SET_FAIL DUPLICATE_BIRTHDAY_FIELD DUPLICATE_CERT_NO
        INVALID_CERT_TYPE_AND_NO ILLEGAL_NULL_ARGUMENT OPEN_FORM_TEMPLATE_NOT_EXIST
        ILLEGAL_ARGUMENT_OUT_STRING PAID_OUTER_CARD_LACK_TEMPLATE_CONFIG PAIDOUTERCARD_LACK_TEMPLATE_CONFIG
        BENEFIT_NOT_EXIST
    """,
    # The app, its keys, its rights, its authorisation: nothing of this app will pass.
    ("refused", "app"): """
        MSG_UNAUTHORIZED MESSAGE_SEND_AUTH_ERROR NO_BIND_PUBLIC_APP APP_TYPE_ERROR APP_NO_AVAIABLE
        aop.invalid-auth-token aop.auth-token-time-out aop.invalid-app-auth-token
        aop.invalid-app-auth-token-no-api aop.app-auth-token-time-out aop.no-product-reg-by-partner
        isv.missing-method isv.missing-signature isv.missing-signature-type isv.missing-signature-key
        isv.missing-app-id isv.missing-timestamp isv.missing-version isv.decryption-error-missing-encrypt-type
        isv.missing-encrypt-key isv.missing-default-signature-type isv.missing-signature-config
        isv.invalid-method isv.invalid-format isv.invalid-signature-type isv.invalid-signature
        isv.invalid-token isv.invalid-encrypt-type isv.invalid-encrypt isv.invalid-app-id
        isv.invalid-timestamp isv.invalid-charset isv.invalid-digest
        isv.decryption-error-not-valid-encrypt-type isv.decryption-error-not-valid-encrypt-key
        isv.decryption-error-unknown
        isv.not-support-app-auth isv.forbidden-api app-cert-expired
        invalid-auth-relations isv.invalid-app-state
        isv.insufficient-isv-permissions isv.insufficient-user-permissions isv.self-invoke-forbidden
        isv.ip-forbidden
        BATCH_SEND_QUOTA_OVER_LIMIT
        TINY_APP_ID_ILLEGAL NO_PERMISSOON TINY_APP_IS_NOT_ONLINE SERVICE_REFUSED SERVICE_CODE_STATUS_ERROR
        USER_NOT_AUTHORIZED MERCHANT_RELATION_NOT_EXIST isv.unmatched-app-id
    """,
    ("busy", "app"): "isv.app-call-limited isv.method-call-limited",
    ("busy", "recipient"): "QUERY_CONSUMER_REQEUST_ERROR",  # the platform's spelling
    ("unknown", "app"): "isp.unknow-error aop.unknow-error SYSTEM_ERROR MINICENTER_INVOKE_ERROR",
    ("unknown", "recipient"): "MSG_SEND_ERROR",
}

SUB_CODES: Mapping[str, SubCode] = MappingProxyType(
    {name: SubCode(shape, scope) for (shape, scope), names in _TABLE.items() for name in names.split()}
)
