"""People who act by themselves, over the wire: what the console is told, and what is refused after it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import Console
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorError, SimulatorProcess

REFUSED = {
    "unsubscribe": "40004/MSG_UNSUBSCRIBED",
    "not_interested": "40004/MSG_CONTENT_NOT_INTERESTED",
    "reject_messages": "40004/MSG_REJECTED",
}
LINK = "pages/gift/index?from%3Dmsg%26rt%3DAbc-123_x"


class Shop(Merchant):
    """Its platform's clock stands unless moved; `daily` is a long-term template, one message a day."""

    daily: str
    coupons: str

    @classmethod
    def open(cls, process: SimulatorProcess, **settings: Any) -> "Shop":
        settings = {"industry": "rental", "review_seconds": 0, "limits": {"app": 0, "method": 0}, **settings}
        shop = cls(process, process.post("/sim/apps", settings))
        shop.daily = shop.adopt("TM0010007", ["签到奖励", "已签天数"], scene_rule="long_term_subscribe")
        shop.coupons = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
        return shop

    def let_act(self, **habits: Any) -> dict[str, Any]:
        return self.simulator.post("/sim/behaviour", {"app_id": self.app_id, **habits})

    def wait(self, seconds: float) -> None:
        self.simulator.post("/sim/clock", {"advance_seconds": seconds})

    def acts(self, *kinds: str) -> list[dict[str, Any]]:
        told = self.simulator.get(f"/sim/acts?settled=1&limit=10000&app_id={self.app_id}")["acts"]
        return [act for act in told if not kinds or act["kind"] in kinds]

    def facts(self) -> dict[str, Any]:
        return self.simulator.get(f"/sim/behaviour?settled=1&app_id={self.app_id}")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess.start(store=tmp_path_factory.mktemp("people") / "store.db", speed=0) as running:
        yield running


@pytest.fixture(scope="module")
def shared_shop(process: SimulatorProcess) -> Shop:
    return Shop.open(process)


@pytest.fixture
def shop(shared_shop: Shop, console: Console, fresh_seed: int) -> Iterator[Shop]:
    shared_shop.configure(signals_url=console.url, client_key="client", server_key="server")
    yield shared_shop
    shared_shop.let_act(on=False)
    shared_shop.configure(signals_url="")


def test_who_is_annoyed_leaves_and_the_next_send_is_refused_accordingly(
    shop: Shop, console: Console, fresh_seed: int
) -> None:
    people = shop.people(60, seed=fresh_seed)
    shop.simulator.post(
        "/sim/consents",
        {
            "app_id": shop.app_id,
            "template_id": shop.daily,
            "open_ids": people,
            "kind": "long_term",
            "report": False,
        },
    )
    shop.let_act(annoyance=1_000_000, prompts=[{"trigger_rate": 0.0}])  # nobody subscribes again meanwhile
    assert {shop.send(shop.daily, one).outcome for one in people} == {"10000"}

    shop.wait(1_800)
    left = {act["open_id"]: act["kind"] for act in shop.acts(*REFUSED) if act["open_id"] in people}
    shop.let_act(on=False)
    shop.wait(86_400)

    assert len(left) > 40 and set(left.values()) == set(REFUSED)
    for person in people:
        assert shop.send(shop.daily, person).outcome == REFUSED.get(left.get(person, ""), "10000")
    revoked = [signal for signal in console.signals if signal["kind"] == "revoked"]
    gone = {open_id for open_id, way in left.items() if way == "unsubscribe"}
    assert {signal["open_id"] for signal in revoked} == gone
    assert {signal["template_id"] for signal in revoked} == {shop.daily}


