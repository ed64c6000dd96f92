"""The message service: only who subscribed to a topic by HTTP is told of it, and only of what is theirs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.conftest import Gateway
from tests.simulator.test_notices import RECEIVED, SUBSCRIBE, Shop, why
from tests.simulator_process import SimulatorProcess

USED = "alipay.marketing.activity.message.used"
MODIFY = "alipay.open.app.message.subscription.modify"
NOT_SUBSCRIBED = "the app has not subscribed to this topic"


@pytest.fixture(scope="module")
def shared_shop(clocked_process: SimulatorProcess) -> Shop:
    return Shop(clocked_process, clocked_process.post("/sim/apps", {"industry": "rental"}))


@pytest.fixture(scope="module")
def shared_provider(clocked_process: SimulatorProcess) -> Shop:
    made = {"industry": "general", "kind": "provider"}
    return Shop(clocked_process, clocked_process.post("/sim/apps", made))


@pytest.fixture
def shop(shared_shop: Shop, gateway: Gateway) -> Iterator[Shop]:
    shared_shop.configure(notify_url=gateway.url)
    yield shared_shop
    shared_shop.configure(notify_url="")


@pytest.fixture
def provider(shared_provider: Shop, gateway: Gateway) -> Iterator[Shop]:
    shared_provider.configure(notify_url=gateway.url)
    yield shared_provider
    shared_provider.configure(notify_url="")


def told(shop: Shop, kind: str = USED, **more: Any) -> dict[str, Any]:
    """One notice of the kind, after its delivery if it had one."""
    [owed] = shop.owe(kind, **more)
    [notice] = shop.notices(after=owed["number"] - 1)
    return notice


def test_who_has_not_subscribed_is_not_told_and_the_log_says_why(shop: Shop, gateway: Gateway) -> None:
    notice = told(shop)

    assert (notice["state"], notice["attempts"], why(notice)) == ("nowhere", 0, NOT_SUBSCRIBED)
    assert gateway.posts == []


def test_who_subscribed_is_told_until_they_unsubscribe(shop: Shop, gateway: Gateway) -> None:
    shop.listen(USED)
    subscribed, other_topic = told(shop), told(shop, RECEIVED)
    shop.stop_listening(USED)
    unsubscribed = told(shop)

    assert [one["state"] for one in (subscribed, other_topic, unsubscribed)] == [
        "delivered",
        "nowhere",
        "nowhere",
    ]
    assert [post["msg_method"] for post in gateway.posts] == [USED]


def test_who_subscribed_by_websocket_is_not_told_by_http(shop: Shop, gateway: Gateway) -> None:
    shop.listen(USED, comm_type="WEBSOCKET")
    by_websocket = told(shop)
    assert shop.call(MODIFY, {"topic": USED, "comm_type": "HTTP"}).outcome == "10000"
    by_http = told(shop)
    shop.stop_listening(USED)

    assert why(by_websocket) == "subscribed by WEBSOCKET, which this platform does not speak"
    assert (by_http["state"], len(gateway.posts)) == ("delivered", 1)


def test_a_person_lets_an_app_hear_of_what_is_theirs_alone(
    shop: Shop, gateway: Gateway, fresh_seed: int
) -> None:
    somebody, another = shop.people(2, seed=fresh_seed)
    login = shop.simulator.post("/sim/logins", {"app_id": shop.app_id, "open_id": somebody})
    user = {"grant_type": "authorization_code", "code": login["auth_code"]}
    token = shop.call("alipay.system.oauth.token", **user).node["access_token"]
    shop.listen(USED, auth_type="user_auth", auth_token=token)

    theirs = told(shop, content={"open_id": somebody})
    of_another, of_nobody = told(shop, content={"open_id": another}), told(shop)
    shop.stop_listening(USED, auth_type="user_auth", auth_token=token)

    assert [one["state"] for one in (theirs, of_another, of_nobody)] == ["delivered", "nowhere", "nowhere"]
    assert [json.loads(post["biz_content"])["open_id"] for post in gateway.posts] == [somebody]


@pytest.mark.parametrize("where", ["in the envelope", "in biz_content"])
def test_a_provider_hears_of_the_merchant_whose_token_it_showed(
    shop: Shop, provider: Shop, gateway: Gateway, where: str
) -> None:
    inside, outside = token_of(shop, provider, where)
    gateway.posts.clear()
    biz = {"topic": USED, "comm_type": "HTTP", **inside}
    assert provider.call(SUBSCRIBE, biz, **outside).outcome == "10000"

    heard = told(provider, auth_app_id=shop.app_id)
    of_itself, by_the_merchant = told(provider), told(shop)
    revoke(shop, provider)
    afterwards = told(provider, auth_app_id=shop.app_id)

    assert [one["state"] for one in (heard, of_itself, by_the_merchant)] == [
        "delivered",
        "nowhere",
        "nowhere",
    ]
    [post] = gateway.posts
    assert (post["app_id"], post["auth_app_id"]) == (provider.app_id, shop.app_id)
    assert why(afterwards) == "the merchant has not authorised this app, or no longer"


def token_of(shop: Shop, provider: Shop, where: str) -> tuple[dict[str, str], dict[str, str]]:
    """(what stands in biz_content, what stands beside it) to name the merchant."""
    wish = {"app_id": shop.app_id, "provider_app_id": provider.app_id}
    code = shop.simulator.post("/sim/grants", wish)["app_auth_code"]
    provider.notices()
    exchange = {"grant_type": "authorization_code", "code": code}
    token = provider.call("alipay.open.auth.token.app", exchange).node["app_auth_token"]
    if where == "in biz_content":
        return {"auth_type": "app_auth", "auth_token": token}, {}
    return {}, {"app_auth_token": token}


def revoke(shop: Shop, provider: Shop) -> None:
    wish = {"app_id": shop.app_id, "provider_app_id": provider.app_id, "revoke": True}
    shop.simulator.post("/sim/grants", wish)


def test_a_card_is_told_of_without_any_subscription(shop: Shop, gateway: Gateway) -> None:
    assert told(shop, "alipay.marketing.card.open")["state"] == "delivered"
