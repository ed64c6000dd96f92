"""A slot: one Celery child of the queue `engine`. It finds its work in Postgres and ends after seconds.

Each turn serves the sending batch served longest ago: claim → (tokens → control → mark → send → record)…
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from gateway import wire
from gateway.client import Client
from gateway.methods.messages import OpenAppMiniTemplatemessageSend
from gateway.outcomes import Accepted, Busy, NotSent, Outcome, Refused
from merchants import authorisation, rate, tokens
from merchants.credentials import GatewayNotConfigured, client_for
from merchants.leases import boot_seconds
from messaging.engine import sql
from messaging.engine.claim import Claim, claim, release
from messaging.engine.control import MoveRefused, pause
from messaging.engine.mark import Marked, mark
from messaging.engine.quiet import IS_HELD
from messaging.engine.record import Answer, record_stubbornly
from messaging.models import PauseReason, SendControl

log = logging.getLogger(__name__)
STALE_SECONDS = 2.0  # from reading the control row to the first byte
TOKEN_WAIT_SECONDS = 0.25
TURN_SECONDS = 1.0  # then the next send gets its turn
IN_FLIGHT_WAVES = 2

WAITING = f"""
SELECT s.id FROM messaging_sendcontrol s
JOIN merchants_miniprogram p ON p.id = s.mini_program_id
WHERE s.state = 'sending' AND p.stopped_at IS NULL AND s.id <> ALL(%(passed)s)
    AND EXISTS (
        SELECT 1 FROM messaging_delivery d
        WHERE d.send_id = s.id AND d.books_month = s.books_month AND d.state = 'queued'
            AND d.due_at <= clock_timestamp()
    )
    AND NOT {IS_HELD}
