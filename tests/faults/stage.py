"""A stage for storms: servers and processes of its own, as `make demo` starts them, and one send under way.

Size and pace by PROOF_SIZE: `ci` (2,000 people) or `full` (20,000).
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import redis
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connections
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.conninfo import conninfo_to_dict

from console.demo import processes
from console.demo.child import Child
from console.demo.servers import Postgres, Valkey
from merchants.models import User
from merchants.partitions import ensure_all
from messaging.engine.control import MoveRefused, resume
from messaging.engine.reconcile import lines
from messaging.models import Delivery, PauseReason, SendControl, SendState
from tests import build, build_messaging
from tests.shop import Shop, open_shop
from tests.simulator_process import SimulatorProcess

FULL = os.environ.get("PROOF_SIZE") == "full"
PEOPLE = 20_000 if FULL else 2_000
RATE_PER_SECOND = 400
LONGEST_SECONDS = 300 if FULL else 75
SLOTS = 2
WORKFORCE = ("engine", "default", "beat")
IN_FLIGHT_PER_SLOT = 64
READ_SECONDS = 1.0
REAPED_AFTER = timedelta(seconds=11)  # answer_by and ten seconds more, see messaging/engine/reap.py
ENDED = ("finished", "cancelled")
PACE = {
    "ENGINE_LEASE_SECONDS": "6",
    "ENGINE_SLOT_SECONDS": "2",
    "GATEWAY_CONNECT_SECONDS": "1",
    "GATEWAY_READ_SECONDS": str(READ_SECONDS),
    "GATEWAY_TOTAL_SECONDS": "1.5",
    "LOG_LEVEL": "WARNING",
}


@dataclass
class Stage:
    """`children` by name; the storms kill, stop and start them."""

    home: Path
    postgres: Postgres
    valkey: Valkey
    simulator: SimulatorProcess
    env: dict[str, str]
    children: dict[str, Child] = field(default_factory=dict)
    trapped: Mapping[str, str] = field(default_factory=dict)

    def man(self, trapped: Mapping[str, str]) -> None:
        """An engine worker, a default worker and beat, started anew only where they are not `trapped` so.

        `trapped`: environment beside that of the stage, for processes that load more than the product.
        """
        if trapped != self.trapped:
            self.stop(*self.children)
            self.children.clear()
        self.trapped = trapped
        missing = [name for name in WORKFORCE if name not in self.children]
        self.start(*missing)

    def start(self, *names: str) -> None:
        """All at once, then waits until each is healthy."""
        begun = [self.begin(name) for name in names]
        for process in begun:
            wait_for(process.healthy, 60, f"{process.name} to be healthy", self.health)

    def begin(self, name: str) -> processes.Process:
        """`name`: engine, default or beat; with a number behind it, one more of that kind."""
        env = {**self.env, **self.trapped}
        process = {
            "engine": lambda: processes.engine_worker(env, concurrency=SLOTS, name=name),
            "default": lambda: processes.default_worker(env, name=name),
            "beat": lambda: processes.beat(env, schedule=self.home / name),
        }[name.rstrip("0123456789")]()
        self.children[name] = process.child(log=self.home / f"{name}.log")
        self.children[name].start()
        return process

    def stop(self, *names: str) -> None:
        """All are asked at once; an AssertionError names who had to be killed."""
        for name in names:
            self.children[name].send(signal.SIGTERM)
        stubborn = [name for name in names if not self.children[name].wait(15)]
        for name in names:
            self.children[name].kill()  # whom it left behind
        assert not stubborn, f"{stubborn} had to be killed"

    def close(self) -> None:
        for child in self.children.values():
            child.stop(grace_seconds=12)
        self.simulator.stop()
        self.valkey.stop()
        self.postgres.stop()
        self.postgres.remove_data()

    def health(self) -> str:
        """Which processes run, and the last words of each."""
        said = []
        for name, child in self.children.items():
            state = "runs" if child.running else f"ended with {child.exit_code}"
            said.append("\n".join([f"{name} {state}", *child.last_lines()[-12:]]))
        return "\n".join(said)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.env["REDIS_URL"], socket_timeout=2)


def open_stage(home: Path) -> Stage:
    """Servers and the simulator; no table and no worker yet."""
    postgres, valkey = Postgres(home, durable=False), Valkey(home)
    postgres.start()
    valkey.start()
    simulator = SimulatorProcess.start(store=home / "simulator", seed=11)
    env = {
        **os.environ,
        **PACE,
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "VAR_DIR": str(home / "var"),
        "GATEWAY_URL": simulator.gateway_url,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or Fernet.generate_key().decode(),
        "DEBUG": "1",
    }
    return Stage(home=home, postgres=postgres, valkey=valkey, simulator=simulator, env=env)


def prepare_database() -> None:
    """Of the stage, once speak_to() points there."""
    call_command("migrate", verbosity=0)
    ensure_all(at=timezone.now())


def speak_to(postgres: Postgres) -> dict[str, Any]:
    """Points Django's connection of this process at the stage; returns what it was."""
    chosen = connections["default"]
    chosen.close()
    before = {name: chosen.settings_dict[name] for name in ("NAME", "USER", "HOST", "PORT")}
    parts = conninfo_to_dict(postgres.url)
    chosen.settings_dict.update(
        NAME=parts["dbname"],
        USER=parts.get("user", ""),
        HOST=parts.get("host", ""),
        PORT=parts.get("port", ""),
    )
    return before


