"""Each kind of trouble: what the caller sees, what really happened, and that the log tells both."""

import threading
import time
import urllib.error

import pytest
from cryptography.exceptions import InvalidSignature

from tests.simulator.merchant import LIBRARY, SEND, Merchant, answers_nothing
from tests.simulator_process import SimulatorError, SimulatorProcess


def test_delay_does_the_work_and_answers_late(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.fault("delay", method=SEND, value=0.2)

    answer = merchant.send(coupon_template, subscriber)

    assert answer.outcome == "10000"
    [entry] = merchant.log_of(subscriber)
    assert entry["accepted"] and entry["fault"] == "delay" and entry["late_ms"] >= 200
    assert merchant.summary(to=subscriber, late_ms=100)["late"] == 1
    assert merchant.summary(to=subscriber, late_ms=60_000)["late"] == 0


def test_timeout_after_success_delivers_and_never_answers(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.fault("timeout_after_success", method=SEND, value=0.2, count=1)

    assert answers_nothing(lambda: merchant.send(coupon_template, subscriber))

    [entry] = merchant.log_of(subscriber)
    assert entry["accepted"] and entry["cut_off"] and entry["message_id"]
    assert (entry["http_status"], entry["code"]) == (None, None)
    assert merchant.summary(to=subscriber)["accepted_messages"] == 1


def test_a_held_back_answer_is_in_the_log_before_it_ends(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.fault("timeout_after_success", method=SEND, value=0.7, count=1)
    caller = threading.Thread(
        target=answers_nothing, args=[lambda: merchant.send(coupon_template, subscriber)]
    )
    caller.start()
    deadline = time.monotonic() + 5
    while not (entries := merchant.log_of(subscriber)) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert entries[0]["accepted"] and entries[0]["finished_at"] is None
    caller.join()
    assert merchant.log_of(subscriber)[0]["finished_at"] is not None


def test_drop_before_does_nothing_and_cuts(merchant: Merchant, subscriber: str, coupon_template: str) -> None:
    merchant.fault("drop_before", method=SEND, count=1)
    before = merchant.summary()["cut_off"]

    assert answers_nothing(lambda: merchant.send(coupon_template, subscriber))

    assert merchant.summary()["cut_off"] == before + 1
    assert merchant.summary(to=subscriber)["accepted_messages"] == 0
    assert [merchant.send(coupon_template, subscriber).outcome for _ in range(2)] == ["10000", "10000"]


@pytest.mark.parametrize(("value", "accepted"), [("after", True), ("before", False)])
def test_http_500_comes_before_or_after_the_work(
    merchant: Merchant, subscriber: str, coupon_template: str, value: str, accepted: bool
) -> None:
    merchant.fault("http_500", method=SEND, value=value, count=1)

    with pytest.raises(urllib.error.HTTPError) as failure:
        merchant.send(coupon_template, subscriber)

    assert failure.value.code == 500
    entry = merchant.simulator.get(f"/sim/log?app_id={merchant.app_id}&after={_last(merchant) - 1}")[
        "entries"
    ][0]
    assert (entry["accepted"], entry["ambiguous"], entry["http_status"]) == (accepted, True, 500)


def test_http_500_without_a_phase_falls_on_both_sides(
    merchant: Merchant, fresh_seed: int, coupon_template: str
) -> None:
    people = merchant.people(30, seed=fresh_seed)
    merchant.consent(coupon_template, people)
    merchant.fault("http_500", method=SEND)
    since = _last(merchant)

    for person in people:
        with pytest.raises(urllib.error.HTTPError):
            merchant.send(coupon_template, person)

    summary = merchant.summary(since_id=since)
    assert 0 < summary["accepted_messages"] < 30
    assert summary["ambiguous"] == summary["calls"][SEND]["http 500"] == 30


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("busy", "40004/QUERY_CONSUMER_REQEUST_ERROR"), ("limit", "40005/isv.method-call-limited")],
)
def test_busy_and_limit_do_nothing(
    merchant: Merchant, subscriber: str, coupon_template: str, kind: str, outcome: str
) -> None:
    merchant.fault(kind, method=SEND, count=1)

    answer = merchant.send(coupon_template, subscriber)

    assert answer.outcome == outcome
    merchant.verify(answer)
    assert merchant.summary(to=subscriber)["accepted_messages"] == 0
    assert [merchant.send(coupon_template, subscriber).outcome for _ in range(2)] == ["10000", "10000"]


def test_bad_signature_does_the_work_and_lies(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.fault("bad_signature", method=SEND, count=1)

    answer = merchant.send(coupon_template, subscriber)

    assert answer.outcome == "10000"
    with pytest.raises(InvalidSignature):
        merchant.verify(answer)
    [entry] = merchant.log_of(subscriber)
    assert entry["accepted"] and not entry["truthful"]
    summary = merchant.summary(to=subscriber)
    assert (summary["untruthful"], summary["explains_unknown"]) == (1, 1)


@pytest.mark.parametrize(
    ("sub_code", "outcome", "ambiguous"),
    [
        ("MSG_SEND_ERROR", "40004/MSG_SEND_ERROR", True),
        ("isp.unknow-error", "20000/isp.unknow-error", True),
        ("AE0515022537", "40004/AE0515022537", False),
        ("isv.insufficient-isv-permissions", "40006/isv.insufficient-isv-permissions", False),
    ],
)
def test_sub_code_answers_what_it_is_told_and_does_nothing(
    merchant: Merchant, subscriber: str, coupon_template: str, sub_code: str, outcome: str, ambiguous: bool
) -> None:
    merchant.fault("sub_code", method=SEND, value=sub_code, count=1)
    since = _last(merchant)

    assert merchant.send(coupon_template, subscriber).outcome == outcome

    [entry] = merchant.simulator.get(f"/sim/log?app_id={merchant.app_id}&after={since}")["entries"]
    assert (entry["accepted"], entry["ambiguous"]) == (False, ambiguous)
    assert merchant.send(coupon_template, subscriber).outcome == "10000"


def test_down_cuts_every_connection_until_it_is_cleared(
    simulator: SimulatorProcess, merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    simulator.post("/sim/faults", {"kind": "down"})

    assert answers_nothing(lambda: merchant.send(coupon_template, subscriber))
    assert answers_nothing(lambda: merchant.call(LIBRARY, {}))

    simulator.delete("/sim/faults")
    assert merchant.send(coupon_template, subscriber).outcome == "10000"


def test_a_fault_keeps_to_its_method_app_and_count(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.fault("busy", method=LIBRARY, count=2)
    merchant.simulator.post("/sim/faults", {"kind": "limit", "app_id": "2021000000000001"})

    assert merchant.send(coupon_template, subscriber).outcome == "10000"
    outcomes = [merchant.call(LIBRARY, {}).outcome for _ in range(3)]
    assert outcomes == ["40004/QUERY_CONSUMER_REQEUST_ERROR"] * 2 + ["10000"]
    assert [rule["applied"] for rule in merchant.simulator.get("/sim/faults")["faults"]] == [2, 0]


def test_a_rate_hits_some_and_spares_others(merchant: Merchant) -> None:
    merchant.fault("busy", method=LIBRARY, rate=0.5)

    outcomes = {merchant.call(LIBRARY, {"page_size": 1}).outcome for _ in range(40)}

    assert outcomes == {"10000", "40004/QUERY_CONSUMER_REQEUST_ERROR"}


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"kind": "gremlin"}, "kind"),
        ({"kind": "busy", "rate": 2}, "rate"),
        ({"kind": "busy", "count": 0}, "count"),
        ({"kind": "delay"}, "value"),
        ({"kind": "delay", "value": -1}, "value"),
        ({"kind": "sub_code"}, "value"),
        ({"kind": "http_500", "value": "later"}, "value"),
        ({"kind": "down", "value": 3}, "value"),
        ({"kind": "busy", "method": 5}, "method"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_by_name(
    simulator: SimulatorProcess, rule: dict[str, object], named: str
) -> None:
    with pytest.raises(SimulatorError) as refusal:
        simulator.post("/sim/faults", rule)

    assert refusal.value.status == 400
    assert refusal.value.answer["error"].startswith(named)


def _last(merchant: Merchant) -> int:
    return merchant.summary()["last_id"]
