"""A slot: one Celery child of the queue `engine`. It finds its work in Postgres and ends after seconds.

Each turn serves whom turns.py names, of batches the one served longest ago:
claim → (tokens → control → mark → send → record)…
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, suppress
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from gateway import wire
from gateway.client import Client
from gateway.methods.messages import OpenAppMiniTemplatemessageSend
from gateway.outcomes import Accepted, Busy, NotSent, Outcome, Refused
from merchants import rate, tokens
from merchants.credentials import GatewayNotConfigured, client_for
from merchants.leases import boot_seconds
from messaging.engine import breaker, pulse, sql
from messaging.engine.claim import Claim, claim, release
from messaging.engine.control import MoveRefused, pause
from messaging.engine.mark import Marked, mark
from messaging.engine.not_after import IS_PAST
from messaging.engine.quiet import IS_HELD
from messaging.engine.record import Answer, record_stubbornly
from messaging.engine.turns import ORDER, Turns
from messaging.models import PauseReason, SendControl, SendKind

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
    AND NOT {IS_HELD} AND NOT {IS_PAST} AND (%(only_app)s::bigint IS NULL
        OR s.kind = 'single' AND s.mini_program_id = %(only_app)s)
ORDER BY {ORDER}, s.last_served_at NULLS FIRST, s.due_at, s.id
LIMIT 1
"""  # noqa: S608 - put together from constants only
NEXT = f"""
UPDATE messaging_sendcontrol SET last_served_at = clock_timestamp()
WHERE id = ({WAITING} FOR UPDATE OF s SKIP LOCKED)
RETURNING id
"""  # noqa: S608 - put together from constants only
NOW = f"""
SELECT s.state, p.stopped_at IS NOT NULL, s.rate_per_second, {IS_HELD} OR {IS_PAST}
FROM messaging_sendcontrol s JOIN merchants_miniprogram p ON p.id = s.mini_program_id
WHERE s.id = %(send)s
"""  # noqa: S608 - put together from constants only
BUSY = "UPDATE messaging_sendcontrol SET busy_count = busy_count + %(n)s WHERE id = %(send)s"


def has_work() -> bool:
    return bool(sql.rows(WAITING, {"passed": [], **Turns().parameters()}))


def work(*, seconds: float) -> bool:
    """Serves sends for at most `seconds`, then finishes what is in flight. Whether there was work."""
    until = time.monotonic() + seconds
    worked = False
    starved: list[int] = []  # sends that had no token a moment ago
    turns = Turns()
    while time.monotonic() < until:
        close_old_connections()
        control = _next(turns, passed=starved)
        if control is None:
            if not starved:
                break
            starved = []
            time.sleep(0.05)
            continue
        worked = True
        began = time.monotonic()
        together = _serve(control, turns, passed=starved, until=min(until, began + TURN_SECONDS))
        starved += [one.pk for one, left in together if not left]
        turns.had(control, seconds=time.monotonic() - began)
    return worked


def _next(turns: Turns, *, passed: list[int], only_app: int | None = None) -> SendControl | None:
    """The send whose turn it is; `only_app`: only single messages of this mini program."""
    picked = sql.rows(NEXT, {"passed": passed, **turns.parameters(only_app=only_app)})
    if not picked:
        return None
    rows = SendControl.objects.select_related("mini_program", "merchant")
    control: SendControl = rows.get(pk=picked[0][0])
    return control


def _serve(
    first: SendControl, turns: Turns, *, passed: list[int], until: float
) -> list[tuple[SendControl, bool]]:
    """One turn; with each send served, whether anything left.

    Single messages of one mini program go together, since many come one to a request: all their answers are
    waited for at the end. What is in flight stays within IN_FLIGHT_WAVES waves.
    """
    told: list[tuple[SendControl, bool]] = []
    flying: list[Turn] = []
    control: SendControl | None = first
    with ExitStack() as endings:
        while control is not None:
            turn = _turn(control, until=until)
            if turn is not None:
                endings.callback(turn.end)
                turn.serve(rows=None if control is first else turn.wave_rows)
                flying.append(turn)
            told.append((control, turn is not None and turn.marked_any))
            if control.kind != SendKind.SINGLE or not told[-1][1] or time.monotonic() >= until:
                break
            if sum(len(one.flying) for one in flying) > (IN_FLIGHT_WAVES - 1) * flying[0].wave_rows:
                break
            done = [one.pk for one, _left in told]
            control = _next(turns, passed=passed + done, only_app=first.mini_program_id)
    return told


def _turn(control: SendControl, *, until: float) -> Turn | None:
    """Keys or an address that cannot be used pause the send."""
    try:
        return Turn(control, until=until)
    except GatewayNotConfigured as error:
        with suppress(MoveRefused):
            pause(control, by=None, reason=PauseReason.GATEWAY, detail=str(error))
        return None


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
        self.wave_rows: int = settings.ENGINE_WAVE_ROWS

    def serve(self, *, rows: int | None = None) -> None:
        """Claims, at most `rows` where given, and sends. end() has to follow, whatever happened here."""
        if breaker.trip(self.control):  # a slot that died after its record left that to us
            return
        try:
            limit = self._claim_limit()
        except rate.RateUnavailable as error:
            log.warning("send %s waits: %s", self.control.pk, error)
            return
        self.claimed = claim(self.control, limit=min(limit, rows or limit))
        while self.claimed.ids and time.monotonic() < self.until:
            if len(self.flying) > (IN_FLIGHT_WAVES - 1) * self.wave_rows:
                self._collect()
                continue
            if not self._send_wave():
                break

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
                    reserve=self.control.kind != SendKind.SINGLE,
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
        """Reads the control row afresh: state, stop switch, speed; and whether the clock holds it."""
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
            page=wire.page_with_parameters(row.page or self.control.page, {"rt": token}),
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
        if any(pulse.letter(answer) in pulse.BAD for answer in answers):
            breaker.trip(self.control)
        self._slow_down(sum(answer.shape == "busy" for answer in answers))

    def _slow_down(self, busy: int) -> None:
        if not busy:
            return
        sql.run(BUSY, {"send": self.control.pk, "n": busy})
        try:
            rate.slow_down(self.control.mini_program)
        except rate.RateUnavailable:
            log.warning("the rate could not be lowered: Redis is away")

    def end(self) -> None:
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
    """A broken future is Unknown: we cannot say that nothing left."""
    error = future.exception()
    if error is not None:
        log.error("delivery %s: %r", delivery_id, error)
        return Answer(delivery_id, "unknown", "internal_error", 0.0)
    return answer_of(delivery_id, future.result())


def answer_of(delivery_id: int, outcome: Outcome[Any]) -> Answer:
    """The five shapes as words of the ledger."""
    if isinstance(outcome, Accepted):
        return Answer(delivery_id, "accepted", "", outcome.duration_ms)
    if isinstance(outcome, Refused):
        reason = (outcome.sub_code or outcome.code)[:80]
        return Answer(delivery_id, "refused", reason, outcome.duration_ms, scope=outcome.scope)
    if isinstance(outcome, Busy):
        return Answer(delivery_id, "busy", outcome.sub_code, outcome.duration_ms)
    if isinstance(outcome, NotSent):
        return Answer(delivery_id, "not_sent", outcome.reason, outcome.duration_ms)
    if outcome.alarm:
        log.error("delivery %s: the answer's signature is wrong (%s)", delivery_id, outcome.detail)
    return Answer(delivery_id, "unknown", outcome.reason, outcome.duration_ms, alarm=outcome.alarm)
