"""A card template out of a call. What breaks a rule is INVALID_PARAMETER with a sentence, which is SIM.

`facts` are the fields as the call has them, in the shape of the contract; so they are kept and told again.
"""

import re
from typing import Any

from simulator import card_forms
from simulator.card_terms import (
    CARD_TYPE,
    CHANNEL,
    CYCLES,
    DATES,
    FIXED,
    IN_FUTURE,
    MAX_ACTION_TEXT,
    MAX_ACTIONS,
    MAX_CARD_NUMBER,
    MAX_CODE,
    MAX_PREFIX,
    MERCHANT_CODES,
    MINI_APP_URL,
    NATIVE,
    OPERATE_TYPES,
    RULED,
    RULES,
    SHOWN_ON_LIST,
    SOURCES,
    STATIC,
    SUFFIX_RANGE,
    TELEPHONE,
    URL_TYPES,
    WEB,
    WRITE_OFF_TYPES,
    amount_of,
)
from simulator.codes import Refusal
from simulator.coupon_terms import read_time
from simulator.pictures import BACKGROUND, LOGO, Pictures

INVALID = "INVALID_PARAMETER"
Facts = dict[str, Any]
_FUTURE = re.compile(r"\d{1,4}[md]", re.ASCII)
_SWITCHES = ("front_text_list_enable", "front_image_enable")


def wrong(sentence: str) -> Refusal:
    return Refusal(INVALID, sentence)


def one_of(facts: Facts, name: str, known: tuple[str, ...], where: str = "") -> None:
    if facts.get(name, known[0]) not in known:
        raise wrong(f"{where}{name} 需为 {'、'.join(known)} 之一")


def needed(facts: Facts, names: str, where: str = "") -> None:
    for name in names.split():
        if not facts.get(name):
            raise wrong(f"{where}{name} 不能为空")


def check_new(facts: Facts) -> None:
    if facts.get("card_type") != CARD_TYPE:
        raise Refusal("NO_CARD_TYPE", f"card_type 需为 {CARD_TYPE}")
    needed(facts, "biz_no_suffix_len write_off_type template_style_info")


def check(facts: Facts, limits: dict[str, int], pictures: Pictures, *, new: bool) -> None:
    """Of a whole template: of one that is changed, with the changes in."""
    _check_number(facts)
    _check_code(facts)
    _check_style(facts.get("template_style_info", {}), pictures)
    _check_columns(facts, limits)
    _check_rules(facts.get("field_rule_list", []))
    _check_levels(facts.get("card_level_conf", []))
    most = MAX_ACTIONS if new else max(MAX_ACTIONS, limits["actions_on_modify"])
    _check_actions(facts.get("card_action_list", []), most)
    _check_opening(facts)
    _check_price(facts.get("paid_outer_card_conf", {}))
    for benefit in facts.get("template_benefit_info", []):
        needed(benefit, "title", "template_benefit_info.")
        check_span(benefit)
    for channel in facts.get("pub_channels", []):
        if channel.get("pub_channel") != CHANNEL:
            raise wrong(f"pub_channel 需为 {CHANNEL}")


def check_span(facts: Facts) -> None:
    """Two dates, each of which may be left out."""
    moments = {name: read_time(facts[name]) for name in ("start_date", "end_date") if name in facts}
    for name, moment in moments.items():
        if moment is None:
            raise wrong(f"{name} 格式需为 yyyy-MM-dd HH:mm:ss")
    starts, ends = moments.get("start_date"), moments.get("end_date")
    if starts is not None and ends is not None and ends <= starts:
        raise wrong("end_date 需晚于 start_date")


def _check_number(facts: Facts) -> None:
    prefix, text = facts.get("biz_no_prefix", ""), facts.get("biz_no_suffix_len", "")
    if len(prefix) > MAX_PREFIX or not (prefix.isalnum() or not prefix) or not prefix.isascii():
        raise wrong(f"biz_no_prefix 需为不超过 {MAX_PREFIX} 位的字母或数字")
    least, most = SUFFIX_RANGE
    if not (text.isascii() and text.isdigit() and len(text) < 3 and least <= int(text) <= most):
        raise wrong(f"biz_no_suffix_len 需为 {least} 到 {most} 的整数")
    if len(prefix) + int(text) > MAX_CARD_NUMBER:
        raise wrong(f"卡号前缀与后缀总长不能超过 {MAX_CARD_NUMBER} 位")


def _check_code(facts: Facts) -> None:
    way = facts["write_off_type"]
    if way not in WRITE_OFF_TYPES:
        raise wrong("write_off_type 不合法")
    url = facts.get("mdcode_notify_conf", {}).get("url", "")
    if url and not url.startswith("https://"):
        raise wrong("mdcode_notify_conf.url 需以 https:// 开头")
    if way in MERCHANT_CODES and not url:
        raise wrong("商户动态码需设置 mdcode_notify_conf.url")


def _check_style(style: Facts, pictures: Pictures) -> None:
    needed(style, "card_show_name", "template_style_info.")
    one_of(style, "column_info_layout", ("list", "grid"), "template_style_info.")
    for name in _SWITCHES:
        one_of(style, name, ("true", "false"), "template_style_info.")
    named = {"logo_id": LOGO, "background_id": BACKGROUND, "slogan_img_id": None, "banner_img_id": None}
    for name, rule in named.items():
        if name in style:
            trouble = pictures.trouble(style[name], rule)
            if trouble:
                raise wrong(f"template_style_info.{name} {trouble}")


