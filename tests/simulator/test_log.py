"""The log is the witness: entries, filters, pages, and a summary that adds up."""

from datetime import datetime

import pytest

from tests.simulator.merchant import LIBRARY, SEND, Merchant
from tests.simulator_process import SimulatorError


def test_an_entry_tells_who_what_when_and_the_outcome(
    merchant: Merchant, subscriber: str, coupon_template: str
) -> None:
    merchant.send(coupon_template, subscriber, page="pages/a?x%3D1")

    [entry] = merchant.log_of(subscriber)

    expected = {
        "app_id": merchant.app_id,
        "method": SEND,
        "http_status": 200,
        "code": "10000",
        "sub_code": None,
        "to": subscriber,
        "template_id": coupon_template,
        "page": "pages/a?x%3D1",
        "accepted": True,
        "fault": None,
        "truthful": True,
        "ambiguous": False,
        "cut_off": False,
        "history": False,
    }
    assert {key: entry[key] for key in expected} == expected
    received, finished = (datetime.fromisoformat(entry[name]) for name in ("received_at", "finished_at"))
    assert round((finished - received).total_seconds() * 1000, 1) == round(entry["late_ms"], 1)
    assert entry["at"].endswith("+08:00")


def test_entries_come_in_pages_after_an_id(merchant: Merchant, fresh_seed: int, coupon_template: str) -> None:
    people = merchant.people(5, seed=fresh_seed)
    since = merchant.summary()["last_id"]
    for person in people:
        merchant.send(coupon_template, person)

    seen: list[str] = []
    after = since
    while True:
        page = merchant.simulator.get(f"/sim/log?app_id={merchant.app_id}&after={after}&limit=2")
        if not page["entries"]:
            break
        seen += [entry["to"] for entry in page["entries"]]
        after = page["next_after"]

    assert seen == people


def test_the_summary_agrees_with_the_entries(
    merchant: Merchant, fresh_seed: int, coupon_template: str
) -> None:
    people = merchant.people(20, seed=fresh_seed)
    merchant.consent(coupon_template, people[:12], units=2)
    since = merchant.summary()["last_id"]
    merchant.fault("busy", method=SEND, count=2)
    merchant.fault("bad_signature", method=SEND, count=3)
    for person in [*people, people[5], people[6]]:
        merchant.send(coupon_template, person)
    merchant.call(LIBRARY, {})

    summary = merchant.summary(since_id=since, people=1)
    entries = merchant.simulator.get(f"/sim/log?app_id={merchant.app_id}&after={since}")["entries"]

    accepted = [entry["to"] for entry in entries if entry["method"] == SEND and entry["accepted"]]
    assert summary["accepted_messages"] == len(accepted) == 12
    assert summary["accepted_people"] == len(set(accepted)) == 10
    assert summary["repeated"] == {people[5]: 2, people[6]: 2}
    assert summary["accepted_open_ids"] == sorted(set(accepted))
    assert summary["untruthful"] == sum(not entry["truthful"] for entry in entries) == 3
    assert sum(summary["calls"][SEND].values()) == 22
    assert summary["calls"][LIBRARY] == {"10000": 1}
    assert summary["last_id"] == entries[-1]["id"]


def test_a_refused_send_counts_for_nobody(merchant: Merchant, person: str, coupon_template: str) -> None:
    merchant.send(coupon_template, person)

    summary = merchant.summary(to=person)

    assert summary["calls"] == {SEND: {"40004/MSG_UNSUBSCRIBED": 1}}
    assert (summary["accepted_messages"], summary["repeated"]) == (0, {})


@pytest.mark.parametrize("query", ["after=x", "limit=-1", "after=1.5"])
def test_a_query_that_is_no_number_is_refused(merchant: Merchant, query: str) -> None:
    with pytest.raises(SimulatorError) as refusal:
        merchant.simulator.get(f"/sim/log?{query}")

    assert refusal.value.status == 400
