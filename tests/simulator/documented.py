"""What the platform's documentation promises to refuse, copied by hand from it: sub_code -> code, per method.

The platform under test has no say here. Names are as the documentation spells them, misspelt ones included.
"""

from tests.simulator import documented_cards, documented_coupons

SEND = "alipay.open.app.mini.templatemessage.send"
BATCH = "alipay.open.app.mini.templatemessage.batchsend"
BATCH_QUERY = "alipay.open.app.mini.batchtemplatemsg.query"
SUBSCRIBED = "alipay.open.app.messagetemplate.subscribe.query"
LIBRARY = "alipay.open.mini.message.templatelib.batchquery"
APPLY = "alipay.open.mini.message.template.apply"
TEMPLATES = "alipay.open.mini.message.template.batchquery"
SUBSCRIBE = "alipay.open.app.message.topic.subscribe"
UNSUBSCRIBE = "alipay.open.app.message.topic.unsubscribe"
MODIFY = "alipay.open.app.message.subscription.modify"
QUERY = "alipay.open.app.message.subscription.query"
APP_TOKEN = "alipay.open.auth.token.app"
APP_TOKEN_QUERY = "alipay.open.auth.token.app.query"
USER_TOKEN = "alipay.system.oauth.token"
USER = "alipay.user.info.share"
ORDER = "alipay.merchant.order.sync"
UPLOAD = "alipay.offline.material.image.upload"


def _each(code: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), code)


