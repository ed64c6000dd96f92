"""Sends of the past on our side, through the operations of living ones.

The engine freezes, claims, marks and records; only the answers come from the plan instead of the platform. So
every rule of the ledgers holds. begin() is one transaction per send, so a start that is cut off leaves a send
whole or not at all; then the engine ends what is due to end, and put_back() gives everything its true time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from console.demo import dates
from console.demo.apps import StoryError
from console.demo.cast import OWNERS
from console.demo.plan import HALF, PER_SECOND, DatedSend
from console.demo.scene import Scene, token
from merchants.models import User
from merchants.partitions import BEIJING
from messaging.engine import control as engine
from messaging.engine import decisions
from messaging.engine.claim import claim
from messaging.engine.freeze import freeze
from messaging.engine.mark import mark
from messaging.engine.record import Answer, record
from messaging.models import BatchSend, SendControl, SendState
from messaging.sends import batches
from messaging.sends.content import Content

MOMENT = timedelta(seconds=1)
REACHED = ("finished", "cancelled_half", "paused")  # endings after which somebody has a message
Times = dict[str, datetime]


def begin(scene: Scene, send: DatedSend) -> None:
    """The draft, and what was done with it up to where the engine ends it. Repeatable."""
    form_token = _token(scene, send)
    if BatchSend.objects.filter(form_token=form_token).exists():
        return
    with transaction.atomic():
        author = scene.users[send.author]
        batch = batches.new_draft(
            merchant=scene.app.merchant,
            mini_program=scene.app,
            by=author,
            form_token=form_token,
            content=_content(scene, send),
        )
        if send.plan.ending != "draft":
            control = batches.launch(batch, by=author, version=batch.version, at=send.launched_at)
            _act(scene, send, control, by=author)


def put_back(scene: Scene, send: DatedSend) -> SendControl:
    """Everything of one send at its true time. Repeatable."""
    batch = BatchSend.objects.select_related("control", "mini_program", "merchant").get(
        form_token=_token(scene, send)
    )
    control: SendControl = batch.control
    with transaction.atomic():
        ended_at = send.due_at
        if control.books_month is not None:
            ended_at = dates.deliveries(control, start=send.due_at, per_second=_speed(send))
        decided_at = min(ended_at + timedelta(hours=2, minutes=20), scene.past.began_at)
        if send.plan.decided:
            decisions.treat_as_sent(control, delivery_ids=None, by=_owner(scene), at=decided_at)
        times = _times(send, ended_at=ended_at, decided_at=decided_at)
        dates.events(control, times, since=scene.past.began_at)
        dates.send(
            batch,
            written_at=send.written_at,
            finished_at=times.get("send.finished") or times.get("send.cancelled"),
            touched_at=decided_at if send.plan.decided else ended_at + 2 * MOMENT,
        )
    return control


def _times(send: DatedSend, *, ended_at: datetime, decided_at: datetime) -> Times:
    """Of its events, by kind."""
    stopped_at = send.launched_at + timedelta(minutes=26)
    prepared_at = send.due_at - timedelta(minutes=1)
    times = {"send.drafted": send.written_at, "send.scheduled": send.launched_at}
    if send.plan.ending in REACHED:
        times |= {
            "send.preparing": prepared_at,
            "send.ready": prepared_at + MOMENT,
            "send.sending": send.due_at,
        }
    after: dict[str, Times] = {
        "finished": {"send.finished": ended_at + MOMENT, "unknown.treated_as_sent": decided_at},
        "cancelled_half": {"send.cancelling": ended_at, "send.cancelled": ended_at + MOMENT},
        "paused": {"send.paused": ended_at},
        "cancelled_early": {"send.cancelling": stopped_at, "send.cancelled": stopped_at + MOMENT},
        "missed": {"send.missed": send.due_at + timedelta(minutes=41)},
        "failed": {"send.preparing": prepared_at, "send.failed": prepared_at + 4 * MOMENT},
    }
    return times | after.get(send.plan.ending, {})


def _token(scene: Scene, send: DatedSend) -> UUID:
    return token(f"send {scene.slug} {send.number}")


def _content(scene: Scene, send: DatedSend) -> Content:
    plan, due = send.plan, send.due_at.astimezone(BEIJING)
    timed = plan.ending != "draft"
    return Content(
        name=plan.name,
        template=scene.templates[plan.code],
        people_list=scene.lists[plan.people],
        values=list(plan.values),
        page=plan.page,
        scheduled_on=due.date() if timed else None,
        scheduled_time=due.time() if timed else None,
    )


# --- What it did -------------------------------------------------------------------------------------------
def _act(scene: Scene, send: DatedSend, control: SendControl, *, by: User) -> None:
    """scheduled → as far as its ending has it; the engine ends what is finished or cancelling."""
    ending, why = send.plan.ending, send.plan.why
    if ending in REACHED:
        _send_out(scene, send, control, share=1.0 if ending == "finished" else HALF)
    if ending == "cancelled_half":
        engine.cancel(control, by=_owner(scene), why=why)
    elif ending == "paused":
        engine.pause(control, by=by)
    elif ending == "cancelled_early":
        engine.cancel(control, by=by, why=why)
    elif ending == "missed":
        engine.move(control, SendState.MISSED, by=None)
    elif ending == "failed":
        engine.move(control, SendState.PREPARING, by=None)
        engine.move(control, SendState.FAILED, by=None, changes={"failure": why})


def _send_out(scene: Scene, send: DatedSend, control: SendControl, *, share: float) -> None:
    """Frozen, started, and sent to `share` of the people."""
    engine.move(control, SendState.PREPARING, by=None)
    if not freeze(control):
        raise StoryError(f"“{send.plan.name}” could not be frozen. Run `make demo-reset` and start again.")
    started = {"started_at": send.due_at}
    engine.move(control, SendState.SENDING, by=None, only_from={SendState.READY}, changes=started)
    claimed = claim(control, limit=round((control.frozen_total or 0) * share))
    if not claimed.ids:
        return
    fates = scene.past.fates(send)
    answers = []
    for row in mark(control, claimed, ids=claimed.ids, at=send.due_at):
        place = scene.places[row.open_id]
        fate = fates[place]
        answers.append(Answer(row.id, fate.shape, fate.reason, 45.0 + place * 7_919 % 160))
    record(control, claimed.token, answers)


def _speed(send: DatedSend) -> int:
    return send.plan.per_second or PER_SECOND


def _owner(scene: Scene) -> User:
    return scene.users[OWNERS[scene.slug]]
