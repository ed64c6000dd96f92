"""Card templates (会员卡模板): the card before anybody holds it, its form, its address, its benefits."""

import json
from typing import Any
from urllib.parse import quote, urlsplit

from simulator import card_forms
from simulator.card_reading import INVALID, check, check_new, check_span, needed, wrong
from simulator.card_templates import Benefit, limits_of
from simulator.card_terms import MAX_PAGE, MAX_REQUEST_ID
from simulator.clock import beijing
from simulator.codes import Done, Refusal
from simulator.methods.call import Call, Method
from simulator.methods.card_calls import (
    DONE,
    GENERAL,
    NAMES,
    NO_TEMPLATE,
    NULL,
    begun,
    once,
    template_of,
    text_of,
)
from simulator.methods.card_fields import paths, takes
from simulator.shaped import shaped

NO_CARD_TEMPLATE, NO_BENEFIT = "CARD_TEMPLATE_NOT_EXIST", "BENEFIT_NOT_EXIST"
_NOT_KEPT = ("request_id", "template_id")
_FIXED, _FORM_CONF = "field_rule_list", "template_form_config"
_TIME = "%Y-%m-%d %H:%M:%S"
_MADE = takes("template.create")
_CHANGED = takes("template.modify")
_TOLD = paths(
    "access_version, biz_no_prefix, biz_no_suffix_len, card_action_list[]{@CARD_ACTION_LIST}, "
    "card_level_confs[]{level, level_desc, level_icon, level_show_name}, card_spec_tag, card_type, "
    "column_info_list[]{@COLUMN_INFO_LIST}, field_rule_list[]{field_name, rule_name, rule_value}, "
    "mdcode_notify_conf{ext_params, url}, open_card_conf{@OPEN_CARD_CONF}, "
    "paid_outer_card_conf{@PAID_OUTER_CARD_CONF}, pub_channels[]{ext_info, pub_channel}, "
    "service_label_list[], shop_ids[], spi_app_id, "
    "template_benefit_info[]{benefit_desc[], end_date, start_date, title}, "
    "template_form_config{fields{optional[], required[]}, open_card_mini_app_id}, "
    "template_style_info{@TEMPLATE_STYLE_INFO}"
)
_BENEFIT = paths("benefit_desc[], end_date, ext_info, start_date, title")


def create(call: Call) -> Done:
    biz = begun(call)
    number = text_of(biz, "request_id", most=MAX_REQUEST_ID)

    def work() -> Done:
        facts, limits = _read(biz, _MADE), limits_of(call.app)
        check_new(facts)
        check(facts, limits, call.store.pictures, new=True)
        _check_sensitive(call, facts)
        if len(call.store.card_templates.of_app(call.app.app_id)) >= limits["templates"]:
            raise Refusal("TEMPLATE_OVER_LIMIT")
        made = call.store.card_templates.create(call.app, call.caller, facts, _notify_url(call))
        return Done({"template_id": made.template_id}, card_effect=DONE)

    return once(call, number, biz, work)


def modify(call: Call) -> Done:
    """What is given replaces what was; shops are only added."""
    biz = begun(call)
    number = text_of(biz, "request_id", most=MAX_REQUEST_ID)
    template = template_of(call, biz.get("template_id"))

    def work() -> Done:
        given = _read(biz, _CHANGED)
        before = template.facts
        if given.get(_FIXED, before.get(_FIXED)) != before.get(_FIXED):
            raise wrong(f"{_FIXED} 创建后不能修改")
        facts = {**before, **given}
        if "shop_ids" in given:
            facts["shop_ids"] = list(dict.fromkeys([*before.get("shop_ids", []), *given["shop_ids"]]))
        check(facts, limits_of(call.app), call.store.pictures, new=False)
        _check_sensitive(call, facts)
        call.store.card_templates.modify(template, facts, _notify_url(call))
        return Done({"template_id": template.template_id}, card_effect=DONE)

    return once(call, number, biz, work)


def query(call: Call) -> Done:
    facts = dict(template_of(call, begun(call).get("template_id")).facts)
    levels = facts.pop("card_level_conf", None)
    facts.pop("write_off_type")
    return Done({**facts, **({"card_level_confs": levels} if levels else {})})


