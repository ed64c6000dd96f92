"""The processes of the console: command, environment, and how one knows that each is healthy.

Shared by `manage.py demo` and by the tests that kill and stop real processes.
"""

import socket
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from console.demo.child import Child
from console.demo.environment import ROOT

CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "console.celery_app"]
# Said at each start under root; in containers and on build servers that is who one is.
SILENCE = "ignore:You're running the worker with superuser privileges"
# Each would load every page of the console for it, a third of its start; `prepare` and the web process check.
UNCHECKED = {"CELERY_SKIP_CHECKS": "1"}
LOOPBACK = "127.0.0.1"
ASK_SECONDS = 1.0
PING_SECONDS = 0.3
# A worker that was asked to stop finishes its wave; a wave lasts at most the gateway's total timeout.
GRACE_AFTER_GATEWAY_SECONDS = 7.0
DEFAULT_GATEWAY_TOTAL_SECONDS = 5.0


@dataclass(frozen=True)
class Process:
    """`healthy` is asked again and again until it says yes; it answers within about a second."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    healthy: Callable[[], bool]
    grace_seconds: float
    start_seconds: float = 60.0

    def child(self, *, log: Path | None = None, echo: Callable[[str], None] | None = None) -> Child:
        env = {**self.env, "PROCESS_NAME": self.name}
        return Child(self.name, self.command, env=env, cwd=ROOT, log=log, echo=echo)


def manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def web(env: Mapping[str, str], *, port: int, workers: int = 2, threads: int = 8) -> Process:
    command = [sys.executable, "-m", "gunicorn", "console.wsgi:application", "--bind", f"{LOOPBACK}:{port}"]
    command += ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)]
    command += ["--graceful-timeout", "10", "--preload", "--no-control-socket", "--log-level", "warning"]
    return Process("web", command, env, answers(f"http://{LOOPBACK}:{port}/healthz"), grace_seconds=12)


def simulator(env: Mapping[str, str], *, port: int, store: Path, seed: int | None = None) -> Process:
    command = [sys.executable, "-m", "simulator", "--port", str(port), "--store", str(store)]
    if seed is not None:
        command += ["--seed", str(seed)]
    return Process("simulator", command, env, answers(f"http://{LOOPBACK}:{port}/healthz"), grace_seconds=5)


def engine_worker(env: Mapping[str, str], *, concurrency: int = 2, name: str = "engine") -> Process:
    """Each pool process is a slot of the sending engine. `name` tells several workers apart."""
    return _worker(env, "engine", concurrency=concurrency, name=name)


def default_worker(env: Mapping[str, str], *, concurrency: int = 2, name: str = "default") -> Process:
    return _worker(env, "default", concurrency=concurrency, name=name)


def beat(env: Mapping[str, str], *, schedule: Path) -> Process:
    command = [*CELERY, "beat"]
    command += ["--pidfile=", "-s", str(schedule), "-l", "WARNING"]
    # beat opens no door to ask at; that it did not exit at once is all there is to see
    return Process("beat", command, {**env, **UNCHECKED}, lambda: True, grace_seconds=5)


def shops(env: Mapping[str, str], *, var: Path) -> Process:
    """The shops' own system; whether it may hand anything in yet stands in a file."""
    command = [sys.executable, "-m", "console.demo.shop_system", str(var)]
    return Process("shops", command, env, lambda: True, grace_seconds=2)


def _worker(env: Mapping[str, str], queue: str, *, concurrency: int, name: str) -> Process:
    node = f"{name}@{socket.gethostname()}"
    command = [*CELERY, "worker"]
    command += ["-Q", queue, "-c", str(concurrency), "-n", node, "-l", "WARNING"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    grace = float(env.get("GATEWAY_TOTAL_SECONDS") or DEFAULT_GATEWAY_TOTAL_SECONDS)
    healthy = pongs(env["REDIS_URL"], node)
    quiet = {**env, **UNCHECKED, "PYTHONWARNINGS": SILENCE}
    return Process(name, command, quiet, healthy, grace_seconds=grace + GRACE_AFTER_GATEWAY_SECONDS)


def answers(url: str) -> Callable[[], bool]:
    """Whether a GET is answered with 200."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=ASK_SECONDS) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    return ask


def pongs(redis_url: str, node: str) -> Callable[[], bool]:
    """Whether that worker answers a ping through the broker."""
    broker = redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    app = Celery(broker=broker, set_as_current=False)  # it only asks; what this process queues is not for it

    def ask() -> bool:
        try:
            return bool(app.control.ping(destination=[node], timeout=PING_SECONDS))
        except (OSError, RedisError, OperationalError):
            return False

    return ask
