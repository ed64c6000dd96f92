"""Apps, people, consents, actions, history, clock: what the control API does and what it refuses."""

import time
from datetime import datetime
from typing import Any

import pytest

from tests.simulator.conftest import Console
from tests.simulator.merchant import Merchant
from tests.simulator_process import SimulatorError, SimulatorProcess

LINK = "pages/gift/index?from%3Dmsg%26rt%3DAbc-123_x"


def test_a_known_app_keeps_its_keys_and_changes_its_settings(
    simulator: SimulatorProcess, tea_shop: Merchant
) -> None:
    again = simulator.post("/sim/apps", {"app_id": tea_shop.app_id, "name": "青禾茶集旗舰店"})

    assert again == tea_shop.texts
    assert again["gateway_url"] == simulator.gateway_url
    assert "青禾茶集旗舰店" in simulator.get(f"/sim/phone?app_id={tea_shop.app_id}")


def test_a_new_app_may_bring_its_app_id(simulator: SimulatorProcess) -> None:
    assert (
        simulator.post("/sim/apps", {"industry": "tea", "app_id": "2021001122334455"})["app_id"]
        == "2021001122334455"
    )


def test_the_same_seed_names_the_same_people_and_never_doubles_them(
    merchant: Merchant, fresh_seed: int
) -> None:
    first = merchant.people(3, seed=fresh_seed)

    assert merchant.people(3, seed=fresh_seed) == first
    assert merchant.people(5, seed=fresh_seed)[:3] == first
    assert not set(merchant.people(3, seed=fresh_seed + 500_000)) & set(first)
    assert {len(open_id) for open_id in first} == {31}
    assert all(open_id[:3].isdigit() for open_id in first)


def test_consents_are_reported_with_the_server_key_in_batches_of_200(
    merchant: Merchant, console: Console, fresh_seed: int, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, server_key="server-key", client_key="client-key")
    people = merchant.people(450, seed=fresh_seed)

    answer = merchant.consent(coupon_template, people, units=2)

    assert answer == {"granted": 450, "reported": 450, "report_failed": 0, "report_error": None}
    assert [len(body["signals"]) for _, body in console.received] == [200, 200, 50]
    assert {key for key, _ in console.received} == {"Bearer server-key"}
    assert {body["app_id"] for _, body in console.received} == {merchant.app_id}
    assert [signal["open_id"] for signal in console.signals] == people
    assert len({signal["id"] for signal in console.signals}) == 450
    first = console.signals[0]
    assert (first["kind"], first["subscription"], first["units"]) == ("subscribed", "one_time", 2)
    assert datetime.fromisoformat(first["at"]).utcoffset() is not None


def test_a_failed_report_is_repeated_with_the_same_ids(
    merchant: Merchant, console: Console, person: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, server_key="k")
    console.answers = [503, 200]

    answer = merchant.consent(coupon_template, [person])

    assert (answer["reported"], len(console.received)) == (1, 2)
    assert console.received[0] == console.received[1]


def test_a_console_that_refuses_is_told_apart_from_one_that_took_it(
    merchant: Merchant, console: Console, fresh_seed: int, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, server_key="k")
    people = merchant.people(250, seed=fresh_seed)
    console.answers = [200, 403]

    answer = merchant.consent(coupon_template, people)

    assert (answer["granted"], answer["reported"], answer["report_failed"]) == (250, 200, 50)
    assert answer["report_error"].startswith("HTTP 403")


def test_a_grant_without_report_tells_the_console_nothing(
    merchant: Merchant, console: Console, person: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, server_key="k")
    body = {
        "app_id": merchant.app_id,
        "template_id": coupon_template,
        "open_ids": [person],
        "kind": "one_time",
    }

    answer = merchant.simulator.post("/sim/consents", {**body, "units": 1, "report": False})

    assert (answer["granted"], answer["reported"], console.received) == (1, 0, [])
    assert merchant.send(coupon_template, person).outcome == "10000"


