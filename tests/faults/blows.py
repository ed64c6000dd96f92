"""The blows of a storm: each act of a plan carried out on the processes, the servers or the platform."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from tests.faults.brakes import Operator
from tests.faults.stage import ENDED, Storm, restart_postgres
from tests.faults.weather import GATEWAY, LAST, MOVES, Act, Plan

PATIENCE_SECONDS = 3.0  # then the next act comes, though nothing moved
STRIKE_SECONDS = 4.0
STOP_SECONDS = 20.0  # a stopped worker may have to wait for a frozen slot first
FAULTS: dict[str, dict[str, Any]] = {
    "slow": {"kind": "delay", "rate": 0.3, "value": 0.3},
    "http_500": {"kind": "http_500", "rate": 0.05, "count": 40},
    "silent_after_success": {"kind": "timeout_after_success", "rate": 0.02, "value": 3, "count": 20},
    "drop_before": {"kind": "drop_before", "rate": 0.05, "count": 40},
    "bad_signature": {"kind": "bad_signature", "rate": 0.02, "count": 3},
    "busy": {"kind": "busy", "rate": 0.05, "count": 40},
    "limit": {"kind": "limit", "rate": 0.05, "count": 40},
}


class Blows:
    """Carries one plan out. What lasts ends by itself; `missed`: blows that found nothing to strike."""

    def __init__(self, storm: Storm, operator: Operator) -> None:
        self.storm, self.stage, self.operator = storm, storm.stage, operator
        self.missed: Counter[str] = Counter()
        self._ends: list[tuple[float, Callable[[], None]]] = []
        self._thaws: list[threading.Timer] = []
        self._faults: set[str] = set()

    def carry_out(self, plan: Plan) -> None:
        """Returns when every act was begun or the send is over; whatever still lasted has ended."""
        try:
            for act in plan.acts:
                if not self._wait_for_its_turn(act):
                    break
                self._begin(act)
        finally:
            self._clear_up()

    def _wait_for_its_turn(self, act: Act) -> bool:
        """False: the send is over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.storm.share() < act.share:
            self._go_on()
        return self.storm.control.state not in ENDED

    def _go_on(self) -> None:
        now = time.monotonic()
        due = [end for end in self._ends if end[0] <= now]
        self._ends = [end for end in self._ends if end[0] > now]
        for _at, end in due:
            end()
        self.operator.watch()
        time.sleep(0.05)

    def _begin(self, act: Act) -> None:
        end: Callable[[], None] | None = None
        if act.kind in MOVES + LAST:
            end = getattr(self.operator, act.kind)()
        elif act.kind in GATEWAY:
            end = self._trouble(act.kind)
        else:
            getattr(self, act.kind)(act.seconds)
        if end:
            self._ends.append((time.monotonic() + act.seconds, end))

    def _clear_up(self) -> None:
        for timer in self._thaws:
            timer.join()
        for _at, end in self._ends:
            end()
        self._ends = []
        self.stage.simulator.delete("/sim/faults")
        for name, child in self.stage.children.items():
            if not child.running:
                self.stage.start(name)

    # --- slots and processes ---

    def kill_slot(self, _seconds: float) -> None:
        self._strike("kill_slot", signal.SIGKILL)

    def freeze_slot(self, seconds: float) -> None:
        pid = self._strike("freeze_slot", signal.SIGSTOP)
        if pid:
            self._thaw_later(seconds, partial(os.kill, pid, signal.SIGCONT))

    def kill_engine(self, _seconds: float) -> None:
        """One slot is held still before, so that the kill surely finds rows in flight."""
        struck = self.storm.struck
        self._strike("kill_engine", signal.SIGSTOP)
        self.storm.struck = struck  # whom it strikes now is counted below
        self.storm.kill_engine()
        self.stage.begin("engine")

    def kill_default(self, _seconds: float) -> None:
        self._kill("default")

    def kill_beat(self, _seconds: float) -> None:
        self._kill("beat")

    def stop_engine(self, _seconds: float) -> None:
        self._stop("engine")

    def stop_default(self, _seconds: float) -> None:
        self._stop("default")

    def stop_beat(self, _seconds: float) -> None:
        self._stop("beat")

    def freeze_default(self, seconds: float) -> None:
        self._freeze("default", seconds)

    def freeze_beat(self, seconds: float) -> None:
        self._freeze("beat", seconds)

    def _strike(self, kind: str, signum: signal.Signals) -> int:
        pid = self.storm.try_strike(signum, seconds=STRIKE_SECONDS)
        if not pid:
            self.missed[kind] += 1
        return pid

    def _kill(self, name: str) -> None:
        self.stage.children[name].kill()
        self.stage.begin(name)

    def _stop(self, name: str) -> None:
        """The storm goes on while it ends."""
        child = self.stage.children[name]
        child.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while child.running and time.monotonic() < deadline:
            self._go_on()
        assert not child.running, f"{name} did not end within {STOP_SECONDS} s of SIGTERM"
        child.kill()  # whom it left behind
        self.stage.begin(name)

    def _freeze(self, name: str, seconds: float) -> None:
        group = self.stage.children[name].pid or 0
        assert group
        os.killpg(group, signal.SIGSTOP)
        self._thaw_later(seconds, partial(os.killpg, group, signal.SIGCONT))

    def _thaw_later(self, seconds: float, thaw: Callable[[], None]) -> None:
        """From a thread: what is frozen may hold a lock that the operator waits for."""

        def thaw_if_there() -> None:
            with suppress(ProcessLookupError):
                thaw()

        timer = threading.Timer(seconds, thaw_if_there)
        timer.start()
        self._thaws.append(timer)

    # --- servers and the platform ---

    def empty_redis(self, _seconds: float) -> None:
        with self.stage.redis() as client:
            client.flushall()

    def restart_redis(self, seconds: float) -> None:
        self.stage.valkey.stop()
        time.sleep(seconds)
        self.stage.valkey.start()

    def restart_postgres(self, seconds: float) -> None:
        restart_postgres(self.stage.postgres, killed=False, away_seconds=seconds)

    def kill_postgres(self, seconds: float) -> None:
        restart_postgres(self.stage.postgres, killed=True, away_seconds=seconds)

    def _trouble(self, kind: str) -> Callable[[], None]:
        self._faults.add(kind)
        self.storm.shop.fault(**FAULTS[kind])
        return partial(self._end_trouble, kind)

    def _end_trouble(self, kind: str) -> None:
        """The platform forgets all at once, so what still lasts is told again."""
        self._faults.discard(kind)
        self.stage.simulator.delete("/sim/faults")
        for left in sorted(self._faults):
            self.storm.shop.fault(**FAULTS[left])
