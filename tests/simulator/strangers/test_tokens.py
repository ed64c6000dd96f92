"""A provider acts for a merchant, an app learns who somebody is, hears of messages, and shows a picture."""

import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta

import pytest

from tests.simulator.conftest import Gateway
from tests.simulator.strangers.conftest import Stranger
from tests.simulator.strangers.refused_messages import SEND, TWO
from tests.simulator.strangers.refused_others import (
    APP_TOKEN,
    APP_TOKEN_QUERY,
    LIBRARY,
    MODIFY,
    PNG,
    QUERY,
    SUBSCRIBE,
    TOPIC,
    UNSUBSCRIBE,
    UPLOAD,
    USER,
    USER_TOKEN,
)
from tests.simulator.strangers.world import DAY, World

SUCCESS = {"code": "10000", "msg": "Success"}
TIME = "%Y-%m-%d %H:%M:%S"
DOES_NOT_HOLD = [
    ("unknown", ("20001", "aop.invalid-app-auth-token")),
    ("taken back", ("20001", "aop.invalid-app-auth-token")),
    ("of another provider", ("40003", "invalid-auth-relations")),
    ("over its end", ("20001", "aop.app-auth-token-time-out")),
    ("for another method", ("20001", "aop.invalid-app-auth-token-no-api")),
    ("of a merchant without the product", ("20001", "aop.no-product-reg-by-partner")),
    ("held by a provider that is offline", ("40003", "isv.invalid-app-state")),
    ("left out", ("40006", "isv.self-invoke-forbidden")),
]


def test_a_provider_sends_for_the_merchant_who_authorised_it(stranger: Stranger, world: World) -> None:
    client = stranger(world.provider)
    code = world.grant(world.shop, world.provider, days=30)
    tokens = client.call(APP_TOKEN, {"grant_type": "authorization_code", "code": code})
    person = world.subscriber(world.shop, world.coupon)
    biz = {"to_open_id": person, "user_template_id": world.coupon, "data": TWO}

    sent = client.call(SEND, biz, app_auth_token=tokens["app_auth_token"])

    assert tokens["auth_app_id"] == world.shop.app_id
    assert tokens["app_refresh_token"] != tokens["app_auth_token"]
    assert (tokens["expires_in"], tokens["re_expires_in"]) == (365 * DAY, 372 * DAY)
    assert tokens["user_id"].startswith("2088")
    assert tokens["tokens"] == [{key: tokens[key] for key in tokens["tokens"][0]}]
    assert sent == SUCCESS
    assert "满 100 减 20" in world.phone(world.shop, person)
    assert world.shop.log_of(person)[-1]["accepted"]


def test_the_platform_tells_a_provider_what_its_token_is_good_for(stranger: Stranger, world: World) -> None:
    tokens = world.app_tokens(world.shop, world.provider, methods=[SEND], days=30)
    client = stranger(world.provider)

    valid = client.call(APP_TOKEN_QUERY, {"app_auth_token": tokens["app_auth_token"]})
    renewed = client.call(
        APP_TOKEN, {"grant_type": "refresh_token", "refresh_token": tokens["app_refresh_token"]}
    )
    replaced = client.call(APP_TOKEN_QUERY, {"app_auth_token": tokens["app_auth_token"]})
    current = client.call(APP_TOKEN_QUERY, {"app_auth_token": renewed["app_auth_token"]})

    assert (valid["status"], valid["auth_app_id"], valid["auth_methods"]) == (
        "valid",
        world.shop.app_id,
        [SEND],
    )
    assert valid["is_by_app_auth"] is True
    assert valid["user_id"].startswith("2088")
    start, end = (datetime.strptime(valid[name], TIME) for name in ("auth_start", "auth_end"))
    assert end - start == timedelta(days=30)
    assert 29 * DAY < valid["expires_in"] <= 30 * DAY
    assert (replaced["status"], current["status"]) == ("invalid", "valid")


@pytest.mark.parametrize(("case", "outcome"), DOES_NOT_HOLD)
def test_a_token_that_does_not_hold_is_refused(
    stranger: Stranger, world: World, case: str, outcome: tuple[str, str]
) -> None:
    caller, params = world.provider, {"app_auth_token": "2026BB0"}
    if case not in ("unknown", "left out"):
        methods = [SEND] if case == "for another method" else [LIBRARY]
        merchant = world.tea if case == "taken back" else world.shop
        params["app_auth_token"] = world.app_token(merchant, world.provider, methods=methods, days=5)
    if case == "taken back":
        world.revoke(world.tea, world.provider)
    elif case == "of another provider":
        caller = world.other_provider
    elif case == "over its end":
        world.later(6 * DAY)
    elif case == "of a merchant without the product":
        world.configure(world.shop, no_permission=[LIBRARY])
    elif case == "held by a provider that is offline":
        world.configure(world.provider, state="offline")
    elif case == "left out":
        params = {}

    node = stranger(caller).call(LIBRARY, {"page_size": 1}, **params)

    assert (node["code"], node["sub_code"]) == outcome