def test_all_means_everybody_of_the_app(tea_shop: Merchant, fresh_seed: int) -> None:
    template = tea_shop.adopt("TM0000001", ["优惠内容", "使用方法"])
    people = tea_shop.people(7, seed=fresh_seed)

    assert tea_shop.consent(template, "all")["granted"] >= 7
    assert {tea_shop.send(template, person).outcome for person in people} == {"10000"}


def test_people_report_what_they_do(
    merchant: Merchant, console: Console, person: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, server_key="server", client_key="client")

    merchant.act(person, "subscribe", template_id=coupon_template, units=2)
    merchant.send(coupon_template, person, page=LINK)
    visit = merchant.act(person, "visit")
    merchant.act(person, "unsubscribe", template_id=coupon_template)

    kinds = [(key, signal["kind"]) for key, body in console.received for signal in body["signals"]]
    assert kinds == [
        ("Bearer server", "subscribed"),
        ("Bearer client", "visited"),
        ("Bearer server", "revoked"),
    ]
    assert (visit["token"], visit["reported"]) == ("Abc-123_x", 1)
    visited = console.signals[1]
    assert (visited["token"], visited["scene"], visited["open_id"]) == ("Abc-123_x", "1014", person)
    assert merchant.send(coupon_template, person).outcome == "40004/MSG_UNSUBSCRIBED"


def test_a_link_without_a_token_reports_the_scene_alone(
    merchant: Merchant, console: Console, subscriber: str, coupon_template: str
) -> None:
    merchant.configure(signals_url=console.url, client_key="client")
    # Parameters that are not encoded together lose all but the first.
    merchant.send(coupon_template, subscriber, page="pages/a?x=1&rt=Abc")

    merchant.act(subscriber, "visit")

    assert "token" not in console.signals[0]
    assert console.signals[0]["scene"] == "1014"


def test_history_is_written_into_the_past_and_marked(
    simulator: SimulatorProcess, tea_shop: Merchant, fresh_seed: int
) -> None:
    shop, since = tea_shop, tea_shop.summary()["last_id"]
    template = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
    [one, other] = shop.people(2, seed=fresh_seed)
    messages = [{"open_id": one, "days_ago": 3, "visited": True}, {"open_id": other, "days_ago": 2}]
    base = {"app_id": shop.app_id, "template_id": template}

    listed = simulator.post("/sim/history", {**base, "messages": messages})
    made_up = simulator.post("/sim/history", {**base, "count": 40, "days": 20, "seed": 3})

    assert (listed["written"], listed["visited"]) == (2, 1)
    assert made_up["written"] == 40 and 0 < made_up["visited"] < 40
    entries = simulator.get(f"/sim/log?app_id={shop.app_id}&after={since}")["entries"]
    past = [entry for entry in entries if entry["history"]]
    assert len(past) == 42 and all(entry["accepted"] for entry in past)
    summary = shop.summary(since_id=since, template_id=template)
    assert (summary["history"], summary["accepted_messages"]) == (42, 0)
    assert "优惠券领取提醒" in simulator.get(f"/sim/phone/{one}?app_id={shop.app_id}")