def wait_for(question: Callable[[], Any], seconds: float, what: str, health: Callable[[], str] = str) -> Any:
    """`health` is asked when time is up, and its answer stands in the failure."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}\n{health()}")


@dataclass
class Storm:
    """One send under way. `struck` counts slots killed or stopped while they had rows in flight.

    `signals`: how often each slot was killed or stopped; a kill may overtake the commit of its last mark.
    `resumed`: how often the operator resumed what had paused by itself, by its reason.
    """

    stage: Stage
    shop: Shop
    control: SendControl
    consented: int
    struck: int = 0
    signals: Counter[int] = field(default_factory=Counter)
    resumed: Counter[str] = field(default_factory=Counter)

    def in_flight(self) -> dict[int, int]:
        """Rows in state `sending`, by the pid of their slot."""
        found: dict[int, int] = {}
        rows = Delivery.objects.filter(send=self.control, state="sending").values_list(
            "worker_pid", flat=True
        )
        for pid in rows:
            found[pid or 0] = found.get(pid or 0, 0) + 1
        return found

    def strike(self, signum: signal.Signals) -> int:
        """Signals a slot that has rows in flight now; its pid. A kill that lands on an idle one is void."""
        pid = self.try_strike(signum, seconds=10)
        assert pid, "no slot had rows in flight, so the storm is void"
        return pid

    def try_strike(self, signum: signal.Signals, *, seconds: float) -> int:
        """strike(), but 0 when no slot had rows in flight for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for pid, rows in self.in_flight().items():
                if rows and _alive(pid):
                    os.kill(pid, signum)
                    self.signals[pid] += 1
                    if signum == signal.SIGKILL:
                        wait_for(partial(_dead, pid), 5, "the slot to die")
                    if self.in_flight().get(pid):
                        self.struck += 1
                        return pid
                    if signum == signal.SIGSTOP:
                        os.kill(pid, signal.SIGCONT)
                        self.signals[pid] -= 1
            time.sleep(0.01)
        return 0

    def kill_engine(self) -> None:
        """The worker with all its slots; those that had rows in flight count as struck."""
        engine = self.stage.children["engine"]
        self.signals.update(children_of(engine.pid or 0))
        flying = self.in_flight()
        engine.kill()
        self.struck += len(flying.keys() & self.in_flight().keys())

    def share(self) -> float:
        """Of the people with consent, how many have an outcome."""
        settled = ("accepted", "refused", "unknown")
        return Delivery.objects.filter(send=self.control, state__in=settled).count() / self.consented

    def reach(self, share: float) -> None:
        """Waits until that share of the people with consent has an outcome."""

        def reached() -> bool:
            self.go_on()
            return self.share() >= share

        wait_for(reached, LONGEST_SECONDS, f"{share:.0%} outcomes", self.story)

    def finish(self) -> None:
        def finished() -> bool:
            self.go_on()
            self.age_the_dead()
            return self.control.state in ENDED

        wait_for(finished, LONGEST_SECONDS, "the send to finish", self.story)

    def story(self) -> str:
        """How far it has come, what waits in the queues, and how the processes are."""
        self.control.refresh_from_db()
        with self.stage.redis() as client:
            waiting = {queue: client.llen(queue) for queue in ("engine", "default")}
        told = f"{self.control}, {build_messaging.states(self.control)}, queued hints {waiting}"
        return f"{told}, paused by itself {dict(self.resumed)}\n{self.stage.health()}"

    def age_the_dead(self) -> None:
        """In CI size: rows of slots that are dead come to their deadline now and not in a quarter minute."""
        dead = [pid for pid in self.in_flight() if not _alive(pid)]
        if dead and not FULL:
            rows = Delivery.objects.filter(send=self.control, state="sending", worker_pid__in=dead)
            rows.filter(answer_by__gt=Now() - REAPED_AFTER).update(answer_by=Now() - REAPED_AFTER)

    def go_on(self) -> None:
        """What an operator does who sees that the send has paused by itself; a person's pause is kept."""
        self.control.refresh_from_db()
        why = self.control.pause_reason
        if self.control.state == SendState.PAUSED and why != PauseReason.OPERATOR:
            with suppress(MoveRefused):  # it ended meanwhile
                resume(self.control, by=self.operator)
                self.resumed[why] += 1

    @cached_property
    def operator(self) -> User:
        return build.user(f"storm-{self.control.pk}")

    def verdict(self) -> dict[str, Any]:
        """The promise, checked against the platform's log. Returns the figures for whoever reports them."""
        summary = self.shop.summary(people=1, late_ms=int(READ_SECONDS * 500))
        by_state = _open_ids_by_state(self.control)
        reached = set(summary["accepted_open_ids"])
        accepted, unknown = by_state.get("accepted", set()), by_state.get("unknown", set())
        explained = IN_FLIGHT_PER_SLOT * self.signals.total() + summary["explains_unknown"]
        assert accepted <= reached, f"{len(accepted - reached)} believed accepted, but nothing reached them"
        assert reached <= accepted | unknown, f"{len(reached - accepted - unknown)} got it and we do not know"
        assert summary["repeated"] == {}, f"somebody got it twice: {summary['repeated']}"
        assert not (by_state.keys() & {"queued", "claimed", "sending"}), by_state.keys()
        lost = Delivery.objects.filter(send=self.control, state="unknown")
        why = dict(Counter(lost.values_list("reason", flat=True)))
        assert len(unknown) <= explained, f"unknown: {why}, but only {explained} can be explained"
        of_us = Counter(lost.filter(cause="process").values_list("worker_pid", flat=True))
        too_many = [pid for pid, n in of_us.items() if n > IN_FLIGHT_PER_SLOT * self.signals[pid or 0]]
        assert not too_many, f"{of_us} were left by slots that were struck {self.signals}"
        found = lines(self.control)
        assert not [line for line in found if line.difference], found
        figures = {state: len(people) for state, people in sorted(by_state.items())}
        told = {"reached": len(reached), "explained": explained, "struck": self.struck}
        resumed = {f"resumed_{why}": n for why, n in sorted(self.resumed.items())}
        return figures | told | {"because_of_us": of_us.total()} | resumed


