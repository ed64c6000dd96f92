"""What acting people report, gathered and posted in batches; a console that is away gets it later.

An id follows from what was done, so that a repeat after a restart is known as a repeat.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import iso_beijing
from simulator.signals import BATCH, Reporter, consent_signal, visit_signal
from simulator.store import App, Store, Template

MAX_UNREPORTED = 20_000
AGAIN_SECONDS = 30.0


@dataclass(slots=True)
class Outbox:
    """Signals of one app under one of its keys; the oldest go first, and first over board."""

    app: App
    key: str
    signals: deque[dict[str, Any]] = field(default_factory=deque)
    not_before: float = 0.0


@dataclass(slots=True)
class Told:
    """Since this process began: taken (repeats included), not taken, lost, and the last reason."""

    reported: int = 0
    failed: int = 0
    lost: int = 0
    error: str | None = None


class Reports:
    def __init__(self, store: Store, reporter: Reporter) -> None:
        self._store, self._reporter = store, reporter
        self._outboxes: dict[tuple[str, str], Outbox] = {}
        self.told: dict[str, Told] = {}
        self._told_at: dict[tuple[str, str], int] = {}  # milliseconds, as a report has them
        self._told_until = 0

    def visited(self, app: App, open_id: str, page: str, *, about: object, scene: str) -> None:
        signal = visit_signal(open_id, page, at=time.time(), scene=scene)
        self._put(app, "client", signal, about)

    def at_touchpoint(self, app: App, kind: str, open_id: str, touchpoint: str, *, about: object) -> None:
        """`kind` is exposed or prompted."""
        at = iso_beijing(time.time())
        signal = {"id": "", "kind": kind, "open_id": open_id, "at": at, "touchpoint": touchpoint}
        self._put(app, "client", signal, about)

    def consent(self, app: App, kind: str, template: Template, open_id: str, *, about: object) -> None:
        signal = consent_signal(kind, template, open_id, at=self._next_moment(app, open_id))
        self._put(app, "server", signal, (about, template.template_id))

    def _next_moment(self, app: App, open_id: str) -> float:
        """Later than all told of this person so far: while the clock is moved days pass in a millisecond,
        and nobody leaves and subscribes again at once."""
        now, who = int(time.time() * 1000), (app.app_id, open_id)
        if now > self._told_until:
            self._told_at.clear()
        self._told_at[who] = at = max(now, self._told_at.get(who, 0) + 1)
        self._told_until = max(self._told_until, at)
        return at / 1000

    def waiting(self, app: App) -> int:
        return sum(len(one.signals) for one in self._outboxes.values() if one.app is app)

    async def send(self) -> None:
        """Post what is gathered. After a failure of the console's the rest is kept and tried later."""
        for outbox in list(self._outboxes.values()):
            while outbox.signals and time.monotonic() >= outbox.not_before:
                await self._send_batch(outbox)

    async def _send_batch(self, outbox: Outbox) -> None:
        app, told = outbox.app, self._told(outbox.app)
        key = app.settings.server_key if outbox.key == "server" else app.settings.client_key
        if not app.settings.signals_url or not key:
            outbox.signals.clear()
            return
        batch = [outbox.signals.popleft() for _ in range(min(BATCH, len(outbox.signals)))]
        report = await self._reporter.report(app, key, batch)
        told.reported += report.reported
        told.error = report.report_error or told.error
        if report.reported or not report.report_failed or _for_good(report.report_error):
            told.failed += report.report_failed
            return
        outbox.signals.extendleft(reversed(batch))
        outbox.not_before = time.monotonic() + AGAIN_SECONDS

    def _put(self, app: App, key: str, signal: dict[str, Any], about: object) -> None:
        if not app.settings.signals_url:
            return
        named = (app.app_id, signal["kind"], signal["open_id"], about)
        signal["id"] = self._store.derived("signal", *named)[:40]
        outbox = self._outboxes.setdefault((app.app_id, key), Outbox(app, key))
        outbox.signals.append(signal)
        if len(outbox.signals) > MAX_UNREPORTED:
            outbox.signals.popleft()
            self._told(app).lost += 1

    def _told(self, app: App) -> Told:
        return self.told.setdefault(app.app_id, Told())


def _for_good(error: str | None) -> bool:
    """The console read it and will never take it."""
    told = error or ""
    return told.startswith(("rejected", "HTTP 4")) and not told.startswith("HTTP 429")
