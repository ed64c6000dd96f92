"""Each refusal that comes before the method, by our own client: most of them no stranger can say."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.merchant import Answer
from tests.simulator.sealing import seal
from tests.simulator.strangers.refused_messages import SEND, SUBSCRIBED
from tests.simulator.strangers.refused_others import (
    APP_TOKEN,
    APP_TOKEN_QUERY,
    APPLY,
    LIBRARY,
    SUBSCRIBE,
    TOPIC,
    UPLOAD,
    USER_TOKEN,
)
from tests.simulator.strangers.world import DAY, World

KEY = base64.b64encode(bytes(16)).decode()
ONE = {"page_size": 1}
Way = Callable[[World], Answer]


def _with(**changes: str | None) -> Way:
    return lambda world: world.shop.call(LIBRARY, ONE, **changes)


def _without_sign(world: World) -> Answer:
    params = world.shop.params(LIBRARY, ONE)
    del params["sign"]
    return world.shop.post(params)


def _set_to(**settings: Any) -> Way:
    def way(world: World) -> Answer:
        world.configure(world.shop, **settings)
        return world.shop.call(LIBRARY, ONE)

    return way


def _suspicious(world: World) -> Answer:
    world.configure(world.shop, refuses_key_names=True)
    return world.shop.call(LIBRARY, {**ONE, "industry_scenario": "a=1&out_trade_no=7"})


def _token(world: World, **more: Any) -> str:
    return world.app_token(world.shop, world.provider, **more)


def _by_provider(token: str, world: World) -> Answer:
    return world.provider.call(LIBRARY, ONE, app_auth_token=token)


def _by_another(world: World) -> Answer:
    return world.other_provider.call(LIBRARY, ONE, app_auth_token=_token(world))


def _too_late(world: World) -> Answer:
    token = _token(world, days=1)
    world.later(2 * DAY)
    return _by_provider(token, world)


def _without_the_product(world: World) -> Answer:
    world.configure(world.shop, no_permission=[LIBRARY])
    return _by_provider(_token(world), world)


def _sealed(content: str, **more: str) -> Way:
    def way(world: World) -> Answer:
        world.configure(world.shop, aes_key=KEY)
        return world.shop.call(LIBRARY, content, **more)

    return way


def _limited(name: str) -> Way:
    def way(world: World) -> Answer:
        world.configure(world.shop, limits={name: 0.01})
        world.shop.call(LIBRARY, ONE)
        return world.shop.call(LIBRARY, ONE)

    return way


WAYS: dict[str, Way] = {
    "isv.missing-method": lambda world: world.shop.post({"app_id": world.shop.app_id}),
    "isv.missing-app-id": _with(app_id=None),
    "isv.invalid-app-id": _with(app_id="2021000000000404"),
    "isv.invalid-method": lambda world: world.shop.call("alipay.nothing.at.all", ONE),
    "isv.missing-signature-type": _with(sign_type=None),
    "isv.invalid-signature-type": _with(sign_type="MD5"),
    "isv.missing-signature": _without_sign,
    "isv.invalid-charset": _with(charset="latin-1"),
    "isv.invalid-format": _with(format="XML"),
    "isv.missing-version": _with(version=None),
    "isv.missing-timestamp": _with(timestamp=None),
    "isv.invalid-timestamp": _with(timestamp="2026-02-30 00:00:00"),
    "isv.invalid-parameter": _with(version="2.0"),
    "isv.suspected-attack": _suspicious,
    "isv.missing-signature-config": _set_to(signature_config=False),
    "isv.invalid-signature": lambda world: world.shop.post({**world.shop.params(LIBRARY, ONE), "more": "1"}),
    "isv.invalid-app-state": _set_to(state="offline"),
    "isv.not-support-app-auth": lambda world: world.provider.call(
        APP_TOKEN_QUERY, {"app_auth_token": "2026BB0"}, app_auth_token="2026BB0"
    ),
    "aop.invalid-app-auth-token": lambda world: _by_provider("2026BB0", world),
    "invalid-auth-relations": _by_another,
    "aop.app-auth-token-time-out": _too_late,
    "aop.invalid-app-auth-token-no-api": lambda world: _by_provider(_token(world, methods=[SEND]), world),
    "aop.no-product-reg-by-partner": _without_the_product,
    "isv.self-invoke-forbidden": lambda world: world.provider.call(LIBRARY, ONE),
    "isv.insufficient-isv-permissions": _set_to(no_permission=[LIBRARY]),
    "isv.decryption-error-missing-encrypt-type": _sealed(seal("{}", KEY)),
    "isv.invalid-encrypt-type": _with(encrypt_type="DES"),
    "isv.missing-encrypt-key": _with(encrypt_type="AES"),
    "isv.invalid-encrypt": _sealed("not base64", encrypt_type="AES"),
    "isv.decryption-error-not-valid-encrypt-key": _sealed(
        seal("{}", base64.b64encode(bytes([7] * 16)).decode()), encrypt_type="AES"
    ),
    "isv.decryption-error-unknown": _sealed(seal("é", KEY, charset="latin-1"), encrypt_type="AES"),
    "isv.method-call-limited": _limited(LIBRARY),
    "isv.app-call-limited": _limited("app"),
}


@pytest.mark.parametrize("sub_code", WAYS)
def test_what_comes_before_the_method_is_refused_by_its_code(world: World, sub_code: str) -> None:
    code = world.platform.get("/sim/methods")["before_any_method"][sub_code]

    answer = WAYS[sub_code](world)

    assert answer.outcome == f"{code}/{sub_code}"


def test_the_docs_name_exactly_these_before_any_method(world: World) -> None:
    named = world.platform.get("/sim/docs").partition("Refusals before any method:")[2].partition("##")[0]

    said = world.platform.get("/sim/methods")["before_any_method"]

    assert sorted(said) == sorted(WAYS)
    assert [line[2:] for line in named.strip().splitlines()] == [
        f"{name} ({code})" for name, code in said.items()
    ]


def test_a_name_of_the_platforms_is_taken_unless_the_app_says_otherwise(world: World) -> None:
    assert world.shop.call(LIBRARY, {"industry_scenario": "a=1&out_trade_no=7"}).outcome == "10000"


def test_other_words_that_end_like_a_name_of_the_platforms_are_taken(world: World) -> None:
    world.configure(world.shop, refuses_key_names=True)

    assert world.shop.call(LIBRARY, {"industry_scenario": "a=1&nobody=7"}).outcome == "10000"


@pytest.mark.parametrize(
    ("name", "most"),
    [("sign", 344), ("notify_url", 256), ("return_url", 256), ("app_auth_token", 40), ("auth_token", 40)],
)
def test_a_parameter_has_at_most_its_published_length(world: World, name: str, most: int) -> None:
    def outcome(length: int) -> str:
        value = "x" * length
        if name == "sign":
            return world.shop.post({**world.shop.params(LIBRARY, ONE), "sign": value}).outcome
        return world.shop.call(LIBRARY, ONE, **{name: value}).outcome

    assert outcome(most) != "40002/isv.invalid-parameter"
    assert outcome(most + 1) == "40002/isv.invalid-parameter"


@pytest.mark.parametrize("method", [LIBRARY, APPLY, SUBSCRIBED, SUBSCRIBE, USER_TOKEN, UPLOAD])
def test_an_app_that_is_offline_may_do_nothing(world: World, method: str) -> None:
    world.configure(world.shop, state="offline")

    assert world.shop.call(method, {}).outcome == "40003/isv.invalid-app-state"


def test_a_provider_that_is_offline_gets_no_token(world: World) -> None:
    world.configure(world.provider, state="offline")

    answer = world.provider.call(APP_TOKEN, {"grant_type": "authorization_code", "code": "P0"})

    assert answer.outcome == "40003/isv.invalid-app-state"


def test_a_provider_does_nothing_for_a_merchant_who_is_offline_but_is_told_about_a_send(world: World) -> None:
    token = _token(world)
    world.configure(world.shop, state="offline")

    assert _by_provider(token, world).outcome == "40003/isv.invalid-app-state"
    assert world.provider.call(SEND, {}, app_auth_token=token).outcome == "40004/APP_NO_AVAIABLE"


def test_an_app_that_is_no_mini_program_may_not_use_the_methods_of_one(world: World) -> None:
    world.configure(world.tea, state="not_a_mini_program")
    outcomes = {method: world.tea.call(method, {}).outcome for method in (LIBRARY, APPLY, SUBSCRIBED)}

    assert set(outcomes.values()) == {"40003/isv.invalid-app-state"}
    assert world.tea.call(SUBSCRIBE, {"topic": TOPIC, "comm_type": "WEBSOCKET"}).outcome == "10000"
