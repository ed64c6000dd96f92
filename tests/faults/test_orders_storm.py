"""Orders by the thousand through the API while the platform, the workers and Redis fail.

The platform's log is the witness: what it stored of an order rises strictly in modified time, is exactly
what the console believes synced, and everything handed in stands somewhere. The processes are those of
`make demo`; a kill counts only if it landed while a call was in flight, and a storm without one is void.
STORM_SEED=n runs that one again. Full size: `make torture`.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone

from gateway import wire
from merchants.models import GatewayCall
from orders import fixing
from orders.diagnosis import Reason, diagnose
from orders.models import Order, StatusChange
from orders.reasons import MESSAGE_NOT_KNOWN, NOT_REACHED
from orders.scenes import SCENES
from tests.faults.order_rush import CREATED, Books, Clients, Given, Rush, Shop, open_shops, rush
from tests.faults.stage import FULL, Stage, wait_for
from tests.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("storms")]
ORDERS = 10_000 if FULL else 1_000
SEED = int(os.environ.get("STORM_SEED") or 0)
METHOD = "alipay.merchant.order.sync"
SETTLE_SECONDS, SLACK_SECONDS = 2.0, 1.0  # slack: between a request's begin and its commit
DRAIN_SECONDS = 900 if FULL else 120
HOLD_SECONDS = 1.2
FAULTS: dict[str, dict[str, Any]] = {
    "down": {"kind": "down", "method": "*"},
    "slow": {"kind": "delay", "value": 0.3},
    "http_500": {"kind": "http_500", "rate": 0.3},
    "silent": {"kind": "timeout_after_success", "rate": 0.3, "value": 3},
}
BLOWS = (*FAULTS, "kill", "empty_redis")
State = StatusChange.State
STORED = (State.SYNCED, State.NOT_NOTIFIED)
OVER = (*STORED, State.SUPERSEDED, State.DEAD)


@dataclass
class Storm:
    """`struck`: calls in flight whose process was killed. `ages`: of the longest waiting in outages, s."""

    stage: Stage
    shops: list[Shop]
    struck: int = 0
    ages: list[float] = field(default_factory=list)

    def blow(self, kind: str) -> None:
        if kind == "kill":
            self.fault("slow")
            self.kill()
        elif kind == "empty_redis":
            self.stage.redis().flushall()
        else:
            self.fault(kind)
            time.sleep(HOLD_SECONDS)
            if kind == "down":
                self.ages.append(self.age())
        self.stage.simulator.delete("/sim/faults")

    def fault(self, kind: str) -> None:
        self.stage.simulator.post("/sim/faults", {"method": METHOD, "rate": 1} | FAULTS[kind])

    def age(self) -> float:
        """Of the longest waiting status, as the page of what needs fixing shows it; seconds."""
        found = [fixing.backlog(shop.merchant).oldest_at for shop in self.shops]
        return max((timezone.now() - one).total_seconds() for one in found if one) if any(found) else 0.0

    def kill(self) -> None:
        """A worker that has a call in flight, by the pid in its lease."""
        flying = GatewayCall.objects.filter(method=METHOD, state="claimed", started_at__isnull=False)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = flying.first()
            if found is not None and found.worker_pid:
                os.kill(found.worker_pid, signal.SIGKILL)
                time.sleep(0.1)
                left = flying.filter(pk=found.pk, worker_pid=found.worker_pid, token=found.token)
                if left.update(lease_until=Now()):  # else it would be thirty seconds
                    self.struck += 1
                    return
            time.sleep(0.01)

    def backlog(self) -> int:
        found = [fixing.backlog(shop.merchant) for shop in self.shops]
        return sum(one.waiting + one.syncing for one in found)

    def drain(self) -> None:
        """By itself; only that calls which failed need not wait out their minutes."""

        def drained() -> bool:
            time.sleep(0.3)
            hasten()
            return not self.backlog()

        wait_for(drained, DRAIN_SECONDS, "the backlog to drain", self.story)

    def story(self) -> str:
        states = Counter(StatusChange.objects.values_list("state", flat=True))
        return f"{dict(states)}\n{self.stage.health()}"

    def log(self) -> list[dict[str, Any]]:
        """What reached the platform, oldest first, of these shops."""
        found: list[dict[str, Any]] = []
        for shop in self.shops:
            after = 0
            while True:
                asked = f"/sim/log?app_id={shop.app.app_id}&method={METHOD}&after={after}&limit=5000"
                page = self.stage.simulator.get(asked)
                found += page["entries"]
                if not page["entries"]:
                    break
                after = page["next_after"]
        return found


def hasten() -> None:
    """Calls that wait for another try come to their due date now."""
    later = GatewayCall.objects.filter(method=METHOD, state="waiting", due_at__gt=Now())
    later.update(due_at=Now(), hinted_at=Now() - timedelta(minutes=1))


@pytest.fixture
def storm(stage: Stage) -> Iterator[Storm]:
    stage.man({})
    stage.simulator.delete("/sim/faults")
    yield Storm(stage, open_shops(stage.simulator))
    stage.simulator.delete("/sim/faults")


def test_a_storm_of_orders_loses_repeats_and_turns_round_nothing(storm: Storm, web: str) -> None:
    drawn, clients = rush(SEED, ORDERS), Clients(web, storm.shops)
    blows = random.Random(SEED).sample(BLOWS, len(BLOWS))
    print(f"\nseed {SEED}: {len(drawn.first)} statuses and {len(drawn.late)} late ones; {', '.join(blows)}")
    threads = clients.hand_in(drawn.first)
    wait_for(lambda: storm.backlog() > 20, 60, "a backlog", storm.story)
    for kind in blows:
        storm.blow(kind)
    for thread in [*threads, *_joined(threads, clients, drawn.late)]:
        thread.join()
    assert not clients.raised, clients.raised
    storm.drain()
    assert storm.struck, "no call was in flight when its worker was killed, so the storm is void"
    assert max(storm.ages) > 0.5, f"the backlog did not tell its age: {storm.ages}"
    figures = judge(storm, drawn, clients.books)
    print(f"seed {SEED}: " + ", ".join(f"{name} {n}" for name, n in figures.items()))


def _joined(threads: list[Any], clients: Clients, late: list[Given]) -> list[Any]:
    """The late ones begin when the others are in."""
    for thread in threads:
        thread.join()
    return clients.hand_in(late)


def judge(storm: Storm, drawn: Rush, books: Books) -> dict[str, int]:
    """Everything against everything: the answers, our rows, the platform's log and its orders."""
    rows = list(StatusChange.objects.filter(order__mini_program__in=[one.app for one in storm.shops]))
    numbers = dict(Order.objects.values_list("pk", "out_biz_no"))
    place = {shop.app.pk: n for n, shop in enumerate(storm.shops)}
    of_order = dict(Order.objects.values_list("pk", "mini_program_id"))
    states = Counter(str(row.state) for row in rows)
    assert not states.keys() - set(OVER), states
    kept = {(place[of_order[row.order_id]], numbers[row.order_id], row.modified_at): row for row in rows}
    assert {key: row.status for key, row in kept.items()} == books.taken
    handed_in = len(drawn.first) + len(drawn.late)
    repeats = sum(row.repeats for row in rows)
    assert repeats == books.repeated.total(), (repeats, books.repeated.total())
    assert {key: row.repeats for key, row in kept.items() if row.repeats} == dict(books.repeated)
    assert sum(states.values()) + repeats + books.refused.total() == handed_in == books.total
    check_late(rows)
    check_log(storm.log(), {(number, row.modified_at): row for (_shop, number, _at), row in kept.items()})
    messages = check_messages(storm, drawn, rows, numbers)
    return {**states, "repeated": repeats, "refused": books.refused.total(), "messages": messages}


