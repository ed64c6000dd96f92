"""What the platform tells of coupons: each event once, signed, with what names it; and when time moves."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.simulator import coupon_asks as asks
from tests.simulator.conftest import Gateway
from tests.simulator.coupon_counter import Counter, opened
from tests.simulator.strangers.world import World
from tests.simulator_process import SimulatorProcess

EVENTS = ("created", "modified", "appended", "stopped", "received", "used", "expired", "refund")
TOPICS = [f"{asks.NAMES}message.{event}" for event in EVENTS]
PLANS = f"{asks.NAMES}delivery.message"


@pytest.fixture
def counter(clocked: SimulatorProcess, gateway: Gateway) -> Iterator[Counter]:
    counter = opened(clocked)
    counter.listen(gateway.url, *TOPICS, PLANS)
    yield counter
    counter.merchant.configure(notify_url="")


def _heard(gateway: Gateway) -> list[tuple[str, dict[str, str]]]:
    return [
        (post["msg_method"].rpartition(".")[2], json.loads(post["biz_content"])) for post in gateway.posts
    ]


def test_each_step_of_a_pay_coupons_life_is_told_in_its_order(counter: Counter, gateway: Gateway) -> None:
    activity_id, person = counter.made(quantity=5), counter.person()
    about = {"activity_id": activity_id}
    end = asks.moment(counter.now, 40)
    counter.say(asks.MODIFY_PAY, **about, out_biz_no=asks.number(), publish_end_time=end)
    counter.say(asks.APPEND_PAY, **about, out_biz_no=asks.number(), voucher_quantity="9")
    voucher_id = counter.send(activity_id, person)
    paid = counter.act(person, "pay", total_fee=2_500)
    counter.act(person, "pay_back", voucher_id=voucher_id)
    counter.say(asks.STOP_PAY, **about, out_biz_no=asks.number())
    counter.settle()

    heard = sorted(_heard(gateway), key=lambda told: int(told[1]["event_time"]))
    assert sorted(what for what, _ in heard) == sorted(
        ["created", "modified", "appended", "received", "used", "refund", "stopped"]
    )
    assert {told["activity_id"] for _, told in heard} == {activity_id}
    named = {what: told for what, told in heard}
    for what in ("received", "used", "refund"):
        assert (named[what]["voucher_id"], named[what]["open_id"]) == (voucher_id, person)
    assert named["used"]["trade_no"] == named["refund"]["trade_no"] == paid["trade_no"]
    assert len({told["id"] for _, told in heard}) == 7


def test_a_coupon_that_ends_unused_is_told_once_with_its_last_second(
    counter: Counter, gateway: Gateway
) -> None:
    activity_id = counter.made()
    people = [counter.person() for _ in range(3)]
    unused, used, again = (counter.send(activity_id, person) for person in people)
    counter.act(people[1], "pay", total_fee=2_500)
    counter.settle()
    gateway.posts.clear()

    counter.later(6.9)
    counter.settle()
    assert gateway.posts == []
    counter.later(0.2)
    counter.settle()
    counter.later(30)
    counter.settle()

    ends = {one["voucher_id"]: one["ends_at"] for one in counter.vouchers(activity_id=activity_id)}
    heard = _heard(gateway)
    assert [what for what, _ in heard] == ["expired", "expired"]
    assert {told["voucher_id"] for _, told in heard} == {unused, again} == set(ends) - {used}
    for _, told in heard:
        moment = time.gmtime(int(told["event_time"]) / 1000 + 8 * 3_600)
        assert time.strftime("%Y-%m-%dT%H:%M:%S", moment) == ends[told["voucher_id"]][:19]


def test_a_plan_is_told_when_it_runs_and_minutes_after_it_was_stopped(
    counter: Counter, gateway: Gateway
) -> None:
    template = counter.merchant.adopt("TM0020005", ["奖励名称", "使用方法"])
    activity_id, person = counter.made(), counter.person()
    plan = counter.say(asks.PLAN, **asks.plan(counter.now, activity_id, template_id=template))
    about = {"delivery_id": plan["delivery_id"]}
    counter.settle()
    claimed = counter.act(person, "claim", activity_id=activity_id, booth="SERVICE_MESSAGE")
    counter.say(asks.PLAN_STOP, **about, out_biz_no=asks.number())
    counter.later(100 / 86_400)
    still = counter.say(asks.PLAN_QUERY, **about)["delivery_status"]
    counter.later(30 / 86_400)
    counter.settle()

    assert claimed["voucher"]["through"] == "SERVICE_MESSAGE"
    assert (still, counter.say(asks.PLAN_QUERY, **about)["delivery_status"]) == ("ACTIVE", "INACTIVE")
    told = [content["delivery_status"] for what, content in _heard(gateway) if "delivery_id" in content]
    assert told == ["ACTIVE", "INACTIVE"]


def test_a_refused_push_comes_again_on_the_ladder_with_the_same_bytes(
    counter: Counter, gateway: Gateway
) -> None:
    gateway.answers = [(500, b"no")]
    counter.made()
    counter.settle()
    counter.later(250 / 86_400)
    counter.settle()

    assert len(gateway.posts) == 2
    assert gateway.posts[0] == gateway.posts[1]


def test_a_provider_that_listens_for_its_merchant_is_told_as_well(
    clocked: SimulatorProcess, gateway: Gateway
) -> None:
    world = World(clocked)
    token = world.app_token(world.shop, world.provider)
    world.provider.configure(notify_url=gateway.url)
    topic = {"topic": TOPICS[4], "comm_type": "HTTP", "auth_type": "app_auth", "auth_token": token}
    assert world.provider.call("alipay.open.app.message.topic.subscribe", topic).node["code"] == "10000"
    counter = Counter(world.shop)
    activity_id = counter.made()

    node = world.provider.call(
        asks.SEND_PAY,
        {"activity_id": activity_id, "open_id": counter.person(), "out_biz_no": asks.number()},
        app_auth_token=token,
    ).node
    clocked.get(f"/sim/notices?app_id={world.provider.app_id}&settled=1")

    [(what, told)] = _heard(gateway)
    assert (what, told["voucher_id"]) == ("received", node["voucher_id"])
    assert gateway.posts[0]["auth_app_id"] == world.shop.app_id
