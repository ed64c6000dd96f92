"""Every field that the methods of cards take, as the contract has them, also those not looked at."""

from simulator.methods.coupon_fields import written

# As in coupon_fields.
_PARTS = {
    "MCARD_TEMPLATE_BENEFIT": "benefit_desc[], end_date, ext_info, start_date, template_id, title",
    "MCARD_TEMPLATE_BENEFIT_QUERY": (
        "benefit_desc, benefit_id, end_date, ext_info, start_date, template_id, title"
    ),
    "CARD_INFO": (
        "balance, biz_card_no, custom_assets, external_card_no, front_image_id, "
        "front_text_list[]{label, value}, level, mdcode_info{code_status, code_value, "
        "expire_time, time_stamp}, open_date, point, template_id, valid_date"
    ),
    "CYCLE_INFO": (
        "alipay_deduct_agreement, alipay_deduct_product_code, alipay_deduct_scene, close_reason, "
        "cycle_type, open_status"
    ),
    "PURCHASE_INFO": "action_date, alipay_trade_no, out_trade_no, price, source",
    "PAID_OUTER_CARD_INFO": "action, cycle_info{@CYCLE_INFO}, purchase_info{@PURCHASE_INFO}",
    "TEMPLATE_STYLE_INFO": (
        "background_id, banner_img_id, banner_url, bg_color, brand_name, card_show_name, color, "
        "column_info_layout, feature_descriptions[], front_image_enable, front_text_list_enable, "
        "logo_id, slogan, slogan_img_id"
    ),
    "MINI_APP_URL": "display_on_list, mini_app_id, mini_page_param, mini_query_param",
    "CARD_ACTION_LIST": "code, mini_app_url{@MINI_APP_URL}, text, url, url_type",
    "COLUMN_INFO_LIST": (
        "code, group_title, icon_id, more_info{descs[], params, title, url}, operate_type, tag, title, value"
    ),
    "OPEN_CARD_CONF": (
        "card_rights[]{detail, logo_id, title}, conf, open_card_source_type, open_card_url, source_app_id"
    ),
    "MANAGE_URL_CONF": "cycle_manage_url, downgrade_url, refund_url, renew_url, upgrade_url",
    "OPEN_SELLING_CONF": "end_date, price_detail[]{desc, price, price_type, worth}, selling_url, start_date",
    "PAID_OUTER_CARD_CONF": (
        "cycle_selling_conf{cycle_selling_url, cycle_type[], support_cycle_sell}, "
        "manage_url_conf{@MANAGE_URL_CONF}, open_selling_conf{@OPEN_SELLING_CONF}"
    ),
}
_TAKES = {
    "activateform.query": "biz_type, request_id, template_id",
    "activateurl.apply": "callback, follow_app_id, out_string, template_id",
    "benefit.create": "mcard_template_benefit{@MCARD_TEMPLATE_BENEFIT}",
    "benefit.delete": "benefit_id, template_id",
    "benefit.modify": "benefit_id, mcard_template_benefit{@MCARD_TEMPLATE_BENEFIT}",
    "benefit.query": "benefit_id, template_id",
    "consume.sync": (
        "act_pay_amount, card_info{@CARD_INFO}, gain_benefit_list[]{amount, benefit_type, count, "
        "description}, memo, shop_code, swipe_cert_type, target_card_no, target_card_no_type, "
        "trade_amount, trade_name, trade_no, trade_time, trade_type, use_benefit_list[]{amount, "
        "benefit_type, count, description}"
    ),
    "delete": "ext_info, out_serial_no, reason_code, target_card_no, target_card_no_type",
    "formtemplate.set": "fields{optional, required}, template_id",
    "message.notify": "notify_info, notify_no, notify_type, occur_time, target_card_no, target_card_no_type",
    "open": (
        "card_ext_info{@CARD_INFO}, card_template_id, card_user_info{open_id, user_uni_id, "
        "user_uni_id_type}, member_ext_info{birth, cell, gende, name}, open_card_channel, "
        "open_card_channel_id, out_serial_no, paid_outer_card_info{@PAID_OUTER_CARD_INFO}"
    ),
    "query": (
        "card_user_info{open_id, user_uni_id, user_uni_id_type}, ext_info, target_card_no, "
        "target_card_no_type, template_id"
    ),
    "template.batchquery": "page_no, page_size",
    "template.create": (
        "access_version, biz_no_prefix, biz_no_suffix_len, card_action_list[]{@CARD_ACTION_LIST}, "
        "card_level_conf[]{level, level_desc, level_icon, level_show_name}, card_spec_tag, "
        "card_type, column_info_list[]{@COLUMN_INFO_LIST}, field_rule_list[]{field_name, "
        "rule_name, rule_value}, mdcode_notify_conf{ext_params, url}, "
        "open_card_conf{@OPEN_CARD_CONF}, paid_outer_card_conf{@PAID_OUTER_CARD_CONF}, "
        "pub_channels[]{ext_info, pub_channel}, request_id, service_label_list[], shop_ids[], "
        "spi_app_id, template_benefit_info[]{benefit_desc[], end_date, start_date, title}, "
        "template_form_config{fields{optional[], required[]}, open_card_mini_app_id}, "
        "template_style_info{@TEMPLATE_STYLE_INFO}, write_off_type"
    ),
    "template.modify": (
        "access_version, biz_no_prefix, biz_no_suffix_len, card_action_list[]{@CARD_ACTION_LIST}, "
        "card_level_conf[]{level, level_desc, level_icon, level_show_name}, card_spec_tag, "
        "column_info_list[]{@COLUMN_INFO_LIST}, field_rule_list[]{field_name, rule_name, "
        "rule_value}, mdcode_notify_conf{ext_params, url}, open_card_conf{@OPEN_CARD_CONF}, "
        "paid_outer_card_conf{@PAID_OUTER_CARD_CONF}, pub_channels[]{ext_info, pub_channel}, "
        "request_id, shop_ids[], spi_app_id, template_benefit_info[]{benefit_desc[], end_date, "
        "start_date, title}, template_form_config{fields{optional[], required[]}, "
        "open_card_mini_app_id}, template_id, template_style_info{@TEMPLATE_STYLE_INFO}, "
        "write_off_type"
    ),
    "template.query": "template_id",
    "update": (
        "card_info{@CARD_INFO}, ext_info, mcard_style_info{background_id, bg_color, logo_id}, "
        "merchant_card_msg_info{changed_point}, notify_messages[]{change_reason, ext_info, "
        "message_type}, occur_time, paid_outer_card_info{@PAID_OUTER_CARD_INFO}, target_card_no, "
        "target_card_no_type"
    ),
}


def takes(method: str) -> tuple[str, ...]:
    """`method` without its beginning, as template.create."""
    return paths(_TAKES[method])


def paths(text: str) -> tuple[str, ...]:
    return written(text, _PARTS)
