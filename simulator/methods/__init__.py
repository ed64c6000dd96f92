"""The methods the platform offers, by name: each takes (store, app, biz_content), works or raises Refusal."""

from collections.abc import Callable

from simulator.codes import Done
from simulator.methods import messages
from simulator.store import App, Store

METHODS: dict[str, Callable[[Store, App, str | None], Done]] = {
    "alipay.open.app.mini.templatemessage.send": messages.send,
    "alipay.open.app.messagetemplate.subscribe.query": messages.query_subscriptions,
    "alipay.open.mini.message.templatelib.batchquery": messages.query_library,
    "alipay.open.mini.message.template.apply": messages.apply_template,
    "alipay.open.mini.message.template.batchquery": messages.query_templates,
}
