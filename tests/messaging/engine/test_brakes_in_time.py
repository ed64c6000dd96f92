"""A brake is effective when no request leaves later than 2 s after its commit, whatever slots are doing.

Real slots in processes of their own against the simulated platform, whose log says when each request was
there. For each brake one slot is stopped (SIGSTOP) right after a mark and woken 3 s after the brake, so only
the boot clock stands between its rows and the platform.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from merchants import rate
from messaging.engine import control as brakes
from messaging.engine import slot, turn
from messaging.engine.reconcile import lines
from messaging.models import Delivery, SendControl
from tests import build, build_messaging
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, RATE_PER_SECOND = 240, 15
EFFECTIVE = timedelta(seconds=2.5)  # 2 s by the design, and half a second of network and clocks
WOKEN_AFTER_SECONDS = 3.0
FORK = multiprocessing.get_context("fork")


def work_until_told(end: Any, stop_at: int | None) -> None:
    """A slot. With `stop_at` it stops itself right after its first mark of that send."""
    mark = turn.mark
    waiting = [stop_at]

    def mark_then_stop(control: SendControl, *args: Any, **more: Any) -> Any:
        marked = mark(control, *args, **more)
        if marked and control.pk in waiting:
            waiting.clear()
            os.kill(os.getpid(), signal.SIGSTOP)
        return marked

    turn.mark = mark_then_stop
    while not end.is_set():
        if not slot.work(seconds=1):
            time.sleep(0.05)


class Slots:
    def __init__(self) -> None:
        self.end = FORK.Event()
        self.running: list[Any] = []

    def start(self, stop_at: int | None = None) -> None:
        connection.close()  # a child must not speak on ours
        child = FORK.Process(target=work_until_told, args=(self.end, stop_at), daemon=True)
        child.start()
        self.running.append(child)

    def stopped(self) -> list[int]:
        return [child.pid for child in self.running if _state(child.pid) == "T"]

    def close(self) -> None:
        for child in self.running:
            if child.is_alive():
                child.kill()
            child.join()


@pytest.fixture
def slots() -> Iterator[Slots]:
    started = Slots()
    yield started
    started.close()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for(question: Callable[[], Any], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def sending(simulator: SimulatorProcess) -> tuple[Shop, SendControl]:
    shop = open_shop(simulator, people=PEOPLE, rate_per_second=RATE_PER_SECOND)
    shop.grant(PEOPLE)
    to = build_messaging.people_list(shop.app, shop.people)
    return shop, build_messaging.send(shop.app, shop.template, to)


def arrivals(shop: Shop) -> list[datetime]:
    method = "alipay.open.app.mini.templatemessage.send"
    log = shop.simulator.get(f"/sim/log?app_id={shop.app.app_id}&method={method}")
    return [datetime.fromisoformat(entry["received_at"]) for entry in log["entries"]]


def test_nothing_leaves_later_than_two_seconds_after_pause_stop_switch_or_cancel(
    simulator: SimulatorProcess, no_faults: None, slots: Slots
) -> None:
    by = build.user()
    made = [sending(simulator) for _brake in range(3)]
    rate.connection().flushdb()
    for _shop, control in made:
        slots.start(stop_at=control.pk)
    slots.start()
    wait_for(lambda: len(slots.stopped()) == 3, "a slot of each send to be stopped after its mark")
    wait_for(lambda: all(arrivals(shop) for shop, _control in made), "each send to be under way")
    held = {
        control.pk: Delivery.objects.filter(send=control, worker_pid__in=slots.stopped(), state="sending")
        for _shop, control in made
    }
    assert all(rows.exists() for rows in held.values()), "nothing was marked, so this proves nothing"

    (paused, one), (stopped, two), (cancelled, three) = made
    committed = []
    brakes.pause(one, by=by)
    committed.append((paused, timezone.now()))
    assert brakes.stop_mini_program(two.mini_program, by=by, at=timezone.now())
    committed.append((stopped, timezone.now()))
    brakes.cancel(three, by=by, why="wrong price")
    committed.append((cancelled, timezone.now()))

    time.sleep(WOKEN_AFTER_SECONDS)
    for pid in slots.stopped():
        os.kill(pid, signal.SIGCONT)
    in_flight = Delivery.objects.filter(send__in=[control for _shop, control in made], state="sending")
    wait_for(lambda: not in_flight.exists(), "everything in flight to be recorded")
    slots.end.set()

    for shop, at in committed:
        late = [there for there in arrivals(shop) if there > at + EFFECTIVE]
        assert not late, f"{len(late)} requests arrived later than {EFFECTIVE} after the brake"
    for shop, control in made:
        states = build_messaging.states(control)
        assert set(states) <= {"accepted", "queued", "claimed"}, "who was held never left, and is certain"
        assert states["accepted"] == len(arrivals(shop)) < PEOPLE
        assert not any(line.difference for line in lines(control))