def test_a_merchant_without_the_product_is_refused(stranger: Stranger, world: World) -> None:
    world.configure(world.shop, no_permission=[LIBRARY])

    node = stranger(world.shop).call(LIBRARY, {"page_size": 1})

    assert (node["code"], node["sub_code"]) == ("40006", "isv.insufficient-isv-permissions")


def test_an_app_learns_who_somebody_is(stranger: Stranger, world: World) -> None:
    client, person = stranger(world.shop), world.person(world.shop)
    code = world.auth_code(world.shop, person, "auth_user")

    tokens = client.call(USER_TOKEN, grant_type="authorization_code", code=code)
    known = client.call(USER, auth_token=tokens["access_token"])

    assert tokens["open_id"] == known["open_id"] == person
    assert tokens["refresh_token"] != tokens["access_token"]
    assert (tokens["expires_in"], tokens["re_expires_in"]) == (15 * DAY, 30 * DAY)
    assert datetime.strptime(tokens["auth_start"], TIME)
    assert known["nick_name"] in world.phone(world.shop, person)
    assert "user_id" not in tokens
    assert "user_id" not in known


def test_an_app_from_before_learns_the_number_too(stranger: Stranger, world: World) -> None:
    world.configure(world.shop, user_ids=True)
    client, code = stranger(world.shop), world.auth_code(world.shop, world.person(world.shop), "auth_user")

    tokens = client.call(USER_TOKEN, grant_type="authorization_code", code=code)
    known = client.call(USER, auth_token=tokens["access_token"])

    assert tokens["user_id"] == known["user_id"]
    assert (tokens["user_id"][:4], len(tokens["user_id"])) == ("2088", 16)


def test_a_refreshed_token_replaces_the_one_before(stranger: Stranger, world: World) -> None:
    client = stranger(world.shop)
    tokens = world.user_tokens(world.shop, world.person(world.shop), "auth_user")

    renewed = client.call(USER_TOKEN, grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    assert client.call(USER, auth_token=tokens["access_token"])["sub_code"] == "aop.invalid-auth-token"
    assert client.call(USER, auth_token=renewed["access_token"])["code"] == "10000"


def test_a_message_of_the_message_service_is_subscribed_changed_and_ended(
    stranger: Stranger, world: World
) -> None:
    client, which = stranger(world.shop), {"topic": TOPIC, "auth_type": "app_auth"}
    assert client.call(QUERY, which) == SUCCESS

    assert client.call(SUBSCRIBE, {**which, "comm_type": "HTTP"}) == SUCCESS
    subscribed = client.call(QUERY, which)
    assert client.call(MODIFY, {**which, "comm_type": "WEBSOCKET"}) == SUCCESS
    changed = client.call(QUERY, which)
    assert client.call(UNSUBSCRIBE, which) == SUCCESS

    assert (subscribed["topic"], subscribed["comm_type"]) == (TOPIC, "HTTP")
    assert changed["comm_type"] == "WEBSOCKET"
    assert client.call(QUERY, which) == SUCCESS
    assert client.call(UNSUBSCRIBE, which)["sub_code"] == "isv.invalid-parameter"
    assert client.call(MODIFY, {**which, "comm_type": "HTTP"})["sub_code"] == "isv.invalid-parameter"


def test_a_message_is_pushed_while_it_is_subscribed(
    stranger: Stranger, world: World, gateway: Gateway
) -> None:
    client, topic = stranger(world.tea), "alipay.marketing.activity.message.expired"
    world.configure(world.tea, notify_url=gateway.url)

    assert client.call(SUBSCRIBE, {"topic": topic, "comm_type": "HTTP"}) == SUCCESS
    pushed = world.pushed(world.tea, topic)
    assert client.call(UNSUBSCRIBE, {"topic": topic}) == SUCCESS
    not_pushed = world.pushed(world.tea, topic)

    assert (pushed, not_pushed) == ("delivered", "nowhere")
    assert [post["msg_method"] for post in gateway.posts] == [topic]


def test_what_a_person_lets_an_app_hear_is_theirs_alone(stranger: Stranger, world: World) -> None:
    client, person = stranger(world.shop), world.person(world.shop)
    token = world.user_tokens(world.shop, person)["access_token"]
    theirs = {"topic": TOPIC, "auth_type": "user_auth", "auth_token": token}

    assert client.call(SUBSCRIBE, {**theirs, "comm_type": "HTTP"}) == SUCCESS

    assert client.call(QUERY, theirs)["topic"] == TOPIC
    assert client.call(QUERY, {"topic": TOPIC, "auth_type": "app_auth"}) == SUCCESS


def test_a_picture_is_uploaded_and_then_shown(official: Stranger, world: World) -> None:
    node = official(world.shop).call(UPLOAD, image_type="png", image_name="标志", image_content=PNG)

    # The SDK names the host without the port that it was led to.
    path = urllib.parse.urlsplit(node["image_url"]).path
    with urllib.request.urlopen(world.platform.url + path, timeout=10) as http:
        assert (http.read(), http.headers["Content-Type"]) == (PNG, "image/png")
    assert node["image_id"] in node["image_url"]


def test_a_picture_that_nobody_uploaded_is_not_found(world: World) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{world.platform.url}/images/{'0' * 32}", timeout=10)
