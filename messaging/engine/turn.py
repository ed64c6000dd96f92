"""One turn of one send: claim → (tokens → control → mark → send → record)…"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from gateway.client import Client
from merchants import authorisation, rate
from merchants.credentials import client_for
from merchants.leases import boot_seconds
from messaging.engine import breaker, pulse, sql
from messaging.engine.claim import Claim, claim, release
from messaging.engine.mark import Marked, mark
from messaging.engine.not_after import IS_PAST
from messaging.engine.pipeline import Pipeline
from messaging.engine.quiet import IS_HELD
from messaging.engine.record import Answer, record_stubbornly
from messaging.models import SendControl, SendKind

log = logging.getLogger(__name__)
TOKEN_WAIT_SECONDS = 0.25
TOUCH_SECONDS = 1.0

NOW = f"""
SELECT s.state, p.stopped_at IS NOT NULL, s.rate_per_second, {IS_HELD} OR {IS_PAST}, coalesce(u.recent, '')
FROM messaging_sendcontrol s JOIN merchants_miniprogram p ON p.id = s.mini_program_id
LEFT JOIN messaging_sendpulse u ON u.send_id = s.id
WHERE s.id = %(send)s
"""  # noqa: S608 - put together from constants only
BUSY = "UPDATE messaging_sendcontrol SET busy_count = busy_count + %(n)s WHERE id = %(send)s"


class Turn:
    """One claim, worked off in waves into the pipeline of the slot."""

    def __init__(
        self, control: SendControl, pipeline: Pipeline, *, until: float, claimed: Claim | None = None
    ) -> None:
        """`claimed`: what was claimed for this turn already. Raises GatewayNotConfigured for keys or an
        address that cannot be used."""
        self.control = control
        self.pipeline = pipeline
        self.until = until
        self.client: Client = client_for(control.mini_program)
        self.is_claimed = claimed is not None
        self.claimed = claimed or Claim(uuid.uuid4(), [])
        self.marked_any = False
        self.is_authorised = True
        self._touched = 0.0

    def serve(self) -> bool:
        """False when nothing could leave: no token in time, paused, stopped. Then others come first.

        Nothing stays behind: rows not marked go back; answers come to record() later.
        """
        try:
            if not self.is_claimed:
                self.claimed = claim(self.control, limit=self._claim_limit())
            while self.claimed.ids and time.monotonic() < self.until:
                self.pipeline.make_room()
                if not self._send_wave():
                    break
        except rate.RateUnavailable as error:
            log.warning("send %s waits: %s", self.control.pk, error)
        finally:
            self._release()
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
        granted = self._tokens(min(self.pipeline.wave_rows, len(self.claimed.ids)))
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
            self.pipeline.begin(self, marked, read_at=read_at)
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
            if not self.pipeline.collect(patience=0.02):
                time.sleep(0.02)

    def _may_send(self) -> bool:
        """Reads the control row afresh: state, stop switch, speed; whether clock or breaker hold it."""
        found = sql.rows_again(NOW, {"send": self.control.pk})
        if not found or not self.is_authorised:
            return False
        state, is_stopped, self.control.rate_per_second, is_held, pulse_of_it = found[0]
        if breaker.verdict(pulse_of_it) and breaker.trip(self.control):
            return False  # a slot that died after its record left that to us
        return state == "sending" and not (is_stopped or is_held)

    def record(self, answers: Sequence[Answer]) -> None:
        """Writes down what came back, and does what it asks for. The caller touches the send."""
        record_stubbornly(self.control, self.claimed.token, answers)
        self._note_lost_authorisation(answers)
        if self.is_authorised and any(pulse.letter(answer) in pulse.BAD for answer in answers):
            breaker.trip(self.control)
        self._slow_down(sum(answer.shape == "busy" for answer in answers))

    def _note_lost_authorisation(self, answers: Sequence[Answer]) -> None:
        """A token the platform takes no more fails for everybody: the next turn pauses, and says why."""
        lost = [one.reason for one in answers if one.shape == "refused" and one.reason in authorisation.LOST]
        if lost and self.control.mini_program.provider_app_id is not None:
            self.is_authorised = False
            authorisation.refused(self.control.mini_program, sub_code=lost[0])

    def is_to_be_touched(self) -> bool:
        """Every TOUCH_SECONDS, and with the last answer: then reconcile sees everything."""
        if time.monotonic() - self._touched <= TOUCH_SECONDS and self.pipeline.has(self):
            return False
        self._touched = time.monotonic()
        return True

    def _slow_down(self, busy: int) -> None:
        if not busy:
            return
        sql.run(BUSY, {"send": self.control.pk, "n": busy})
        try:
            rate.slow_down(self.control.mini_program)
        except rate.RateUnavailable:
            log.warning("the rate could not be lowered: Redis is away")

    def _release(self) -> None:
        try:
            release(self.control, self.claimed)
        except (OperationalError, InterfaceError):
            connection.close()
            log.warning("send %s: claimed rows are left to the reaper", self.control.pk)