def test_a_past_can_say_when_how_and_with_what_outcome_and_is_written_once_per_key(
    simulator: SimulatorProcess, tea_shop: Merchant, fresh_seed: int
) -> None:
    shop, since = tea_shop, tea_shop.summary()["last_id"]
    template = shop.adopt("TM0000001", ["优惠内容", "使用方法"])
    people = shop.people(4, seed=fresh_seed)
    at = time.time() - 5 * 86_400
    outcomes = ("accepted", "http_500_delivered", "http_500_lost", "MSG_REJECTED")
    messages = [
        {"open_id": open_id, "at": at, "outcome": outcome, "page": f"pages/a?rt={number}"}
        for number, (open_id, outcome) in enumerate(zip(people, outcomes, strict=True))
    ]
    messages[0]["visited_at"] = at + 600
    data = {"keyword1": {"value": "第二杯半价"}, "keyword2": {"value": "点单自动抵扣"}}
    body = {"app_id": shop.app_id, "template_id": template, "data": data, "key": f"send {fresh_seed}"}

    first = simulator.post("/sim/history", {**body, "messages": messages})
    again = simulator.post("/sim/history", {**body, "messages": messages})

    assert first == {"written": 4, "visited": 1}
    assert again == {"written": 0, "visited": 0, "repeated": True}
    entries = simulator.get(f"/sim/log?app_id={shop.app_id}&after={since}&template_id={template}")["entries"]
    past = {entry["to"]: entry for entry in entries if entry["history"]}
    assert [past[one]["accepted"] for one in people] == [True, True, False, False]
    assert [past[one]["ambiguous"] for one in people] == [False, True, True, False]
    assert past[people[3]]["sub_code"] == "MSG_REJECTED"
    assert past[people[0]]["page"] == "pages/a?rt=0"
    summary = shop.summary(since_id=since, template_id=template)
    assert (summary["history"], summary["history_messages"], summary["accepted_messages"]) == (4, 2, 0)
    assert summary["history_calls"] == {"10000": 1, "http 500": 2, "40004/MSG_REJECTED": 1}
    assert "第二杯半价" in simulator.get(f"/sim/phone/{people[0]}?app_id={shop.app_id}")
    assert "第二杯半价" not in simulator.get(f"/sim/phone/{people[2]}?app_id={shop.app_id}")


def test_a_balance_that_is_set_is_the_same_however_often(
    simulator: SimulatorProcess, merchant: Merchant, person: str
) -> None:
    template = merchant.adopt("TM0000001", ["优惠内容", "使用方法"])
    wanted = {"app_id": merchant.app_id, "template_id": template, "open_ids": [person], "kind": "one_time"}
    for _again in range(2):
        simulator.post("/sim/consents", {**wanted, "units": 1, "set": True})

    assert merchant.send(template, person).outcome == "10000"
    assert merchant.send(template, person).outcome == "40004/MSG_UNSUBSCRIBED"


def test_many_people_change_their_mind_at_once(
    simulator: SimulatorProcess, merchant: Merchant, fresh_seed: int
) -> None:
    template = merchant.adopt("TM0000001", ["优惠内容", "使用方法"])
    one, other = merchant.people(2, seed=fresh_seed)
    merchant.consent(template, [one, other])
    wanted = {"app_id": merchant.app_id, "open_ids": [one, other], "action": "reject_messages"}

    assert simulator.post("/sim/act", wanted) == {"done": "reject_messages", "people": 2}

    assert merchant.send(template, one).outcome == "40004/MSG_REJECTED"
    assert merchant.send(template, other).outcome == "40004/MSG_REJECTED"


def test_the_platform_can_change_the_words_of_its_copy(
    simulator: SimulatorProcess, merchant: Merchant
) -> None:
    template = merchant.adopt("TM0000001", ["优惠内容", "使用方法"])
    wanted = {"app_id": merchant.app_id, "template_id": template, "keywords": ["优惠内容", "使用说明"]}

    assert simulator.post("/sim/templates", wanted)["keywords"] == ["优惠内容", "使用说明"]


def test_a_person_tired_by_the_past_is_refused(
    simulator: SimulatorProcess, merchant: Merchant, person: str
) -> None:
    template = merchant.adopt("TM0010007", ["签到奖励", "温馨提示"], scene_rule="long_term_subscribe")
    merchant.consent(template, [person], kind="long_term")
    messages = [{"open_id": person, "days_ago": 0}]
    simulator.post("/sim/history", {"app_id": merchant.app_id, "template_id": template, "messages": messages})

    assert merchant.send(template, person).outcome == "40004/MSG_SINGLE_SD_OVER"


def test_the_clock_advances_runs_faster_and_stands_still(clocked: SimulatorProcess) -> None:
    start = clocked.post("/sim/clock", {"speed": 0})
    assert clocked.get("/sim/clock") == start

    moved = clocked.post("/sim/clock", {"advance_seconds": 3600})
    assert (_instant(moved) - _instant(start)).total_seconds() == 3600

    clocked.post("/sim/clock", {"speed": 10_000})
    assert clocked.get("/sim/clock")["speed"] == 10_000
    assert _instant(clocked.get("/sim/clock")) > _instant(moved)


