"""The rules of a message, in the platform's order: app, template, data, person, consent, fatigue, words."""

import json
from typing import Any

from simulator.clock import DAY_SECONDS, beijing_day
from simulator.codes import Refusal
from simulator.library import SUBSCRIBED
from simulator.reading import json_object
from simulator.store import APP_STATES, STANDING, App, Store, Template

MAX_VALUE_CHARS = 50
MAX_DATA_CHARS = 2048
MAX_PAGE_CHARS = 128
MAX_TEMPLATE_ID_CHARS = 64
# SIM: the platform publishes no list.
SENSITIVE_WORDS = ("赌博", "博彩", "代开发票", "色情", "枪支", "办证", "刷单", "高利贷")


def template_to_send(store: Store, app: App, template_id: object) -> Template:
    state = APP_STATES[app.settings.state]
    if state is not None:
        raise Refusal(state)
    if not isinstance(template_id, str) or not template_id or len(template_id) > MAX_TEMPLATE_ID_CHARS:
        raise Refusal("MSG_TEMPLATE_ID_VALID")
    template = app.templates.get(template_id)
    if template is None:
        raise Refusal("USER_TEMPLATE_ILLEGAL")
    if template.lib_code in app.settings.library_offline:
        raise Refusal("TEMPLATE_ILLEGAL")
    if template.status(store.clock.now()) != "ONLINE":
        raise Refusal("USER_TEMPLATE_STATUS_ILLEGAL")
    if template.entry.delivery_settings == "follower" and not app.settings.public_app_bound:
        raise Refusal("NO_BIND_PUBLIC_APP")
    return template


def content(template: Template, text: Any, page: Any) -> tuple[str, str]:
    """(data with decoded characters, page); data comes as JSON inside JSON, a string."""
    page = "" if page is None else page
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


def has_sensitive_words(data: str) -> bool:
    return any(word in data for word in SENSITIVE_WORDS)


def reach(
    store: Store,
    app: App,
    template: Template,
    open_id: str,
    *,
    data: str,
    page: str,
    form_id: object = None,
    at: float | None = None,
) -> int:
    """From the person to the inbox: the checks that are left, then a unit is spent; the message's number.

    `at` is when the message was due, where a moved clock has passed that time; otherwise it is now.
    """
    when = store.clock.now() if at is None else at
    _check_person(store, app, template, open_id, when=when)
    form, balance = None, STANDING
    if template.entry.trigger == SUBSCRIBED:
        balance = template.consents.get(open_id, 0)
        if balance == 0:
            raise Refusal("MSG_UNSUBSCRIBED")
    else:
        form = store.forms.admitted(template.entry.trigger, app.app_id, open_id, form_id)
    if template.is_tired(open_id, beijing_day(when)):
        raise Refusal("MSG_SINGLE_SD_OVER")
    if has_sensitive_words(data):
        raise Refusal("DATA_SENSITIVE")
    if form is not None:
        store.forms.spend(form)
    elif balance != STANDING:
        store.set_consent(app, template, open_id, balance - 1)
    return store.deliver(app, template, open_id, data=data, page=page, at=when)


def _check_person(store: Store, app: App, template: Template, open_id: str, *, when: float) -> None:
    person, entry = app.people[open_id], template.entry
    if person.rejects:
        raise Refusal("MSG_REJECTED")
    if template.template_id in person.not_interested:
        raise Refusal("MSG_CONTENT_NOT_INTERESTED")
    days = entry.recent_visit_days
    if days and when - person.last_visit_at > days * DAY_SECONDS:
        raise Refusal("NO_RECENT_VISIT_RECORD")
    if entry.needs_order and not store.forms.has_ordered(app.app_id, open_id):
        raise Refusal("NO_PLACE_ORDER_RECORD")
