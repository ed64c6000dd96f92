"""Subscription messages: the library, adopted templates, who subscribed, one send.

Limits and the order of the checks follow the platform's rules; what it does not publish is a SIM value.
"""

import json
from typing import Any

from simulator.clock import DAY_SECONDS, beijing_day
from simulator.codes import Done, Refusal
from simulator.library import INDUSTRIES, LIBRARY, LONG_TERM, ONE_TIME, Entry, visible_to
from simulator.reading import json_object
from simulator.store import APP_STATES, STANDING, TEMPLATES_PER_APP, App, Store, Template

MAX_VALUE_CHARS = 50
MAX_DATA_CHARS = 2048
MAX_PAGE_CHARS = 128
MAX_TEMPLATE_ID_CHARS = 64
MAX_PAGE_SIZE = 10
MAX_QUERIED_TEMPLATES = 3
STATUSES = ("ONLINE", "OFFLINE", "AUDITING", "REJECTED")
# SIM: the platform publishes no list.
SENSITIVE_WORDS = ("赌博", "博彩", "代开发票", "色情", "枪支", "办证", "刷单", "高利贷")


def send(store: Store, app: App, biz_content: str | None) -> Done:
    biz = _biz(biz_content, "BIZ_CONTENT_FORMAT_ERROR", "BIZ_CONTENT_FORMAT_ERROR")
    template = _template_to_send(store, app, biz)
    data, page = _content(template, biz)
    open_id = _recipient(store, app, template, biz)
    balance = template.consents.get(open_id, 0)
    if balance == 0:
        raise Refusal("MSG_UNSUBSCRIBED")
    if template.is_tired(open_id, beijing_day(store.clock.now())):
        raise Refusal("MSG_SINGLE_SD_OVER")
    if any(word in data for word in SENSITIVE_WORDS):
        raise Refusal("DATA_SENSITIVE")
    if balance != STANDING:
        store.set_consent(app, template, open_id, balance - 1)
    return Done({}, store.deliver(app, template, open_id, data=data, page=page))


def _template_to_send(store: Store, app: App, biz: dict[str, Any]) -> Template:
    state = APP_STATES[app.settings.state]
    if state is not None:
        raise Refusal(state)
    template_id = biz.get("user_template_id")
    if not isinstance(template_id, str) or not template_id or len(template_id) > MAX_TEMPLATE_ID_CHARS:
        raise Refusal("MSG_TEMPLATE_ID_VALID")
    template = app.templates.get(template_id)
    # A form_id belongs to pay and form templates; with a subscription template it is of the wrong kind.
    if template is None or biz.get("form_id"):
        raise Refusal("USER_TEMPLATE_ILLEGAL")
    if template.lib_code in app.settings.library_offline:
        raise Refusal("TEMPLATE_ILLEGAL")
    if template.status(store.clock.now()) != "ONLINE":
        raise Refusal("USER_TEMPLATE_STATUS_ILLEGAL")
    if template.entry.delivery_settings == "follower" and not app.settings.public_app_bound:
        raise Refusal("NO_BIND_PUBLIC_APP")
    return template


def _content(template: Template, biz: dict[str, Any]) -> tuple[str, str]:
    """(data with decoded characters, page); data comes as JSON inside JSON, a string."""
    text, page = biz.get("data"), biz.get("page") or ""
    if text in (None, "", {}, "{}"):
        raise Refusal("DATA_IS_EMPTY")
    data = json_object(text) if isinstance(text, str) else None
    if data is None:
        raise Refusal("DATA_CONTENT_FORMAT_ERROR")
    if len(text) > MAX_DATA_CHARS:
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", f"data 超过 {MAX_DATA_CHARS} 个字符")
    _check_keywords(template, data)
    if not isinstance(page, str):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "page 不是字符串")
    if len(page) > MAX_PAGE_CHARS:
        raise Refusal("PAGE_OVER_LIMIT")
    return (json.dumps(data, ensure_ascii=False) if "\\" in text else text), page


def _check_keywords(template: Template, data: dict[str, Any]) -> None:
    if len(data) != len(template.keywords):
        raise Refusal("USER_TEMPLATE_LACK_KEYWORD")
    if data.keys() != template.data_keys:
        raise Refusal("MESSAGE_TEMPLATE_KEYWORD_ILLEGAL")
    for keyword in data.values():
        value = keyword.get("value") if isinstance(keyword, dict) else None
        if not isinstance(value, str):
            raise Refusal("DATA_CONTENT_FORMAT_ERROR")
        if not value.strip():
            raise Refusal("MESSAGE_TEMPLATE_KEYWORD_ILLEGAL", "关键词内容为空")
        if len(value) > MAX_VALUE_CHARS:
            raise Refusal("USER_KEYWORD_LENGTH_ERROR")


