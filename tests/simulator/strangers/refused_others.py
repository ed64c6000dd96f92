"""Every refusal of the template library, the message service, tokens and pictures."""

from typing import Any

from tests.simulator.documented import (
    APP_TOKEN,
    APP_TOKEN_QUERY,
    APPLY,
    LIBRARY,
    MODIFY,
    QUERY,
    SUBSCRIBE,
    TEMPLATES,
    UNSUBSCRIBE,
    UPLOAD,
    USER,
    USER_TOKEN,
)
from tests.simulator.strangers.asks import Ask, Row, Table, broken
from tests.simulator.strangers.world import DAY, World

TOPIC = "alipay.marketing.activity.message.received"
PNG = b"\x89PNG\r\n\x1a\n" + b"a small picture"

NONSENSE = Row(lambda world: Ask(world.shop, "nonsense"))


def _adoption(**changes: Any) -> Row:
    biz = {
        "lib_code": "TM0000001",
        "scene_rule": "one_time_subscribe",
        "keyword_list": [{"name": "优惠内容"}, {"name": "使用方法"}],
        **changes,
    }
    return Row(lambda world: Ask(world.shop, biz))


def _one_too_many(world: World) -> Ask:
    return Ask(world.full, _adoption().prepare(world).biz)


ADOPTIONS: Table = {
    "isv.illegal-json": NONSENSE,
    "MESSAGE_LIBRARY_ILLEGAL": _adoption(lib_code="TM9999999"),
    "ILLEGAL_ARGUMENT_PARAMS": _adoption(scene_rule="long_term_subscribe"),
    "KEYWORDS_NUMBER_INVALID": _adoption(keyword_list=[{"name": "优惠内容"}]),
    "MESSAGE_TEMPLATE_KEYWORD_ILLEGAL": _adoption(keyword_list=[{"name": "优惠内容"}, {"name": "天气"}]),
    "USER_TEMPLATE_OVER_LIMIT": Row(_one_too_many),
}
LISTS: Table = {
    "isv.illegal-json": NONSENSE,
    "ILLEGAL_ARGUMENT_PARAMS": Row(lambda world: Ask(world.shop, {"page_size": "11"})),
}


def _topic(**changes: Any) -> Row:
    biz = {"topic": TOPIC, "comm_type": "HTTP", "auth_type": "app_auth", **changes}
    return Row(lambda world: Ask(world.shop, biz))


def _old_user_token(world: World) -> Ask:
    token = world.user_tokens(world.shop, world.person(world.shop))["access_token"]
    world.later(16 * DAY)
    return Ask(
        world.shop, {"topic": TOPIC, "comm_type": "HTTP", "auth_type": "user_auth", "auth_token": token}
    )


def _about_a_merchant(world: World, token: str, *, by: str = "provider") -> Ask:
    biz = {"topic": TOPIC, "comm_type": "HTTP", "auth_type": "app_auth", "auth_token": token}
    return Ask(getattr(world, by), biz)


def _token_of_another_provider(world: World) -> Ask:
    return _about_a_merchant(world, world.app_token(world.shop, world.provider), by="shop")


def _expired_app_token(world: World) -> Ask:
    ask = _about_a_merchant(world, world.app_token(world.shop, world.provider, days=5))
    world.later(6 * DAY)
    return ask


def _token_for_other_methods(world: World) -> Ask:
    return _about_a_merchant(world, world.app_token(world.shop, world.provider, methods=[LIBRARY]))


def _of_a_merchant_without_the_product(world: World) -> Ask:
    world.configure(world.shop, no_permission=[SUBSCRIBE, UNSUBSCRIBE, MODIFY, QUERY])
    return _about_a_merchant(world, world.app_token(world.shop, world.provider))


def _of_a_merchant_who_is_offline(world: World) -> Ask:
    world.configure(world.shop, state="offline")
    return _about_a_merchant(world, world.app_token(world.shop, world.provider))


def _about_nobody(world: World) -> Ask:
    return Ask(world.provider, {"topic": TOPIC, "comm_type": "HTTP", "auth_type": "app_auth"})


TOPICS: Table = {
    "isv.illegal-json": NONSENSE,
    "isv.invalid-parameter": _topic(topic="alipay.nothing.happened"),
    "aop.invalid-auth-token": _topic(auth_type="user_auth", auth_token="authusrB0"),
    "aop.auth-token-time-out": Row(_old_user_token),
    "aop.invalid-app-auth-token": _topic(auth_token="2026BB0"),
    "invalid-auth-relations": Row(_token_of_another_provider),
    "aop.app-auth-token-time-out": Row(_expired_app_token),
    "aop.invalid-app-auth-token-no-api": Row(_token_for_other_methods),
    "aop.no-product-reg-by-partner": Row(_of_a_merchant_without_the_product),
    "isv.invalid-app-state": Row(_of_a_merchant_who_is_offline),
    "isv.self-invoke-forbidden": Row(_about_nobody),
}


def _app_grant(**biz: Any) -> Row:
    return Row(lambda world: Ask(world.provider, {"grant_type": "authorization_code", **biz}))


def _code(world: World, code: str, *, by: str = "provider") -> Ask:
    return Ask(getattr(world, by), {"grant_type": "authorization_code", "code": code})


def _refresh(world: World, token: str) -> Ask:
    return Ask(world.provider, {"grant_type": "refresh_token", "refresh_token": token})


def _used_code(world: World) -> Ask:
    code = world.grant(world.shop, world.provider)
    world.provider.call(APP_TOKEN, {"grant_type": "authorization_code", "code": code})
    return _code(world, code)


def _taken_back(world: World) -> Ask:
    tokens = world.app_tokens(world.tea, world.provider)
    world.revoke(world.tea, world.provider)
    return _refresh(world, tokens["app_refresh_token"])