ORDER BY s.last_served_at NULLS FIRST, s.due_at, s.id
LIMIT 1
"""  # noqa: S608 - put together from constants only
NEXT = f"""
UPDATE messaging_sendcontrol SET last_served_at = clock_timestamp()
WHERE id = ({WAITING} FOR UPDATE OF s SKIP LOCKED)
RETURNING id
"""  # noqa: S608 - put together from constants only
NOW = f"""
SELECT s.state, p.stopped_at IS NOT NULL, s.rate_per_second, {IS_HELD}
FROM messaging_sendcontrol s JOIN merchants_miniprogram p ON p.id = s.mini_program_id
WHERE s.id = %(send)s
"""  # noqa: S608 - put together from constants only
BUSY = "UPDATE messaging_sendcontrol SET busy_count = busy_count + %(n)s WHERE id = %(send)s"


def has_work() -> bool:
    return bool(sql.rows(WAITING, {"passed": []}))


def work(*, seconds: float) -> bool:
    """Serves sends for at most `seconds`, then finishes what is in flight. Whether there was work."""
    until = time.monotonic() + seconds
    worked = False
    starved: list[int] = []  # sends that had no token a moment ago
    while time.monotonic() < until:
        close_old_connections()
        picked = sql.rows(NEXT, {"passed": starved})
        if not picked:
            if not starved:
                break
            starved = []
            time.sleep(0.05)
            continue
        worked = True
        control = SendControl.objects.select_related("mini_program", "merchant").get(pk=picked[0][0])
        if not _serve(control, until=min(until, time.monotonic() + TURN_SECONDS)):
            starved.append(control.pk)
    return worked


def _serve(control: SendControl, *, until: float) -> bool:
    """One turn; False when nothing could leave. Keys or an address that cannot be used pause the send."""
    try:
        return Turn(control, until=until).serve()
    except GatewayNotConfigured as error:
        with suppress(MoveRefused):
            pause(control, by=None, reason=PauseReason.GATEWAY, detail=str(error))
        return False


class Turn:
    """One claim of one send, worked off in waves; IN_FLIGHT_WAVES × wave rows at most are unrecorded."""

    def __init__(self, control: SendControl, *, until: float) -> None:
        if control.books_month is None:
            raise ValueError(f"send {control.pk} was never frozen")
        self.control = control
        self.month = control.books_month
        self.until = until
        self.client: Client = client_for(control.mini_program)
        self.claimed = Claim(uuid.uuid4(), [])
        self.flying: dict[Future[Outcome[Any]], Marked] = {}
        self.marked_any = False
        self.is_authorised = True
        self.wave_rows: int = settings.ENGINE_WAVE_ROWS

    def serve(self) -> bool:
        """False when the send got no token in time, so that others come first."""
        try:
            limit = self._claim_limit()
        except rate.RateUnavailable as error:
            log.warning("send %s waits: %s", self.control.pk, error)
            return False
        try:
            self.claimed = claim(self.control, limit=limit)
            while self.claimed.ids and self.is_authorised and time.monotonic() < self.until:
                if len(self.flying) > (IN_FLIGHT_WAVES - 1) * self.wave_rows:
                    self._collect()
                    continue
                if not self._send_wave():
                    break
        finally:
            self._end()
        return self.marked_any

    def _claim_limit(self) -> int:
        """At most five seconds of the present rate, so that a dead slot holds up little."""
        present = rate.present_rate(self.control.mini_program)
        if self.control.rate_per_second:
            present = min(present, self.control.rate_per_second)
        return max(1, min(settings.ENGINE_CLAIM_ROWS, int(present * 5)))

    def _send_wave(self) -> bool:
        """One wave: False when nothing more may leave now (no token, paused, stopped, not ours any more)."""
        read_at = boot_seconds()
        granted = self._tokens(min(self.wave_rows, len(self.claimed.ids)))
        if not granted:
            return False
        if not self._may_send():
            self._return_tokens(granted)
            return False
        ids, rest = self.claimed.ids[:granted], self.claimed.ids[granted:]
        self.claimed = Claim(self.claimed.token, rest)
        marked = self._mark(ids)
        if marked:
            self.marked_any = True
        for row in marked:
            self.flying[self._submit(row, read_at)] = row
        self._return_tokens(granted - len(marked))
        return bool(marked) or bool(rest)

    def _mark(self, ids: list[int]) -> list[Marked]:
        """Marks. With the connection lost at commit nobody knows if it stands, but nothing has left."""
        try:
            return mark(self.control, Claim(self.claimed.token, ids), ids=ids, at=timezone.now())
        except (OperationalError, InterfaceError):
            connection.close()
            never_left = [Answer(one, "not_sent", "closed", 0.0) for one in ids]
            record_stubbornly(self.control, self.claimed.token, never_left)
            raise

    def _return_tokens(self, unused: int) -> None:
        try:
            rate.give_back(
                self.control.mini_program,
                unused,
                send_id=self.control.pk,
                send_rate=self.control.rate_per_second,
            )
        except rate.RateUnavailable:
            log.warning("%s unused tokens are lost: Redis is away", unused)

    def _tokens(self, want: int) -> int:
        """Waits at most TOKEN_WAIT_SECONDS. With Redis away nothing leaves."""
        deadline = time.monotonic() + TOKEN_WAIT_SECONDS
        while True:
            try:
                granted = rate.take(
                    self.control.mini_program,
                    send_id=self.control.pk,
                    want=want,
                    send_rate=self.control.rate_per_second,
                )
            except rate.RateUnavailable as error:
                log.warning("send %s waits: %s", self.control.pk, error)
                return 0
            if granted or time.monotonic() > deadline:
                return granted
            if self.flying:
                self._collect(patience=0.02)
            else:
                time.sleep(0.02)

    def _may_send(self) -> bool:
        """Reads the control row afresh: state, stop switch, speed; and whether quiet hours have begun."""
        found = sql.rows(NOW, {"send": self.control.pk})
        if not found:
            return False
        state, is_stopped, self.control.rate_per_second, is_held = found[0]
        return state == "sending" and not (is_stopped or is_held)

    def _submit(self, row: Marked, read_at: float) -> Future[Outcome[Any]]:
        token = tokens.make(row.id, self.month)
        request = OpenAppMiniTemplatemessageSend(
            to_open_id=row.open_id,
            user_template_id=self.control.platform_template_id,
            page=wire.page_with_parameters(self.control.page, {"rt": token}),
            data=json.dumps(row.data or self.control.data, ensure_ascii=False, separators=(",", ":")),
        )
        return self.client.submit(request, guard=_fresh(read_at))

    def _collect(self, *, patience: float | None = None) -> None:
        """Waits for answers and records those that came."""
        if not self.flying:
            return
        longest = settings.GATEWAY_TOTAL_SECONDS + 5 if patience is None else patience
        wait(self.flying, timeout=longest, return_when=FIRST_COMPLETED)
        if patience is None:
            time.sleep(0.003)  # answers come in bunches: record them in one transaction
        finished = [future for future in self.flying if future.done()]
        if not finished:
            return
        answers = [_answer(self.flying[future].id, future) for future in finished]
        for future in finished:
            del self.flying[future]
        record_stubbornly(self.control, self.claimed.token, answers)
        self._note_lost_authorisation(answers)
        self._slow_down(sum(answer.shape == "busy" for answer in answers))

    def _note_lost_authorisation(self, answers: list[Answer]) -> None:
        """A token the platform takes no more fails for everybody: the next turn pauses, and says why."""
        lost = [one.reason for one in answers if one.shape == "refused" and one.reason in authorisation.LOST]
        if lost and self.control.mini_program.provider_app_id is not None:
            self.is_authorised = False
            authorisation.refused(self.control.mini_program, sub_code=lost[0])

    def _slow_down(self, busy: int) -> None:
        if not busy:
            return
        sql.run(BUSY, {"send": self.control.pk, "n": busy})
        try:
            rate.slow_down(self.control.mini_program)
        except rate.RateUnavailable:
            log.warning("the rate could not be lowered: Redis is away")

    def _end(self) -> None:
        """Nothing stays behind: rows not marked go back, answers under way are waited for."""
        try:
            release(self.control, self.claimed)
        except (OperationalError, InterfaceError):
            connection.close()
            log.warning("send %s: claimed rows are left to the reaper", self.control.pk)
        deadline = time.monotonic() + settings.GATEWAY_TOTAL_SECONDS + 5
        while self.flying and time.monotonic() < deadline:
            self._collect()
        sql.run(sql.TOUCH, {"send": self.control.pk})


def _fresh(read_at: float) -> Callable[[], bool]:
    def guard() -> bool:
        return boot_seconds() - read_at <= STALE_SECONDS

    return guard


def _answer(delivery_id: int, future: Future[Outcome[Any]]) -> Answer:
    """The five shapes as words of the ledger. A broken future is Unknown: we cannot say that nothing left."""
    error = future.exception()
    if error is not None:
        log.error("delivery %s: %r", delivery_id, error)
        return Answer(delivery_id, "unknown", "internal_error", 0.0)
    outcome = future.result()
    if isinstance(outcome, Accepted):
        return Answer(delivery_id, "accepted", "", outcome.duration_ms)
    if isinstance(outcome, Refused):
        return Answer(delivery_id, "refused", (outcome.sub_code or outcome.code)[:80], outcome.duration_ms)
    if isinstance(outcome, Busy):
        return Answer(delivery_id, "busy", outcome.sub_code, outcome.duration_ms)
    if isinstance(outcome, NotSent):
        return Answer(delivery_id, "not_sent", outcome.reason, outcome.duration_ms)
    if outcome.alarm:
        log.error("delivery %s: the answer's signature is wrong (%s)", delivery_id, outcome.detail)
    return Answer(delivery_id, "unknown", outcome.reason, outcome.duration_ms)