def check_late(rows: list[StatusChange]) -> None:
    """Superseded is only what came after a later one had settled."""
    taken: dict[int, list[StatusChange]] = {}
    for row in rows:
        if row.state in STORED:
            taken.setdefault(row.order_id, []).append(row)
    for row in rows:
        if row.state == State.SUPERSEDED:
            later = [one for one in taken.get(row.order_id, []) if one.modified_at > row.modified_at]
            lag = max((row.received_at - one.received_at).total_seconds() for one in later)
            assert lag > SETTLE_SECONDS - SLACK_SECONDS, f"{row} was passed over: {lag:.1f} s"


def check_log(entries: list[dict[str, Any]], rows: dict[tuple[str, Any], StatusChange]) -> None:
    stored = [
        (one["out_biz_no"], one["order_modified_time"]) for one in entries if one["order_effect"] == "stored"
    ]
    assert not [one for one in entries if one["order_effect"] == "older"], "an older status was sent"
    newest: dict[str, str] = {}
    for number, modified in stored:
        assert newest.get(number, "") < modified, f"{number}: {modified} after {newest[number]}"
        newest[number] = modified
    ours = {(number, wire.beijing_text_to_the_millisecond(at)): row for (number, at), row in rows.items()}
    assert set(stored) == {key for key, row in ours.items() if row.state in STORED}
    refused = {(one["out_biz_no"], one["order_modified_time"]) for one in entries if one["sub_code"]}
    for key, row in ours.items():
        if row.state == State.DEAD:
            assert key in refused and row.words == "订单状态乱序", (key, row.sub_code, row.words)
    silent = sum(bool(one["fault"]) and one["order_effect"] == "stored" for one in entries)
    silent += sum(one["cut_off"] and one["order_effect"] == "stored" for one in entries)
    not_known = [row for row in rows.values() if row.sub_code == MESSAGE_NOT_KNOWN]
    assert len(not_known) <= silent, f"{len(not_known)} lost their answers, the platform held back {silent}"