def batchquery(call: Call) -> Done:
    """In the order in which they were made."""
    biz = begun(call)
    number, size = _page(biz, "page_no", 1), _page(biz, "page_size", MAX_PAGE)
    if number < 1 or not 1 <= size <= MAX_PAGE:
        raise wrong(f"page_no 从 1 起，page_size 为 1 到 {MAX_PAGE}")
    templates = call.store.card_templates.of_app(call.app.app_id)
    shown = [
        {
            "template_id": one.template_id,
            "card_type": one.facts["card_type"],
            "gmt_create": beijing(one.created_at).strftime(_TIME),
            "gmt_modified": beijing(one.modified_at).strftime(_TIME),
            "template_style_info": one.style,
        }
        for one in templates[(number - 1) * size : number * size]
    ]
    return Done({"mcard_template": shown, "template_total": str(len(templates))})


def set_form(call: Call) -> Done:
    biz = begun(call)
    template_id = text_of(biz, "template_id", missing=NULL)
    template = template_of(call, template_id, unknown=NO_CARD_TEMPLATE)
    if not biz.get("fields"):
        raise Refusal(NULL, "fields 不能为空")
    form = card_forms.read_fields(biz["fields"])
    if not call.app.settings.sensitive_fields and card_forms.SENSITIVE & {
        *form["required"],
        *form["optional"],
    }:
        raise Refusal("OPEN_FORM_SET_FAIL", "敏感字段需先通过用户信息申请")
    call.store.card_templates.set_form(template, form)
    return Done({}, card_effect=DONE)


def apply(call: Call) -> Done:
    biz = begun(call)
    template_id = text_of(biz, "template_id", missing=NULL)
    template = template_of(call, template_id, unknown=NO_CARD_TEMPLATE)
    callback = text_of(biz, "callback", missing=NULL, most=256)
    parts = urlsplit(callback)
    if parts.scheme not in ("http", "https") or not parts.netloc or "?" in callback or "#" in callback:
        raise wrong("callback 需为不带参数的网址")
    out_string, most = biz.get("out_string") or "", limits_of(call.app)["out_string_chars"]
    if not isinstance(out_string, str) or len(out_string) > most:
        raise Refusal("ILLEGAL_ARGUMENT_OUT_STRING", f"out_string 不能超过 {most} 个字符")
    follow = biz.get("follow_app_id") or ""
    if not isinstance(follow, str):
        raise wrong("follow_app_id 需为字符串")
    if template.form is None:
        raise Refusal("OPEN_FORM_TEMPLATE_NOT_EXIST")
    made = call.store.card_templates.apply(template, callback, out_string, follow)
    url = quote(f"{call.host}/sim/cards/apply/{made.apply_id}", safe="")
    return Done({"apply_card_url": url}, card_effect=DONE)


def create_benefit(call: Call) -> Done:
    biz = begun(call)
    given = biz.get("mcard_template_benefit")
    template = template_of(call, given.get("template_id") if isinstance(given, dict) else None)
    benefit = call.store.card_templates.add_benefit(template, _benefit(given))
    return Done({"benefit_id": benefit.benefit_id}, card_effect=DONE)


def modify_benefit(call: Call) -> Done:
    biz = begun(call)
    given = biz.get("mcard_template_benefit")
    benefit = _benefit_of(call, biz, given.get("template_id") if isinstance(given, dict) else None)
    benefit.facts = _benefit({**benefit.facts, **shaped(given, _BENEFIT, INVALID)})
    call.store.card_templates.save_benefit(benefit)
    return Done({"result": "true"}, card_effect=DONE)


def query_benefit(call: Call) -> Done:
    """One, or without a benefit_id all of the template."""
    biz = begun(call)
    template = template_of(call, biz.get("template_id"))
    if biz.get("benefit_id"):
        found = [_benefit_of(call, biz, template.template_id)]
    else:
        found = call.store.card_templates.benefits_of(template)
    return Done({"mcard_template_benefit_query": [_benefit_told(one) for one in found]})


def delete_benefit(call: Call) -> Done:
    biz = begun(call)
    call.store.card_templates.drop_benefit(_benefit_of(call, biz, biz.get("template_id")))
    return Done({"result": "true"}, card_effect=DONE)


