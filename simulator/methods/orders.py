"""Returning an order to the order centre."""

from typing import Any

from simulator.codes import Done, Refusal
from simulator.methods.call import Call, Method, inside
from simulator.methods.order_fields import FIELDS
from simulator.order_reading import INVALID, returned
from simulator.store import NOT_A_MINI_PROGRAM, OFFLINE, App, Store

ORDER = "alipay.merchant.order.sync"


def sync(call: Call) -> Done:
    biz = call.biz("ARGUMENT_NULL", INVALID)
    _check_app(call.app)
    return keep(call.store, call.app, biz)


def keep(store: Store, app: App, biz: dict[str, Any], *, at: float | None = None) -> Done:
    """What the order centre makes of it, now or as it was `at` (Unix seconds). Raises Refusal."""
    wish = returned(biz, app.app_id)
    kept = store.order_centre.take(store, app, _buyer(app, biz), wish, at=at)
    fields: dict[str, object] = {"order_id": kept.order.order_id, "order_status": kept.order.status}
    if kept.not_distributed:
        fields["distribute_result"] = [
            {"scene_code": "SERVICE_MSG", "scene_name": "订单消息", "not_distribute_reason": reason}
            for reason in kept.not_distributed
        ]
    return Done(fields, kept.message_id, kept.effect)


def _check_app(app: App) -> None:
    if app.settings.state == OFFLINE:
        raise Refusal("TINY_APP_IS_NOT_ONLINE")
    if app.settings.state == NOT_A_MINI_PROGRAM:
        raise Refusal("TINY_APP_ID_ILLEGAL")


def _buyer(app: App, biz: dict[str, Any]) -> str:
    open_id, user_id = biz.get("buyer_open_id"), biz.get("buyer_id")
    if not open_id and not user_id:
        raise Refusal(INVALID, "买家信息不能为空")
    known = open_id if open_id else app.open_id_of(user_id)
    if not isinstance(known, str) or known not in app.people:
        raise Refusal("BUYER_NOT_FOUND")
    return known


REFUSED_HERE = (
    "ARGUMENT_NULL",
    "INVALID_PARAMETER",
    "AMOUNT_ILLEGAL",
    "TINY_APP_ID_ILLEGAL",
    "TINY_APP_IS_NOT_ONLINE",
    "BUYER_NOT_FOUND",
    "BUYER_INFO_ERROR",
    "MERCHANT_LINK_EXIST",
    "TRADE_NO_NOT_MATCH",
)
# Published without the rule that brings them: here only a fault does.
BY_FAULT = (
    "MATERIAL_ID_ILLEGAL",
    "CONTENT_ILLEGAL",
    "TINY_APP_ID_NULL",
    "LOGISTICS_INFO_EXIST",
    "TRADE_NOT_EXIST",
    "ITEM_INFO_NOT_COMPLETE",
    "NO_PERMISSOON",
    "ORDER_ERROR_STATUS",
    "LOGISTICS_SIZE_LARGE",
    "ITEM_HAS_EXIST",
    "RECORD_NOT_EXIST",
    "DATA_INCONSISTENT",
    "ITEM_DUPLICATED",
    "BUYER_STATUS_ERROR",
    "RECORD_ID_IS_NULL",
    "OUT_BIZ_NO_IS_NULL",
    "BUYER_ID_IS_NULL",
    "BUYER_INFO_IS_NULL",
    "BUYER_NAME_IS_NULL",
    "BUYER_MOBILE_ILLEGAL",
    "BUYER_MOBILE_IS_NULL",
    "BUYER_CERT_NO_IS_NULL",
    "SELLER_ID_IS_NULL",
    "AMOUNT_IS_NULL",
    "PAY_AMOUNT_IS_NULL",
    "PAY_TIMEOUT_EXPRESS_ILLEGAL",
    "MERCHANT_ORDER_STATUS_ILLEGAL",
    "RECORD_ID_ILLEGAL",
    "MINICENTER_INVOKE_ERROR",
    "PAY_CHANNEL_IS_NULL",
    "PAY_CHANNEL_ERROR",
    "INFO_SEC_ERROR",
    "ITEM_NOT_MATCH",
    "TINY_APP_ID_NOT_SYNC_EQUAL_TRADE",
    "DATA_ACCESS_EXCEPTION",
    "INVALID_ORDER_AUTH_CODE",
    "SERVICE_REFUSED",
    "DUPLICATE_REQUEST",
    "NO_NEED_RETRY_ERROR",
    "SERVICE_CODE_STATUS_ERROR",
    "USER_NOT_AUTHORIZED",
)
METHODS = {
    ORDER: Method(
        sync,
        takes=FIELDS,
        gives=(
            "order_id",
            "order_status",
            *inside("distribute_result[]", "scene_code", "scene_name", "not_distribute_reason"),
        ),
        refuses=(*REFUSED_HERE, *BY_FAULT, "SYSTEM_ERROR"),
        judges_state=True,
    ),
}