# A.4 and A.5
MESSAGES = {
    "10000": "Success",
    "20000": "Service Currently Unavailable",
    "20001": "Insufficient Token Permissions",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40003": "Insufficient Conditions",
    "40004": "Business Failed",
    "40005": "Call Limited",
    "40006": "Insufficient Permissions",
}
# A.5. isv.missing-signature-config stands under 40002 there too; 40003 is the class it belongs to.
PUBLIC = {
    **_each("20000", "isp.unknow-error aop.unknow-error"),
    **_each(
        "20001",
        """aop.invalid-auth-token aop.auth-token-time-out aop.invalid-app-auth-token
        aop.invalid-app-auth-token-no-api aop.app-auth-token-time-out aop.no-product-reg-by-partner""",
    ),
    **_each(
        "40001",
        """isv.missing-method isv.missing-signature isv.missing-signature-type isv.missing-signature-key
        isv.missing-app-id isv.missing-timestamp isv.missing-version
        isv.decryption-error-missing-encrypt-type isv.missing-encrypt-key
        isv.missing-default-signature-type""",
    ),
    **_each(
        "40002",
        """isv.invalid-parameter isv.upload-fail isv.invalid-file-extension isv.invalid-file-size
        isv.invalid-method isv.invalid-format isv.invalid-signature-type isv.invalid-signature
        isv.invalid-token isv.invalid-encrypt-type isv.invalid-encrypt isv.invalid-app-id
        isv.invalid-timestamp isv.invalid-charset isv.invalid-digest
        isv.decryption-error-not-valid-encrypt-type isv.decryption-error-not-valid-encrypt-key
        isv.decryption-error-unknown isv.not-support-app-auth isv.illegal-json isv.suspected-attack
        isv.forbidden-api app-cert-expired""",
    ),
    **_each("40003", "invalid-auth-relations isv.missing-signature-config isv.invalid-app-state"),
    **_each("40005", "isv.app-call-limited isv.method-call-limited"),
    **_each(
        "40006",
        """isv.insufficient-isv-permissions isv.insufficient-user-permissions isv.self-invoke-forbidden
        isv.ip-forbidden""",
    ),
}
# A.7.3
_APP_TOKENS = _each(
    "40004",
    """APP_NOT_ISV REFRESH_TOKEN_NOT_VALID GRANT_TYPE_INVALID AUTH_CODE_NOT_EXIST APP_ID_NOT_CONSISTENT
    AUTH_CODE_NOT_VALID AUTH_TOKEN_NOT_FOUND REFRESH_TOKEN_NOT_EXIST REFRESH_TOKEN_TIME_OUT""",
)
# A.7.4
_APP_TOKEN_FACTS = _each(
    "40004", "ILLEGAL_PARAM APP_NOT_ISV AUTH_TOKEN_NOT_EXISTED SYSTEM_ERROR AUTH_TOKEN_NOT_CONSISTENT"
)
# A.7.7
_USER_TOKENS = {
    **_each(
        "40002",
        """isv.grant-type-invalid isv.code-invalid isv.refresh-token-invalid isv.refresh-token-time-out
        isv.refreshed-token-invalid isv.unmatched-app-id""",
    ),
    **_each("20000", "isp.unknow-error"),
}
# B.2.4, said of the older twin of the method
_ADOPTIONS = _each(
    "40004",
    """MESSAGE_LIBRARY_ILLEGAL MESSAGE_TEMPLATE_KEYWORD_ILLEGAL KEYWORDS_NUMBER_INVALID
    USER_TEMPLATE_OVER_LIMIT""",
)
# B.3.5
_SUBSCRIBED = _each(
    "40004",
    """MSG_TEMPLATE_INVALID OPENID_INVALID ILLEGAL_ARGUMENT_PARAMS SYSTEM_ERROR SUBSCRIBE_TEMPLATE_OVER_LIMIT
    MSG_TEMPLATE_NOT_EXIST BIZ_CONTENT_IS_NULL""",
)
# B.4.5: of the app, its template and the content; then of the person who is meant
_APP_AND_CONTENT = _each(
    "40004",
    """USER_TEMPLATE_ILLEGAL TEMPLATE_ILLEGAL USER_TEMPLATE_STATUS_ILLEGAL MSG_TEMPLATE_ID_VALID
    USER_TEMPLATE_LACK_KEYWORD MESSAGE_TEMPLATE_KEYWORD_ILLEGAL USER_KEYWORD_LENGTH_ERROR DATA_IS_EMPTY
    DATA_CONTENT_FORMAT_ERROR BIZ_CONTENT_FORMAT_ERROR DATA_SENSITIVE PAGE_OVER_LIMIT
    ILLEGAL_ARGUMENT_PARAMS MSG_UNAUTHORIZED MESSAGE_SEND_AUTH_ERROR NO_BIND_PUBLIC_APP APP_TYPE_ERROR
    APP_NO_AVAIABLE""",
)
_PERSON = _each(
    "40004",
    """USER_ID_INVALID FORM_ID_INVALID FORM_ID_NOT_MATCH_APPID FORM_ID_OVER_TIME FORM_ID_SEND_LIMIT
    TRADE_NO_NOT_MATCH_USERID QUERY_CONSUMER_REQEUST_ERROR MSG_UNSUBSCRIBED MSG_REJECTED
    MSG_CONTENT_NOT_INTERESTED MSG_SINGLE_SD_OVER NO_RECENT_VISIT_RECORD NO_PLACE_ORDER_RECORD
    MSG_SEND_ERROR""",
)
# B.5.4: those of B.4.5 that a submit can know, and three of its own
_BATCHES = {
    **_APP_AND_CONTENT,
    **_each(
        "40004",
        """QUERY_CONSUMER_REQEUST_ERROR MSG_SEND_ERROR
        BATCH_SEND_QUOTA_OVER_LIMIT SCHEDULE_TIME_INVALID CROWD_CODE_INVALID""",
    ),
}
# C.5
_ORDERS = _each(
    "40004",
    """SYSTEM_ERROR INVALID_PARAMETER MATERIAL_ID_ILLEGAL CONTENT_ILLEGAL TINY_APP_ID_NULL TINY_APP_ID_ILLEGAL
    LOGISTICS_INFO_EXIST TRADE_NOT_EXIST ITEM_INFO_NOT_COMPLETE NO_PERMISSOON ORDER_ERROR_STATUS
    LOGISTICS_SIZE_LARGE ITEM_HAS_EXIST AMOUNT_ILLEGAL RECORD_NOT_EXIST DATA_INCONSISTENT ITEM_DUPLICATED
    BUYER_STATUS_ERROR RECORD_ID_IS_NULL OUT_BIZ_NO_IS_NULL BUYER_ID_IS_NULL BUYER_INFO_IS_NULL
    BUYER_NAME_IS_NULL BUYER_MOBILE_ILLEGAL BUYER_MOBILE_IS_NULL BUYER_CERT_NO_IS_NULL SELLER_ID_IS_NULL
    AMOUNT_IS_NULL PAY_AMOUNT_IS_NULL PAY_TIMEOUT_EXPRESS_ILLEGAL MERCHANT_ORDER_STATUS_ILLEGAL
    BUYER_NOT_FOUND BUYER_INFO_ERROR RECORD_ID_ILLEGAL MINICENTER_INVOKE_ERROR MERCHANT_LINK_EXIST
    ARGUMENT_NULL PAY_CHANNEL_IS_NULL PAY_CHANNEL_ERROR TRADE_NO_NOT_MATCH INFO_SEC_ERROR ITEM_NOT_MATCH
    TINY_APP_IS_NOT_ONLINE TINY_APP_ID_NOT_SYNC_EQUAL_TRADE DATA_ACCESS_EXCEPTION INVALID_ORDER_AUTH_CODE
    SERVICE_REFUSED DUPLICATE_REQUEST NO_NEED_RETRY_ERROR SERVICE_CODE_STATUS_ERROR USER_NOT_AUTHORIZED""",
)
BY_METHOD = {
    SEND: {**_APP_AND_CONTENT, **_PERSON},
    BATCH: _BATCHES,
    SUBSCRIBED: _SUBSCRIBED,
    APPLY: _ADOPTIONS,
    APP_TOKEN: _APP_TOKENS,
    APP_TOKEN_QUERY: _APP_TOKEN_FACTS,
    USER_TOKEN: _USER_TOKENS,
    ORDER: _ORDERS,
    **documented_coupons.BY_METHOD,
    **documented_cards.BY_METHOD,
}
# B.4.4: how many messages one form or one trade pays for.
PAYS_FOR = {"form": 1, "trade": 3}
# Where the documentation names no refusal for a fault that a caller can make, the platform answers with
# these: public codes, and the one business code that says "a parameter is wrong".
_OF_A_MERCHANT = """aop.app-auth-token-time-out aop.invalid-app-auth-token-no-api
    aop.no-product-reg-by-partner isv.invalid-app-state isv.self-invoke-forbidden"""
