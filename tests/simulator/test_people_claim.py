"""People who take the coupon of a message by themselves, and pay with some of them."""

from pathlib import Path
from typing import Any

import pytest

from tests.simulator import coupon_asks as asks
from tests.simulator.coupon_counter import Counter
from tests.simulator.test_people_act import Shop, align
from tests.simulator_process import SimulatorProcess

DAY = 86_400
EAGER = {"recall_rate": 0.9, "true_effect": 0.9, "prompts": [{"trigger_rate": 0.0}]}
Life = dict[str, Any]


def life(store: Path, *, restart: bool = False, sends: bool = True, stock: int = 150, **habits: Any) -> Life:
    """Two hundred people get a message with a coupon and live for a week."""
    with SimulatorProcess.start(store=store, speed=0) as first:
        shop = Shop.open(first)
        align(shop)
        people = shop.people(200, seed=1)
        shop.consent(shop.coupons, people, units=1)
        counter = Counter(shop)
        activity = counter.made(per_user=1, quantity=stock)
        if sends:
            counter.say(asks.PLAN, **asks.plan(counter.now, activity, template_id=shop.coupons))
            counter.settle()
        shop.let_act(**EAGER, **habits)
        for person in people:
            shop.send(shop.coupons, person)
        shop.wait(DAY)
        shop.acts()
        if not restart:
            return told(shop, counter, activity)
    with SimulatorProcess.start(store=store, speed=0) as second:
        shop = Shop(second, second.post("/sim/apps", {"app_id": shop.app_id}))
        return told(shop, Counter(shop), activity)


def told(shop: Shop, counter: Counter, activity: str) -> Life:
    """A week, hour by hour at first, so that who takes one late pays late."""
    for seconds in (DAY, DAY, DAY, 4 * DAY):
        shop.wait(seconds)
        shop.acts()
    held = counter.vouchers(activity_id=activity)
    return {
        "visits": {act["open_id"] for act in shop.acts("visit")},
        "claims": sorted(one["open_id"] for one in held),
        "used": sorted(one["open_id"] for one in held if one["status"] == "USED"),
        "acts": {kind: len(shop.acts(kind)) for kind in ("claim", "pay")},
        "through": {one["through"] for one in held},
        "uses": [use for one in held for use in one["uses"]],
    }


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return life(tmp_path_factory.mktemp("claims") / "store", claim_rate=0.5, use_rate=0.5)


def test_only_who_opened_the_message_takes_its_coupon_and_nobody_two(lived: Life) -> None:
    assert set(lived["claims"]) < lived["visits"]
    assert len(set(lived["claims"])) == len(lived["claims"]) == lived["acts"]["claim"]
    assert 0.35 < len(lived["claims"]) / len(lived["visits"]) < 0.65
    assert lived["through"] == {"SERVICE_MESSAGE"}


def test_some_of_them_pay_with_it_once_a_bill_it_is_good_for(lived: Life) -> None:
    assert 0.3 < len(lived["used"]) / len(lived["claims"]) < 0.7
    assert lived["acts"]["pay"] == len(lived["used"]) == len(lived["uses"])
    assert all(use["fee"] >= 2_000 and use["saved"] == 500 for use in lived["uses"])


def test_after_a_restart_the_same_people_take_and_use_them(lived: Life, tmp_path: Path) -> None:
    again = life(tmp_path / "store", restart=True, claim_rate=0.5, use_rate=0.5)
    assert again["claims"] == lived["claims"]
    assert len(again["used"]) == again["acts"]["pay"] > 0


def test_a_message_without_a_plan_brings_no_coupon(tmp_path: Path) -> None:
    found = life(tmp_path / "store", sends=False, claim_rate=0.9)
    assert (found["claims"], found["acts"]["claim"]) == ([], 0)


def test_where_none_are_left_nobody_gets_one(tmp_path: Path) -> None:
    found = life(tmp_path / "store", stock=60, claim_rate=0.95, use_rate=0.0)
    assert len(found["visits"]) > 80
    assert (len(found["claims"]), found["used"]) == (60, [])
