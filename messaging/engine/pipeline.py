"""What a slot has handed to the platform and not written down yet: waves out, answers in.

Turns of several sends share it, so that the answers of one are under way while the next is served.
"""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

from django.conf import settings

from gateway import wire
from gateway.methods.messages import OpenAppMiniTemplatemessageSend
from gateway.outcomes import Accepted, Busy, NotSent, Outcome, Refused
from merchants import tokens
from merchants.leases import boot_seconds
from messaging.engine import sql
from messaging.engine.mark import Marked
from messaging.engine.record import Answer, record_together
from messaging.models import SendControl

if TYPE_CHECKING:
    from messaging.engine.turn import Turn

log = logging.getLogger(__name__)
STALE_SECONDS = 2.0  # from reading the control row to the first byte
BUNCH_SECONDS = 0.05  # answers of a wave come close together: one transaction writes them all
IN_FLIGHT_WAVES = 2


class Pipeline:
    """At most IN_FLIGHT_WAVES × wave rows are marked and unrecorded. Leaving it waits for what is out."""

    def __init__(self) -> None:
        self.wave_rows: int = settings.ENGINE_WAVE_ROWS
        self._out: dict[tuple[int, int], Turn] = {}
        self._answers: SimpleQueue[tuple[tuple[int, int], Outcome[Any]]] = SimpleQueue()

    def __len__(self) -> int:
        """How many are marked and unrecorded."""
        return len(self._out)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + settings.GATEWAY_TOTAL_SECONDS + 5
        while self._out and time.monotonic() < deadline:
            self.collect()
        self.collect(patience=0)  # a process stopped meanwhile may wake with answers in hand

    def begin(self, turn: Turn, rows: Sequence[Marked], *, read_at: float) -> None:
        """Sends a wave. `read_at`: the boot clock before the control row was read; what would leave more than
        STALE_SECONDS later stays here, so that a process woken late cannot send."""

        def is_fresh() -> bool:
            return boot_seconds() - read_at <= STALE_SECONDS

        usual = _text_of(turn.control.data)
        requests = {(id(turn), row.id): _request(turn.control, row, usual=usual) for row in rows}
        self._out.update(dict.fromkeys(requests, turn))
        turn.client.submit_wave(requests, guard=is_fresh, answers=self._answers)

    def make_room(self) -> None:
        """Until another wave may be marked."""
        while self._too_many() > 0:
            self.collect()

    def collect(self, *, patience: float | None = None) -> bool:
        """Writes down what came back; False when nothing did. Waits for the first as long as one can take, or
        `patience` seconds, then a moment for those that come with it."""
        if not self._out:
            return False
        longest = settings.GATEWAY_TOTAL_SECONDS + 5 if patience is None else patience
        wanted = self._too_many() if self._too_many() > 0 else len(self._out)
        came: dict[Turn, list[Answer]] = defaultdict(list)
        if self._take(came, longest):
            until = time.monotonic() + BUNCH_SECONDS
            for number in range(1, len(self._out) + 1):
                if not self._take(came, until - time.monotonic() if number < wanted else 0):
                    break
        for turn in _still_to_record(came):
            turn.record(came[turn])
        if touched := sorted({turn.control.pk for turn in came if turn.is_to_be_touched()}):
            sql.run_again(sql.TOUCH_ALL, {"sends": touched})
        return bool(came)

    def has(self, turn: Turn) -> bool:
        return any(one is turn for one in self._out.values())

    def _too_many(self) -> int:
        return len(self._out) - (IN_FLIGHT_WAVES - 1) * self.wave_rows

    def _take(self, came: dict[Turn, list[Answer]], patience: float) -> bool:
        try:
            key, outcome = self._answers.get(block=patience > 0, timeout=max(patience, 0))
        except Empty:
            return False
        came[self._out.pop(key)].append(answer_of(key[1], outcome))
        return True


def _still_to_record(came: dict[Turn, list[Answer]]) -> list[Turn]:
    """Records at once what asks for nothing further; in a rush that is nearly all."""
    fine = [turn for turn, answers in came.items() if all(one.shape == "accepted" for one in answers)]
    if len(fine) < 2 or not record_together([(one.control, one.claimed.token, came[one]) for one in fine]):
        return list(came)
    return [turn for turn in came if turn not in fine]


def _request(control: SendControl, row: Marked, *, usual: str) -> OpenAppMiniTemplatemessageSend:
    if control.books_month is None:
        raise ValueError(f"send {control.pk} was never frozen")
    token = tokens.make(row.id, control.books_month)
    return OpenAppMiniTemplatemessageSend(
        to_open_id=row.open_id,
        user_template_id=control.platform_template_id,
        page=wire.page_with_parameters(row.page or control.page, {"rt": token}),
        data=_text_of(row.data) if row.data else usual,
    )


def _text_of(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


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
