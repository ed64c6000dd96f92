"""Batch sends: a crowd, a time, and the work done piece by piece when the simulated clock has reached it.

People are taken in the order in which they joined, so the number of people done so far is all that a restart
needs; each piece is put into the store's buffer at once and reaches the disk whole or not at all.
"""

import asyncio
from dataclasses import dataclass

from simulator.clock import beijing_day
from simulator.codes import Refusal
from simulator.records import Records
from simulator.sending import reach, template_to_send
from simulator.store import App, Store, Template

WAITING, SENDING, SUCCESS, PARTIAL, FAILED, CANCELED = (
    "WAITING", "SENDING", "SUCCESS", "PARTIAL", "FAILED", "CANCELED",
)  # fmt: skip
# SIM: the platform shows a remainder and never the whole.
BATCHES_PER_DAY = 10
PIECE = 500
LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Crowd:
    crowd_code: str
    app_id: str
    open_ids: list[str]


@dataclass(slots=True)
class Batch:
    """`done` counts people looked at, `wanted` those who had subscribed. Unix seconds."""

    batch_msg_id: str
    app_id: str
    template_id: str
    crowd_code: str
    data: str
    page: str
    submitted_at: float
    due_at: float
    status: str = WAITING
    done: int = 0
    wanted: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """Whom a batch goes through, in their order, and who of them are meant (None: all); made once a batch."""

    people: list[str]
    chosen: frozenset[str] | None


class Batches:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._records: Records = store.records
        self._crowds = self._records.take("crowd", Crowd)
        self._batches = self._records.take("batch", Batch)
        self._rounds: dict[str, Round] = {}
        self._open = [batch for batch in self._batches.values() if batch.status in (WAITING, SENDING)]

    def make_crowd(self, app: App, open_ids: list[str]) -> Crowd:
        code = "CROWD" + self._store.derived("crowd", app.app_id, len(self._crowds))[:19]
        crowd = self._crowds[code] = Crowd(code, app.app_id, open_ids)
        self._records.put("crowd", code, crowd)
        return crowd

    def has_crowd(self, app: App, crowd_code: str) -> bool:
        crowd = self._crowds.get(crowd_code)
        return crowd is not None and crowd.app_id == app.app_id

    def left_today(self, app: App) -> int:
        """Counted at submit, by the Beijing day."""
        today = beijing_day(self._store.clock.now())
        submitted = [
            one
            for one in self._batches.values()
            if one.app_id == app.app_id and beijing_day(one.submitted_at) == today
        ]
        return max(0, BATCHES_PER_DAY - len(submitted))

    def submit(
        self, app: App, template_id: str, *, crowd_code: str, data: str, page: str, due_at: float | None
    ) -> Batch:
        now = self._store.clock.now()
        number = self._store.derived("batch", app.app_id, len(self._batches))[:24]
        batch = Batch(
            number, app.app_id, template_id, crowd_code, data, page, now, now if due_at is None else due_at
        )
        self._batches[number] = batch
        self._open.append(batch)
        self._records.put("batch", number, batch)
        return batch

    def of(self, app: App, batch_msg_id: object) -> Batch | None:
        batch = self._batches.get(batch_msg_id) if isinstance(batch_msg_id, str) else None
        return batch if batch is not None and batch.app_id == app.app_id else None

    def cancel(self, batch: Batch) -> bool:
        """False once it has begun."""
        if batch.status != WAITING or batch.due_at <= self._store.clock.now():
            return False
        self._close(batch, CANCELED)
        return True

    async def run_for_ever(self) -> None:
        while True:
            await asyncio.sleep(0 if self.work() else LOOK_SECONDS)

    def work(self) -> bool:
        """One piece of each batch that is due; whether there was any."""
        now = self._store.clock.now()
        due = [batch for batch in self._open if batch.due_at <= now]
        for batch in due:
            self._work_on(batch)
        return bool(due)

    def _work_on(self, batch: Batch) -> None:
        app = self._store.apps[batch.app_id]
        try:
            template = template_to_send(self._store, app, batch.template_id)
        except Refusal:
            # Nobody knows whether those who are left would have been reached.
            self._close(batch, PARTIAL if batch.sent else FAILED)
            return
        batch.status = SENDING
        whom = self._round(batch, app)
        piece = whom.people[batch.done : batch.done + PIECE]
        for open_id in piece:
            if template.consents.get(open_id) and (whom.chosen is None or open_id in whom.chosen):
                self._reach(batch, app, template, open_id)
        batch.done += len(piece)
        if batch.done >= len(whom.people):
            self._close(batch, _verdict(batch))
        else:
            self._records.put("batch", batch.batch_msg_id, batch)

    def _round(self, batch: Batch, app: App) -> Round:
        found = self._rounds.get(batch.batch_msg_id)
        if found is None:
            crowd = self._crowds.get(batch.crowd_code)
            chosen = None if crowd is None else frozenset(crowd.open_ids)
            found = self._rounds[batch.batch_msg_id] = Round(list(app.people), chosen)
        return found

    def _reach(self, batch: Batch, app: App, template: Template, open_id: str) -> None:
        batch.wanted += 1
        try:
            reach(self._store, app, template, open_id, data=batch.data, page=batch.page, at=batch.due_at)
        except Refusal:
            return
        batch.sent += 1

    def _close(self, batch: Batch, status: str) -> None:
        batch.status = status
        self._open.remove(batch)
        self._rounds.pop(batch.batch_msg_id, None)
        self._records.put("batch", batch.batch_msg_id, batch)


def _verdict(batch: Batch) -> str:
    if batch.sent == 0:
        return FAILED
    return SUCCESS if batch.sent == batch.wanted else PARTIAL