def test_what_they_do_is_reported_each_with_its_key(shop: Shop, console: Console, fresh_seed: int) -> None:
    people = shop.people(120, seed=fresh_seed)
    shop.consent(shop.coupons, people, units=1)
    console.received.clear()
    prompts = [{"touchpoint": "pay-result", "template_ids": [shop.daily], "trigger_rate": 1.0}]
    shop.let_act(prompts=prompts, recall_rate=0.9, true_effect=0.9, seed=fresh_seed)
    for person in people:
        shop.send(shop.coupons, person, page=LINK)

    shop.wait(4 * 86_400)
    acts = shop.acts("visit", "subscribe")

    by_kind: dict[str, list[dict[str, Any]]] = {}
    keys = {signal["kind"]: key for key, body in console.received for signal in body["signals"]}
    for signal in console.signals:
        by_kind.setdefault(signal["kind"], []).append(signal)
    assert keys["visited"] == keys["exposed"] == keys["prompted"] == "Bearer client"
    assert keys["subscribed"] == "Bearer server"
    mine = [act for act in acts if act["open_id"] in set(people)]
    visits = {signal["open_id"]: signal for signal in by_kind["visited"]}
    assert visits.keys() == {act["open_id"] for act in mine if act["kind"] == "visit"}
    assert {signal["token"] for signal in visits.values()} == {"Abc-123_x"}
    assert {signal["scene"] for signal in visits.values()} == {"1014", "1305"}
    pushed = {act["open_id"] for act in mine if act["kind"] == "visit" and "by push" in act["detail"]}
    assert {open_id for open_id, signal in visits.items() if signal["scene"] == "1305"} == pushed
    assert {signal["touchpoint"] for signal in by_kind["exposed"]} == {"pay-result"}
    assert len({signal["id"] for signal in console.signals}) == len(console.signals)
    subscribed = {signal["open_id"] for signal in by_kind["subscribed"]}
    assert subscribed >= {act["open_id"] for act in mine if act["kind"] == "subscribe"}
    for person in sorted(subscribed)[:5]:
        assert shop.units_left(shop.daily, person) == "1"


def test_who_leaves_and_subscribes_again_while_the_clock_is_moved_did_so_one_after_the_other(
    shop: Shop, console: Console, fresh_seed: int
) -> None:
    people = shop.people(60, seed=fresh_seed)
    shop.consent(shop.daily, people, kind="long_term")
    prompts = [{"template_ids": [shop.daily], "trigger_rate": 1.0}]
    shop.let_act(prompts=prompts, annoyance=1_000_000, base_return=0.9, recall_rate=0.5, true_effect=0.3)
    console.received.clear()
    for person in people:
        shop.send(shop.daily, person)
    shop.wait(10 * 86_400)
    acts = [(one["open_id"], one["kind"]) for one in shop.acts("subscribe", "unsubscribe")]

    told = sorted((one["at"], one["open_id"], one["kind"]) for one in console.signals if "template_id" in one)
    for person in people:
        did = [kind for who, kind in acts if who == person]
        heard = [kind for _, who, kind in told if who == person]
        assert heard == [{"subscribe": "subscribed", "unsubscribe": "revoked"}[kind] for kind in did]
        assert len({at for at, who, _ in told if who == person}) == len(did)
    assert len([kind for _, kind in acts if kind == "unsubscribe"]) < len(acts)


def test_without_a_touchpoint_only_visits_and_consents_are_reported(
    shop: Shop, console: Console, fresh_seed: int
) -> None:
    people = shop.people(80, seed=fresh_seed)
    shop.consent(shop.coupons, people, units=1)
    shop.let_act(recall_rate=0.9, true_effect=0.9, prompts=[{"trigger_rate": 1.0}])
    for person in people:
        shop.send(shop.coupons, person, page=LINK)

    shop.wait(4 * 86_400)
    shop.acts()

    kinds = {signal["kind"] for signal in console.signals}
    assert kinds >= {"visited", "subscribed"} and kinds <= {"visited", "subscribed", "revoked"}


def test_a_console_that_is_away_gets_it_later_and_the_facts_say_what_waits(
    shop: Shop, console: Console, fresh_seed: int
) -> None:
    people = shop.people(40, seed=fresh_seed)
    shop.consent(shop.coupons, people, units=1)
    console.received.clear()
    console.answers = [503] * 3
    shop.let_act(recall_rate=0.9, true_effect=0.9, prompts=[{"trigger_rate": 0.0}])
    for person in people:
        shop.send(shop.coupons, person, page=LINK)

    shop.wait(4 * 86_400)
    facts = shop.facts()

    assert facts["reports"]["waiting"] > 0
    assert facts["reports"]["error"].startswith("HTTP 503")
    assert len({body["signals"][0]["id"] for _, body in console.received}) == 1


