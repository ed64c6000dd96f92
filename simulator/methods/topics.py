"""Subscriptions to the message service, by the new pair of methods and the old one.

The platform publishes no sub_code of these methods: SIM, they answer with the public ones.
"""

from typing import Any

from simulator.codes import Done, Refusal
from simulator.methods.call import Call, Method
from simulator.topics import AUTH_TYPES, COMM_TYPES, TOPICS, Subscription, key_of

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
    return call.store.topics.get(key_of(wanted.app_id, wanted.topic, wanted.auth_type, wanted.whose))


def _subscription(call: Call, biz: dict[str, Any], comm_type: str) -> Subscription:
    topic, auth_type = biz.get("topic"), biz.get("auth_type") or AUTH_TYPES[0]
    if topic not in TOPICS:
        raise Refusal(_INVALID, "topic 不是可订阅的消息")
    if auth_type not in AUTH_TYPES:
        raise Refusal(_INVALID, f"auth_type 需为 {' 或 '.join(AUTH_TYPES)}")
    if biz.get("tag"):
        raise Refusal(_INVALID, "该消息没有 tag")
    app, whose, token = call.app, "", biz.get("auth_token")
    if auth_type == "user_auth":
        whose = call.store.logins.admitted(app.app_id, token if isinstance(token, str) else "").open_id
    elif token:
        app_id = _authorised(call, token)
        return Subscription(app_id, str(topic), comm_type, str(auth_type), "")
    return Subscription(app.app_id, str(topic), comm_type, str(auth_type), whose)


def _authorised(call: Call, token: Any) -> str:
    grant = call.store.grants.of_token(token) if isinstance(token, str) else None
    if grant is None or not call.store.grants.holds(grant, str(token)):
        raise Refusal("aop.invalid-app-auth-token")
    if grant.provider_id != call.caller.app_id:
        raise Refusal("invalid-auth-relations")
    return grant.app_id


_TAKES = ("topic", "auth_type", "auth_token", "tag")
_REFUSES = (
    "isv.illegal-json",
    _INVALID,
    "aop.invalid-auth-token",
    "aop.auth-token-time-out",
    "aop.invalid-app-auth-token",
    "invalid-auth-relations",
)
METHODS = {
    "alipay.open.app.message.topic.subscribe": Method(subscribe, (*_TAKES, "comm_type"), (), _REFUSES),
    "alipay.open.app.message.topic.unsubscribe": Method(unsubscribe, _TAKES, (), _REFUSES),
    "alipay.open.app.message.subscription.modify": Method(modify, (*_TAKES, "comm_type"), (), _REFUSES),
    "alipay.open.app.message.subscription.query": Method(query, _TAKES, ("topic", "comm_type"), _REFUSES),
}
