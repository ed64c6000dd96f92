"""Every field that the methods of coupons take, as the contract has them, also those not looked at."""

import re
from collections.abc import Mapping

# name{fields of it}, name[] for a list; @NAME stands for a part that several have.
_PARTS = {
    "DELIVERY_BASE_INFO": (
        "delivery_begin_time, delivery_end_time, "
        "delivery_material{delivery_single_material{delivery_image}, material_id_list[]}, delivery_name"
    ),
    "DELIVERY_CONTENT_INFO": (
        "delivery_activity_content{activity_id}, delivery_app_content{mini_app_delivery_type, "
        "mini_app_id, service_code_list[]}, delivery_content_type, delivery_display_info{main_title, "
        "sub_title}, delivery_item_content{item_id, item_type}"
    ),
    "DELIVERY_PLAY_CONFIG": (
        "delivery_full_send_config{delivery_content_info{@DELIVERY_CONTENT_INFO}, delivery_floor_amount}, "
        "delivery_single_send_config{delivery_content_config{delivery_send_guide{delivery_guide_url}}, "
        "delivery_content_info{@DELIVERY_CONTENT_INFO}}"
    ),
    "DELIVERY_TARGET_RULE": (
        "brand_id_list[], delivery_available_scope{delivery_available_city_code{all_city, city_codes[]}, "
        "delivery_available_scope_type}, delivery_city_code_rule{all_city, city_codes[]}, "
        "delivery_crowd_rule{crowd_id}, delivery_merchant_infos[]{merchant_id, merchant_id_type}, "
        "delivery_merchant_mode, delivery_merchant_rule{brand_id_list[], "
        "delivery_merchant_infos[]{merchant_id, merchant_id_type}, delivery_merchant_mode}, "
        "delivery_promo_tags, delivery_recall_mode, delivery_search_box_rule{box_id}, "
        "delivery_template_rule{template_id}, delivery_type"
    ),
    "ACTIVITY_BASE_INFO": (
        "activity_delivery_ext_info{auto_delivery, channel_list[]}, activity_id, activity_name, "
        "activity_operation_status, activity_product_type, activity_status, "
        "belong_merchant_info{business_type, merchant_id, merchant_id_type}, code_mode, out_activity_id"
    ),
    "CUSTOMER_GUIDE": (
        "mini_app_id, mini_app_path, real_shop_ids[], service_codes[], shop_ids[], store_ids[], "
        "voucher_send_guide{voucher_detail_url}, voucher_use_guide{mini_app_id, mini_app_path, "
        "mini_app_use_guide, offline_code_use_guide, service_codes[]}"
    ),
    "AVAILABLE_GEOGRAPHY_SHOP_INFO": (
        "available_geography_all_shop{available_brand_id, exclude_shop_ids[], merchant_ids[]}, "
        "available_real_shop_ids[], available_shop_ids[]"
    ),
    "VOUCHER_AVAILABLE_GEOGRAPHY_SCOPE_INFO": (
        "available_geography_city_info{all_city, available_city_codes[]}, available_geography_scope_type, "
        "available_geography_shop_info{@AVAILABLE_GEOGRAPHY_SHOP_INFO}"
    ),
    "VOUCHER_AVAILABLE_GOODS_INFO": (
        "available_goods_sku_ids[], exclude_goods_sku_ids[], goods_description, goods_detail, "
        "goods_detail_images[], goods_detail_rich_description, goods_name, origin_amount"
    ),
    "VOUCHER_AVAILABLE_SCOPE_INFO": (
        "voucher_available_account_info{available_pids[], available_smids[]}, "
        "voucher_available_app_info{available_app_ids[]}, "
        "voucher_available_geography_scope_info{@VOUCHER_AVAILABLE_GEOGRAPHY_SCOPE_INFO}, "
        "voucher_available_goods_info{@VOUCHER_AVAILABLE_GOODS_INFO}, "
        "voucher_available_item_info{item_id, out_item_info[]{item_app_id, out_item_id}}"
    ),
    "VOUCHER_CUSTOMER_GUIDE_INFO": (
        "voucher_send_guide_info{mini_app_send_guide_info{mini_app_url}, send_guide_mode[]}, "
        "voucher_use_guide_info{mini_app_use_guide_info{mini_app_service_codes[], mini_app_url}, "
        "use_guide_mode[], use_url}"
    ),
    "VOUCHER_DEDUCT_THRESHOLD_INFO": (
        "customer_define_voucher_threshold_desc, voucher_express_info{pay_express}, "
        "voucher_goods_quantity_specification_info{directional_type, specification_quantity, "
        "specification_unit}"
    ),
    "EXCHANGE_VOUCHER_INFO": (
        "amount, biz_type, exchange_goods_info{exchange_goods_name}, floor_amount, "
        "voucher_deduct_threshold_info{@VOUCHER_DEDUCT_THRESHOLD_INFO}"
    ),
    "VOUCHER_DEDUCT_INFO": (
        "customer_define_voucher_info{deduct_info{customer_define_deduct_rule"
        "{customer_define_deduct_rule_desc}}}, "
        "discount_voucher_info{ceiling_amount, discount, floor_amount, "
        "voucher_deduct_threshold_info{@VOUCHER_DEDUCT_THRESHOLD_INFO}}, "
        "exchange_voucher_info{@EXCHANGE_VOUCHER_INFO}, fix_voucher_info{amount, floor_amount, "
        "voucher_deduct_threshold_info{@VOUCHER_DEDUCT_THRESHOLD_INFO}}, "
        "special_voucher_info{floor_amount, special_amount, "
        "voucher_deduct_threshold_info{@VOUCHER_DEDUCT_THRESHOLD_INFO}}, voucher_type"
    ),
    "VOUCHER_DISPLAY_INFO": (
        "brand_logo, brand_name, customer_service_mobile, customer_service_url, voucher_comment, "
        "voucher_description, voucher_detail_images[], voucher_image"
    ),
    "VOUCHER_DISPLAY_PATTERN_INFO": (
        "brand_logo, brand_logo_url, brand_name, customer_service_mobile, customer_service_url, "
        "voucher_description, voucher_detail_image_urls[], voucher_detail_images[], voucher_image, "
        "voucher_image_url, voucher_name"
    ),
    "VOUCHER_SALE_MODE_INFO": (
        "fund_custody_mode, overdue_refundable, overdue_refundable_need_confirm, payee_pid, refundable, "
        "refundable_need_confirm, sale_amount, settle_info{settle_mode, settle_target_type}"
    ),
    "VOUCHER_SEND_RULE_INFO": (
        "max_quantity_by_day, natural_person_limit, phone_number_limit, phone_number_need_input_limit, "
        "publish_end_time, publish_start_time, quantity, quantity_day_limit_per_user, "
        "quantity_limit_per_user, quantity_limit_per_user_period_type, quantity_month_limit_per_user, "
        "quantity_week_limit_per_user, real_name_limit"
    ),
    "VOUCHER_SEND_MODE_INFO": (
        "delivery_channel_list[], voucher_package_mode_info{voucher_package_id}, "
        "voucher_sale_mode_info{@VOUCHER_SALE_MODE_INFO}, voucher_send_mode, "
        "voucher_send_rule_info{@VOUCHER_SEND_RULE_INFO}"
    ),
    "EXCHANGE_VOUCHER": (
        "amount, biz_type, customer_service_mobile, customer_service_url, floor_amount, "
        "overdue_refundable, payee_pid, refundable, sale_amount, settle_type, voucher_detail_url, "
        "voucher_name"
    ),
    "VOUCHER_AVAILABLE_SCOPE": (
        "order_voucher_available_city_code{all_city, city_codes[]}, "
        "order_voucher_available_shop{order_voucher_merchant_all_shop{exclude_shop_ids[]}, "
        "real_shop_ids[], shop_ids[]}, voucher_available_type"
    ),
    "VOUCHER_USE_RULE": (
        "discount_voucher{ceiling_amount, discount, floor_amount, goods_name, origin_amount}, "
        "exchange_voucher{@EXCHANGE_VOUCHER}, fix_voucher{amount, floor_amount, goods_name}, "
        "special_voucher{floor_amount, goods_name, origin_amount, special_amount}, "
        "voucher_available_scope{@VOUCHER_AVAILABLE_SCOPE}, voucher_valid_period{type, valid_begin_time, "
        "valid_days_after_receive, valid_end_time, wait_days_after_receive}"
    ),
    "DISABLE_PERIOD_INFO": (
        "date_rule_info{date_range_info{begin_date, end_date}, time_range_info{begin_time, "
        "end_time_info{end_time, end_time_type}}}, holiday_rule_info{time_range_info{begin_time, "
        "end_time_info{end_time, end_time_type}}}, rule_type, week_rule_info{time_range_info{begin_time, "
        "end_time_info{end_time, end_time_type}}, week_day}"
    ),
    "ABSOLUTE_PERIOD_INFO": (
        "time_restrict_info{disable_period_info[]{@DISABLE_PERIOD_INFO}, "
        "usable_period_info[]{@DISABLE_PERIOD_INFO}}, valid_begin_time, valid_end_time"
    ),
    "RELATIVE_PERIOD_INFO": (
        "time_restrict_info{disable_period_info[]{@DISABLE_PERIOD_INFO}, "
        "usable_period_info[]{@DISABLE_PERIOD_INFO}}, valid_days_after_receive, valid_days_relative_type, "
        "wait_days_after_receive"
    ),
    "VOUCHER_USE_RULE_INFO": (
        "payment_restriction_list[], quantity_limit_per_user, quantity_limit_per_user_period_type, "
        "voucher_max_use_times, voucher_use_ext_info, "
        "voucher_use_time_info{absolute_period_info{@ABSOLUTE_PERIOD_INFO}, period_type, "
        "relative_period_info{@RELATIVE_PERIOD_INFO}}"
    ),
    "CUSTOMER_GUIDE_2": (
        "mini_app_id, mini_app_path, real_shop_ids[], service_codes[], shop_ids[], store_ids[], "
        "voucher_send_guide{voucher_detail_url}, voucher_use_guide{mini_app_id, mini_app_path, "
        "service_codes[]}"
    ),
    "VOUCHER_AVAILABLE_SCOPE_2": (
        "modify_type, order_voucher_available_city_code{city_codes[]}, "
        "order_voucher_available_shop{order_voucher_merchant_all_shop{exclude_shop_ids[]}, "
        "real_shop_ids[], shop_ids[]}"
    ),
    "VOUCHER_USE_RULE_2": (
        "exchange_voucher{voucher_detail_url, voucher_name}, "
        "voucher_available_scope{@VOUCHER_AVAILABLE_SCOPE_2}, voucher_valid_period{valid_begin_time, "
        "valid_days_after_receive, valid_end_time, wait_days_after_receive}"
    ),
    "VOUCHER_SEND_RULE": (
        "max_quantity_by_day, natural_person_limit, phone_number_limit, real_name_limit, "
        "voucher_quantity, voucher_quantity_limit_per_user, voucher_quantity_limit_per_user_period_type"
    ),
    "VOUCHER_USE_RULE_3": (
        "available_app_ids[], available_goods{goods_description, goods_ids[], goods_name}, "
        "available_merchant{available_pids[], available_smids[]}, available_store_ids[], "
        "fix_voucher{amount, floor_amount}, unavailable_goods_ids[], use_mode, use_url, "
        "voucher_quantity_limit_per_user, voucher_quantity_limit_per_user_period_type, "
        "voucher_valid_period{type, valid_begin_time, valid_days_after_receive, valid_end_time, "
        "wait_days_after_receive}"
    ),
    "VOUCHER_USE_RULE_4": (
        "available_app_ids, available_goods{goods_ids[]}, available_merchant{available_pids[], "
        "available_smids[]}, available_store_ids, voucher_valid_period{valid_days_after_receive, "
        "valid_end_time}"
    ),
}
_TAKES = {
    "batchquery": "activity_status, merchant_access_mode, merchant_id, page_num, page_size",
    "consult": (
        "consult_activity_info_list[]{activity_id}, merchant_access_mode, merchant_id, open_id, user_id"
    ),
    "delivery.create": (
        "belong_merchant_info{business_type, merchant_id, merchant_id_type}, "
        "delivery_base_info{@DELIVERY_BASE_INFO}, delivery_booth_code, "
        "delivery_config_list[]{activity_id, booth_code, channel}, "
        "delivery_play_config{@DELIVERY_PLAY_CONFIG}, delivery_target_rule{@DELIVERY_TARGET_RULE}, "
        "idem_no, merchant_access_mode, out_biz_no"
    ),
    "delivery.query": (
        "belong_merchant_info{business_type, merchant_id, merchant_id_type}, "
        "delivery_config_list[]{activity_id, booth_code, channel}, delivery_id, merchant_access_mode"
    ),
    "delivery.stop": (
        "belong_merchant_info{business_type, merchant_id, merchant_id_type}, "
        "delivery_config_list[]{activity_id, booth_code, channel}, delivery_id, merchant_access_mode, "
        "out_biz_no"
    ),
    "ordervoucher.append": "activity_id, merchant_access_mode, out_biz_no, voucher_quantity",
    "ordervoucher.batchsend": (
        "activity_send_voucher_info_list[]{activity_id, merchant_order_url, out_biz_no, voucher_code, "
        "voucher_code_url}, biz_dt, open_id, promo_trace_info, trade_channel, trade_no, user_id"
    ),
    "ordervoucher.codecount": "activity_id, merchant_access_mode",
    "ordervoucher.codedeposit": "activity_id, merchant_access_mode, out_biz_no, voucher_codes[]",
    "ordervoucher.create": (
        "activity_base_info{@ACTIVITY_BASE_INFO}, activity_name, belong_merchant_info{business_type, "
        "merchant_id, merchant_id_type}, biz_tag, code_mode, customer_guide{@CUSTOMER_GUIDE}, "
        "merchant_access_mode, out_biz_no, publish_end_time, publish_start_time, "
        "voucher_available_scope_info{@VOUCHER_AVAILABLE_SCOPE_INFO}, "
        "voucher_customer_guide_info{@VOUCHER_CUSTOMER_GUIDE_INFO}, "
        "voucher_deduct_info{@VOUCHER_DEDUCT_INFO}, voucher_display_info{@VOUCHER_DISPLAY_INFO}, "
        "voucher_display_pattern_info{@VOUCHER_DISPLAY_PATTERN_INFO}, "
        "voucher_send_mode_info{@VOUCHER_SEND_MODE_INFO}, voucher_send_rule{natural_person_limit, "
        "phone_number_limit, voucher_quantity, voucher_quantity_limit_per_user}, voucher_type, "
        "voucher_use_rule{@VOUCHER_USE_RULE}, voucher_use_rule_info{@VOUCHER_USE_RULE_INFO}"
    ),
    "ordervoucher.invalid": "activity_id, biz_dt, merchant_access_mode, out_biz_no, voucher_code",
    "ordervoucher.modify": (
        "activity_base_info{@ACTIVITY_BASE_INFO}, activity_id, activity_name, "
        "customer_guide{@CUSTOMER_GUIDE_2}, merchant_access_mode, out_biz_no, publish_end_time, "
        "publish_start_time, voucher_available_scope_info{@VOUCHER_AVAILABLE_SCOPE_INFO}, "
        "voucher_available_scope_modify_type, voucher_customer_guide_info{@VOUCHER_CUSTOMER_GUIDE_INFO}, "
        "voucher_display_info{@VOUCHER_DISPLAY_INFO}, "
        "voucher_display_pattern_info{@VOUCHER_DISPLAY_PATTERN_INFO}, "
        "voucher_send_mode_info{@VOUCHER_SEND_MODE_INFO}, voucher_send_rule{natural_person_limit, "
        "phone_number_limit, voucher_quantity_limit_per_user}, voucher_use_rule{@VOUCHER_USE_RULE_2}, "
        "voucher_use_rule_info{@VOUCHER_USE_RULE_INFO}"
    ),
    "ordervoucher.query": "activity_id, merchant_access_mode",
    "ordervoucher.receive": (
        "receive_info_list[]{activity_id, customize_send_time, out_biz_no, voucher_code}, "
        "send_merchant_id, send_merchant_open_id, user_id, user_open_id"
    ),
    "ordervoucher.refund": (
        "activity_id, biz_dt, merchant_access_mode, out_biz_no, total_fee, voucher_code, "
        "voucher_refund_detail_info{voucher_refund_amount, voucher_refund_use_times}"
    ),
    "ordervoucher.send": (
        "activity_id, biz_dt, ch_info, merchant_order_url, open_id, out_biz_no, trade_channel, trade_no, "
        "user_id"
    ),
    "ordervoucher.stop": "activity_id, merchant_access_mode, out_biz_no",
    "ordervoucher.use": (
        "activity_id, biz_dt, goods_detail[]{goods_id, goods_name, price, quantity}, "
        "merchant_access_mode, out_biz_no, real_shop_id, store_id, total_fee, trade_channel, trade_no, "
        "voucher_code, voucher_use_detail_info{voucher_use_amount, voucher_use_times}"
    ),
    "query": "activity_id, merchant_access_mode, merchant_id",
    "user.batchqueryvoucher": (
        "activity_id, belong_merchant_id, merchant_access_mode, open_id, page_num, page_size, "
        "sender_merchant_id, user_id, voucher_status"
    ),
    "user.queryvoucher": (
        "activity_id, merchant_access_mode, merchant_id, open_id, user_id, voucher_code, voucher_id"
    ),
    "voucher.append": "activity_id, merchant_access_mode, out_biz_no, voucher_quantity",
    "voucher.create": (
        "activity_base_info{@ACTIVITY_BASE_INFO}, activity_name, belong_merchant_info{merchant_id, "
        "merchant_id_type}, merchant_access_mode, out_biz_no, publish_end_time, publish_start_time, "
        "voucher_available_scope_info{@VOUCHER_AVAILABLE_SCOPE_INFO}, voucher_budget_info{amount, "
        "budget_type, recharge_info{alipay_balance_recharge_info{logon_id, user_id}, recharge_type}}, "
        "voucher_budget_supply_info{budget_type, voucher_recharge_info{recharge_type, "
        "voucher_balance_recharge_info{amount, logon_id, partner_id}}}, "
        "voucher_customer_guide_info{@VOUCHER_CUSTOMER_GUIDE_INFO}, "
        "voucher_deduct_info{@VOUCHER_DEDUCT_INFO}, voucher_display_info{brand_name, "
        "customer_service_mobile, voucher_description, voucher_detail_images[], voucher_image}, "
        "voucher_display_pattern_info{@VOUCHER_DISPLAY_PATTERN_INFO}, "
        "voucher_send_mode_info{@VOUCHER_SEND_MODE_INFO}, voucher_send_rule{@VOUCHER_SEND_RULE}, "
        "voucher_type, voucher_use_rule{@VOUCHER_USE_RULE_3}, "
        "voucher_use_rule_info{@VOUCHER_USE_RULE_INFO}"
    ),
    "voucher.modify": (
        "activity_base_info{@ACTIVITY_BASE_INFO}, activity_id, merchant_access_mode, out_biz_no, "
        "publish_end_time, voucher_available_scope_info{@VOUCHER_AVAILABLE_SCOPE_INFO}, "
        "voucher_send_mode_info{@VOUCHER_SEND_MODE_INFO}, voucher_use_rule{@VOUCHER_USE_RULE_4}, "
        "voucher_use_rule_info{@VOUCHER_USE_RULE_INFO}"
    ),
    "voucher.publish": "activity_id, merchant_access_mode, out_biz_no",
    "voucher.query": "activity_id, merchant_access_mode",
    "voucher.send": "activity_id, merchant_access_mode, open_id, out_biz_no, user_id",
    "voucher.stop": "activity_id, merchant_access_mode, out_biz_no",
}


def takes(method: str) -> tuple[str, ...]:
    """`method` without its beginning, as voucher.create."""
    return written(_TAKES[method])


def written(text: str, parts: Mapping[str, str] = _PARTS) -> tuple[str, ...]:
    """Paths to the last depth of what is written as the tables above."""
    found: list[str] = []
    above: list[str] = []
    for mark in re.findall(r"@\w+|[\w\[\]]+|[{}]", text):
        start = f"{above[-1]}." if above else ""
        if mark == "{":
            above.append(found.pop())
        elif mark == "}":
            above.pop()
        elif mark.startswith("@"):
            found += [start + path for path in written(parts[mark[1:]], parts)]
        else:
            found.append(start + mark)
    return tuple(found)
