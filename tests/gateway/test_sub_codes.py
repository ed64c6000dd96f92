import pytest

from gateway.outcomes import SUB_CODES
from tests.gateway import test_answers
from tests.gateway.platform import refusal, signed

DOCUMENTED = {
    "public codes": """
        isp.unknow-error aop.unknow-error aop.invalid-auth-token aop.auth-token-time-out
        aop.invalid-app-auth-token aop.invalid-app-auth-token-no-api aop.app-auth-token-time-out
        aop.no-product-reg-by-partner isv.missing-method isv.missing-signature
        isv.missing-signature-type isv.missing-signature-key isv.missing-app-id
        isv.missing-timestamp isv.missing-version isv.decryption-error-missing-encrypt-type
        isv.missing-encrypt-key isv.missing-default-signature-type isv.invalid-parameter
        isv.upload-fail isv.invalid-file-extension isv.invalid-file-size isv.invalid-method
        isv.invalid-format isv.invalid-signature-type isv.invalid-signature isv.invalid-token
        isv.invalid-encrypt-type isv.invalid-encrypt isv.invalid-app-id isv.invalid-timestamp
        isv.invalid-charset isv.invalid-digest isv.decryption-error-not-valid-encrypt-type
        isv.decryption-error-not-valid-encrypt-key isv.decryption-error-unknown
        isv.missing-signature-config isv.not-support-app-auth isv.illegal-json isv.suspected-attack
        isv.forbidden-api app-cert-expired invalid-auth-relations isv.invalid-app-state
        isv.app-call-limited isv.method-call-limited isv.insufficient-isv-permissions
        isv.insufficient-user-permissions isv.self-invoke-forbidden isv.ip-forbidden
    """,
    "sending one message": """
        USER_TEMPLATE_ILLEGAL TEMPLATE_ILLEGAL USER_TEMPLATE_STATUS_ILLEGAL MSG_TEMPLATE_ID_VALID
        USER_TEMPLATE_LACK_KEYWORD MESSAGE_TEMPLATE_KEYWORD_ILLEGAL USER_KEYWORD_LENGTH_ERROR
        DATA_IS_EMPTY DATA_CONTENT_FORMAT_ERROR BIZ_CONTENT_FORMAT_ERROR DATA_SENSITIVE
        PAGE_OVER_LIMIT ILLEGAL_ARGUMENT_PARAMS USER_ID_INVALID FORM_ID_INVALID
        FORM_ID_NOT_MATCH_APPID FORM_ID_OVER_TIME FORM_ID_SEND_LIMIT TRADE_NO_NOT_MATCH_USERID
        QUERY_CONSUMER_REQEUST_ERROR MSG_UNSUBSCRIBED MSG_REJECTED MSG_CONTENT_NOT_INTERESTED
        MSG_SINGLE_SD_OVER NO_RECENT_VISIT_RECORD NO_PLACE_ORDER_RECORD MSG_UNAUTHORIZED
        MESSAGE_SEND_AUTH_ERROR NO_BIND_PUBLIC_APP APP_TYPE_ERROR APP_NO_AVAIABLE MSG_SEND_ERROR
    """,
    "asking for consent": """
        MSG_TEMPLATE_INVALID OPENID_INVALID ILLEGAL_ARGUMENT_PARAMS SYSTEM_ERROR
        SUBSCRIBE_TEMPLATE_OVER_LIMIT MSG_TEMPLATE_NOT_EXIST BIZ_CONTENT_IS_NULL
    """,
    "adopting a template": """
        MESSAGE_LIBRARY_ILLEGAL MESSAGE_TEMPLATE_KEYWORD_ILLEGAL KEYWORDS_NUMBER_INVALID
        USER_TEMPLATE_OVER_LIMIT
    """,
    "returning an order": """
        SYSTEM_ERROR INVALID_PARAMETER MATERIAL_ID_ILLEGAL CONTENT_ILLEGAL TINY_APP_ID_NULL
        TINY_APP_ID_ILLEGAL LOGISTICS_INFO_EXIST TRADE_NOT_EXIST ITEM_INFO_NOT_COMPLETE NO_PERMISSOON
        ORDER_ERROR_STATUS LOGISTICS_SIZE_LARGE ITEM_HAS_EXIST AMOUNT_ILLEGAL RECORD_NOT_EXIST
        DATA_INCONSISTENT ITEM_DUPLICATED BUYER_STATUS_ERROR RECORD_ID_IS_NULL OUT_BIZ_NO_IS_NULL
        BUYER_ID_IS_NULL BUYER_INFO_IS_NULL BUYER_NAME_IS_NULL BUYER_MOBILE_ILLEGAL BUYER_MOBILE_IS_NULL
        BUYER_CERT_NO_IS_NULL SELLER_ID_IS_NULL AMOUNT_IS_NULL PAY_AMOUNT_IS_NULL
        PAY_TIMEOUT_EXPRESS_ILLEGAL MERCHANT_ORDER_STATUS_ILLEGAL BUYER_NOT_FOUND BUYER_INFO_ERROR
        RECORD_ID_ILLEGAL MINICENTER_INVOKE_ERROR MERCHANT_LINK_EXIST ARGUMENT_NULL PAY_CHANNEL_IS_NULL
        PAY_CHANNEL_ERROR TRADE_NO_NOT_MATCH INFO_SEC_ERROR ITEM_NOT_MATCH TINY_APP_IS_NOT_ONLINE
        TINY_APP_ID_NOT_SYNC_EQUAL_TRADE DATA_ACCESS_EXCEPTION INVALID_ORDER_AUTH_CODE SERVICE_REFUSED
        DUPLICATE_REQUEST NO_NEED_RETRY_ERROR SERVICE_CODE_STATUS_ERROR USER_NOT_AUTHORIZED
    """,
    "coupons": """
        BIZ_ERROR MATERIAL_AUDIT_WAITING BUSINESS_HAS_RISK DISCOUNT_AMOUNT_INSUFFICIENT ACTIVITY_NOT_EXIST
        ACTIVITY_NOT_ACTIVE ACTIVITY_NOT_START ACTIVITY_IS_END ACTIVITY_IS_STOPED BUDGET_NOT_ENOUGH
        COUNT_OVER_LIMIT ACTIVITY_NOT_PERMISSION VOUCHER_NOT_EXIST MERCHANT_RELATION_NOT_EXIST
        VOUCHER_ASSOCIATE_OTHER_TRADE_NO VOUCHER_ASSOCIATE_TRADE_NO_ERROR
    """,
    "who somebody is": """
        isv.grant-type-invalid isv.code-invalid isv.refresh-token-invalid isv.refresh-token-time-out
        isv.refreshed-token-invalid isv.unmatched-app-id
    """,
    "member cards": """
        TEMPLATE_NOT_EXIT NO_CARD_TYPE TEMPLATE_OVER_LIMIT CARD_TEMPLATE_NOT_EXIST DUPLICATE_FORM_FIELD
        FORM_FIELD_INVALID OPEN_FORM_SET_FAIL DUPLICATE_BIRTHDAY_FIELD DUPLICATE_CERT_NO
        INVALID_CERT_TYPE_AND_NO ILLEGAL_NULL_ARGUMENT OPEN_FORM_TEMPLATE_NOT_EXIST
        ILLEGAL_ARGUMENT_OUT_STRING OPEN_PROFILE_QUERY_FAIL REQUEST_ID_EXPIRE REQUEST_ID_INVALID
        OPEN_CARD_NEED_OPENFORM OPEN_CARD_CONCURRENTLY USER_AUTH_FAIL CARD_HAS_OPENED
        PAID_OUTER_CARD_LACK_TEMPLATE_CONFIG PAIDOUTERCARD_LACK_TEMPLATE_CONFIG CARD_NOT_EXIT
        CARD_IS_DELETED_ALREADY BENEFIT_NOT_EXIST
    """,
    "sending to a crowd": "CROWD_CODE_INVALID SCHEDULE_TIME_INVALID BATCH_SEND_QUOTA_OVER_LIMIT",
}


