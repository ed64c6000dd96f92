"""One child process: started in a session of its own, ended by us, and never left behind.

A session of its own keeps the terminal's Ctrl-C away from the child: only the supervisor hears it and ends
its children in order. SIGTERM goes to the main process alone, because a Celery pool child that is killed
with its parent dies in the middle of its work.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1
TAIL_LINES = 20
# Loaded before any fork: loading a library between fork and exec may deadlock.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """The user a child runs as; only root may name another than itself."""

    uid: int
    gid: int


@dataclass
class Child:
    """`echo` gets each line the child prints; `log` keeps them. Without both, output is dropped."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    log: Path | None = None
    echo: Callable[[str], None] | None = None
    account: Account | None = None
    # What the kernel sends when we die without a word; Linux only.
    death_signal: signal.Signals = signal.SIGTERM
    _popen: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES), repr=False)
    _reader: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """Raises OSError when the program cannot be run."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already, as process {self.pid}.")
        # Append: a restarted child must not erase what its predecessor said last.
        out = open(self.log, "ab") if self.log else None  # noqa: SIM115 - handed to the child or the reader
        stranger = self.account if self.account and self.account.uid != os.geteuid() else None
        try:
            piped = self.echo is not None
            self._popen = subprocess.Popen(
                list(self.command),
                env=None if self.env is None else dict(self.env),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else out or subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=self._before_exec(),
                user=stranger.uid if stranger else None,
                group=stranger.gid if stranger else None,
                extra_groups=[] if stranger else None,
            )
        except BaseException:
            if out:
                out.close()
            raise
        if piped:
            self._reader = threading.Thread(target=self._read, args=(out,), daemon=True)
            self._reader.start()
        elif out:
            out.close()

    def _before_exec(self) -> Callable[[], None] | None:
        libc, death_signal, parent = _libc, int(self.death_signal), os.getpid()
        if libc is None:
            return None

        def arrange_death() -> None:
            libc.prctl(PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:  # the parent died before the line above took hold
                os._exit(1)

        return arrange_death

    def _read(self, out: BinaryIO | None) -> None:
        popen, echo = self._popen, self.echo
        if popen is None or popen.stdout is None or echo is None:
            return
        for raw in popen.stdout:
            if out is not None:
                out.write(raw)
                out.flush()
            line = raw.decode("utf-8", "replace").rstrip()
            self._tail.append(line)
            echo(line)
        if out is not None:
            out.close()

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or was never started; negative: the number of the signal that ended it."""
        return self._popen.poll() if self._popen else None

    def send(self, signum: signal.Signals) -> None:
        """To the main process only; a process that is gone is not an error."""
        if self._popen is not None:
            self._popen.send_signal(signum)

    def wait(self, timeout_seconds: float) -> bool:
        """Whether it ended in time."""
        if self._popen is None:
            return True
        try:
            self._popen.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """The whole group, at once: also what the main process left behind."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def stop(self, *, grace_seconds: float, signum: signal.Signals = signal.SIGTERM) -> bool:
        """Ask, wait, then kill the group. True when asking was enough."""
        if self._popen is None:
            return True
        self.send(signum)
        gone = self.wait(grace_seconds)
        self.kill()
        if self._reader:
            self._reader.join(2)
        return gone

    def last_lines(self) -> list[str]:
        """What it said last, from the pipe or from the end of its log."""
        if self._reader:
            self._reader.join(1)  # a dead child's last words may still be in the pipe
            return list(self._tail)
        if self.log is None or not self.log.exists():
            return []
        with open(self.log, "rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            return log.read().decode("utf-8", "replace").splitlines()[-TAIL_LINES:]
