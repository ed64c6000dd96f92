"""One message to one person, and who subscribed."""

from typing import Any

from simulator.codes import Done, Refusal
from simulator.library import SUBSCRIBED
from simulator.methods.call import Call, Method, inside
from simulator.sending import MAX_TEMPLATE_ID_CHARS, content, reach, template_to_send
from simulator.store import ACCEPT, App, Store, Template

MAX_QUERIED_TEMPLATES = 3


def send(call: Call) -> Done:
    biz = call.biz("BIZ_CONTENT_FORMAT_ERROR", "BIZ_CONTENT_FORMAT_ERROR")
    store, app = call.store, call.app
    template = template_to_send(store, app, biz.get("user_template_id"))
    if biz.get("form_id") and template.entry.trigger == SUBSCRIBED:
        raise Refusal("USER_TEMPLATE_ILLEGAL")
    data, page = content(template, biz.get("data"), biz.get("page"))
    open_id = _recipient(app, biz)
    form_id = biz.get("form_id")
    return Done({}, reach(store, app, template, open_id, data=data, page=page, form_id=form_id))


def _recipient(app: App, biz: dict[str, Any]) -> str:
    """An app made today knows people by open_id only: to it a 2088 number is nobody's."""
    open_id, user_id = biz.get("to_open_id"), biz.get("to_user_id")
    if not open_id and not user_id:
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "to_open_id 与 to_user_id 不能同时为空")
    return _known(app, open_id, user_id, "USER_ID_INVALID")


def _known(app: App, open_id: Any, user_id: Any, otherwise: str) -> str:
    known = open_id if open_id else app.open_id_of(user_id)
    if not isinstance(known, str) or known not in app.people:
        raise Refusal(otherwise)
    return known


def query_subscriptions(call: Call) -> Done:
    biz = call.biz("BIZ_CONTENT_IS_NULL", "ILLEGAL_ARGUMENT_PARAMS")
    asked = biz.get("template_id_list")
    if isinstance(asked, str):
        asked = [part for part in asked.split(",") if part]
    if not isinstance(asked, list) or not asked or not all(isinstance(part, str) for part in asked):
        raise Refusal("ILLEGAL_ARGUMENT_PARAMS", "template_id_list 需为 1 到 3 个模板 id")
    if len(asked) > MAX_QUERIED_TEMPLATES:
        raise Refusal("SUBSCRIBE_TEMPLATE_OVER_LIMIT")
    open_id = _known(call.app, biz.get("open_id"), biz.get("user_id"), "OPENID_INVALID")
    templates = [_asked_template(call.store, call.app, template_id) for template_id in asked]
    known = [one for one in templates if open_id in one.consents or open_id in one.kept]
    relations = [_relation(template, open_id) for template in known]
    fields: dict[str, object] = {
        "show_component": not all(template.kept_choice(open_id) for template in templates)
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
    if template.entry.trigger != SUBSCRIBED or template.status(store.clock.now()) != "ONLINE":
        raise Refusal("MSG_TEMPLATE_INVALID")
    return template


def _relation(template: Template, open_id: str) -> dict[str, object]:
    kept = template.kept_choice(open_id)
    relation: dict[str, object] = {
        "template_id": template.template_id,
        "subscribe_type": "longterm" if template.long_term else "onetime",
        "subscribe_state": "1" if template.consents.get(open_id) else "0",
        "show": not kept,
    }
    if kept:
        relation["keep_state"] = "1" if kept == ACCEPT else "0"
    return relation


APP_AND_TEMPLATE = (
    "APP_NO_AVAIABLE",
    "MSG_UNAUTHORIZED",
    "MESSAGE_SEND_AUTH_ERROR",
    "APP_TYPE_ERROR",
    "MSG_TEMPLATE_ID_VALID",
    "USER_TEMPLATE_ILLEGAL",
    "TEMPLATE_ILLEGAL",
    "USER_TEMPLATE_STATUS_ILLEGAL",
    "NO_BIND_PUBLIC_APP",
)
CONTENT = (
    "BIZ_CONTENT_FORMAT_ERROR",
    "DATA_IS_EMPTY",
    "DATA_CONTENT_FORMAT_ERROR",
    "USER_TEMPLATE_LACK_KEYWORD",
    "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL",
    "USER_KEYWORD_LENGTH_ERROR",
    "ILLEGAL_ARGUMENT_PARAMS",
    "PAGE_OVER_LIMIT",
    "DATA_SENSITIVE",
)
PERSON = (
    "USER_ID_INVALID",
    "MSG_REJECTED",
    "MSG_CONTENT_NOT_INTERESTED",
    "NO_RECENT_VISIT_RECORD",
    "NO_PLACE_ORDER_RECORD",
    "MSG_UNSUBSCRIBED",
    "FORM_ID_INVALID",
    "FORM_ID_NOT_MATCH_APPID",
    "FORM_ID_OVER_TIME",
    "FORM_ID_SEND_LIMIT",
    "TRADE_NO_NOT_MATCH_USERID",
    "MSG_SINGLE_SD_OVER",
)
# What goes wrong inside the platform, so that here only a fault brings it.
BROKEN = ("QUERY_CONSUMER_REQEUST_ERROR", "MSG_SEND_ERROR")
METHODS = {
    "alipay.open.app.mini.templatemessage.send": Method(
        send,
        takes=("to_open_id", "to_user_id", "user_template_id", "page", "data", "form_id"),
        gives=(),
        refuses=(*APP_AND_TEMPLATE, *CONTENT, *PERSON, *BROKEN),
        judges_state=True,
    ),
    "alipay.open.app.messagetemplate.subscribe.query": Method(
        query_subscriptions,
        takes=("open_id", "user_id", "template_id_list[]"),
        gives=(
            "show_component",
            *inside(
                "subscribe_relations[]",
                "template_id",
                "subscribe_type",
                "subscribe_state",
                "keep_state",
                "show",
            ),
        ),
        refuses=(
            "BIZ_CONTENT_IS_NULL",
            "ILLEGAL_ARGUMENT_PARAMS",
            "SUBSCRIBE_TEMPLATE_OVER_LIMIT",
            "OPENID_INVALID",
            "MSG_TEMPLATE_NOT_EXIST",
            "MSG_TEMPLATE_INVALID",
            "SYSTEM_ERROR",
        ),
        of_mini_program=True,
    ),
}
