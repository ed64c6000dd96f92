"""What the documentation promises of coupons, copied by hand from it; as `documented` for the others."""

from tests.simulator import coupon_asks as asks

GENERAL = "SYSTEM_ERROR INVALID_PARAMETER"
# D.5, D.6, D.7, D.9
_DOCUMENTED = {
    asks.CREATE: f"{GENERAL} BIZ_ERROR MATERIAL_AUDIT_WAITING",
    asks.PUBLISH: f"{GENERAL} BIZ_ERROR MATERIAL_AUDIT_WAITING BUSINESS_HAS_RISK",
    asks.MODIFY_PAY: GENERAL,
    asks.APPEND_PAY: GENERAL,
    asks.STOP_PAY: GENERAL,
    asks.QUERY_PAY: GENERAL,
    asks.SEND_PAY: f"""{GENERAL} ACTIVITY_NOT_ACTIVE ACTIVITY_NOT_START ACTIVITY_IS_END ACTIVITY_IS_STOPED
        BUDGET_NOT_ENOUGH COUNT_OVER_LIMIT""",
    asks.ORDER_CREATE: f"{GENERAL} BIZ_ERROR DISCOUNT_AMOUNT_INSUFFICIENT BUSINESS_HAS_RISK",
    asks.ORDER_MODIFY: f"{GENERAL} BIZ_ERROR",
    asks.ORDER_APPEND: f"{GENERAL} BIZ_ERROR",
    asks.ORDER_STOP: f"{GENERAL} BIZ_ERROR",
    asks.DEPOSIT: GENERAL,
    asks.COUNT: GENERAL,
    asks.ORDER_QUERY: GENERAL,
    asks.USE: f"{GENERAL} BIZ_ERROR ACTIVITY_NOT_PERMISSION",
    asks.REFUND: f"{GENERAL} BIZ_ERROR",
    asks.HELD: GENERAL,
    asks.ONE_HELD: f"{GENERAL} VOUCHER_NOT_EXIST ACTIVITY_NOT_PERMISSION MERCHANT_RELATION_NOT_EXIST",
    asks.PLAN: f"{GENERAL} BIZ_ERROR",
    asks.PLAN_QUERY: f"{GENERAL} BIZ_ERROR",
    asks.PLAN_STOP: f"{GENERAL} BIZ_ERROR",
}
BY_METHOD = {method: dict.fromkeys(names.split(), "40004") for method, names in _DOCUMENTED.items()}
UNDOCUMENTED = {
    asks.INVALID: f"{GENERAL} BIZ_ERROR",
    asks.ORDER_SEND: f"{GENERAL} BIZ_ERROR",
    asks.RECEIVE: GENERAL,
    asks.CONSULT: GENERAL,
    asks.ACTIVITY: GENERAL,
    asks.ACTIVITIES: GENERAL,
}
METHODS = (*BY_METHOD, *UNDOCUMENTED)
# Of what is told about coupons: a name with ? is absent where there is nothing to say.
_WHOSE = "merchant_id merchant_id_type"
_BASE = (
    "activity_id activity_name activity_status? activity_product_type belong_merchant_info.merchant_id"
    " belong_merchant_info.merchant_id_type"
)
_CODED = f"{_BASE} activity_operation_status? code_mode?"
_FACES = """voucher_type fix_voucher_info.amount? fix_voucher_info.floor_amount?
    discount_voucher_info.discount?
    discount_voucher_info.ceiling_amount? discount_voucher_info.floor_amount?
    special_voucher_info.special_amount? special_voucher_info.floor_amount?"""
_ALL_FACES = f"""{_FACES} exchange_voucher_info.amount? exchange_voucher_info.biz_type?
    exchange_voucher_info.floor_amount?"""
_DISPLAY = "brand_name voucher_name voucher_description? voucher_image? customer_service_mobile?"
_USE = """quantity_limit_per_user? quantity_limit_per_user_period_type? voucher_max_use_times
    voucher_use_time_info.period_type voucher_use_time_info.absolute_period_info.valid_begin_time?
    voucher_use_time_info.absolute_period_info.valid_end_time?
    voucher_use_time_info.relative_period_info.valid_days_after_receive?
    voucher_use_time_info.relative_period_info.wait_days_after_receive?
    voucher_use_time_info.relative_period_info.valid_days_relative_type?"""
_SEND = """quantity publish_start_time publish_end_time max_quantity_by_day? quantity_limit_per_user?
    quantity_limit_per_user_period_type? quantity_day_limit_per_user? quantity_week_limit_per_user?
    quantity_month_limit_per_user?"""
_SCOPE = """voucher_available_goods_info.goods_name? voucher_available_goods_info.origin_amount?
    voucher_available_geography_scope_info.available_geography_scope_type?
    voucher_available_geography_scope_info.available_geography_shop_info.available_shop_ids?"""
