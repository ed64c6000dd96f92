"""What surrounds every method, judged by strangers: charsets, signatures, skew, limits, unknown names."""

import pytest

from tests.simulator.strangers.conftest import Stranger, standing_in
from tests.simulator.strangers.official import Untrusted
from tests.simulator.strangers.refused_messages import SEND
from tests.simulator.strangers.refused_others import LIBRARY
from tests.simulator.strangers.world import World

ONE = {"page_size": 1}


def test_a_wrong_signature_of_the_platform_is_noticed(stranger: Stranger, world: World) -> None:
    world.shop.fault("bad_signature", count=1)

    with pytest.raises(Untrusted, match=r"verify failed|AliPayValidationError"):
        stranger(world.shop).call(LIBRARY, ONE)

    assert stranger(world.shop).call(LIBRARY, ONE)["code"] == "10000"


def test_the_key_of_another_app_does_not_sign_for_this_one(stranger: Stranger, world: World) -> None:
    client = stranger(world.shop)
    texts, mine = world.shop.texts, world.shop.texts["app_private_key"]
    texts["app_private_key"] = world.tea.texts["app_private_key"]
    try:
        node = stranger(world.shop).call(LIBRARY, ONE)
    finally:
        texts["app_private_key"] = mine

    assert (node["code"], node["sub_code"]) == ("40002", "isv.invalid-signature")
    assert client.call(LIBRARY, ONE)["code"] == "10000"


def test_rsa_with_sha1_is_refused_until_the_app_takes_it(stranger: Stranger, world: World) -> None:
    # Signed with RSA2 the independent client would not trust the refusal, so the vectors' own client looks.
    refused = world.shop.call(LIBRARY, ONE, sign_type="RSA")
    assert refused.outcome == "40002/isv.invalid-signature-type"

    world.configure(world.shop, allow_rsa=True)

    assert stranger(world.shop, sign_type="RSA").call(LIBRARY, ONE)["code"] == "10000"
    assert stranger(world.shop).call(LIBRARY, ONE)["code"] == "10000"


@pytest.mark.parametrize("charset", ["gbk", "gb2312"])
def test_chinese_comes_and_goes_in_gbk(official: Stranger, world: World, charset: str) -> None:
    client = official(world.shop, charset=charset)

    node = client.call(LIBRARY, {"industry_scenario": "用户活跃"})
    refused = client.call(SEND, {"user_template_id": "没有的模板"})

    assert [entry["name"] for entry in node["template_lib_list"]] == ["每日签到提醒"]
    assert (refused["sub_code"], refused["sub_msg"]) == ("USER_TEMPLATE_ILLEGAL", "模板非法")


def test_an_empty_value_that_was_signed_is_taken_only_where_that_is_allowed(
    official: Stranger, world: World
) -> None:
    client = official(world.shop)
    refused = client.call(LIBRARY, ONE, remark="")
    assert refused["sub_code"] == "isv.invalid-signature"

    world.configure(world.shop, sign_with_empties=True)

    assert client.call(LIBRARY, ONE, remark="")["code"] == "10000"


def test_skew_is_judged_in_beijing_time_of_the_real_clock(stranger: Stranger, world: World) -> None:
    world.later(40 * 86_400)
    world.configure(world.shop, skew_seconds=30)

    assert stranger(world.shop).call(LIBRARY, ONE)["code"] == "10000"


# As POSIX names them, so that no table of zones is needed: London in winter, Tokyo.
@pytest.mark.parametrize("zone", ["GMT0", "JST-9"])
def test_a_clock_in_another_zone_is_refused_once_skew_is_on(
    official: Stranger, independent: Stranger, world: World, zone: str
) -> None:
    with standing_in(zone):
        unjudged = official(world.shop).call(LIBRARY, ONE)
    world.configure(world.shop, skew_seconds=30)
    with standing_in(zone):
        nodes = [official(world.shop).call(LIBRARY, ONE)]
    nodes.append(independent(world.shop, zone=zone).call(LIBRARY, ONE))

    assert unjudged["code"] == "10000"
    assert {(node["code"], node["sub_code"]) for node in nodes} == {("40002", "isv.invalid-timestamp")}
    assert official(world.shop).call(LIBRARY, ONE)["code"] == "10000"


@pytest.mark.parametrize(
    ("limits", "sub_code"),
    [({LIBRARY: 1}, "isv.method-call-limited"), ({"app": 1}, "isv.app-call-limited")],
)
def test_more_than_the_limit_is_40005(
    stranger: Stranger, world: World, limits: dict[str, int], sub_code: str
) -> None:
    client = stranger(world.tea)
    client.call(LIBRARY, ONE)
    world.configure(world.tea, limits={name: 0.01 for name in limits})

    nodes = [client.call(LIBRARY, ONE) for _ in range(3)]

    assert nodes[0]["code"] == "10000"
    assert {(node["code"], node["sub_code"]) for node in nodes[1:]} == {("40005", sub_code)}


@pytest.mark.parametrize(
    ("app_id", "sub_code"), [("2021000000000404", "isv.invalid-app-id"), ("", "isv.missing-app-id")]
)
def test_an_app_that_nobody_knows_gets_no_signature(
    stranger: Stranger, world: World, app_id: str, sub_code: str
) -> None:
    known = world.shop.app_id
    world.shop.app_id = app_id
    try:
        client = stranger(world.shop)
        with pytest.raises(Untrusted, match=sub_code.replace(".", r"\.")):
            client.call(LIBRARY, ONE)
    finally:
        world.shop.app_id = known


def test_a_method_that_is_missing_answers_under_error_response(world: World, official: Stranger) -> None:
    method = world.platform.get("/sim/methods")["missing"][0]

    node = official(world.shop).call(method, {})

    assert (node["code"], node["sub_code"]) == ("40002", "isv.invalid-method")


def test_the_independent_client_distrusts_error_response(independent: Stranger, world: World) -> None:
    with pytest.raises(Untrusted, match=r"isv\.invalid-method"):
        independent(world.shop).call("alipay.open.nothing.at.all", {})