def _check_columns(facts: Facts, limits: dict[str, int]) -> None:
    columns, grid = facts.get("column_info_list", []), _is_grid(facts)
    if len(columns) > limits["columns"]:
        raise wrong(f"column_info_list 不能超过 {limits['columns']} 个")
    codes = [column.get("code") for column in columns]
    if len(set(codes)) < len(codes):
        raise wrong("column_info_list 的 code 不能重复")
    for column in columns:
        where = "column_info_list."
        needed(column, "code title" + (" icon_id" if grid else ""), where)
        for name in ("title", "value"):
            most = limits[f"column_{name}_chars"]
            if len(column.get(name, "")) > most:
                raise wrong(f"{where}{name} 不能超过 {most} 个字符")
        kind, more = column.get("operate_type", STATIC), column.get("more_info", {})
        if kind not in OPERATE_TYPES:
            raise wrong("operate_type 不合法")
        if column["code"] == TELEPHONE and kind != STATIC:
            raise wrong(f"{TELEPHONE} 的 operate_type 只能为 {STATIC}")
        lacking = {NATIVE: "descs", WEB: "url"}.get(kind)
        if lacking and not more.get(lacking):
            raise wrong(f"operate_type 为 {kind} 时 more_info.{lacking} 不能为空")


def _is_grid(facts: Facts) -> bool:
    return bool(facts.get("template_style_info", {}).get("column_info_layout") == "grid")


def _check_rules(rules: list[Facts]) -> None:
    names = [rule.get("field_name") for rule in rules]
    if len(set(names)) < len(names):
        raise wrong("field_rule_list 的 field_name 不能重复")
    for rule in rules:
        needed(rule, "field_name rule_name rule_value", "field_rule_list.")
        name, kind, value = rule["field_name"], rule["rule_name"], rule["rule_value"]
        if name not in RULED or kind not in RULES:
            raise wrong("field_rule_list 的 field_name 或 rule_name 不合法")
        if kind == IN_FUTURE and (name not in DATES or not _FUTURE.fullmatch(value)):
            raise wrong("DATE_IN_FUTURE 只用于日期，rule_value 形如 10m 或 10d")
        if kind == "CONST":
            _check_constant(name, value)


def _check_constant(name: str, value: str) -> None:
    if name in DATES and read_time(value) is None:
        raise wrong(f"{name} 的 rule_value 格式需为 yyyy-MM-dd HH:mm:ss")
    if name in ("Balance", "Point"):
        amount = amount_of(value)
        if amount is None or amount < 0:
            raise wrong(f"{name} 的 rule_value 需为不小于 0 且不超过两位小数的数字")


def _check_levels(levels: list[Facts]) -> None:
    for level in levels:
        needed(level, "level level_show_name", "card_level_conf.")
    names = [level["level"] for level in levels]
    if len(set(names)) < len(names):
        raise wrong("card_level_conf 的 level 不能重复")


def _check_actions(actions: list[Facts], most: int) -> None:
    where = "card_action_list."
    if len(actions) > most:
        raise wrong(f"card_action_list 不能超过 {most} 个")
    for action in actions:
        needed(action, "code text url_type", where)
        if len(action["code"]) > MAX_CODE or len(action["text"]) > MAX_ACTION_TEXT:
            raise wrong(f"{where}code 不超过 {MAX_CODE} 个字符，text 不超过 {MAX_ACTION_TEXT} 个字符")
        if action["url_type"] not in URL_TYPES:
            raise wrong(f"{where}url_type 需为 {'、'.join(URL_TYPES)} 之一")
        if action["url_type"] == MINI_APP_URL:
            needed(action.get("mini_app_url", {}), "mini_app_id", f"{where}mini_app_url.")
            one_of(action["mini_app_url"], "display_on_list", ("true", "false"), f"{where}mini_app_url.")
        else:
            needed(action, "url", where)
    codes = [action["code"] for action in actions]
    if len(set(codes)) < len(codes):
        raise wrong("card_action_list 的 code 不能重复")
    if len(on_list(actions)) not in SHOWN_ON_LIST:
        raise wrong("display_on_list 为 true 的只能有 0 个或 2 个")


def on_list(actions: list[Facts]) -> list[Facts]:
    """The quick services of the cell in the card pack."""
    return [one for one in actions if one.get("mini_app_url", {}).get("display_on_list") == "true"]


def _check_opening(facts: Facts) -> None:
    conf = facts.get("open_card_conf", {})
    if conf:
        needed(conf, "open_card_source_type source_app_id open_card_url", "open_card_conf.")
        one_of(conf, "open_card_source_type", SOURCES, "open_card_conf.")
    if "template_form_config" in facts:
        form_of(facts["template_form_config"])


def form_of(conf: Facts) -> card_forms.Form:
    """Of template_form_config. Raises Refusal."""
    fields = conf.get("fields", {})
    try:
        return card_forms.checked(fields.get("required", []), fields.get("optional", []))
    except Refusal as refusal:
        raise wrong(f"template_form_config.fields：{refusal.sub_msg}") from refusal


def _check_price(conf: Facts) -> None:
    for detail in conf.get("open_selling_conf", {}).get("price_detail", []):
        price = amount_of(detail.get("price", ""))
        if detail.get("price_type") != FIXED or price is None or price <= 0:
            raise wrong(f"price_detail 的 price_type 需为 {FIXED}，price 需为大于 0 的金额")
    check_span(conf.get("open_selling_conf", {}))
    for cycle in conf.get("cycle_selling_conf", {}).get("cycle_type", []):
        if cycle not in CYCLES:
            raise wrong(f"cycle_type 需为 {'、'.join(CYCLES)} 之一")
