"""What each method really gives is what it says that it gives, at every depth: nothing more, nothing less."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.documented import ORDER
from tests.simulator.order_asks import order
from tests.simulator.strangers.card_nodes import CALLS as CALLS_OF_CARDS
from tests.simulator.strangers.coupon_nodes import CALLS as CALLS_OF_COUPONS
from tests.simulator.strangers.refused_messages import BATCH, BATCH_QUERY, SEND, SUBSCRIBED, TWO
from tests.simulator.strangers.refused_others import (
    APP_TOKEN,
    APP_TOKEN_QUERY,
    APPLY,
    LIBRARY,
    MODIFY,
    PNG,
    QUERY,
    SUBSCRIBE,
    TEMPLATES,
    UNSUBSCRIBE,
    UPLOAD,
    USER,
    USER_TOKEN,
)
from tests.simulator.strangers.world import World
from tests.simulator.test_methods import paths
from tests.simulator.test_uploads import in_parts, part

TOPIC = {"topic": "alipay.marketing.activity.message.refund", "auth_type": "app_auth"}
Node = dict[str, Any]


def _send(world: World) -> Node:
    biz = {"to_open_id": world.subscriber(world.shop, world.coupon), "user_template_id": world.coupon}
    return world.shop.call(SEND, {**biz, "data": TWO}).node


def _batch(world: World) -> Node:
    world.later(86_400)
    crowd = world.crowd(world.shop, [world.person(world.shop)])
    return world.shop.call(BATCH, {"template_id": world.coupon, "data": TWO, "crowd_code": crowd}).node


def _record(world: World) -> Node:
    batch_msg_id = _batch(world)["batch_msg_id"]
    return world.shop.call(BATCH_QUERY, {"batch_msg_id": batch_msg_id}).node


def _relations(world: World) -> Node:
    person = world.person(world.shop)
    world.shop.act(person, "prompt", template_ids=[world.coupon], keep=True)
    return world.shop.call(SUBSCRIBED, {"open_id": person, "template_id_list": [world.coupon]}).node


def _library(world: World) -> Node:
    """One of its entries cannot be adopted, and says why."""
    return world.shop.call(LIBRARY, {"page_size": 10}).node


def _adopted(world: World) -> Node:
    keywords = [{"name": "优惠内容"}, {"name": "使用方法"}]
    biz = {"lib_code": "TM0000001", "scene_rule": "one_time_subscribe", "keyword_list": keywords}
    return world.shop.call(APPLY, biz).node


def _templates(world: World) -> Node:
    assert world.coupon
    return world.shop.call(TEMPLATES, {}).node


def _topic(method: str) -> Callable[[World], Node]:
    def node(world: World) -> Node:
        if method != SUBSCRIBE:
            world.shop.call(SUBSCRIBE, {**TOPIC, "comm_type": "HTTP"})
        return world.shop.call(method, {**TOPIC, "comm_type": "HTTP"}).node

    return node


def _app_token(world: World) -> Node:
    return world.app_tokens(world.shop, world.provider)


def _app_token_facts(world: World) -> Node:
    token = world.app_token(world.shop, world.provider)
    return world.provider.call(APP_TOKEN_QUERY, {"app_auth_token": token}).node


def _user_token(world: World) -> Node:
    world.configure(world.shop, user_ids=True)
    return world.user_tokens(world.shop, world.person(world.shop))


def _user(world: World) -> Node:
    world.configure(world.shop, user_ids=True)
    token = world.user_tokens(world.shop, world.person(world.shop), "auth_user")["access_token"]
    return world.shop.call(USER, auth_token=token).node


def _picture(world: World) -> Node:
    params = world.shop.params(UPLOAD, image_type="png", image_name="标志")
    return in_parts(world.shop, params, part("image_content", PNG, filename="a.png")).node


def _order(world: World) -> Node:
    """One whose message lacks what it takes."""
    return world.shop.call(ORDER, order(world.person(world.shop), "APPROVAL")).node


CALLS: dict[str, Callable[[World], Node]] = {
    SEND: _send,
    BATCH: _batch,
    BATCH_QUERY: _record,
    SUBSCRIBED: _relations,
    LIBRARY: _library,
    APPLY: _adopted,
    TEMPLATES: _templates,
    **{method: _topic(method) for method in (SUBSCRIBE, UNSUBSCRIBE, MODIFY, QUERY)},
    APP_TOKEN: _app_token,
    APP_TOKEN_QUERY: _app_token_facts,
    USER_TOKEN: _user_token,
    USER: _user,
    UPLOAD: _picture,
    ORDER: _order,
    **CALLS_OF_COUPONS,
    **CALLS_OF_CARDS,
}


@pytest.mark.parametrize("method", CALLS)
def test_an_answer_has_the_fields_that_the_docs_name(world: World, method: str) -> None:
    node = CALLS[method](world)

    assert node["code"] == "10000", node
    assert set(paths(node)) - {"code", "msg"} == set(world.documented[method]["gives"])


def test_every_method_is_asked(world: World) -> None:
    assert sorted(CALLS) == sorted(world.documented)