def test_the_facts_tell_the_rates_as_they_came_out(shop: Shop, fresh_seed: int) -> None:
    people = shop.people(200, seed=fresh_seed)
    shop.consent(shop.coupons, people, units=1)
    made = shop.let_act(true_effect=0.2, recall_rate=0.3, seed=7)
    assert (made["on"], made["habits"]["seed"], made["acts"]) == (True, 7, {})
    for person in people:
        shop.send(shop.coupons, person)

    shop.wait(5 * 86_400)
    facts = shop.facts()

    assert facts["acts"]["message"] == 200
    assert facts["rates"]["recall"] == round(facts["acts"]["visit"] / 200, 4)
    assert 0.1 < facts["rates"]["true_effect"] < 0.3
    assert facts["dropped"] == 0


def test_the_phone_shows_what_somebody_did_by_themselves(shop: Shop, fresh_seed: int) -> None:
    people = shop.people(40, seed=fresh_seed)
    shop.let_act(base_return=0.9, recall_rate=0.9, true_effect=0.5, prompts=[{"trigger_rate": 1.0}])

    shop.wait(6 * 86_400)
    came = {act["open_id"] for act in shop.acts("prompted")}
    somebody = next(person for person in people if person in came)

    page = shop.simulator.get(f"/sim/phone/{somebody}?app_id={shop.app_id}")
    assert "自己打开小程序" in page and "看到订阅弹窗" in page


def test_a_restart_goes_on_where_they_were(tmp_path: Path) -> None:
    """The same town twice, once with a restart in between: the same people do the same."""
    lives = []
    for name in ("through", "restarted"):
        store = tmp_path / name
        with SimulatorProcess.start(store=store, speed=0) as first:
            shop = Shop.open(first)
            align(shop)
            people = shop.people(150, seed=1)
            shop.consent(shop.coupons, people, units=2)
            shop.let_act(recall_rate=0.6, true_effect=0.5)
            for person in people:
                shop.send(shop.coupons, person)
            shop.wait(3_600)
            shop.acts()
            if name == "through":
                shop.wait(3 * 86_400)
                lives.append(shop.acts())
        if name == "restarted":
            with SimulatorProcess.start(store=store, speed=0) as second:
                again = Shop(second, second.post("/sim/apps", {"app_id": shop.app_id}))
                again.wait(3 * 86_400)
                lives.append(again.acts())

    [through, restarted] = [
        sorted((act["open_id"], act["kind"], act["detail"]) for act in life) for life in lives
    ]
    assert len(through) > 100
    assert restarted == through


def align(shop: Shop) -> None:
    """To ten in the morning: from there two processes have the same clock, to a millisecond."""
    now = re.match(r"\d+-\d+-\d+T(\d+):(\d+):([\d.]+)", shop.simulator.get("/sim/clock")["now"])
    assert now
    passed = int(now[1]) * 3_600 + int(now[2]) * 60 + float(now[3])
    shop.wait(86_400 - passed + 10 * 3_600)


@pytest.mark.parametrize(
    ("habits", "sentence"),
    [
        ({"true_effect": 0.5}, "true_effect: at most recall_rate"),
        ({"recall_rate": 0.9, "true_effect": 0.1}, "at least recall_rate - base_return"),
        ({"recall_rate": 2}, "recall_rate: a number"),
        ({"window_days": 5.5}, "window_days: a whole number"),
        ({"window_days": 1}, "window_days: a number from 4"),
        ({"moods": 3}, "moods: unknown"),
        ({"prompts": []}, "prompts: a list"),
        ({"prompts": [{"place": "x"}]}, "prompts: each"),
        ({"prompts": [{"template_ids": ["unknown"]}]}, "no template 'unknown'"),
        ({"coupon_templates": "all"}, "coupon_templates: a list"),
        ({"on": 1}, "on: true or false"),
    ],
)
def test_habits_that_cannot_be_are_refused_with_a_sentence(
    shop: Shop, habits: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SimulatorError) as refusal:
        shop.let_act(**habits)

    assert refusal.value.status in (400, 404)
    assert sentence in refusal.value.answer["error"]


def test_a_prompt_never_mixes_both_kinds(shop: Shop) -> None:
    with pytest.raises(SimulatorError) as refusal:
        shop.let_act(prompts=[{"template_ids": [shop.daily, shop.coupons]}])

    assert "cannot be mixed" in refusal.value.answer["error"]


def test_an_app_whose_people_do_not_act_says_so(shop: Shop) -> None:
    assert shop.facts() == {"on": False}
