"""Loaded into the processes of a storm beside the product, which knows nothing of it.

The file STORM_SWITCHES names what is on. A sabotage switches one guard off: fence, give_back, counter,
boot_clock or reaper; the law must find it. A trap makes the world unkind and leaves every guard on:
record_again (each record comes again, late, as after a lost connection), hints_twice, stop_after_mark (the
slot that finds the file STORM_BAIT stops itself between its mark and its first byte).
"""

from __future__ import annotations

import os
import re
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery
from django.db import transaction

from messaging.engine import claim, mark, pipeline, reap, record, sql, turn

SWITCHES = Path(os.environ["STORM_SWITCHES"])
BAIT = Path(os.environ["STORM_BAIT"])
COMES_AGAIN_SECONDS = (1.2, 1.5, 1.8)


def is_on(name: str) -> bool:
    return SWITCHES.exists() and name in SWITCHES.read_text().split()


def _without(statement: str, pattern: str, instead: str = "") -> str:
    changed, n = re.subn(pattern, instead, statement)
    if not n:
        raise AssertionError(f"nothing to switch off in {statement}")
    return changed


_TOKEN = r" AND (d\.)?token = %\(token\)s"
_FENCED = (claim.RELEASE, mark.OURS, mark.MARK, mark.SKIP, record.OURS)
REWRITTEN: Mapping[str, Mapping[str, str]] = {
    "fence": {statement: _without(statement, _TOKEN) for statement in _FENCED},
    "give_back": {record.GIVE_BACK: _without(record.GIVE_BACK, r"units \+ 1", "units")},
}


def _rewriting(original: Callable[..., Any]) -> Callable[..., Any]:
    def ask(statement: str, parameters: Mapping[str, Any]) -> Any:
        for name, statements in REWRITTEN.items():
            if statement in statements and is_on(name):
                statement = statements[statement]
        return original(statement, parameters)

    return ask


def _count_outside(original: Callable[..., None]) -> Callable[..., None]:
    """After the commit of the rows, in a transaction of its own."""

    def count(send_id: int, counts: sql.Counts) -> None:
        if is_on("counter"):
            transaction.on_commit(partial(original, send_id, Counter(counts)))
        else:
            original(send_id, counts)

    return count


def _always_fresh(original: Callable[[], float]) -> Callable[[], float]:
    """A clock that stood still before every reading of the control row."""

    def boot_seconds() -> float:
        return 0.0 if is_on("boot_clock") else original()

    return boot_seconds


_SENT_ANEW = _without(
    reap.UNANSWERED,
    r"SET state = 'unknown'.*",
    "SET state = 'queued', token = NULL, answer_by = NULL, worker_pid = NULL, due_at = clock_timestamp()",
)


def _sending_anew(original: Callable[[], tuple[int, int]]) -> Callable[[], tuple[int, int]]:
    """Whatever has no answer goes back to the queue, with the counters moved as they should be."""

    def reaped() -> tuple[int, int]:
        if is_on("reaper"):
            for (send_id,) in sql.rows(reap.OVERDUE_SENDS, {}):
                with transaction.atomic():
                    n = sql.run(_SENT_ANEW, {"send": send_id})
                    sql.count(send_id, Counter({("sending", ""): -n, ("queued", ""): n}))
        return original()

    return reaped


def _coming_again(original: Callable[..., int]) -> Callable[..., int]:
    waiting: list[tuple[float, tuple[Any, ...]]] = []

    def write(*wave: Any) -> int:
        if not is_on("record_again"):
            return original(*wave)
        now = time.monotonic()
        again = [one for at, one in waiting if at <= now]
        waiting[:] = [(at, one) for at, one in waiting if at > now]
        for one in again:
            original(*one)
        waiting.extend((now + later, wave) for later in COMES_AGAIN_SECONDS)
        return original(*wave)

    return write


def _stopping(original: Callable[..., list[mark.Marked]]) -> Callable[..., list[mark.Marked]]:
    def marked(*given: Any, **more: Any) -> list[mark.Marked]:
        found = original(*given, **more)
        if found and is_on("stop_after_mark"):
            with suppress(FileNotFoundError):
                BAIT.unlink()  # one slot gets it
                os.kill(os.getpid(), signal.SIGSTOP)
        return found

    return marked


def _twice(original: Callable[..., Any]) -> Callable[..., Any]:
    def send_task(app: Celery, *given: Any, **more: Any) -> Any:
        more["task_id"] = more.get("task_id") or str(uuid.uuid4())
        if is_on("hints_twice"):
            original(app, *given, **more)
        return original(app, *given, **more)

    return send_task


sql.rows, sql.run = _rewriting(sql.rows), _rewriting(sql.run)
sql.rows_again, sql.run_again = _rewriting(sql.rows_again), _rewriting(sql.run_again)
sql.count = _count_outside(sql.count)
reap.reap = _sending_anew(reap.reap)
pipeline.boot_seconds = _always_fresh(pipeline.boot_seconds)
turn.record_stubbornly = _coming_again(turn.record_stubbornly)
turn.mark = _stopping(turn.mark)
Celery.send_task = _twice(Celery.send_task)
