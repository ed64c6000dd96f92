"""The operator of a storm: brakes through the product's own functions, each with the time of its commit.

The law: no request reaches the platform later than LATEST_SECONDS after the commit of a brake until it is
released. Both clocks are this machine's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.engine import control as engine
from messaging.models import PauseReason, SendState
from tests.faults.stage import Storm

LATEST_SECONDS = 2.5
SLOW_PER_SECOND = 40
# From a token to the first byte; what had one before the window begins may still leave in it.
TOKEN_GOOD_SECONDS = 2.0
HELD_SECONDS = 3.2  # how long the first pause of the engine's own is left standing
Release = Callable[[], None]


@dataclass
class Brake:
    """From `since`, right after its commit, to `until`, right before its release; None: never released.

    `most`: messages a second that may leave meanwhile.
    """

    kind: str
    since: datetime
    until: datetime | None = None
    most: int = 0

    def wrong(self, requests: list[datetime]) -> str:
        """What the platform received against it, "" for nothing."""
        begins = self.since + timedelta(seconds=LATEST_SECONDS)
        late = [at for at in requests if at > begins and (self.until is None or at < self.until)]
        seconds = ((self.until or self.since) - begins).total_seconds()
        allowed = self.most and self.most * (max(0.0, seconds) + TOKEN_GOOD_SECONDS + 1)
        if len(late) <= allowed:
            return ""
        latest = (max(late) - self.since).total_seconds()
        return f"{len(late)} requests after the {self.kind} of {self.since}, the last {latest:.2f} s after it"

    @property
    def is_told(self) -> bool:
        """Whether it was held long enough for a late request to be seen."""
        return self.until is None or self.until > self.since + timedelta(seconds=LATEST_SECONDS)


class Operator:
    """`refused`: moves that came too late, by kind. A move returns what takes it back."""

    def __init__(self, storm: Storm) -> None:
        self.storm = storm
        self.brakes: list[Brake] = []
        self.refused: Counter[str] = Counter()
        self._left_standing: Brake | None = None

    def pause(self) -> Release | None:
        try:
            engine.pause(self.storm.control, by=self.storm.operator)
        except engine.MoveRefused:
            self.refused["pause"] += 1
            return None
        return partial(self._resume, self._noted("pause"))

    def speed(self) -> Release | None:
        if not self._set_speed(SLOW_PER_SECOND):
            self.refused["speed"] += 1
            return None
        self._noted("speed", most=SLOW_PER_SECOND)
        return self._full_speed

    def stop_mini_program(self) -> Release | None:
        app = self.storm.shop.app
        if not engine.stop_mini_program(app, by=self.storm.operator, at=timezone.now()):
            self.refused["stop_mini_program"] += 1
            return None
        return partial(self._release_mini_program, self._noted("stop"))

    def cancel(self) -> Release | None:
        try:
            engine.cancel(self.storm.control, by=self.storm.operator, why="the storm's last act")
        except engine.MoveRefused:
            self.refused["cancel"] += 1
            return None
        self._noted("cancel")
        return None

    def watch(self) -> None:
        """What paused by itself goes on; the first time after a while, so that this brake is seen to hold."""
        control = self.storm.control
        control.refresh_from_db()
        if control.state != SendState.PAUSED or control.pause_reason == PauseReason.OPERATOR:
            return
        standing = self._left_standing
        if standing is None:
            self._left_standing = self._noted(f"pause ({control.pause_reason})")
            return
        if standing.until is None:
            if (clock() - standing.since).total_seconds() < HELD_SECONDS:
                return
            standing.until = clock()
        self.storm.go_on()

    def leave(self) -> None:
        """From here on the storm itself lets go on what paused by itself."""
        if self._left_standing and self._left_standing.until is None:
            self._left_standing.until = clock()

    def verdict(self) -> dict[str, Any]:
        """The law of the brakes, checked against the platform's log; figures for whoever reports them."""
        requests = received(self.storm)
        wrong = [found for brake in self.brakes if (found := brake.wrong(requests))]
        assert not wrong, wrong
        told = Counter(brake.kind for brake in self.brakes if brake.is_told)
        figures: dict[str, Any] = {f"held_{kind}": n for kind, n in sorted(told.items())}
        return figures | {f"refused_{kind}": n for kind, n in sorted(self.refused.items())}

    def _noted(self, kind: str, *, most: int = 0) -> Brake:
        brake = Brake(kind, since=clock(), most=most)
        self.brakes.append(brake)
        return brake

    def _resume(self, brake: Brake) -> None:
        brake.until = clock()
        with suppress(engine.MoveRefused):
            engine.resume(self.storm.control, by=self.storm.operator)

    def _set_speed(self, rate_per_second: int | None) -> bool:
        try:
            engine.set_speed(self.storm.control, by=self.storm.operator, rate_per_second=rate_per_second)
        except engine.MoveRefused:
            return False
        return True

    def _full_speed(self) -> None:
        """Also of a speed that was set again meanwhile: there is one for the send."""
        for brake in self.brakes:
            if brake.kind == "speed" and brake.until is None:
                brake.until = clock()
        self._set_speed(None)

    def _release_mini_program(self, brake: Brake) -> None:
        brake.until = clock()
        engine.release_mini_program(self.storm.shop.app, by=self.storm.operator)


def clock() -> datetime:
    """The database's, now and not at the beginning of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def received(storm: Storm) -> list[datetime]:
    """When each request of the storm's send was there, by the platform's log."""
    method = "alipay.open.app.mini.templatemessage.send"
    path = f"/sim/log?app_id={storm.shop.app.app_id}&method={method}&limit=10000"
    found: list[datetime] = []
    after = 0
    while page := storm.stage.simulator.get(f"{path}&after={after}")["entries"]:
        found += [datetime.fromisoformat(entry["received_at"]) for entry in page]
        after = page[-1]["id"]
    return found
