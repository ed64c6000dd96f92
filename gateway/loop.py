"""One daemon thread with one event loop and one HTTP pool per process, made at first use.

Keyed by process id: after a fork the child makes its own and leaves the parent's alone. Nothing here knows
what a call means; `gateway.client` does.
"""

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")

THREAD_NAME = "gateway-loop"
SWITCH_SECONDS = 0.0002
"""The loop signs and parses without a pause. Whoever waits for the database in another thread would get the
interpreter back only after its usual 5 ms, at every statement."""
IDLE_CONNECTION_SECONDS = 4.0
"""The platform closes idle connections without a word; a request written into a closed one is an unknown."""

_connections_per_host = 64
_current: "Network | None" = None
_lock = threading.Lock()
_here = threading.local()
# The parent's network, seen from a forked child. Held for ever and never touched: its sockets and its epoll
# set are shared with the parent, and closing or collecting them here would disturb the parent's calls.
_inherited: list["Network"] = []


class Network:
    """A running loop thread and its HTTP session. Use the functions below; do not make one."""

    def __init__(self, connections_per_host: int) -> None:
        self.pid = os.getpid()
        self.closing = False
        self.session: aiohttp.ClientSession
        self._connections_per_host = connections_per_host
        self._slots: dict[str, asyncio.Semaphore] = {}
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        ready = threading.Event()
        self.loop.call_soon(self._open, ready)
        self._thread.start()
        ready.wait()

    def slots(self, origin: str) -> asyncio.Semaphore:
        """How many connections to one origin may be in use. Call inside the loop only.

        A semaphore of our own in front of an unlimited connector: so the wait for a connection has its own
        time limit, apart from the time a connection takes to be made.
        """
        if origin not in self._slots:
            self._slots[origin] = asyncio.Semaphore(self._connections_per_host)
        return self._slots[origin]

    def close(self) -> None:
        """End what is under way, each with the outcome it can prove, and stop the thread."""
        self.closing = True
        with contextlib.suppress(concurrent.futures.TimeoutError):
            asyncio.run_coroutine_threadsafe(self._wind_up(), self.loop).result(timeout=2)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=2)

    async def _wind_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.session.close()

    def _open(self, ready: threading.Event) -> None:
        connector = aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=IDLE_CONNECTION_SECONDS,
            resolver=aiohttp.ThreadedResolver(loop=self.loop),
            loop=self.loop,
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(loop=self.loop),
            trust_env=False,
            headers={"User-Agent": "merchant-operations-console", "Accept-Encoding": "identity"},
            loop=self.loop,
        )
        ready.set()

    def _run(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        _here.network = self
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


def here() -> Network | None:
    """The network whose loop thread this is; None in any other thread."""
    return getattr(_here, "network", None)


def submit(coroutine: Coroutine[Any, Any, T]) -> "concurrent.futures.Future[T]":
    """Start `coroutine` in the loop of this process, which is made now if there is none."""
    with _lock:  # so that close() finds every coroutine that was ever handed to a loop
        return asyncio.run_coroutine_threadsafe(coroutine, _network().loop)


def _network() -> Network:
    """That of this process, made now if there is none. Call with `_lock` held."""
    global _current
    if _current is None or _current.pid != os.getpid():
        _current = Network(_connections_per_host)
    return _current


def submit_all(
    coroutines: Sequence[Coroutine[Any, Any, T]], done: Callable[[int, "asyncio.Task[T]"], None]
) -> None:
    """Start all of them, waking the loop once. `done` is called in the loop thread, with the place of each in
    `coroutines`, when it is over, also when it was cancelled before it began."""

    def begin() -> None:
        for place, coroutine in enumerate(coroutines):
            network.loop.create_task(coroutine).add_done_callback(partial(done, place))

    with _lock:
        network = _network()
        network.loop.call_soon_threadsafe(begin)


def run(coroutine: Coroutine[Any, Any, T], timeout_seconds: float | None = None) -> T:
    """Run `coroutine` in the loop and wait for it. Raises TimeoutError when the time is up."""
    if here() is not None:
        coroutine.close()
        raise RuntimeError(
            "run() was called inside the gateway loop, where waiting would stop it. Use await."
        )
    return submit(coroutine).result(timeout_seconds)


def configure(*, connections_per_host: int) -> None:
    """Set the size of the pool. Before the first call of the process; later is a RuntimeError."""
    global _connections_per_host
    if connections_per_host < 1:
        raise ValueError("The pool needs at least one connection per host.")
    with _lock:
        if _current is not None and _current.pid == os.getpid():
            raise RuntimeError(
                "The gateway loop already runs; set the size of its pool before the first call."
            )
        _connections_per_host = connections_per_host


def close() -> None:
    """End the network of this process; the next call makes a new one."""
    global _current
    with _lock:
        current, _current = _current, None
    if current is not None and current.pid == os.getpid():
        current.close()


def _after_fork_in_child() -> None:
    # A lock that another thread of the parent held at the fork would stay held here for ever.
    global _current, _lock
    _lock = threading.Lock()
    if _current is not None:
        _inherited.append(_current)
        _current = None


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(close)
