"""Start stages of processes in order, watch them, and leave nothing behind.

start:  servers → stage 1 → stage 2 → … ; within a stage everything runs at once
end:    Ctrl-C, SIGTERM, SIGHUP, a closed terminal, or a child that exits by itself
stop:   last stage first: SIGTERM to each main process, a grace, then SIGKILL to the group; servers last
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from console.demo.child import Child
from console.demo.environment import DemoError
from console.demo.processes import Process
from console.demo.servers import Server, ServerError

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Step:
    """A command that must end with 0 before the next stage."""

    name: str
    child: Child
    says: str


@dataclass(frozen=True)
class Stage:
    steps: Sequence[Step] = ()
    processes: Sequence[Process] = ()


class StopRequested(Exception):
    """A person or the system asked for the end."""


def say(line: str) -> None:
    """Straight to the descriptor: a terminal that is gone must not stop the clean-up."""
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode("utf-8", "replace"))


@dataclass
class Supervisor:
    var: Path
    servers: Sequence[Server]
    stages: Callable[[], Sequence[Stage]]  # asked when the servers answer
    ready: Callable[[], None]
    _running: list[list[tuple[Process, Child]]] = field(default_factory=list)
    _started_servers: list[Server] = field(default_factory=list)
    _asked: str = ""
    _interrupts: int = 0
    _terminal: int | None = None

    def run(self) -> int:
        """Exit code: 0 when asked to end, 1 when something failed."""
        previous = {number: signal.signal(number, self._hear) for number in ENDING_SIGNALS}
        # asked once: a terminal that is gone answers no to isatty()
        self._terminal = 0 if os.isatty(0) else None
        try:
            self._start()
            self.ready()
            self._watch()
            return 0
        except StopRequested:
            return 0
        except DemoError as error:
            say(f"\n{error}")
            return error.exit_code
        except ServerError as error:
            say(f"\n{error}")
            return 1
        finally:
            self._stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._interrupts += number == signal.SIGINT
        self._asked = self._asked or signal.Signals(number).name

    def _start(self) -> None:
        for server in self.servers:
            say(f"Starting {server.name}")
            self._started_servers.append(server)
            server.start()
            self._check()
        for stage in self.stages():
            self._start_stage(stage)

    def _start_stage(self, stage: Stage) -> None:
        group: list[tuple[Process, Child]] = []
        self._running.append(group)
        steps = list(stage.steps)
        try:
            for step in steps:
                say(step.says)
                step.child.start()
            for process in stage.processes:
                say(f"Starting {process.name}")
                child = process.child(log=self._log(process.name), echo=prefixed(process.name))
                child.start()
                group.append((process, child))
            self._await_healthy(group)
            self._await_steps(steps)
        finally:
            for step in steps:
                step.child.stop(grace_seconds=3)

    def _await_healthy(self, group: list[tuple[Process, Child]]) -> None:
        began = time.monotonic()
        waiting = [process for process, _ in group]
        while waiting:
            self._check()
            waiting = [process for process in waiting if not process.healthy()]
            for process in waiting:
                if time.monotonic() - began > process.start_seconds:
                    log = self.var / "log" / f"{process.name}.log"
                    raise DemoError(
                        f"{process.name} is not healthy after {process.start_seconds:g} s. See {log}."
                    )
            if waiting:
                time.sleep(POLL_SECONDS)
        self._check()

    def _await_steps(self, steps: list[Step]) -> None:
        for step in steps:
            while not step.child.wait(POLL_SECONDS):
                self._check()
            if step.child.exit_code != 0:
                raise DemoError(obituary(step.child, what="failed"))

    def _watch(self) -> None:
        while True:
            self._check()
            time.sleep(POLL_SECONDS)

    def _check(self) -> None:
        """Raises when it is time to end."""
        if self._asked or (self._terminal is not None and hung_up(self._terminal)):
            raise StopRequested
        children = [child for group in self._running for _, child in group]
        children += [server.child for server in self._started_servers if server.child]
        for child in children:
            if not child.running:
                raise DemoError(obituary(child, what="ended by itself"))

    def _stop(self) -> None:
        if self._running or self._started_servers:
            say(f"\nStopping{f' ({self._asked})' if self._asked else ''}")
        for group in reversed(self._running):
            self._stop_group(group)
        for server in reversed(self._started_servers):
            server.stop()
        if self._started_servers:
            say("Everything has stopped; the data is kept.")

    def _stop_group(self, group: list[tuple[Process, Child]]) -> None:
        """All at once, so that one grace is enough; a second Ctrl-C ends the waiting."""
        for _, child in group:
            child.send(signal.SIGTERM)
        began, interrupts = time.monotonic(), self._interrupts
        for process, child in group:
            while not child.wait(POLL_SECONDS):
                if time.monotonic() - began > process.grace_seconds or self._interrupts > max(interrupts, 1):
                    say(f"{process.name} did not stop by itself and is killed")
                    break
            child.kill()

    def _log(self, name: str) -> Path:
        return fresh_log(self.var, name)


ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def fresh_log(var: Path, name: str) -> Path:
    """A new file for each start; the one before is kept as NAME.log.1."""
    folder = var / "log"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists():
        path.replace(folder / f"{name}.log.1")
    return path


def prefixed(name: str) -> Callable[[str], None]:
    return lambda line: say(f"{name:<10}| {line}")


def obituary(child: Child, *, what: str) -> str:
    code = child.exit_code or 0
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    said = "\n".join("  " + line for line in child.last_lines())
    return f"{child.name} {what} ({how}). It said last:\n{said}\nWhole log: {child.log}"


def hung_up(terminal: int) -> bool:
    """Whether the terminal we were started in is closed. `make` keeps the signal for that to itself."""
    poll = select.poll()
    poll.register(terminal, 0)  # hang-up and errors are told without being asked for
    return bool(poll.poll(0))