def test_the_table_holds_every_documented_sub_code_and_no_other() -> None:
    assert set(SUB_CODES) == {name for names in DOCUMENTED.values() for name in names.split()}


def test_only_what_may_be_asked_again_is_busy_and_only_what_may_have_been_done_is_unknown() -> None:
    by_shape: dict[str, set[str]] = {"refused": set(), "busy": set(), "unknown": set()}
    for name, meaning in SUB_CODES.items():
        by_shape[meaning.shape].add(name)
    assert by_shape["busy"] == {
        "isv.app-call-limited",
        "isv.method-call-limited",
        "QUERY_CONSUMER_REQEUST_ERROR",
    }
    assert by_shape["unknown"] == {
        "isp.unknow-error",
        "aop.unknow-error",
        "SYSTEM_ERROR",
        "MINICENTER_INVOKE_ERROR",
        "MSG_SEND_ERROR",
    }


@pytest.mark.parametrize(
    ("sub_code", "scope"),
    [
        ("MSG_UNSUBSCRIBED", "recipient"),
        ("USER_ID_INVALID", "recipient"),
        ("MSG_SINGLE_SD_OVER", "recipient"),
        ("DATA_SENSITIVE", "batch"),
        ("USER_TEMPLATE_ILLEGAL", "batch"),
        ("isv.invalid-signature", "app"),
        ("MSG_UNAUTHORIZED", "app"),
        ("APP_NO_AVAIABLE", "app"),
        ("BUYER_NOT_FOUND", "recipient"),
        ("MERCHANT_LINK_EXIST", "batch"),
        ("TINY_APP_IS_NOT_ONLINE", "app"),
        ("CARD_HAS_OPENED", "recipient"),
        ("TEMPLATE_NOT_EXIT", "batch"),
    ],
)
def test_the_scope_says_for_whom_else_the_refusal_holds(sub_code: str, scope: str) -> None:
    assert SUB_CODES[sub_code].scope == scope


@pytest.mark.parametrize("sub_code", sorted(SUB_CODES))
def test_a_signed_failure_takes_the_shape_and_scope_of_the_table(sub_code: str) -> None:
    outcome = test_answers.judge(signed(refusal("40004", sub_code)))
    shape, scope = SUB_CODES[sub_code]
    assert type(outcome).__name__.lower() == shape
    if shape == "refused":
        assert (outcome.scope, outcome.listed, outcome.sub_msg) == (scope, True, "原因")
