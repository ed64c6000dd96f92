"""What the platform tells of cards: at the address that the template was made with, signed, on the ladder."""

from tests.simulator import card_asks as asks
from tests.simulator.card_desk import Desk, opened
from tests.simulator.conftest import Gateway
from tests.simulator.strangers.world import World
from tests.simulator_process import SimulatorProcess

OPENED, DELETED = "alipay.marketing.card.open", "alipay.marketing.card.delete"


def test_opening_and_end_are_told_at_the_templates_address(
    simulator: SimulatorProcess, gateway: Gateway
) -> None:
    desk = opened(simulator, notify_url="http://127.0.0.1:9/of-the-app")
    template_id = desk.template(notify_url=gateway.url)
    card = desk.opened(template_id)
    desk.end(card["biz_card_no"], "CANCEL")
    thrown_away = desk.cards()[0]["open_id"]
    desk.act(thrown_away, "remove", card_no=desk.card(template_id, thrown_away))
    desk.settle()

    told = [(one["notify_type"], one.get("reason_code")) for one in gateway.posts]
    assert sorted(told, key=str) == sorted(
        [(OPENED, None), (OPENED, None), (DELETED, "CANCEL"), (DELETED, "USER_UNBUND")], key=str
    )
    first = next(one for one in gateway.posts if one["notify_type"] == OPENED)
    names = ("template_id", "biz_card_no", "external_card_no", "open_id")
    assert [first[name] for name in names] == [
        *(template_id, card["biz_card_no"], card["external_card_no"]),
        thrown_away,
    ]
    assert {one["app_id"] for one in gateway.posts} == {desk.merchant.app_id}
    assert len(set(gateway.ids)) == 4


def test_a_template_that_is_changed_may_take_another_address(
    simulator: SimulatorProcess, gateway: Gateway
) -> None:
    desk = opened(simulator)
    template_id = desk.template(notify_url="http://127.0.0.1:9/old")
    change = {"request_id": asks.number(), "template_id": template_id, "biz_no_prefix": "N"}
    desk.say(asks.MODIFY, change, notify_url=gateway.url)

    desk.card(template_id)
    desk.settle()

    assert [one["notify_type"] for one in gateway.posts] == [OPENED]


def test_a_template_without_an_address_tells_nobody(simulator: SimulatorProcess, gateway: Gateway) -> None:
    desk = opened(simulator, notify_url=gateway.url)
    desk.card()

    [notice] = desk.settle()

    assert (notice["state"], gateway.posts) == ("nowhere", [])
    assert "no notify_url" in notice["deliveries"][0]["outcome"]


def test_a_refused_notice_comes_again_with_the_same_bytes(
    clocked: SimulatorProcess, gateway: Gateway
) -> None:
    desk = opened(clocked)
    gateway.answers = [(200, b"ok")]
    desk.card(desk.template(notify_url=gateway.url))
    desk.settle()
    desk.later(250 / 86_400)
    desk.settle()

    assert len(gateway.posts) == 2
    assert gateway.posts[0] == gateway.posts[1]


def test_the_provider_that_made_the_template_is_told_of_its_merchant(
    simulator: SimulatorProcess, gateway: Gateway
) -> None:
    world = World(simulator)
    token = world.app_token(world.shop, world.provider)
    made = world.provider.call(asks.CREATE, asks.template(), app_auth_token=token, notify_url=gateway.url)
    desk = Desk(world.shop)
    desk.say(asks.FORM, asks.form(made.node["template_id"]))

    desk.card(made.node["template_id"])
    simulator.get(f"/sim/notices?app_id={world.provider.app_id}&settled=1")

    [post] = gateway.posts
    assert (post["app_id"], post["auth_app_id"]) == (world.provider.app_id, world.shop.app_id)
