"""What the documentation promises of member cards, copied by hand from it; as `documented` for the others."""

from tests.simulator import card_asks as asks

GENERAL = "SYSTEM_ERROR INVALID_PARAMETER"
# E.2, E3.1 to E3.3, E4.1, E4.3, E4.5, E4.6, E4.8
_DOCUMENTED = {
    asks.CREATE: f"{GENERAL} TEMPLATE_NOT_EXIT NO_CARD_TYPE TEMPLATE_OVER_LIMIT",
    asks.MODIFY: f"{GENERAL} TEMPLATE_NOT_EXIT",
    asks.QUERY_TEMPLATE: f"{GENERAL} TEMPLATE_NOT_EXIT",
    asks.FORM: f"""{GENERAL} CARD_TEMPLATE_NOT_EXIST DUPLICATE_FORM_FIELD FORM_FIELD_INVALID
        OPEN_FORM_SET_FAIL DUPLICATE_BIRTHDAY_FIELD DUPLICATE_CERT_NO INVALID_CERT_TYPE_AND_NO
        ILLEGAL_NULL_ARGUMENT""",
    asks.APPLY: f"""{GENERAL} CARD_TEMPLATE_NOT_EXIST OPEN_FORM_TEMPLATE_NOT_EXIST ILLEGAL_ARGUMENT_OUT_STRING
        ILLEGAL_NULL_ARGUMENT""",
    asks.ANSWERS: f"""{GENERAL} OPEN_PROFILE_QUERY_FAIL REQUEST_ID_EXPIRE REQUEST_ID_INVALID
        ILLEGAL_NULL_ARGUMENT""",
    asks.OPEN: f"""{GENERAL} TEMPLATE_NOT_EXIT NO_CARD_TYPE OPEN_CARD_NEED_OPENFORM OPEN_CARD_CONCURRENTLY
        USER_AUTH_FAIL CARD_HAS_OPENED PAID_OUTER_CARD_LACK_TEMPLATE_CONFIG""",
    asks.UPDATE: f"{GENERAL} NO_CARD_TYPE CARD_NOT_EXIT PAIDOUTERCARD_LACK_TEMPLATE_CONFIG",
    asks.DELETE: f"{GENERAL} CARD_IS_DELETED_ALREADY",
    asks.NOTIFY: f"{GENERAL} CARD_NOT_EXIT",
    asks.ADD_BENEFIT: f"{GENERAL} TEMPLATE_NOT_EXIT",
    asks.CHANGE_BENEFIT: f"{GENERAL} TEMPLATE_NOT_EXIT BENEFIT_NOT_EXIST",
    asks.BENEFITS: f"{GENERAL} TEMPLATE_NOT_EXIT BENEFIT_NOT_EXIST",
    asks.DROP_BENEFIT: f"{GENERAL} TEMPLATE_NOT_EXIT BENEFIT_NOT_EXIST",
}
BY_METHOD = {method: dict.fromkeys(names.split(), "40004") for method, names in _DOCUMENTED.items()}
# A token that does not hold is refused by the public codes; the others have no table.
UNDOCUMENTED = {
    asks.TEMPLATES: GENERAL,
    asks.ANSWERS: "aop.invalid-auth-token aop.auth-token-time-out",
    asks.QUERY: f"{GENERAL} CARD_NOT_EXIT",
    asks.CONSUME: f"{GENERAL} CARD_NOT_EXIT",
}
METHODS = tuple(dict.fromkeys((*BY_METHOD, *UNDOCUMENTED)))


def _in(block: str, names: str) -> str:
    return " ".join(f"{block}.{name}" for name in names.split())


# A name with ? is absent where there is nothing to say.
_STYLE = """card_show_name background_id? banner_img_id? banner_url? bg_color? brand_name? color?
    column_info_layout? feature_descriptions[]? front_image_enable? front_text_list_enable? logo_id? slogan?
    slogan_img_id?"""
_ACTION = """code? text? url? url_type? mini_app_url.display_on_list? mini_app_url.mini_app_id?
    mini_app_url.mini_page_param? mini_app_url.mini_query_param?"""