def _read(biz: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """What the call says of the template. A form without any field is one that lacks its required ones."""
    facts = {name: value for name, value in shaped(biz, known, INVALID).items() if name not in _NOT_KEPT}
    return facts if not biz.get(_FORM_CONF) else {_FORM_CONF: {}, **facts}


def _notify_url(call: Call) -> str:
    return call.params.get("notify_url", "")


def _check_sensitive(call: Call, facts: dict[str, Any]) -> None:
    fields = facts.get("template_form_config", {}).get("fields", {})
    asked = {*fields.get("required", []), *fields.get("optional", [])}
    if not call.app.settings.sensitive_fields and card_forms.SENSITIVE & asked:
        raise wrong("template_form_config 的敏感字段需先通过用户信息申请")


def _page(biz: dict[str, Any], name: str, usual: int) -> int:
    given = biz.get(name, usual)
    text = str(given)
    if isinstance(given, bool) or not (text.isascii() and text.isdigit() and len(text) < 9):
        raise wrong(f"{name} 需为数字")
    return int(text)


def _benefit(given: Any) -> dict[str, Any]:
    facts = shaped(given, _BENEFIT, INVALID)
    needed(facts, "title benefit_desc start_date end_date", "mcard_template_benefit.")
    check_span(facts)
    if "ext_info" in facts and not _is_object(facts["ext_info"]):
        raise wrong("ext_info 需为 JSON 对象的字符串")
    return facts


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _benefit_of(call: Call, biz: dict[str, Any], template_id: Any) -> Benefit:
    template, benefit_id = template_of(call, template_id), biz.get("benefit_id")
    found = call.store.card_templates.benefits.get(benefit_id) if isinstance(benefit_id, str) else None
    if found is None or found.template_id != template.template_id:
        raise Refusal(NO_BENEFIT)
    return found


def _benefit_told(benefit: Benefit) -> dict[str, Any]:
    """The contract has the lines of the description as one text: SIM, a JSON list."""
    described = json.dumps(benefit.facts["benefit_desc"], ensure_ascii=False)
    named = {"benefit_id": benefit.benefit_id, "template_id": benefit.template_id}
    return {**benefit.facts, **named, "benefit_desc": described}


_FORM = (*GENERAL, NO_CARD_TEMPLATE, NULL)
METHODS = {
    f"{NAMES}template.create": Method(
        create, _MADE, ("template_id",), (*GENERAL, NO_TEMPLATE, "NO_CARD_TYPE", "TEMPLATE_OVER_LIMIT")
    ),
    f"{NAMES}template.modify": Method(modify, _CHANGED, ("template_id",), (*GENERAL, NO_TEMPLATE)),
    f"{NAMES}template.query": Method(query, takes("template.query"), _TOLD, (*GENERAL, NO_TEMPLATE)),
    f"{NAMES}template.batchquery": Method(
        batchquery,
        takes("template.batchquery"),
        paths(
            "mcard_template[]{card_type, gmt_create, gmt_modified, template_id, "
            "template_style_info{@TEMPLATE_STYLE_INFO}}, template_total"
        ),
        GENERAL,
    ),
    f"{NAMES}formtemplate.set": Method(
        set_form,
        takes("formtemplate.set"),
        (),
        (
            *(*_FORM, "DUPLICATE_FORM_FIELD", "FORM_FIELD_INVALID", "OPEN_FORM_SET_FAIL"),
            *("DUPLICATE_BIRTHDAY_FIELD", "DUPLICATE_CERT_NO", "INVALID_CERT_TYPE_AND_NO"),
        ),
    ),
    f"{NAMES}activateurl.apply": Method(
        apply,
        takes("activateurl.apply"),
        ("apply_card_url",),
        (*_FORM, "OPEN_FORM_TEMPLATE_NOT_EXIST", "ILLEGAL_ARGUMENT_OUT_STRING"),
    ),
    f"{NAMES}benefit.create": Method(
        create_benefit, takes("benefit.create"), ("benefit_id",), (*GENERAL, NO_TEMPLATE)
    ),
    f"{NAMES}benefit.modify": Method(
        modify_benefit, takes("benefit.modify"), ("result",), (*GENERAL, NO_TEMPLATE, NO_BENEFIT)
    ),
    f"{NAMES}benefit.query": Method(
        query_benefit,
        takes("benefit.query"),
        paths("mcard_template_benefit_query[]{@MCARD_TEMPLATE_BENEFIT_QUERY}"),
        (*GENERAL, NO_TEMPLATE, NO_BENEFIT),
    ),
    f"{NAMES}benefit.delete": Method(
        delete_benefit, takes("benefit.delete"), ("result",), (*GENERAL, NO_TEMPLATE, NO_BENEFIT)
    ),
}