_TOPICS = f"""isv.illegal-json isv.invalid-parameter aop.invalid-auth-token aop.auth-token-time-out
    aop.invalid-app-auth-token invalid-auth-relations {_OF_A_MERCHANT}"""
UNDOCUMENTED: dict[str, frozenset[str]] = {
    method: frozenset(names.split())
    for method, names in {
        LIBRARY: "isv.illegal-json ILLEGAL_ARGUMENT_PARAMS",
        TEMPLATES: "isv.illegal-json ILLEGAL_ARGUMENT_PARAMS",
        BATCH_QUERY: "isv.illegal-json ILLEGAL_ARGUMENT_PARAMS",
        APPLY: "isv.illegal-json ILLEGAL_ARGUMENT_PARAMS",
        SUBSCRIBE: _TOPICS,
        UNSUBSCRIBE: _TOPICS,
        MODIFY: _TOPICS,
        QUERY: _TOPICS,
        APP_TOKEN: "isv.illegal-json",
        APP_TOKEN_QUERY: "isv.illegal-json",
        USER: "aop.invalid-auth-token aop.auth-token-time-out isv.insufficient-user-permissions",
        UPLOAD: "isv.invalid-parameter isv.upload-fail isv.invalid-file-extension isv.invalid-file-size",
        **documented_coupons.UNDOCUMENTED,
        **documented_cards.UNDOCUMENTED,
    }.items()
}
# What goes wrong inside the platform: no rule can bring it, only a fault.
INSIDE = {
    *_each("", "isp.unknow-error aop.unknow-error QUERY_CONSUMER_REQEUST_ERROR MSG_SEND_ERROR SYSTEM_ERROR")
}
ALL = {**PUBLIC, **{name: code for table in BY_METHOD.values() for name, code in table.items()}}


def refusals(method: str) -> set[str]:
    """Everything that `method` itself refuses with."""
    return {*BY_METHOD.get(method, {}), *UNDOCUMENTED.get(method, ())}