def check_messages(storm: Storm, drawn: Rush, rows: list[StatusChange], numbers: dict[int, str]) -> int:
    """One for each order and notifying node whose fields are complete, and none elsewhere."""
    scenes = dict(Order.objects.values_list("out_biz_no", "scene"))
    expected: set[tuple[str, str]] = set()
    for row in rows:
        number = numbers[row.order_id]
        scene = SCENES[scenes[number]]
        node = scene.node(row.status)
        complete = number in drawn.complete or not scene.needed(row.status)
        if row.state in STORED and node is not None and node.notifies and complete:
            expected.add((number, row.status))
    sent: Counter[tuple[str, str]] = Counter()
    for shop in storm.shops:
        for order in storm.stage.simulator.get(f"/sim/orders?app_id={shop.app.app_id}")["orders"]:
            told = [one["status"] for one in order["syncs"] if one["message_id"] is not None]
            sent.update((order["out_biz_no"], status) for status in told)
    assert set(sent) == expected, (set(sent) - expected, expected - set(sent))
    assert set(sent.values()) <= {1}, [key for key, n in sent.items() if n > 1]
    return sent.total()


def test_an_outage_beyond_all_patience_is_shown_by_its_cause_and_retried_at_once(
    storm: Storm, web: str
) -> None:
    clients = Clients(web, storm.shops)
    given = [
        Given(
            n % len(storm.shops), f"P{n:04d}", 0, "hotel", "BOOKED", CREATED + timedelta(seconds=1), {}, True
        )
        for n in range(30)
    ]
    port = storm.stage.simulator.url.rpartition(":")[2]
    storm.stage.simulator.stop()
    for thread in clients.hand_in(given):
        thread.join()
    assert not clients.raised, clients.raised
    wait_for(_out_of_patience, DRAIN_SECONDS, "the outbox to give up", storm.story)
    assert storm.backlog() == 0
    storm.stage.simulator = SimulatorProcess.start(
        store=storm.stage.home / "simulator", seed=11, port=int(port)
    )
    for shop in storm.shops:
        (cause,) = fixing.causes(shop.merchant)
        assert (cause.sub_code, cause.count) == (NOT_REACHED, 10)
        assert fixing.overtaken(shop.merchant).stale == 0
        dead = fixing.of_cause(shop.merchant, sub_code=cause.sub_code, words=cause.words)
        focus = diagnose(dead[0].order).focus
        assert focus is not None
        assert focus.reason == Reason.NEVER_LEFT
        assert fixing.retry(shop.merchant, dead, by=None, confirmed=10).again == 10
    storm.drain()
    mine = StatusChange.objects.filter(order__mini_program__in=[shop.app for shop in storm.shops])
    assert set(mine.values_list("state", flat=True)) == {State.SYNCED}
    assert mine.aggregate(n=Sum("attempt"))["n"] == 2 * len(given)
    assert sum(one["order_effect"] == "stored" for one in storm.log()) == len(given)


def _out_of_patience() -> bool:
    """Each call has tried for hours: its last try comes now."""
    waiting = GatewayCall.objects.filter(method=METHOD, state="waiting", attempts__gt=0)
    waiting.update(attempts=11, due_at=Now(), hinted_at=Now() - timedelta(minutes=1))
    mine = StatusChange.objects.filter(order__out_biz_no__startswith="P", state=State.DEAD)
    return mine.count() == 30
