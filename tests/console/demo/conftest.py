"""A supervisor in a process of its own, and a look at what it leaves behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.demo.environment import ROOT

WAIT_SECONDS = 20
SLEEPER = "import time; time.sleep(600)"


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def processes_with(mark: str) -> list[str]:
    """Command lines of living processes that hold the mark in their command line or their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            if mark.encode() in words + (entry / "environ").read_bytes() and int(entry.name) != os.getpid():
                found.append(f"{entry.name}: {words.replace(bytes(1), b' ').decode()}")
        except OSError:
            continue
    return found


@dataclass
class Supervised:
    """`said` is everything it and its children printed."""

    var: Path
    popen: "subprocess.Popen[str]"
    output: Path

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.said or self.popen.poll() is not None, words)
        assert words in self.said, self.said

    def end(self, signum: signal.Signals | None = None) -> int:
        if signum is not None:
            self.popen.send_signal(signum)
        return self.popen.wait(WAIT_SECONDS)

    def left_behind(self) -> list[str]:
        return processes_with(str(self.var))


@dataclass
class Start:
    """Start the stand-in; every process it makes carries the folder's name in its environment."""

    var: Path
    _popens: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def __call__(self, *definitions: str, servers: bool = False, stdin: int | None = None) -> Supervised:
        output = self.var.parent / f"said-{len(self._popens)}.txt"
        env = {**os.environ, "TEST_MARK": str(self.var), "SERVERS": "1" if servers else ""}
        command = [sys.executable, "-m", "tests.console.demo.stand_in", str(self.var), *definitions]
        with open(output, "w", encoding="utf-8") as file:
            popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._popens.append(popen)
        return Supervised(self.var, popen, output)

    def clean_up(self) -> None:
        for popen in self._popens:
            popen.kill()
            popen.wait()


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder of the demo's data. Not below tmp_path: under root PostgreSQL's user cannot enter there."""
    home = Path(tempfile.mkdtemp(prefix="console-demo-"))
    home.chmod(0o755)
    (home / "var").mkdir()
    yield home / "var"
    shutil.rmtree(home)


@pytest.fixture
def start(var: Path) -> Iterator[Start]:
    starter = Start(var)
    yield starter
    starter.clean_up()
