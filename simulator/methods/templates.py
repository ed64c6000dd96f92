"""The template library, adopted templates and their review.

Limits follow the platform's rules; what it does not publish is a SIM value.
"""

from typing import Any

from simulator.codes import Done, Refusal
from simulator.library import INDUSTRIES, LIBRARY, LONG_TERM, ONE_TIME, SUBSCRIBED, Entry, visible_to
from simulator.methods.call import Call, Method, inside, page_of
from simulator.reading import json_object
from simulator.store import STATUSES, TEMPLATES_PER_APP, App, Template


def query_library(call: Call) -> Done:
    biz, app = call.biz_or_nothing(), call.app
    entries = [entry for entry in visible_to(app.settings.industry) if _wanted(entry, biz)]
    page, number, size = page_of(entries, biz)
    listed = [_as_listed(app, entry) for entry in page]
    return Done(
        {"page_num": number, "page_size": size, "template_lib_list": listed, "total_count": len(entries)}
    )


def _wanted(entry: Entry, biz: dict[str, Any]) -> bool:
    pushes = biz.get("has_push")
    if isinstance(pushes, str):
        pushes = {"true": True, "false": False}.get(pushes.lower())
    asked = (
        (biz.get("industry_code"), INDUSTRIES[entry.industry]),
        (biz.get("industry_scenario"), entry.scenario),
        (biz.get("scene_rule"), entry.scene_rule),
        (pushes, entry.has_push),
    )
    return all(wish in (None, "", fact) for wish, fact in asked)


def _as_listed(app: App, entry: Entry) -> dict[str, object]:
    offline = entry.code in app.settings.library_offline
    reason = "模板已下线" if offline else entry.not_selectable
    listed: dict[str, object] = {
        "code": entry.code,
        "name": entry.name,
        "keyword_desc": ",".join(entry.keywords),
        "scene_rule": entry.scene_rule,
        "industry_code": INDUSTRIES[entry.industry],
        "industry_scenario": entry.scenario,
        "has_push": entry.has_push,
        "delivery_settings": entry.delivery_settings,
        "fatigue": entry.fatigue.as_answer(),
        "selectable": not reason,
        "status": "OFFLINE" if offline else "ONLINE",
    }
    if reason:
        listed["not_selectable_reason"] = {"reason_text": reason, "action_url": entry.action_url}
    return listed


def apply_template(call: Call) -> Done:
    biz, store, app = call.biz("isv.illegal-json", "isv.illegal-json"), call.store, call.app
    entry = _library_entry(biz.get("lib_code"))
    offline = entry is not None and entry.code in app.settings.library_offline
    if entry is None or offline or entry.not_selectable or entry not in visible_to(app.settings.industry):
        raise Refusal("MESSAGE_LIBRARY_ILLEGAL")
    if biz.get("scene_rule") not in (ONE_TIME, LONG_TERM) or biz["scene_rule"] != entry.scene_rule:
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "scene_rule 与模板库不一致")
    keywords = _keywords(biz.get("keyword_list"))
    if not 2 <= len(keywords) <= 5:
        raise Refusal("KEYWORDS_NUMBER_INVALID")
    if len(set(keywords)) != len(keywords) or not set(keywords) <= set(entry.keywords):
        raise Refusal("MESSAGE_TEMPLATE_KEYWORD_ILLEGAL")
    if len(app.templates) >= TEMPLATES_PER_APP:
        raise Refusal("USER_TEMPLATE_OVER_LIMIT")
    template_id = store.derived("template", app.app_id, len(app.templates))[:32]
    now = store.clock.now()
    template = Template(template_id, entry.code, keywords, now, now + app.settings.review_seconds)
    store.save_template(app, template)
    return Done({"template_id": template_id})


def _keywords(listed: Any) -> tuple[str, ...]:
    """SDKs differ: an array, or the same array as a string."""
    if isinstance(listed, str):
        listed = (json_object(f'{{"list":{listed}}}') or {}).get("list")
    if not isinstance(listed, list):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "keyword_list 需为数组")
    names = [item.get("name") if isinstance(item, dict) else None for item in listed]
    if not all(isinstance(name, str) for name in names):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", 'keyword_list 的每一项需为 {"name": "…"}')
    return tuple(names)  # type: ignore[arg-type]


def query_templates(call: Call) -> Done:
    biz, app = call.biz_or_nothing(), call.app
    if biz.get("biz_type", "sub_msg") != "sub_msg":
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "biz_type 仅支持 sub_msg")
    now, wanted = call.store.clock.now(), biz.get("status_list") or STATUSES
    if not isinstance(wanted, list | tuple):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "status_list 需为数组")
    subscribed = [one for one in app.templates.values() if one.entry.trigger == SUBSCRIBED]
    newest_first = sorted(subscribed, key=lambda one: (-one.adopted_at, one.template_id))
    templates = [one for one in newest_first if one.status(now) in wanted]
    page, number, size = page_of(templates, biz)
    listed = [_as_adopted(one, now) for one in page]
    fields = {
        "page_num": number,
        "page_size": str(size),
        "template_list": listed,
        "total_count": len(templates),
    }
    return Done(fields)


def _as_adopted(template: Template, now: float) -> dict[str, object]:
    return {
        "template_id": template.template_id,
        "name": template.entry.name,
        "keyword_desc": ",".join(template.keywords),
        "scene_rule": template.entry.scene_rule,
        "delivery_settings": template.entry.delivery_settings,
        "fatigue": template.entry.fatigue.as_answer(),
        "status": template.status(now),
    }


def _library_entry(lib_code: object) -> Entry | None:
    return LIBRARY.get(lib_code) if isinstance(lib_code, str) else None


_FATIGUE = inside("fatigue", "value", "unit", "total")
METHODS = {
    "alipay.open.mini.message.templatelib.batchquery": Method(
        query_library,
        takes=("industry_code", "industry_scenario", "scene_rule", "has_push", "page_num", "page_size"),
        gives=(
            *inside(
                "template_lib_list[]",
                "code",
                "name",
                "keyword_desc",
                "scene_rule",
                "industry_code",
                "industry_scenario",
                "has_push",
                "delivery_settings",
                *_FATIGUE,
                "selectable",
                *inside("not_selectable_reason", "reason_text", "action_url"),
                "status",
            ),
            "page_num",
            "page_size",
            "total_count",
        ),
        refuses=("isv.illegal-json", "ILLEGAL_ARGUMENT_PARAMS"),
        of_mini_program=True,
    ),
    "alipay.open.mini.message.template.apply": Method(
        apply_template,
        takes=("lib_code", "scene_rule", "keyword_list[].name"),
        gives=("template_id",),
        refuses=(
            "isv.illegal-json",
            "MESSAGE_LIBRARY_ILLEGAL",
            "ILLEGAL_ARGUMENT_PARAMS",
            "KEYWORDS_NUMBER_INVALID",
            "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL",
            "USER_TEMPLATE_OVER_LIMIT",
        ),
        of_mini_program=True,
    ),
    "alipay.open.mini.message.template.batchquery": Method(
        query_templates,
        takes=("biz_type", "status_list[]", "page_num", "page_size"),
        gives=(
            *inside(
                "template_list[]",
                "template_id",
                "name",
                "keyword_desc",
                "scene_rule",
                "delivery_settings",
                *_FATIGUE,
                "status",
            ),
            "page_num",
            "page_size",
            "total_count",
        ),
        refuses=("isv.illegal-json", "ILLEGAL_ARGUMENT_PARAMS"),
        of_mini_program=True,
    ),
}
