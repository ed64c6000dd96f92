"""Brings notifications to the apps: each when it is due on the simulated clock, again until `success`.

Only hosts that are loopback or were allowed at the start are called, no redirect is followed, and one
delivery takes at most `TOTAL_SECONDS` of real time. An app is called for at most `AT_ONCE` notices at a
time; one notice is never under way twice.
"""

import asyncio
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from simulator.guard import may_call
from simulator.notices import WAITING, Due, Notice, Notices
from simulator.store import Store

TOTAL_SECONDS, CONNECT_SECONDS = 5.0, 2.0
AT_ONCE = 8
LOOK_SECONDS = 0.25
SETTLE_SECONDS = 60.0
MAX_ANSWER_BYTES = 200
SUCCESS = b"success"
FORM = "application/x-www-form-urlencoded;charset=utf-8"


@dataclass(slots=True)
class Outcome:
    """`words` is success, refused (another answer) or what kept the notice from arriving."""

    words: str
    http_status: int | None = None
    answer: str = ""


class Courier:
    def __init__(self, store: Store, notices: Notices, *, allowed_hosts: frozenset[str]) -> None:
        self._store, self._notices, self._allowed_hosts = store, notices, allowed_hosts
        self._session: aiohttp.ClientSession | None = None
        self._under_way: dict[int, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def deliver_for_ever(self) -> None:
        while True:
            # A moved clock is noticed at the next look; nothing here needs to be more punctual.
            await asyncio.sleep(LOOK_SECONDS)
            await self._start_due(self._store.clock.now())

    async def settle(self) -> bool:
        """Deliver all that is due now, and what that makes due; False when it takes over a minute."""
        deadline, now = time.monotonic() + SETTLE_SECONDS, self._store.clock.now()
        while self._owes(now) and time.monotonic() < deadline:
            self._catch_up()
            await asyncio.sleep(0)
        # Only now: what has just come up is due at a later moment than the one before.
        now = self._store.clock.now()
        while time.monotonic() < deadline:
            await self._start_due(now)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=TOTAL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                continue
            due = self._notices.next_due()
            if due is None or due > now:
                return True
        return False

    def _owes(self, now: float) -> bool:
        return self._store.coupons.has_due(now) or self._store.deliveries.has_due(now)

    def _catch_up(self) -> None:
        """What coupons and plans do by themselves at this moment makes notices of its own."""
        self._store.coupons.catch_up()
        self._store.deliveries.catch_up()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._session is not None:
            await self._session.close()

    async def _start_due(self, now: float) -> None:
        self._catch_up()
        for app_id in self._notices.apps_waiting():
            free = AT_ONCE - sum(whose == app_id for whose in self._under_way.values())
            for due in self._notices.take_due(app_id, now, free):
                self._begin(due, app_id)

    def _begin(self, due: Due, app_id: str) -> None:
        if due.number in self._under_way:
            self._notices.put_back(app_id, due)
            return
        self._under_way[due.number] = app_id
        task = asyncio.create_task(self._deliver(due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, due: Due) -> None:
        app_id = self._under_way[due.number]
        try:
            notice = (await self._notices.read([due.number]))[due.number]
            if due.extra or notice.state == WAITING:
                await self._deliver_once(notice, due)
        except sqlite3.Error:
            self._notices.put_back(app_id, due)  # told by /healthz; the next look tries again
        finally:
            del self._under_way[due.number]

    async def _deliver_once(self, notice: Notice, due: Due) -> None:
        sent_at = time.time()
        outcome = await self._call(notice)
        delivery_id = self._store.next_id("notice_deliveries")
        row = (delivery_id, notice.number, due.at, sent_at, time.time(), outcome.http_status)
        self._store.disk.put(
            "notice_deliveries", delivery_id, (*row, outcome.answer, outcome.words, int(due.extra))
        )
        taken = outcome.words == "success"
        if not due.extra:
            notice = notice.after_answer(taken=taken)
        elif taken and notice.state == WAITING:
            notice = notice.taken_by_copy()
        self._notices.save(notice)
        if not due.extra and notice.state == WAITING:
            self._notices.again(notice)

    async def _call(self, notice: Notice) -> Outcome:
        if not may_call(notice.url, self._allowed_hosts):
            return Outcome("this host is not allowed")
        if self._session is None:
            limits = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS)
            # No kept connections: one that the console has just closed would cost a step of the ladder.
            connector = aiohttp.TCPConnector(force_close=True)
            self._session = aiohttp.ClientSession(timeout=limits, connector=connector)
        headers = {"Content-Type": FORM}
        try:
            async with self._session.post(
                notice.url, data=notice.form.encode("ascii"), headers=headers, allow_redirects=False
            ) as http:
                body = await _beginning(http)
        except TimeoutError:
            return Outcome("no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(f"{type(error).__name__}: {error}"[:MAX_ANSWER_BYTES])
        taken = http.status == 200 and body == SUCCESS
        return Outcome("success" if taken else "refused", http.status, body.decode("utf-8", "replace"))


async def _beginning(http: aiohttp.ClientResponse) -> bytes:
    """Enough to tell `success` from anything longer."""
    body = b""
    async for chunk in http.content.iter_chunked(MAX_ANSWER_BYTES):
        body += chunk
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return body[:MAX_ANSWER_BYTES]
