"""Subscriptions to the message service, by the new pair of methods and the old one.

The platform publishes no sub_code of these methods: SIM, they answer with the public ones. A provider
subscribes for itself to what happens at a merchant's app, which it names by app_auth_token or by auth_token.
"""

from collections.abc import Callable
from typing import Any

from simulator.authorisation import authorised, check_state
from simulator.codes import Done, Refusal
from simulator.methods.call import Call, Method
from simulator.store import PROVIDER
from simulator.topics import AUTH_TYPES, COMM_TYPES, TOPICS, USER_AUTH, Subscription

_INVALID = "isv.invalid-parameter"


def subscribe(call: Call) -> Done:
    biz = _biz(call)
    subscription = _subscription(call, biz, _comm_type(biz))
    call.store.topics.put(subscription)
    return Done({})


def unsubscribe(call: Call) -> Done:
    held = _held(call, _biz(call))
    if held is None:
        raise Refusal(_INVALID, "未订阅该消息")
    call.store.topics.drop(held.key)
    return Done({})


def modify(call: Call) -> Done:
    """The old pair has no subscribe of its own: modify changes how a subscribed message comes."""
    biz = _biz(call)
    if _held(call, biz) is None:
        raise Refusal(_INVALID, "未订阅该消息")
    call.store.topics.put(_subscription(call, biz, _comm_type(biz)))
    return Done({})


def query(call: Call) -> Done:
    """Nothing but Success for a message that is not subscribed."""
    held = _held(call, _biz(call))
    return Done({} if held is None else {"topic": held.topic, "comm_type": held.comm_type})


def _biz(call: Call) -> dict[str, Any]:
    return call.biz("isv.illegal-json", "isv.illegal-json")


def _comm_type(biz: dict[str, Any]) -> str:
    comm_type = biz.get("comm_type")
    if comm_type not in COMM_TYPES:
        raise Refusal(_INVALID, f"comm_type 需为 {' 或 '.join(COMM_TYPES)}")
    return str(comm_type)


def _held(call: Call, biz: dict[str, Any]) -> Subscription | None:
    wanted = _subscription(call, biz, COMM_TYPES[0])
    return call.store.topics.get(wanted.key)


def _subscription(call: Call, biz: dict[str, Any], comm_type: str) -> Subscription:
    topic, auth_type = biz.get("topic"), biz.get("auth_type") or AUTH_TYPES[0]
    if topic not in TOPICS:
        raise Refusal(_INVALID, "topic 不是可订阅的消息")
    if auth_type not in AUTH_TYPES:
        raise Refusal(_INVALID, f"auth_type 需为 {' 或 '.join(AUTH_TYPES)}")
    if biz.get("tag"):
        raise Refusal(_INVALID, "该消息没有 tag")
    about, whose, token = call.app, "", biz.get("auth_token")
    given = token if isinstance(token, str) else ""
    if auth_type != USER_AUTH and token:
        about = authorised(call.store, call.caller, given, call.params["method"])
        check_state(about)
    if about.settings.kind == PROVIDER:
        raise Refusal("isv.self-invoke-forbidden")
    if auth_type == USER_AUTH:
        whose = call.store.logins.admitted(about.app_id, given).open_id
    merchant = "" if about is call.caller else about.app_id
    return Subscription(call.caller.app_id, str(topic), comm_type, str(auth_type), whose, merchant)


_TAKES = ("topic", "auth_type", "auth_token", "tag")
_REFUSES = (
    "isv.illegal-json",
    _INVALID,
    "aop.invalid-auth-token",
    "aop.auth-token-time-out",
    "aop.invalid-app-auth-token",
    "invalid-auth-relations",
    "aop.app-auth-token-time-out",
    "aop.invalid-app-auth-token-no-api",
    "aop.no-product-reg-by-partner",
    "isv.invalid-app-state",
    "isv.self-invoke-forbidden",
)


def _method(work: Callable[[Call], Done], takes: tuple[str, ...], gives: tuple[str, ...] = ()) -> Method:
    return Method(work, takes, gives, _REFUSES, token_inside=True)


METHODS = {
    "alipay.open.app.message.topic.subscribe": _method(subscribe, (*_TAKES, "comm_type")),
    "alipay.open.app.message.topic.unsubscribe": _method(unsubscribe, _TAKES),
    "alipay.open.app.message.subscription.modify": _method(modify, (*_TAKES, "comm_type")),
    "alipay.open.app.message.subscription.query": _method(query, _TAKES, ("topic", "comm_type")),
}
