"""Answers to the prompt that are kept: by the person, on the phone, over a restart, and by those who act."""

from pathlib import Path
from typing import Any

import pytest

from simulator.behaviour import Prompt
from tests.simulator.conftest import Console
from tests.simulator.merchant import SUBSCRIBE_QUERY, Merchant
from tests.simulator.screen import Page
from tests.simulator.town import Town
from tests.simulator_process import SimulatorError, SimulatorProcess

SETTINGS = "消息管理"


def relation(merchant: Merchant, template: str, open_id: str) -> dict[str, Any]:
    """What the platform says of one template; nothing where it says nothing."""
    node = merchant.call(SUBSCRIBE_QUERY, {"open_id": open_id, "template_id_list": [template]}).node
    return (node.get("subscribe_relations") or [{}])[0]


def test_what_was_accepted_is_reported_also_when_it_was_silent(
    merchant: Merchant, console: Console, person: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, server_key="k")

    for _ in range(3):
        merchant.act(person, "prompt", template_ids=[coupon_template], keep=True)
    merchant.act(person, "ask_again", template_id=coupon_template)
    refused = merchant.act(person, "prompt", template_ids=[coupon_template], accept=[])

    assert [signal["kind"] for signal in console.signals] == ["subscribed"] * 3
    assert (refused["show"], refused["choices"]) == (True, {coupon_template: "reject"})


def test_who_had_refused_for_good_may_subscribe_in_the_settings(
    merchant: Merchant, person: str, coupon_template: str
) -> None:
    merchant.act(person, "prompt", template_ids=[coupon_template], accept=[], keep=True)
    refused = relation(merchant, coupon_template, person)
    merchant.act(person, "subscribe", template_id=coupon_template)
    subscribed = relation(merchant, coupon_template, person)

    assert (refused["subscribe_state"], refused["keep_state"], refused["show"]) == ("0", "0", False)
    assert (subscribed["subscribe_state"], subscribed["show"]) == ("1", True)
    assert "keep_state" not in subscribed


def test_a_subscription_may_be_kept_at_once(merchant: Merchant, person: str, coupon_template: str) -> None:
    merchant.act(person, "subscribe", template_id=coupon_template, keep=True)

    assert relation(merchant, coupon_template, person)["keep_state"] == "1"


def test_a_long_term_template_keeps_a_refusal_and_an_acceptance_by_itself(
    merchant: Merchant, person: str, signing_in_template: str
) -> None:
    prompt: dict[str, Any] = {"template_ids": [signing_in_template]}
    merchant.act(person, "prompt", **prompt, accept=[], keep=True)
    refused = relation(merchant, signing_in_template, person)
    merchant.act(person, "subscribe", template_id=signing_in_template)
    standing = merchant.act(person, "prompt", **prompt, accept=[])
    merchant.act(person, "unsubscribe", template_id=signing_in_template)
    ended = relation(merchant, signing_in_template, person)

    assert (refused["subscribe_state"], refused["keep_state"]) == ("0", "0")
    assert (standing["show"], standing["choices"]) == (False, {signing_in_template: "accept"})
    assert (ended["subscribe_state"], ended["show"]) == ("0", True)
    assert "keep_state" not in ended


def test_the_phone_shows_what_is_kept_and_takes_it_back(
    merchant: Merchant, person: str, coupon_template: str
) -> None:
    merchant.act(person, "prompt", template_ids=[coupon_template], keep=True)
    settings = Page.of(merchant, person, "/settings")
    assert "还可接收 1 次 · 总是同意，不再询问" in settings.screen(SETTINGS).text
    settings = settings.tap(SETTINGS, "每次询问")
    asked = settings.screen(SETTINGS).text
    assert "还可接收 1 次" in asked and "不再询问" not in asked and "每次询问" not in asked


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"template_ids": []}, "1 to 3 template ids"),
        ({"template_ids": ["one"] * 4}, "1 to 3 template ids"),
        ({"template_ids": ["nothing"]}, "no template 'nothing'"),
        ({"template_ids": ["coupon", "daily"]}, "cannot be mixed"),
        ({"template_ids": ["coupon"], "keep": "yes"}, "keep: true or false"),
        ({"template_ids": ["coupon"], "accept": "all"}, "accept: a list"),
    ],
)
def test_a_prompt_that_cannot_be_is_refused_with_a_sentence(
    merchant: Merchant,
    person: str,
    coupon_template: str,
    signing_in_template: str,
    wish: dict[str, Any],
    sentence: str,
) -> None:
    known = {"coupon": coupon_template, "daily": signing_in_template}
    wish = {**wish, "template_ids": [known.get(one, one) for one in wish["template_ids"]]}

    with pytest.raises(SimulatorError) as refusal:
        merchant.act(person, "prompt", **wish)

    assert sentence in refusal.value.answer["error"]


def test_a_template_that_is_not_online_cannot_be_asked_for(merchant: Merchant, person: str) -> None:
    template = merchant.adopt("TM0010003", ["礼物名称", "截止时间"])
    body = {"app_id": merchant.app_id, "template_id": template, "status": "OFFLINE"}
    merchant.simulator.post("/sim/templates", body)

    with pytest.raises(SimulatorError, match="is not online"):
        merchant.act(person, "prompt", template_ids=[template])


def test_a_restart_keeps_what_was_kept_and_not_what_was_taken_back(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with SimulatorProcess.start(store=store) as process:
        shop = Merchant.create(process, industry="rental", review_seconds=0)
        template = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
        keeping, changing = shop.people(2, seed=1)
        for one in (keeping, changing):
            shop.act(one, "prompt", template_ids=[template], keep=True)
        shop.act(changing, "ask_again", template_id=template)

    with SimulatorProcess.start(store=store) as process:
        shop = Merchant(process, {**shop.texts, "gateway_url": process.gateway_url})
        shows = [relation(shop, template, one)["show"] for one in (keeping, changing)]

    assert shows == [False, True]


def test_people_who_act_keep_answers_and_then_no_panel_shows() -> None:
    prompts = (Prompt(trigger_rate=1.0),)
    town = Town(people=300, base_return=0.9, long_term_rate=0.5, keep_rate=0.95, prompts=prompts)
    town.live(6)
    acts = town.acts()
    town.close()

    kept_at = {open_id: at for at, open_id, kind, _ in acts if kind == "keep_reject"}
    last_asked = {open_id: at for at, open_id, kind, _ in acts if kind == "prompted"}
    last_came = {open_id: at for at, open_id, kind, _ in acts if kind == "come"}
    assert len(kept_at) > 50 and town.template.kept == dict.fromkeys(kept_at, "reject")
    assert {one: last_asked[one] for one in kept_at} == kept_at
    assert any(last_came[one] > at for one, at in kept_at.items())


def test_who_acts_and_keeps_accepting_gets_units_without_a_panel() -> None:
    from_the_library = ("TM0000001", ("优惠内容", "使用方法"))
    town = Town(people=300, base_return=0.9, one_time_rate=0.95, keep_rate=0.95)
    coupon = town.adopt("coupon", *from_the_library)
    town.let_act(prompts=(Prompt((coupon.template_id,), "", 1.0),))
    town.live(6)
    counted, silent = town.counted(), town.who("subscribe_silently")
    town.close()

    assert silent and silent <= {one for one, choice in coupon.kept.items() if choice == "accept"}
    assert sum(coupon.consents.values()) == counted["subscribe"] + counted["subscribe_silently"]
    assert counted["subscribe"] == counted["subscribed one_time"]