def test_docs_name_methods_faults_and_what_is_missing(simulator: SimulatorProcess) -> None:
    text = simulator.get("/sim/docs")

    assert "{{" not in text
    assert all(word in text for word in ("open_app_auth_notify", "notice_shuffle", "15 h", "true_effect"))

    for word in (
        "alipay.open.app.mini.templatemessage.send",
        "timeout_after_success",
        "Missing",
        "late_ms",
        "MSG_UNSUBSCRIBED",
    ):
        assert word in text
    assert "{{" not in text


@pytest.mark.parametrize(
    ("path", "body", "status", "named"),
    [
        ("/sim/apps", {}, 400, "industry"),
        ("/sim/apps", {"industry": "space"}, 400, "industry"),
        ("/sim/apps", {"industry": "tea", "colour": "red"}, 400, "colour"),
        ("/sim/apps", {"industry": "tea", "skew_seconds": -1}, 400, "skew_seconds"),
        ("/sim/apps", {"industry": "tea", "signals_url": "file:///etc/passwd"}, 400, "signals_url"),
        ("/sim/apps", {"industry": "tea", "limits": {"app": "many"}}, 400, "limits"),
        ("/sim/apps", {"industry": "tea", "app_id": "abc"}, 400, "app_id"),
        ("/sim/apps", {"industry": "tea", "state": "tired"}, 400, "state"),
        ("/sim/people", {"app_id": "2021", "count": 1}, 404, "app_id"),
        ("/sim/people", {"count": 1_000_001}, 400, "count"),
        ("/sim/consents", {"template_id": "nothing", "kind": "one_time"}, 404, "template_id"),
        ("/sim/consents", {"kind": "for_ever"}, 400, "kind"),
        ("/sim/consents", {"kind": "long_term"}, 400, "kind"),
        ("/sim/consents", {"kind": "one_time", "units": 0}, 400, "units"),
        ("/sim/consents", {"kind": "one_time", "open_ids": ["nobody"]}, 404, "open_ids"),
        ("/sim/consents", {"kind": "one_time", "open_ids": "some"}, 400, "open_ids"),
        ("/sim/act", {"open_id": "nobody", "action": "visit"}, 404, "open_id"),
        ("/sim/history", {"messages": [{"open_id": "x", "days_ago": 999}]}, 400, "messages"),
        ("/sim/history", {"count": 0}, 400, "count"),
        ("/sim/history", {"messages": [{"open_id": "x", "at": 5, "outcome": "accepted"}]}, 400, "messages"),
        ("/sim/act", {"open_ids": [], "action": "visit"}, 400, "action"),
        ("/sim/templates", {"keywords": ["one"]}, 400, "keywords"),
        ("/sim/clock", {}, 400, "advance_seconds"),
        ("/sim/clock", {"advance_seconds": -5}, 400, "advance_seconds"),
        ("/sim/clock", {"speed": -1}, 400, "speed"),
        ("/sim/templates", {"status": "GONE"}, 400, "status"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_by_name(
    merchant: Merchant, coupon_template: str, path: str, body: dict[str, Any], status: int, named: str
) -> None:
    usual = (
        {}
        if path in ("/sim/apps", "/sim/clock")
        else {"app_id": merchant.app_id, "template_id": coupon_template}
    )

    with pytest.raises(SimulatorError) as refusal:
        merchant.simulator.post(path, {**usual, **body})

    assert refusal.value.status == status
    assert refusal.value.answer["error"].startswith(named)


def test_an_unknown_action_and_a_missing_message_are_refused(merchant: Merchant, person: str) -> None:
    with pytest.raises(SimulatorError, match="action: one of subscribe"):
        merchant.act(person, "dance")
    with pytest.raises(SimulatorError, match="no such message"):
        merchant.act(person, "visit")


def _instant(clock: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(clock["now"])