_TIMES = "activity_id activity_name activity_status? publish_start_time publish_end_time voucher_type"
_COUNTS = """summary.publish_count summary.used_count voucher_inventory_info.send_count
    voucher_inventory_info.use_count"""
_AUDIT = "audit_result_info.audit_type audit_result_info.audit_result audit_result_info.audit_reason?"
_HELD = """activity_id belong_merchant_id create_time available_begin_time available_end_time voucher_name
    voucher_type voucher_status"""
_HELD_BASE = """belong_merchant_id create_time valid_begin_time valid_end_time voucher_id voucher_name
    voucher_status voucher_max_use_times voucher_used_times voucher_code? associate_trade_no?"""


def _in(block: str, names: str) -> str:
    return " ".join(f"{block}.{name}" for name in names.split())


def _promise(faces: str = _ALL_FACES) -> str:
    guide = "voucher_customer_guide_info.voucher_use_guide_info.use_url?"
    return " ".join(
        (
            _in("voucher_deduct_info", faces),
            _in("voucher_display_pattern_info", _DISPLAY),
            _in("voucher_use_rule_info", _USE),
            guide,
        )
    )


_SELLING = " ".join(
    (
        "voucher_send_mode_info.voucher_send_mode",
        _in("voucher_send_mode_info.voucher_send_rule_info", _SEND),
        _in("voucher_available_scope_info", _SCOPE),
    )
)
_PLAYS = """delivery_content_info.delivery_content_type?
    delivery_content_info.delivery_activity_content.activity_id?"""
_PERSONS = " ".join((_HELD, _in("activity_base_info", _CODED), _in("user_voucher_base_info", _HELD_BASE)))
_LEFT = "activity_id voucher_use_detail_result_info.voucher_max_un_use_times"
_PAGE = "page_num page_size total_size"
TOLD: dict[str, str] = {
    **dict.fromkeys((asks.CREATE, asks.ORDER_CREATE), "activity_id"),
    **dict.fromkeys((asks.PUBLISH, asks.APPEND_PAY), "recharge_url?"),
    asks.QUERY_PAY: f"""{_TIMES} {_in("activity_base_info", _BASE)} {_in("belong_merchant_info", _WHOSE)}
        {_COUNTS} {_AUDIT} voucher_budget_info.budget_type voucher_budget_info.amount? {_promise(_FACES)}
        {_SELLING}""",
    asks.SEND_PAY: "voucher_id",
    asks.ORDER_QUERY: f"""{_TIMES} {_in("activity_base_info", _CODED)} activity_operation_status?
        {_in("belong_merchant_info", _WHOSE)} {_COUNTS} {_AUDIT} {_promise()} {_SELLING}""",
    asks.DEPOSIT: """success_count fail_count success_voucher_code_list?
        fail_voucher_code_detail_list[].voucher_code? fail_voucher_code_detail_list[].error_code?
        fail_voucher_code_detail_list[].error_msg?""",
    asks.COUNT: "success_count",
    asks.USE: _LEFT,
    asks.REFUND: _LEFT,
    asks.ORDER_SEND: "voucher_code",
    asks.RECEIVE: _in(
        "receive_result_list[]",
        "activity_id? out_biz_no? result retry? error_code? voucher_code? voucher_id?",
    ),
    asks.HELD: f"""{_PAGE} {_in("user_voucher_infos[]", f"{_PERSONS} voucher_id {_promise()}")}""",
    asks.ONE_HELD: f"{_PERSONS} associate_trade_no? {_promise()}",
    asks.CONSULT: """consult_result_info_list[].activity_id consult_result_info_list[].consult_result_code
        open_id user_id?""",
    asks.ACTIVITY: f"""{_TIMES} {_in("activity_base_info", _CODED)} belong_merchant_id {_promise()}
        {_SELLING}""",
    asks.ACTIVITIES: f"""{_PAGE} {
        _in(
            "activity_lite_infos[]",
            f'''{_TIMES} {_in("activity_base_info", _CODED)} belong_merchant_id create_time {_promise()}''',
        )
    }""",
    asks.PLAN: "delivery_id out_biz_no",
    asks.PLAN_QUERY: f"""delivery_id delivery_status delivery_booth_code delivery_error_msg?
        {_in("delivery_base_info", "delivery_name delivery_begin_time delivery_end_time")}
        {_in("delivery_play_config.delivery_single_send_config", _PLAYS)}
        {_in("delivery_play_config.delivery_full_send_config", f"{_PLAYS} delivery_floor_amount?")}
        delivery_target_rule.delivery_template_rule.template_id?""",
    asks.PLAN_STOP: "delivery_id",
}


def told(method: str) -> tuple[set[str], set[str]]:
    """(fields that are always there, fields that are there where they have something to say)"""
    words = TOLD.get(method, "").split()
    return {one for one in words if one[-1] != "?"}, {one[:-1] for one in words if one[-1] == "?"}