def _recipient(store: Store, app: App, template: Template, biz: dict[str, Any]) -> str:
    """Apps made today know people by open_id only, so a 2088 number is never a known person here."""
    open_id = biz.get("to_open_id")
    if not open_id and not biz.get("to_user_id"):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "to_open_id 与 to_user_id 不能同时为空")
    if not isinstance(open_id, str) or open_id not in app.people:
        raise Refusal("USER_ID_INVALID")
    person = app.people[open_id]
    if person.rejects:
        raise Refusal("MSG_REJECTED")
    if template.template_id in person.not_interested:
        raise Refusal("MSG_CONTENT_NOT_INTERESTED")
    days = template.entry.recent_visit_days
    if days and store.clock.now() - person.last_visit_at > days * DAY_SECONDS:
        raise Refusal("NO_RECENT_VISIT_RECORD")
    return open_id


def query_subscriptions(store: Store, app: App, biz_content: str | None) -> Done:
    biz = _biz(biz_content, "BIZ_CONTENT_IS_NULL", "ILLEGAL_ARGUMENT_PARAMS")
    open_id, asked = biz.get("open_id"), biz.get("template_id_list")
    if isinstance(asked, str):
        asked = [part for part in asked.split(",") if part]
    if not isinstance(asked, list) or not asked or not all(isinstance(part, str) for part in asked):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "template_id_list 需为 1 到 3 个模板 id")
    if len(asked) > MAX_QUERIED_TEMPLATES:
        raise Refusal("SUBSCRIBE_TEMPLATE_OVER_LIMIT")
    if not isinstance(open_id, str) or open_id not in app.people:
        raise Refusal("OPENID_INVALID")
    templates = [_asked_template(store, app, template_id) for template_id in asked]
    relations = [_relation(template, open_id) for template in templates if open_id in template.consents]
    fields: dict[str, object] = {
        "show_component": not all(open_id in template.consents for template in templates)
    }
    if relations:
        fields["subscribe_relations"] = relations
    return Done(fields)


def _asked_template(store: Store, app: App, template_id: str) -> Template:
    if not 0 < len(template_id) <= MAX_TEMPLATE_ID_CHARS:
        raise Refusal("MSG_TEMPLATE_INVALID")
    template = app.templates.get(template_id)
    if template is None:
        raise Refusal("MSG_TEMPLATE_NOT_EXIST")
    if template.status(store.clock.now()) != "ONLINE":
        raise Refusal("MSG_TEMPLATE_INVALID")
    return template


def _relation(template: Template, open_id: str) -> dict[str, object]:
    subscribed = template.consents[open_id] != 0
    return {
        "template_id": template.template_id,
        "subscribe_type": "longterm" if template.long_term else "onetime",
        "subscribe_state": "1" if subscribed else "0",
        "keep_state": "1" if template.long_term and subscribed else "0",
        "show": not subscribed,
    }


def query_library(store: Store, app: App, biz_content: str | None) -> Done:
    biz = _biz(biz_content or "{}", "isv.illegal-json", "isv.illegal-json")
    entries = [entry for entry in visible_to(app.settings.industry) if _wanted(entry, biz)]
    page, number, size = _page(entries, biz)
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


def apply_template(store: Store, app: App, biz_content: str | None) -> Done:
    biz = _biz(biz_content, "isv.illegal-json", "isv.illegal-json")
    entry = LIBRARY.get(biz.get("lib_code") or "")
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


def query_templates(store: Store, app: App, biz_content: str | None) -> Done:
    biz = _biz(biz_content or "{}", "isv.illegal-json", "isv.illegal-json")
    if biz.get("biz_type", "sub_msg") != "sub_msg":
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "biz_type 仅支持 sub_msg")
    now, wanted = store.clock.now(), biz.get("status_list") or STATUSES
    if not isinstance(wanted, list | tuple):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "status_list 需为数组")
    newest_first = sorted(app.templates.values(), key=lambda one: (-one.adopted_at, one.template_id))
    templates = [one for one in newest_first if one.status(now) in wanted]
    page, number, size = _page(templates, biz)
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


def _page(rows: list[Any], biz: dict[str, Any]) -> tuple[list[Any], int, int]:
    """(rows of the page, its number from 1, its size); a size over the limit is refused, as published."""
    try:
        number, size = int(biz.get("page_num") or 1), int(biz.get("page_size") or MAX_PAGE_SIZE)
    except (TypeError, ValueError):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "page_num 与 page_size 需为数字") from None
    if number < 1 or not 1 <= size <= MAX_PAGE_SIZE:
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", f"page_num 从 1 起，page_size 为 1 到 {MAX_PAGE_SIZE}")
    return rows[(number - 1) * size : number * size], number, size


def _biz(biz_content: str | None, missing: str, unreadable: str) -> dict[str, Any]:
    if not biz_content:
        raise Refusal(missing)
    biz = json_object(biz_content)
    if biz is None:
        raise Refusal(unreadable)
    return biz