def launch(
    stage: Stage, *, people: int = PEOPLE, rate_per_second: int = RATE_PER_SECOND, units: int = 1
) -> Storm:
    """A shop of its own; nine in ten people have consented. The send is due now."""
    shop = open_shop(stage.simulator, people=people, rate_per_second=rate_per_second)
    consented = people * 9 // 10
    shop.grant(consented, units=units)
    to = build_messaging.people_list(shop.app, shop.people)
    return Storm(stage, shop, build_messaging.send(shop.app, shop.template, to), consented)


def _open_ids_by_state(control: SendControl) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = Delivery.objects.filter(send=control).values_list("state", "customer__open_id", "kept_unknown")
    for state, open_id, kept_unknown in rows:
        found.setdefault(state, set()).add(open_id or "")
        if kept_unknown:
            found.setdefault("unknown", set()).add(open_id or "")
    return found


def children_of(pid: int) -> set[int]:
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == pid:
                found.add(int(status.parent.name))
    return found


def _dead(pid: int) -> bool:
    return not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def restart_postgres(postgres: Postgres, *, killed: bool, away_seconds: float) -> None:
    """Asked to stop, or killed; started again after a while."""
    connections["default"].close()
    if killed and postgres.child is not None:
        postgres.child.kill()
    postgres.stop()
    time.sleep(away_seconds)
    postgres.start()