_COLUMN = """code? group_title? icon_id? more_info.descs[]? more_info.params? more_info.title? more_info.url?
    operate_type? tag? title? value?"""
_PRICE = """cycle_selling_conf.cycle_selling_url? cycle_selling_conf.cycle_type[]?
    cycle_selling_conf.support_cycle_sell? manage_url_conf.cycle_manage_url? manage_url_conf.downgrade_url?
    manage_url_conf.refund_url? manage_url_conf.renew_url? manage_url_conf.upgrade_url?
    open_selling_conf.end_date? open_selling_conf.price_detail[].desc? open_selling_conf.price_detail[].price?
    open_selling_conf.price_detail[].price_type? open_selling_conf.price_detail[].worth?
    open_selling_conf.selling_url? open_selling_conf.start_date?"""
_INFO = """biz_card_no external_card_no open_date template_id balance? custom_assets? front_image_id?
    front_text_list[].label? front_text_list[].value? level? mdcode_info.code_status? mdcode_info.code_value?
    mdcode_info.expire_time? mdcode_info.time_stamp? point? valid_date?"""
_PAID = """action? cycle_info.alipay_deduct_agreement? cycle_info.alipay_deduct_product_code?
    cycle_info.alipay_deduct_scene? cycle_info.close_reason? cycle_info.cycle_type? cycle_info.open_status?
    purchase_info.action_date? purchase_info.alipay_trade_no? purchase_info.out_trade_no?
    purchase_info.price? purchase_info.source?"""
TOLD: dict[str, str] = {
    **dict.fromkeys((asks.CREATE, asks.MODIFY), "template_id"),
    asks.QUERY_TEMPLATE: " ".join(
        (
            "card_type biz_no_suffix_len biz_no_prefix? access_version? card_spec_tag? spi_app_id?",
            "service_label_list[]? shop_ids[]? mdcode_notify_conf.ext_params? mdcode_notify_conf.url?",
            _in("template_style_info", _STYLE),
            _in("card_action_list[]", _ACTION),
            _in("column_info_list[]", _COLUMN),
            _in("card_level_confs[]", "level? level_desc? level_icon? level_show_name?"),
            _in("field_rule_list[]", "field_name? rule_name? rule_value?"),
            _in("open_card_conf", "conf? open_card_source_type? open_card_url? source_app_id?"),
            _in("open_card_conf.card_rights[]", "detail? logo_id? title?"),
            _in("paid_outer_card_conf", _PRICE),
            _in("pub_channels[]", "ext_info? pub_channel?"),
            _in("template_benefit_info[]", "benefit_desc[]? end_date? start_date? title?"),
            _in("template_form_config", "fields.optional[]? fields.required[]? open_card_mini_app_id?"),
        )
    ),
    asks.TEMPLATES: f"""template_total {
        _in("mcard_template[]", "card_type gmt_create gmt_modified template_id")
    } {_in("mcard_template[].template_style_info", _STYLE)}""",
    asks.APPLY: "apply_card_url",
    asks.ANSWERS: "infos",
    asks.OPEN: f"{_in('card_info', _INFO)} open_card_channel? open_card_channel_id?",
    asks.UPDATE: "result_code",
    asks.QUERY: f"""{_in("card_info", _INFO)} {_in("paid_outer_card_info", _PAID)} pass_id?
        schema_url?""",
    asks.DELETE: "biz_serial_no",
    asks.NOTIFY: "result_code",
    asks.CONSUME: "external_card_no",
    asks.ADD_BENEFIT: "benefit_id",
    asks.CHANGE_BENEFIT: "result",
    asks.DROP_BENEFIT: "result",
    asks.BENEFITS: _in(
        "mcard_template_benefit_query[]",
        "benefit_desc benefit_id end_date start_date template_id title ext_info?",
    ),
}


def told(method: str) -> tuple[set[str], set[str]]:
    """(fields that are always there, fields that are there where they have something to say)"""
    words = TOLD.get(method, "").split()
    return {one for one in words if one[-1] != "?"}, {one[:-1] for one in words if one[-1] == "?"}