def _refreshed_before(world: World) -> Ask:
    ask = _refresh(world, world.app_tokens(world.shop, world.provider)["app_refresh_token"])
    assert world.provider.call(APP_TOKEN, ask.biz).outcome == "10000"
    return ask


def _refreshed_too_late(world: World) -> Ask:
    ask = _refresh(world, world.app_tokens(world.shop, world.provider, days=1000)["app_refresh_token"])
    world.later(373 * DAY)
    return ask


APP_TOKENS: Table = {
    "isv.illegal-json": Row(lambda world: Ask(world.provider, "nonsense")),
    "APP_NOT_ISV": Row(lambda world: Ask(world.shop, {"grant_type": "authorization_code", "code": "x"})),
    "GRANT_TYPE_INVALID": _app_grant(grant_type="password"),
    "AUTH_CODE_NOT_EXIST": _app_grant(code="P0"),
    "APP_ID_NOT_CONSISTENT": Row(
        lambda world: _code(world, world.grant(world.shop, world.provider), by="other_provider")
    ),
    "AUTH_CODE_NOT_VALID": Row(_used_code),
    "AUTH_TOKEN_NOT_FOUND": Row(_taken_back),
    "REFRESH_TOKEN_NOT_EXIST": Row(lambda world: _refresh(world, "2026BB0")),
    "REFRESH_TOKEN_NOT_VALID": Row(_refreshed_before),
    "REFRESH_TOKEN_TIME_OUT": Row(_refreshed_too_late),
}


def _about_its_token(world: World) -> Ask:
    return Ask(world.provider, {"app_auth_token": world.app_token(world.shop, world.provider)})


APP_TOKEN_FACTS: Table = {
    "isv.illegal-json": Row(lambda world: Ask(world.provider, "nonsense")),
    "APP_NOT_ISV": Row(lambda world: Ask(world.shop, {"app_auth_token": "2026BB0"})),
    "ILLEGAL_PARAM": Row(lambda world: Ask(world.provider, {})),
    "AUTH_TOKEN_NOT_EXISTED": Row(lambda world: Ask(world.provider, {"app_auth_token": "2026BB0"})),
    "AUTH_TOKEN_NOT_CONSISTENT": Row(
        lambda world: Ask(
            world.other_provider, {"app_auth_token": world.app_token(world.shop, world.provider)}
        )
    ),
    "SYSTEM_ERROR": broken(_about_its_token, APP_TOKEN_QUERY, "SYSTEM_ERROR"),
}


def _user(world: World, **params: Any) -> Ask:
    return Ask(world.shop, None, params)


def _user_refresh(world: World) -> Ask:
    token = world.user_tokens(world.shop, world.person(world.shop))["refresh_token"]
    return _user(world, grant_type="refresh_token", refresh_token=token)


def _user_refreshed_before(world: World) -> Ask:
    ask = _user_refresh(world)
    assert world.shop.call(USER_TOKEN, **ask.params).outcome == "10000"
    return ask


def _user_refreshed_too_late(world: World) -> Ask:
    ask = _user_refresh(world)
    world.later(31 * DAY)
    return ask


USER_TOKENS: Table = {
    "isv.grant-type-invalid": Row(lambda world: _user(world, grant_type="password")),
    "isv.code-invalid": Row(lambda world: _user(world, grant_type="authorization_code", code="0")),
    "isv.unmatched-app-id": Row(
        lambda world: _user(
            world, grant_type="authorization_code", code=world.auth_code(world.tea, world.person(world.tea))
        )
    ),
    "isv.refresh-token-invalid": Row(
        lambda world: _user(world, grant_type="refresh_token", refresh_token="authusrB0")
    ),
    "isv.refreshed-token-invalid": Row(_user_refreshed_before),
    "isv.refresh-token-time-out": Row(_user_refreshed_too_late),
    "isp.unknow-error": broken(_user_refresh, USER_TOKEN, "isp.unknow-error"),
}


def _shared(world: World, *scopes: str, later: float = 0) -> Ask:
    token = world.user_tokens(world.shop, world.person(world.shop), *scopes)["access_token"]
    world.later(later)
    return _user(world, auth_token=token)


USERS: Table = {
    "aop.invalid-auth-token": Row(lambda world: _user(world, auth_token="authusrB0")),
    "aop.auth-token-time-out": Row(lambda world: _shared(world, "auth_user", later=16 * DAY)),
    "isv.insufficient-user-permissions": Row(lambda world: _shared(world, "auth_base")),
}


def _picture(**changes: Any) -> Row:
    params = {"image_type": "png", "image_name": "标志", "image_content": PNG, **changes}
    given = {name: value for name, value in params.items() if value is not None}
    return Row(lambda world: Ask(world.shop, None, given), only="official")


UPLOADS: Table = {
    "isv.invalid-parameter": _picture(image_name=None),
    "isv.invalid-file-extension": _picture(image_type="tiff"),
    "isv.upload-fail": _picture(image_content=b"not a picture"),
    "isv.invalid-file-size": _picture(image_content=PNG + bytes(10 * 1024 * 1024)),
}
TABLES: dict[str, Table] = {
    LIBRARY: LISTS,
    APPLY: ADOPTIONS,
    TEMPLATES: LISTS,
    SUBSCRIBE: TOPICS,
    UNSUBSCRIBE: TOPICS,
    MODIFY: TOPICS,
    QUERY: TOPICS,
    APP_TOKEN: APP_TOKENS,
    APP_TOKEN_QUERY: APP_TOKEN_FACTS,
    USER_TOKEN: USER_TOKENS,
    USER: USERS,
    UPLOAD: UPLOADS,
}
